//! `hactl backend maintenance`: the key comes to the end of the inventory, or goes.

use std::fs;
use std::path::Path;

use super::edit::{Edited, by_hand, quoted};
use super::text::Text;
use super::tree::{Spot, append, applied, remove};
use crate::ctl::inventory::document::Document;
use crate::ctl::inventory::load::parse;
use crate::error::{Code, Exit, Failure, Problem};

const KEY: &str = "maintenance";

/// Edits a text. The page is named as somebody types it, and written as the inventory's folder sees it.
///
/// # Errors
/// Exit 3: mistakes of the text before and after it, a page that is not there, and what cannot be edited.
pub fn maintenance(file: &Path, text: &str, on: bool, page: Option<&Path>) -> Result<Edited, Failure> {
    let before = parse(file, text)?.cluster;
    let is_as_wished = before.traffic.maintenance.is_some() == on && page.is_none();
    if is_as_wished {
        return Ok(Edited { text: text.to_owned(), cluster: before, new: None, gone: None });
    }
    let without = changed(file, text, |text, root| {
        let place = root.entries(text).iter().position(|entry| entry.key.name == KEY);
        place.map_or(Some(Vec::new()), |place| remove(text, root, place))
    })?;
    let new = match page.map(|page| written(file, page)).transpose()? {
        _ if !on => without,
        None => changed(file, &without, |text, root| append(text, root, &format!("{KEY}: yes")))?,
        Some(page) => changed(file, &without, |text, root| append(text, root, &format!("{KEY}: {{ page: {page} }}")))?,
    };
    let cluster = parse(file, &new)?.cluster;
    Ok(Edited { text: new, cluster, new: None, gone: None })
}

fn changed(
    file: &Path,
    text: &str,
    change: impl FnOnce(&Text<'_>, Spot<'_>) -> Option<Vec<super::tree::Change>>,
) -> Result<String, Failure> {
    let document = Document::parse(file, text).map_err(|problem| Failure::one(Exit::Invalid, problem))?;
    let changes = change(&Text::new(text), Spot { node: &document.root, in_flow: false });
    let new = changes.and_then(|changes| applied(text, changes));
    new.ok_or_else(|| {
        Failure::one(Exit::Invalid, by_hand(file, "`maintenance` is written there in a way that is not understood"))
    })
}

/// A page's name as it stands in the inventory.
fn written(file: &Path, page: &Path) -> Result<String, Failure> {
    let found = fs::canonicalize(page).map_err(|error| {
        let problem = Problem::new(Code::InputUnreadable, format!("page {}: {error}", page.display()));
        Failure::one(Exit::Invalid, problem.next("name a file with the page"))
    })?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    Ok(quoted(&found.strip_prefix(&folder).unwrap_or(&found).display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# ours\nvip: 10.0.0.3/24   # one\nlb: { lb-5: 10.0.0.5 }\nweb: { web-7: 10.0.0.7 }\n";

    #[test]
    fn it_comes_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.yaml");
        let page = folder.path().join("soon page.html");
        fs::write(&page, "soon").unwrap();
        let edit = |text: &str, on, page: Option<&Path>| maintenance(&file, text, on, page).map(|edited| edited.text);
        let on = edit(TEXT, true, None).unwrap();
        assert_eq!(on, format!("{TEXT}maintenance: yes\n"));
        let own = edit(&on, true, Some(&page)).unwrap();
        assert_eq!(own, format!("{TEXT}maintenance: {{ page: 'soon page.html' }}\n"));
        assert_eq!(edit(&own, true, None).unwrap(), own, "it is on");
        for text in [&on, &own, TEXT] {
            assert_eq!(edit(text, false, None).unwrap(), TEXT);
        }
        let failure = edit(TEXT, true, Some(Path::new("/nowhere/x.html"))).unwrap_err();
        assert!(failure.to_string().contains("E101"), "{failure}");
    }
}
