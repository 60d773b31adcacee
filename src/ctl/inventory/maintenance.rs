//! `maintenance:`, one page for every request while something is worked on, and `sorry_page:`, one for those that no
//! server answers.

use std::path::Path;

use super::document::{Node, Value};
use super::fields::{Fields, Reader};
use crate::ctl::cluster::Site;
use crate::ctl::sites::Traffic;
use crate::error::{Code, Problem};
use crate::includes::read_file;

/// What is shown where the inventory names no page of its own.
const PAGE: &str = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Maintenance</title>\n<h1>We will be back soon</h1>\n<p>This site is being worked on. Please try again in some minutes.</p></html>\n";
/// The same for requests that no server of a pool answers.
const SORRY: &str = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Not available</title>\n<h1>Sorry, this does not work right now</h1>\n<p>Please try again in some minutes.</p></html>\n";
/// What good answers are meanwhile.
const ANSWER: (u16, u16) = (503, 503);

/// Reads it: the page, when it is on. The file is looked for from the inventory's folder.
pub fn maintenance(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>, folder: &Path) -> Option<String> {
    let node = fields.get("maintenance")?;
    let page = match &node.value {
        Value::Map(_) => {
            let fields = reader.fields(node, "maintenance");
            let page = fields.get("page").and_then(|node| page(reader, node, ("page", "maintenance"), folder));
            fields.finish();
            page.unwrap_or_else(|| PAGE.to_owned())
        }
        _ => reader.boolean(node, "maintenance")?.then(|| PAGE.to_owned())?,
    };
    if fields.get("lvs").is_some() {
        let problem = Problem::new(Code::TwoForms, "the inventory has both `lvs` and `maintenance`")
            .why("with `lvs` the kernel balances, and the load balancers have no nginx that could answer");
        reader.wrong(node.place, problem.next("drain the real servers, or name a `sorry_server`"));
    }
    let problem = Problem::new(Code::MaintenanceOn, "maintenance is on: every site answers 503").warn();
    reader.wrong(node.place, problem.next("`hactl backend maintenance off` ends it"));
    Some(page)
}

/// `sorry_page:` of a site: a file beside the inventory, or `yes` for a page of hactl's.
pub fn sorry_page(reader: &Reader<'_>, node: &Node, folder: &Path) -> Option<String> {
    match reader.text(node, "sorry_page")? {
        "yes" | "true" => Some(SORRY.to_owned()),
        "no" | "false" => None,
        _ => page(reader, node, ("sorry_page", "sorry_page"), folder),
    }
}

/// Reads the file that this key names; the second word is the key that takes `yes` instead.
fn page(reader: &Reader<'_>, node: &Node, (key, plain): (&str, &str), folder: &Path) -> Option<String> {
    let name = reader.text(node, key)?;
    let path = folder.join(name);
    let read = read_file(&path).map_err(|error| error.to_string());
    let text = read.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned()));
    text.map_err(|why| {
        let problem = Problem::new(Code::InputUnreadable, format!("page {}: {why}", path.display()));
        reader.wrong(node.place, problem.next(format!("name a file beside the inventory, or write `{plain}: yes`")));
    })
    .ok()
}

/// While maintenance is on, 503 is the right answer everywhere.
pub fn answer_is_unavailable(traffic: &mut Traffic, site: &mut Site) {
    if traffic.maintenance.is_some() {
        site.expect_status = vec![ANSWER];
        traffic.sites.iter_mut().for_each(|site| site.expect_status = vec![ANSWER]);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::ctl::inventory::load::parse;

    const HOSTS: &str = "vip: 10.0.0.3/24\nlb: { lb-5: 10.0.0.5 }\nweb: { web-7: 10.0.0.7 }\n";

    #[test]
    fn a_page_of_a_site_is_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("sorry.html"), "<p>soon</p>").unwrap();
        let read = |words: &str| {
            let sites = format!("{HOSTS}sites: [{{ names: [a.cc], pool: web, sorry_page: {words} }}]\n");
            parse(&folder.path().join("x.yaml"), &sites)
                .map(|loaded| loaded.cluster.traffic.sites[0].sorry_page.clone())
        };
        assert_eq!(read("sorry.html").unwrap().as_deref(), Some("<p>soon</p>"));
        assert!(read("yes").unwrap().is_some_and(|page| page.contains("Sorry")));
        assert_eq!(read("no").unwrap(), None);
        let failure = read("nowhere.html").unwrap_err();
        let said = failure.to_string();
        assert!(said.contains("E101") && said.contains("4:49") && said.contains("`sorry_page: yes`"), "{said}");
    }

    #[test]
    fn it_is_read_and_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("back.html"), "<p>soon</p>").unwrap();
        for (line, page) in [
            ("maintenance: no", None),
            ("maintenance: yes", Some("back soon")),
            ("maintenance: { page: back.html }", Some("<p>soon</p>")),
            ("maintenance: yes\nsites: [{ names: [a.cc], pool: web }]", Some("back soon")),
        ] {
            let loaded = parse(&folder.path().join("x.yaml"), &format!("{HOSTS}{line}\n")).unwrap();
            let told: Vec<&str> = loaded.warnings.iter().map(|problem| problem.code.id()).collect();
            let found = loaded.cluster.traffic.maintenance.as_deref().unwrap_or_default();
            assert_eq!(told, if page.is_some() { vec!["W184"] } else { Vec::new() });
            assert!(found.contains(page.unwrap_or_default()), "{line}: {found}");
            assert_eq!(loaded.cluster.site.expects(200), page.is_none(), "{line}");
            assert!(loaded.cluster.traffic.sites.iter().all(|site| site.expects(503) && !site.expects(200)));
        }
        for (line, code) in [
            ("maintenance: perhaps", "E104"),
            ("maintenance: { page: nowhere.html }", "E101"),
            ("maintenance: { pages: back.html }", "E102"),
            ("maintenance: yes\nlvs: { method: dr }", "E172"),
        ] {
            let failure = parse(Path::new("/nowhere/x.yaml"), &format!("{HOSTS}{line}\n")).map(drop).unwrap_err();
            assert!(failure.problems.iter().any(|problem| problem.code.id() == code), "{line}: {failure}");
        }
    }
}
