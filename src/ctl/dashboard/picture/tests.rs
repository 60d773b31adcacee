//! What the page is told of a pair that is well, of one with two owners, and of hosts that are not heard.

use std::path::Path;
use std::time::Duration;

use hactl_engine::seen::Sight;
use serde_json::{Value, json};

use super::*;
use crate::ctl::inventory::load::parse;
use crate::ctl::stream::told::{Item, News, Told};
use crate::ctl::verify::status::unseen;
use crate::ctl::view::stories::{T, agent, entered, router};
use crate::error::Code;

/// What is known, and who was in which state when.
struct Story {
    known: Known,
    lanes: Lanes,
}

impl Story {
    /// Both agents are heard, and lb-5 is master.
    fn well() -> Self {
        let text = include_str!("../../../../inventories/homework.yaml");
        let known = Known::new(parse(Path::new("x.yaml"), text).unwrap().cluster);
        let mut story = Self { known, lanes: Lanes::default() };
        for (host, state, priority) in [("lb-5", RouterState::Master, 150), ("lb-6", RouterState::Backup, 100)] {
            story.tell(host, T, News::Connected);
            story.see(host, T, agent(router(state, priority, "started")));
        }
        story
    }

    fn tell(&mut self, host: &str, at_ms: u64, news: News) {
        let item = Item::Host(Told { host: host.into(), at_ms, news });
        self.lanes.take(&item);
        self.known.take(item, at_ms);
    }

    fn see(&mut self, host: &str, at_ms: u64, sight: Sight) {
        self.tell(host, at_ms, News::Seen(Box::new(sight)));
    }

    fn shown(&mut self, now_ms: u64) -> Value {
        self.lanes.look(&self.known, now_ms);
        serde_json::to_value(picture(&self.known, &self.lanes, &[], false, now_ms)).unwrap()
    }
}

#[test]
fn a_pair_that_is_well() {
    let mut story = Story::well();
    for second in 1..=3 {
        let adverts = |sent, heard, from: Option<&str>| Sight::Adverts {
            instance: "VI_1".into(),
            sent,
            heard,
            from: from.map(str::to_owned),
            priority: Some(150),
        };
        story.see("lb-5", T + second * 1000, adverts(1, 0, None));
        story.see("lb-6", T + second * 1000, adverts(0, 1, Some("10.0.0.5")));
    }
    let told = story.shown(T + 3100);
    assert_eq!((&told["cluster"], &told["heard"], &told["agents"]), (&json!("homework"), &json!(2), &json!(2)));
    let vip = &told["vips"][0];
    assert_eq!((&vip["address"], &vip["owners"], &vip["unknown"]), (&json!("10.0.0.3"), &json!(["lb-5"]), &json!([])));
    assert_eq!((&vip["since_ms"], &vip["interval_ms"]), (&json!(T - 190_000), &json!(1000)));
    assert_eq!(vip["lanes"][0], json!({"host": "lb-5", "changes": [[T - 190_000, "MASTER"]]}));
    let backup = &told["hosts"][1];
    assert_eq!((&backup["name"], &backup["link"]), (&json!("lb-6"), &json!("heard")));
    let router = &backup["routers"][0];
    assert_eq!((&router["state"], &router["from"]), (&json!("BACKUP"), &json!("lb-5")));
    assert_eq!((&router["adverts_10s"], &router["advert_ms"]), (&json!(10), &json!(T + 3000)));
    let web = &told["hosts"][2];
    assert_eq!((&web["link"], &web["reached"], &web["nginx"]), (&json!("none"), &Value::Null, &Value::Null));
    assert_eq!(told["servers"], json!([{"host": "web-7", "drained": false}, {"host": "web-8", "drained": false}]));
}

#[test]
fn two_owners_and_their_end() {
    let mut story = Story::well();
    let silence = "no advert from 10.0.0.5 for 3.609 s";
    story.see("lb-6", T + 2000, entered(RouterState::Backup, RouterState::Master, silence, 100));
    story.see("lb-5", T + 2900, Sight::Beat);
    let told = story.shown(T + 3000);
    assert_eq!(told["vips"][0]["owners"], json!(["lb-5", "lb-6"]));
    story.see("lb-6", T + 4000, entered(RouterState::Master, RouterState::Backup, "a better one is heard", 100));
    let told = story.shown(T + 4100);
    assert_eq!(told["vips"][0]["owners"], json!(["lb-5"]));
    let changes = json!([[T - 190_000, "BACKUP"], [T + 2000, "MASTER"], [T + 4000, "BACKUP"]]);
    // What was in force before anybody told of a change was looked at when it was over.
    assert_eq!(told["vips"][0]["lanes"][1]["changes"].as_array().unwrap()[..], changes.as_array().unwrap()[1..]);
    let told = log(&story.known);
    let last = told.last().unwrap();
    assert_eq!((last.host, last.at_ms, last.level), ("lb-6", T + 4000, "info"));
    assert!(!last.words.starts_with("lb-6") && last.words.contains("a better one is heard"), "{}", last.words);
}

#[test]
fn who_is_not_heard_is_not_known() {
    let mut story = Story::well();
    story.shown(T + 100);
    story.see("lb-6", T + 4000, Sight::Beat);
    let told = story.shown(T + 5000);
    let vip = &told["vips"][0];
    assert_eq!((&vip["owners"], &vip["unknown"], &vip["asking"]), (&json!([]), &json!(["lb-5"]), &json!(false)));
    assert_eq!((&told["hosts"][0]["link"], &told["hosts"][0]["routers"]), (&json!("silent"), &json!([])));
    assert_eq!(vip["lanes"][0]["changes"], json!([[T - 190_000, "MASTER"], [T, Value::Null]]));
    let why = Problem::on("lb-5", Code::ConnectionLost, "nothing was heard for 8 s");
    story.tell("lb-5", T + 8000, News::Lost { problem: Box::new(why), again_in: Duration::from_secs(4) });
    let told = story.shown(T + 8100);
    let host = &told["hosts"][0];
    assert_eq!((&host["link"], &host["why"]), (&json!("lost"), &json!("nothing was heard for 8 s")));
    assert_eq!((&host["heard_ms"], &host["again_ms"]), (&json!(T), &json!(T + 12_000)));
    story.tell("lb-5", T + 9000, News::Connected);
    story.see("lb-5", T + 9000, agent(router(RouterState::Master, 150, "started")));
    let told = story.shown(T + 9100);
    // It was unknown meanwhile, and is not painted over.
    let changes = json!([[T - 190_000, "MASTER"], [T, Value::Null], [T + 9100, "MASTER"]]);
    assert_eq!(told["vips"][0]["lanes"][0]["changes"], changes);
}

#[test]
fn what_the_desk_finds_is_told_with_why_and_next() {
    let mut story = Story::well();
    let problem = Problem::new(Code::ServiceBad, "http 502").why("nginx has nobody to ask").next("`hactl verify`");
    let report = unseen(&story.known.cluster, vec![problem]);
    story.known.take(Item::Looked(Box::new(report)), T + 1000);
    let told = story.shown(T + 1100);
    let finding = &told["findings"][0];
    assert_eq!((&finding["code"], &finding["message"]), (&json!("E704"), &json!("http 502")));
    assert_eq!((&finding["why"], &finding["next"]), (&json!("nginx has nobody to ask"), &json!("`hactl verify`")));
    assert_eq!((&told["looked_ms"], &told["hosts"][2]["reached"]), (&json!(T + 1000), &json!(false)));
}
