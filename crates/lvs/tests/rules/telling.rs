//! Commands, lines, mails and events when a server goes and comes back.

use crate::world::{World, checker, command, config, real, real_ip, script, secs, server};
use api::Subject;
use lvs::config::{RealServer, Service, VirtualServer};

fn one() -> RealServer {
    RealServer {
        notify_up: Some(command("/up")),
        notify_down: Some(command("/down")),
        smtp_alert: true,
        ..real(1, 1)
    }
}

fn went_down(server: VirtualServer) -> World {
    let mut world = World::new(config(vec![server])).settled();
    world.kill(1);
    world.run(secs(10));
    world
}

#[test]
fn a_server_that_goes_and_comes_is_told_by_command_line_and_mail() {
    let mut world = went_down(server(vec![one(), real(2, 1)]));
    world.heal(1);
    world.run(secs(10));
    assert_eq!(world.ran(), ["/down", "/up"]);
    let rs = "RS [10.9.0.21]:tcp:80 [10.9.0.100]:tcp:80";
    assert_eq!(world.lines(), [format!("{rs} DOWN"), format!("{rs} UP")]);
    let mails: Vec<_> = world.told.iter().filter_map(|told| told.mail.as_ref()).collect();
    let subject = "Realserver [10.9.0.21]:tcp:80 of virtual server [10.9.0.100]:tcp:80 - DOWN";
    assert_eq!(mails[0].subject, subject);
    assert_eq!(mails[1].body, "=> TCP CHECK succeed on service <=");
}

#[test]
fn without_smtp_alert_no_mail_goes_out() {
    let quiet = RealServer { smtp_alert: false, ..one() };
    assert!(went_down(server(vec![quiet])).told.iter().all(|told| told.mail.is_none()));
}

#[test]
fn the_kernel_is_told_before_anybody_else() {
    let mut director = lvs::Director::new(
        config(vec![server(vec![one()])]),
        lvs::Boot { dice: base::Dice::new(1), changed: None },
    );
    let mut out = Vec::new();
    use base::Machine;
    let now = base::Instant::ZERO;
    director.handle(now, lvs::Input::Kernel(Ok(lvs::Kernel::default())), &mut out);
    director.handle(now, lvs::Input::Tick, &mut out);
    out.clear();
    director.handle(now, lvs::Input::Checked { run: 1, outcome: lvs::Outcome::TimedOut }, &mut out);
    let told = out.iter().position(|output| matches!(output, lvs::Output::Notify(_)));
    let kernel = out.iter().position(|output| matches!(output, lvs::Output::Ipvs { .. }));
    assert!(kernel.is_some() && kernel < told, "{out:?}");
}

#[test]
fn events_lead_from_the_quorum_back_to_the_check() {
    let world = went_down(server(vec![one()]));
    let find = |words: &str| world.events.iter().find(|e| e.text.contains(words)).expect("said");
    let (check, removed, lost) = (find("TCP_CHECK"), find("Removing service"), find("Lost quorum"));
    assert_eq!((removed.cause, lost.cause), (Some(check.id), Some(removed.id)));
    assert_eq!(
        check.text,
        "TCP_CHECK on service [10.9.0.21]:tcp:80 failed after 1 retries: connection refused."
    );
    assert_eq!(removed.text, "Removing service [10.9.0.21]:tcp:80 from VS [10.9.0.100]:tcp:80");
    let subject = Subject::RealServer("[10.9.0.100]:tcp:80".into(), "[10.9.0.21]:tcp:80".into());
    assert_eq!(removed.subject, subject);
}

#[test]
fn a_recovery_is_said_as_keepalived_says_it() {
    let mut world = went_down(server(vec![one()]));
    world.heal(1);
    world.run(secs(10));
    assert!(world.said("TCP connection to [10.9.0.21]:tcp:80 success."));
    assert!(world.said("Adding service [10.9.0.21]:tcp:80 to VS [10.9.0.100]:tcp:80"));
}

#[test]
fn a_script_is_named_with_its_servers() {
    let mut one = one();
    one.checkers = vec![checker(real_ip(1), script("/check", false))];
    let mut world = World::new(config(vec![server(vec![one])]));
    world.run(secs(1));
    world.codes.insert("/check".into(), 1);
    world.run(secs(10));
    let words = "Misc check for [[10.9.0.21]:tcp:80 VS [10.9.0.100]:tcp:80] by [/check] failed";
    assert!(world.said(words), "{:?}", world.events);
}

#[test]
fn with_log_all_failures_each_failure_is_said_else_only_the_last() {
    for (log, number) in [(false, 1), (true, 3)] {
        let mut server = server(vec![one()]);
        let pace = &mut server.real[0].checkers[0].pace;
        (pace.log_all_failures, pace.retry) = (log, 2);
        let mut world = World::new(config(vec![server]));
        world.run(secs(1));
        world.kill(1);
        world.run(secs(7));
        let failures = world.events.iter().filter(|event| event.text.contains("failed"));
        assert_eq!(failures.count(), number, "{:?}", world.events);
    }
}

#[test]
fn marks_and_groups_are_named_in_lines() {
    let direct = RealServer { forward: lvs::config::Forward::Direct, ..one() };
    let marked =
        VirtualServer { service: Service::Mark(55), protocol: None, ..server(vec![direct]) };
    let lines = ["RS [10.9.0.21]:none:0 FWM 55 DOWN", "VS FWM 55 DOWN"];
    assert_eq!(went_down(marked).lines(), lines);
    let mut grouped = config(vec![VirtualServer {
        service: Service::Group("WEB".into()),
        ..server(vec![one()])
    }]);
    let member = lvs::config::GroupMember::Mark(1, None);
    grouped.groups = vec![lvs::config::ServerGroup { name: "WEB".into(), members: vec![member] }];
    assert_eq!(World::new(grouped).director.status().servers[0].name, "[WEB]:0");
}

#[test]
fn the_status_tells_the_last_result_and_the_next_turn() {
    let world = went_down(server(vec![one()]));
    let status = world.director.status();
    let checker = &status.servers[0].real[0].checkers[0];
    assert_eq!(
        (checker.kind.as_str(), checker.target.as_str()),
        ("TCP_CHECK", "[10.9.0.21]:tcp:80")
    );
    assert!(!checker.up && checker.next_at > Some(world.now));
    assert!(checker.last_at.is_some() && checker.last.is_some());
}
