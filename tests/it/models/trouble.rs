//! Networks that cut, stall, hang or talk nonsense: what came is kept, and the program ends.

use std::fs;

use super::{Ran, Tiny, hub_source, hub_with, signal, wait_until, wheel_source};
use crate::hub_server::Fault;

#[test]
fn a_cut_connection_is_gone_on_with() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny).fault(Fault::Cut {
        bytes: 150_000,
        times: 2,
    });
    let ran = tiny.pull(&hub);
    tiny.assert_whole_from_hub(&ran);
    let bodies = hub.bodies();
    assert_eq!(bodies.len(), 3, "{bodies:?}");
    assert_eq!(bodies[0], "BODY tiny.gguf from 0");
    assert!(
        !bodies[1].ends_with("from 0") && bodies[2] > bodies[1],
        "{bodies:?}"
    );
}

#[test]
fn a_server_that_cannot_go_on_is_asked_from_the_start() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny)
        .fault(Fault::Cut {
            bytes: 150_000,
            times: 1,
        })
        .fault(Fault::IgnoreRange);
    tiny.assert_whole_from_hub(&tiny.pull(&hub));
    assert_eq!(hub.bodies().last().unwrap(), "BODY tiny.gguf from 0");
}

#[test]
fn a_busy_hub_is_waited_for() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny)
        .fault(Fault::Listing {
            status: 429,
            after: Some(0),
            times: 2,
        })
        .fault(Fault::File {
            status: 503,
            times: 1,
        });
    let ran = tiny.pull(&hub);
    tiny.assert_whole_from_hub(&ran);
    assert!(
        ran.stderr.contains("the hub answers 429; trying again in 0 s"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("the hub answers 503"), "{}", ran.stderr);
}

#[test]
fn a_hub_that_stays_busy_is_given_up() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny).fault(Fault::Listing {
        status: 429,
        after: Some(0),
        times: 100,
    });
    tiny.pull(&hub)
        .assert_fails(4, &["status 429", "again in some minutes"]);
    assert_eq!(hub.log().len(), 5);
}

#[test]
fn a_hub_that_hangs_is_given_up() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny).fault(Fault::Hang);
    let mut command = tiny.command(&hub.endpoint, &["pull", "tiny"]);
    Ran::of(command.env("HF_HUB_DOWNLOAD_TIMEOUT", "1").output().unwrap())
        .assert_fails(4, &["does not answer in time"]);
}

#[test]
fn a_hub_that_lists_and_then_hangs_is_given_up() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny).fault(Fault::HangFiles);
    let mut command = tiny.command(&hub.endpoint, &["pull", "tiny"]);
    let ran = Ran::of(command.env("HF_HUB_DOWNLOAD_TIMEOUT", "1").output().unwrap());
    ran.assert_fails(4, &["the hub (somebody/tiny): was silent for 1 s"]);
    let errors = ran.stderr.lines().filter(|line| line.starts_with("error: "));
    assert_eq!(errors.count(), 1, "{}", ran.stderr);
    tiny.assert_nothing_here();
}

#[test]
fn a_transfer_that_stalls_is_given_up_and_gone_on_with() {
    let tiny = Tiny::new(&hub_source());
    let hub = hub_with(&tiny).fault(Fault::Stall { bytes: 150_000 });
    let mut command = tiny.command(&hub.endpoint, &["pull", "tiny"]);
    let ran = Ran::of(command.env("HF_HUB_DOWNLOAD_TIMEOUT", "1").output().unwrap());
    ran.assert_fails(4, &["was silent for 1 s", "what has come so far is kept"]);
    tiny.assert_nothing_here();
    hub.mend();
    tiny.assert_whole_from_hub(&tiny.pull(&hub));
    assert!(
        !hub.bodies().last().unwrap().ends_with("from 0"),
        "{:?}",
        hub.bodies()
    );
}

#[test]
fn odd_answers_are_no_panic() {
    for (fault, says) in [
        (Fault::Html, "is not a hub"),
        (Fault::NoLocation, "does not understand"),
        (Fault::Etag("../../../../../evil"), "headers that no hub sends"),
        (Fault::Etag("/tmp/evil"), "headers that no hub sends"),
        (Fault::Etag(""), "headers that no hub sends"),
    ] {
        let tiny = Tiny::new(&hub_source());
        let hub = hub_with(&tiny).fault(fault.clone());
        tiny.pull(&hub).assert_fails(4, &[says]);
        tiny.assert_nothing_here();
    }
}

#[test]
fn a_machine_without_any_route_is_told_each_reason() {
    let tiny = Tiny::new(&format!("{}{}", hub_source(), wheel_source(&["one==1"])));
    let ran = tiny.run("http://127.0.0.1:1", &["pull", "tiny"]);
    ran.assert_fails(
        4,
        &[
            "the hub (somebody/tiny): cannot be reached",
            "packages: ",
            "no-such-pip",
            "BYLINE_PIP",
        ],
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_or_a_kill_leaves_nothing_under_a_final_name() {
    for (name, code) in [("-INT", 130), ("-KILL", -1)] {
        let tiny = Tiny::new(&hub_source());
        let hub = hub_with(&tiny).fault(Fault::Stall { bytes: 150_000 });
        let child = tiny.command(&hub.endpoint, &["pull", "tiny"]).spawn().unwrap();
        wait_until("a part", || {
            fs::metadata(tiny.part()).is_ok_and(|meta| meta.len() > 0)
        });
        signal(&child, name);
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!(ran.code, code, "{}", ran.stderr);
        tiny.assert_nothing_here();
        hub.mend();
        tiny.assert_whole_from_hub(&tiny.pull(&hub));
        assert!(
            !hub.bodies().last().unwrap().ends_with("from 0"),
            "{name}: {:?}",
            hub.bodies()
        );
    }
}
