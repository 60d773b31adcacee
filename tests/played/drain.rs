//! Real servers behind played directors: their agents tell of a virtual server, and no kernel balances.

use std::time::Duration;

use hactl::ctl::apply::deploy::Order;
use hactl::ctl::operate::drain;
use hactl::error::{Code, Exit};

use super::stage::{End, Stage, stage};

/// A pair whose director balances to web-7, which has so many connections.
fn directors(connections: u32) -> Option<Stage> {
    let stage = stage(&["lb-5", "lb-6", "web-7"])?;
    stage.deployed();
    stage.inventory("lvs: { method: dr }\nroles: { web-static: { page: new } }\n");
    let traffic = r#""traffic":{"connections":0,"bytes_in":0,"bytes_out":0,"connections_per_s":0,"bytes_in_per_s":0,"bytes_out_per_s":0}"#;
    let real = format!(
        r#"{{"address":"127.0.0.7:80","up":true,"reason":null,"for_ms":7,"drained":false,"weight":1,"weight_by_operator":false,
        "weight_now":1,"forward":"DR","active":{connections},"inactive":0,{traffic},"checks":[]}}"#
    );
    let server = format!(
        r#"{{"name":"127.0.0.3:80","services":[],"scheduler":"rr","persistence_s":null,"quorum":true,"quorum_for_ms":7,
        "alive":1,"needed":1,"sorry_server":null,"in_kernel":true,{traffic},"real_servers":[{real}]}}"#
    );
    stage.host("lb-5").tells("servers", &(server.replace('\n', "") + "\n"));
    Some(stage)
}

#[test]
fn connections_that_do_not_end_are_told() {
    let Some(stage) = directors(3) else { return };
    let order = drain::Order::Drain { wait: Some(Duration::from_millis(600)) };
    let end = End::of(stage.run(drain::order(stage.order.inventory.as_deref(), stage.options(), "web-7", order)));
    end.is(Exit::Verification, &[Code::StillConnected]);
    end.is_as_described("drain");
    assert_eq!(end.value.unwrap().connections, 3);
    for director in ["lb-5", "lb-6"] {
        let asked = stage.host(director).text("played/asked");
        assert!(asked.contains("\"verb\":\"drain\"") && asked.contains("127.0.0.7"), "{director}: {asked}");
    }
}

/// What programs read of an order that was carried out.
#[test]
fn orders_for_a_real_server_are_described() {
    let Some(stage) = directors(3) else { return };
    for (command, order) in [
        ("weight", drain::Order::Weight(Some(7))),
        ("weight", drain::Order::Weight(None)),
        ("drain", drain::Order::Drain { wait: None }),
        ("undrain", drain::Order::Undrain),
    ] {
        let end = End::of(stage.run(drain::order(stage.order.inventory.as_deref(), stage.options(), "web-7", order)));
        end.is(Exit::Done, &[]);
        end.is_as_described(command);
        assert_eq!(end.value.unwrap().connections, 3, "{command}");
    }
}

/// A deploy takes a web host out before it changes it, and a director does not take it back.
#[test]
fn a_host_that_a_deploy_cannot_put_back_is_told() {
    let Some(stage) = directors(0) else { return };
    stage.host("lb-6").tells("refuses", "undrain\n");
    let end = stage.deploy_as(&Order { only: vec!["web-static".into()], ..stage.order.clone() });
    end.is(Exit::RolledBack, &[Code::StaysDrained, Code::TakenBack]);
    assert!(end.said().contains("web-7 stays drained: lb-6: not now"), "{}", end.said());
}
