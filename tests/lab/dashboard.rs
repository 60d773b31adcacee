//! `hactl dashboard` in a real browser: what it shows of a pair that lives, what it orders, and what it says when
//! something is wrong or not known.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Stdio};

use super::browser::Browser;
use super::hosts::{Lab, SUBNET, expect};
use super::moves::owner;
use super::wordpress::becomes;

/// A dashboard at the desk.
struct Dashboard<'l> {
    lab: &'l Lab,
    child: Child,
    url: String,
    port: String,
    token: String,
}

impl<'l> Dashboard<'l> {
    fn begin(lab: &'l Lab, inventory: &Path, more: &[&str]) -> Self {
        let words = [&["dashboard"], more].concat();
        let mut command = lab.desk_command(inventory, &words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        let url = url.trim().to_owned();
        let rest = url.strip_prefix("http://127.0.0.1:").unwrap_or_else(|| panic!("{url}"));
        let (port, token) = rest.split_once("/?token=").unwrap();
        let (port, token) = (port.to_owned(), token.to_owned());
        Self { lab, child, url, port, token }
    }

    /// The status of an answer, and its body.
    fn curl(&self, words: &str) -> String {
        let at = format!("http://127.0.0.1:{}", self.port);
        self.lab.sh("desk", &format!("curl -sS -o - -w ' %{{http_code}}' {} 2>&1", words.replace("AT", &at)))
    }

    /// Ends it as whoever has seen enough does; what it said on stderr.
    fn end(&mut self) -> String {
        let listener = format!("ss -Htlnp sport = :{} | grep -o 'pid=[0-9]*' | cut -d= -f2", self.port);
        self.lab.sh("desk", &format!("kill -INT $({listener})"));
        let mut said = String::new();
        self.child.stderr.as_mut().unwrap().read_to_string(&mut said).unwrap();
        self.child.wait().unwrap();
        said
    }
}

impl Drop for Dashboard<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill(); // most often it has ended
        let _ = self.child.wait();
    }
}

/// Opens the page at the desk, as this window.
fn look<'l>(lab: &'l Lab, dashboard: &Dashboard<'_>, window: [&str; 4]) -> Browser<'l> {
    let browser = Browser::begin(lab, "desk");
    browser.step(&["begin", "nobody.example", "127.0.0.1"]);
    browser.step(&[&["as"][..], &window].concat());
    browser.step(&["show", &dashboard.url]);
    browser
}

/// That a VIP is drawn at a host, and nowhere else.
fn chip_at(host: &str) -> String {
    format!(
        "[...document.querySelectorAll('.chip')].map(c => c.dataset.vip + ' ' + c.dataset.at).join() === '{SUBNET}.3 {host}'"
    )
}

/// A button by its words in one of the rows of actions.
fn press(browser: &Browser<'_>, words: &str) {
    let find = format!(
        "(() => {{ const b = [...document.querySelectorAll('#actions button')].find(b => b.textContent === '{words}' && !b.disabled);
           if (b) b.click(); return Boolean(b); }})()"
    );
    browser.step(&["until", "30", &find]);
}

/// Orders it with its word, and waits for its end.
fn order(browser: &Browser<'_>, button: &str, word: &str) -> String {
    press(browser, button);
    browser.step(&["fill", "#ask-typed", word]);
    browser.step(&["press", "#ask-yes"]);
    browser.step(&["until", "5", "!document.querySelector('#ask').open"]);
    let ended = "(seen.work && seen.work.end && document.querySelector('#work-body').innerText)";
    browser.step(&["until", "120", ended]).as_str().unwrap().to_owned()
}

pub(crate) fn a_browser_looks_and_orders(lab: &Lab) {
    if !Browser::is_here() {
        return;
    }
    let homework = lab.inventory("dashboard.yaml", &[]);
    let mut dashboard = Dashboard::begin(lab, &homework, &[]);
    let browser = look(lab, &dashboard, ["1120", "1000", "light", "en"]);
    browser.step(&["until", "20", &chip_at("lb-5")]);
    browser.step(&["until", "20", "document.body.innerText.includes('agents heard: 2 of 2')"]);
    let address = browser.step(&["ask", "location.href"]);
    assert_eq!(address, format!("http://127.0.0.1:{}/", dashboard.port), "the token leaves the address bar");
    browser.step(&["until", "20", "document.querySelector('#findings').innerText.includes('Nothing, as of')"]);
    // Heartbeats are drawn when they come: about one of each end a second.
    let beats = "Number(document.body.dataset.beats || 0)";
    let before = browser.step(&["ask", beats]).as_u64().unwrap();
    browser.step(&["until", "20", &format!("{beats} >= {}", before + 8)]);
    browser.step(&["until", "20", "document.querySelector('[data-host=lb-6]').textContent.includes('hears lb-5')"]);

    // A word that is not the one opens nothing, neither here nor at the desk.
    press(&browser, "lb-6");
    browser.step(&["fill", "#ask-typed", "lb-5"]);
    assert_eq!(browser.step(&["ask", "document.querySelector('#ask-yes').disabled"]), true);
    browser.picture("dashboard", "confirm.png");
    browser.step(&["press", "#ask-no"]);
    let wish = r#"-H 'Content-Type: application/json' -d '{"do":"failover","vip":"VI_1","to":"lb-6","typed":"lb-5"}' AT/order"#;
    let header = format!("-H 'X-Hactl-Token: {}'", dashboard.token);
    assert!(dashboard.curl(wish).ends_with(" 403"));
    let said = dashboard.curl(&format!("{header} {wish}"));
    assert!(said.contains("wrong_word") && said.ends_with(" 409"), "{said}");
    assert!(dashboard.curl("AT/").ends_with(" 403") && dashboard.curl("AT/events").ends_with(" 403"));
    assert_eq!(owner(lab, &homework), "[\"lb-5\"]", "nothing was done");

    let said = order(&browser, "lb-6", "lb-6");
    assert!(said.contains("longest gap") && said.contains("pings lost"), "{said}");
    assert!(browser.step(&["ask", "seen.work.end.well && seen.work.end.moves[0].gap_ms !== null"]) == true, "{said}");
    browser.step(&["until", "10", &chip_at("lb-6")]);
    assert_eq!(owner(lab, &homework), "[\"lb-6\"]");
    browser.picture("dashboard", "light.png");
    order(&browser, "lb-5", "lb-5");
    browser.step(&["until", "10", &chip_at("lb-5")]);

    order(&browser, "Drain web-8", "web-8");
    assert!(std::fs::read_to_string(&homework).unwrap().contains("down: yes"));
    browser.step(&["until", "20", "document.querySelector('[data-host=web-8]').textContent.includes('drained')"]);
    order(&browser, "Take back web-8", "web-8");
    browser.step(&["until", "20", "!document.querySelector('[data-host=web-8]').textContent.includes('drained')"]);

    let said = order(&browser, "stop", "stop");
    assert!(said.contains("stop: passed"), "{said}");
    // The report opens in a window of its own, with its own style and nothing else that it may use.
    browser.step(&["press", "#report"]);
    let address = browser.step(&["newest"]);
    assert!(address.as_str().unwrap().contains("/report/"), "{address}");
    browser.step(&["as", "1120", "1000", "light", "en"]);
    browser.step(&["until", "10", "document.body.innerText.includes('1 of 1 passed')"]);
    let green = "getComputedStyle(document.querySelector('.badge.passed')).color";
    assert_eq!(browser.step(&["ask", green]), "rgb(26, 127, 75)");
    browser.picture("dashboard", "report.png");
    browser.step(&["back"]);
    browser.step(&["ask", "(document.querySelector('#timeline-title').parentElement.scrollIntoView(), true)"]);
    browser.picture("dashboard", "lists.png");

    // Loaded again it still has its token. In Chinese, in the dark, and on a phone.
    browser.step(&["as", "1120", "1000", "dark", "zh-CN"]);
    browser.step(&["show", &format!("http://127.0.0.1:{}/", dashboard.port)]);
    browser.step(&["until", "20", &chip_at("lb-5")]);
    browser.step(&["until", "20", "document.querySelector('#events-title').textContent === '发生了什么'"]);
    browser.step(&["until", "20", "document.querySelector('#findings').innerText.startsWith('没有')"]);
    browser.step(&["until", "20", "document.querySelector('#pools').innerText.includes('正常')"]);
    browser.step(&["until", "20", "document.querySelector('#work').innerText.includes('stop：通过')"]);
    browser.picture("dashboard", "dark.zh-CN.png");
    browser.step(&["as", "390", "844", "light", "zh-CN"]);
    browser.step(&["show", &dashboard.url]);
    browser.step(&["until", "20", &chip_at("lb-5")]);
    for wide in ["390", "320"] {
        browser.step(&["as", wide, "844", "light", "zh-CN"]);
        browser.step(&["until", "5", &format!("innerWidth === {wide}")]);
        let over = "document.documentElement.scrollWidth - innerWidth";
        assert_eq!(browser.step(&["ask", over]), 0, "nothing sticks out at {wide} points");
        let small =
            "[...document.querySelectorAll('button')].filter(b => b.offsetParent && b.offsetHeight < 44).length";
        assert_eq!(browser.step(&["ask", small]), 0, "a finger finds every button");
    }
    browser.step(&["as", "390", "844", "light", "zh-CN"]);
    browser.step(&["until", "20", "document.querySelector('[data-host=lb-6]').textContent.includes('听到')"]);
    browser.picture("dashboard", "phone.zh-CN.png");

    // Whoever only looks cannot order, whatever his page says; two dashboards stand side by side.
    let reads = Dashboard::begin(lab, &homework, &["--read-only"]);
    let wish = r#"-H 'Content-Type: application/json' -d '{"do":"drill","scenario":"stop","typed":"stop"}' AT/order"#;
    let said = reads.curl(&format!("-H 'X-Hactl-Token: {}' {wish}", reads.token));
    assert!(said.contains("read_only") && said.ends_with(" 409"), "{said}");

    let said = dashboard.end();
    assert!(!said.contains(&dashboard.token), "the token is in no log: {said}");
    browser.step(&["until", "10", "document.body.dataset.link === 'cut'"]);
    browser.step(&["until", "5", "[...document.querySelectorAll('.chip')].every(c => c.dataset.at === '')"]);
    browser.step(&["end"]);
}

pub(crate) fn split_brain_and_silence(lab: &Lab) {
    if !Browser::is_here() {
        return;
    }
    let site = ("site:", "roles: { vip: { guard: no, lease: no } }\nsite:");
    let unguarded = lab.inventory("unguarded.yaml", &[site]);
    expect("without the guard", &lab.desk(&unguarded, &["deploy", "-y"]), 0);
    let dashboard = Dashboard::begin(lab, &unguarded, &[]);
    let browser = look(lab, &dashboard, ["1120", "1000", "light", "en"]);
    browser.step(&["until", "20", &chip_at("lb-5")]);
    let wall = "table inet wall { chain in { type filter hook input priority 0; ip protocol 112 drop; }; }";
    lab.sh("lb-6", &format!("echo '{wall}' | nft -f -"));
    let two = "[...document.querySelectorAll('.chip.wrong')].map(c => c.dataset.at).sort().join() === 'lb-5,lb-6'";
    browser.step(&["until", "20", two]);
    let alarm = browser.step(&["ask", "document.querySelector('#alarms').innerText"]);
    let alarm = alarm.as_str().unwrap();
    assert!(alarm.contains(&format!("Split brain: lb-5 and lb-6 both answer for {SUBNET}.3")), "{alarm}");
    assert!(alarm.contains("firewall-cmd") && alarm.contains("hactl verify"), "what to type: {alarm}");
    browser.step(&["until", "20", "document.querySelector('#findings').innerText.includes('E702')"]);
    // Both send, nobody hears: a heartbeat ends where it is lost.
    browser.step(&["until", "5", "document.querySelector('[data-host=lb-6]').textContent.includes('sends')"]);
    let red = "getComputedStyle(document.querySelector('.chip.wrong rect')).fill";
    assert_eq!(browser.step(&["ask", red]), "rgb(198, 32, 44)");
    browser.picture("dashboard", "split-brain.png");
    lab.sh("lb-6", "nft delete table inet wall");
    browser.step(&["until", "20", &chip_at("lb-5")]);
    browser.step(&["until", "30", "document.querySelector('#alarms').innerText === ''"]);

    // A host without power is not heard, and nothing is said of it but that.
    expect("power off", &lab.hactl(&["lab", "power", "lb-6", "off"]), 0);
    browser.step(&["until", "30", "document.querySelector('[data-host=lb-6]').classList.contains('unknown')"]);
    let told = browser.step(&["ask", "document.querySelector('[data-host=lb-6]').textContent"]);
    assert!(!told.as_str().unwrap().contains("BACKUP"), "{told}");
    assert_eq!(browser.step(&["ask", "seen.vips[0].lanes[1].changes.at(-1)[1]"]), serde_json::Value::Null);
    expect("power on", &lab.hactl(&["lab", "power", "lb-6", "on"]), 0);
    browser.step(&["until", "60", "document.querySelector('[data-host=lb-6]').textContent.includes('BACKUP')"]);
    browser.step(&["end"]);
    becomes("all is well again", 60, || lab.desk(&unguarded, &["verify"]).status.success());
    expect("with the guard again", &lab.desk(&lab.homework(), &["deploy", "-y"]), 0);
}
