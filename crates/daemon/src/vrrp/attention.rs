//! What an administrator should look at in a role of virtual routers, loudest first.

use api::Level;
use api::lvs::{LvsStatus, RealServerStatus};
use api::vrrp::{RefusedStatus, RouterState, RouterStatus, VrrpStatus};
use base::Instant;
use std::time::Duration;

/// A refused packet is worth a look for so long: twice as long as the pause in which one reason is
/// told but once, so that a lasting trouble doesn't blink.
const LATELY: Duration = Duration::from_mins(2);

/// Sentences with their loudness.
pub(crate) fn warnings(
    status: &VrrpStatus,
    lvs: Option<&LvsStatus>,
    disabled: &[String],
    now: Instant,
) -> Vec<(Level, String)> {
    let mut all: Vec<(Level, String)> = disabled
        .iter()
        .map(|name| {
            let cure = "the configuration has an error there; see handover check";
            (Level::Error, format!("{name} does not run: {cure}"))
        })
        .collect();
    for router in &status.routers {
        if router.state == RouterState::Fault {
            let faults = router.faults.join(", ");
            all.push((Level::Error, format!("{} is in FAULT: {faults}", router.name)));
        }
        all.extend(router.refused.iter().filter_map(|refused| refusal(router, refused, now)));
    }
    for tracker in status.trackers.iter().filter(|tracker| tracker.good == Some(false)) {
        let said =
            if tracker.said.is_empty() { String::new() } else { format!(": {}", tracker.said) };
        all.push((Level::Warning, format!("{} {} is not well{said}", tracker.kind, tracker.name)));
    }
    if let Some(lvs) = lvs {
        all.extend(servers(lvs));
    }
    all.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
    all
}

/// What is wrong with virtual servers.
fn servers(lvs: &LvsStatus) -> Vec<(Level, String)> {
    if let Some(why) = &lvs.problem {
        // It is the reason for everything else there would be to say.
        return vec![(Level::Error, why.clone())];
    }
    let mut all = Vec::new();
    for server in &lvs.servers {
        let name = &server.name;
        all.extend(server.problem.iter().map(|why| (Level::Error, format!("{name}: {why}"))));
        if !server.up {
            let (weight, quorum) = (server.weight, server.quorum);
            let text = format!("virtual server {name} is DOWN: weight {weight} of quorum {quorum}");
            all.push((Level::Error, text));
        }
        let down = server.real.iter().filter(|real| !real.up);
        all.extend(down.map(|real| (Level::Warning, down_because(name, real))));
    }
    all
}

fn down_because(server: &str, real: &RealServerStatus) -> String {
    let failing = real.checkers.iter().find(|checker| !checker.up);
    let why = failing.and_then(|checker| {
        checker.last.as_ref().map(|last| format!(": {}: {last}", checker.kind))
    });
    format!("real server {} of {server} is DOWN{}", real.name, why.unwrap_or_default())
}

/// Somebody's adverts don't count here: then both may be masters (docs/ancestors/keepalived.md,
/// fact 8).
fn refusal(
    router: &RouterStatus,
    refused: &RefusedStatus,
    now: Instant,
) -> Option<(Level, String)> {
    let (from, at) = (refused.from?, refused.at?);
    if now.since(at) > LATELY {
        return None;
    }
    let loud = if router.state == RouterState::Master { Level::Error } else { Level::Warning };
    let effect = match router.state {
        RouterState::Master => "; if it is meant to be a peer, both hold the addresses",
        RouterState::Init | RouterState::Backup | RouterState::Fault => "",
    };
    let text = format!("{}: adverts from {from} are refused: {}{effect}", router.name, refused.why);
    Some((loud, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::vrrp::{Counters, TrackerStatus};

    fn router(state: RouterState) -> RouterStatus {
        RouterStatus {
            name: "VI_1".into(),
            vrid: 51,
            interface: Some("eth0".into()),
            version: 2,
            state,
            since: Instant::ZERO,
            faults: Vec::new(),
            base_priority: 100,
            effective_priority: 100,
            master: None,
            last_heard: None,
            takes_over_at: None,
            master_interval_us: 1_000_000,
            last_announced: None,
            addresses: vec!["192.0.2.1/32".into()],
            tracks: Vec::new(),
            group: None,
            counters: Counters::default(),
            refused: vec![RefusedStatus {
                reason: "password".into(),
                count: 7,
                from: Some(std::net::IpAddr::from([192, 0, 2, 9])),
                at: Some(Instant::ZERO),
                why: "it has another password".into(),
            }],
        }
    }

    #[test]
    fn a_master_that_refuses_a_rival_is_told_loudly_and_not_for_ever() {
        let status =
            VrrpStatus { routers: vec![router(RouterState::Master)], ..Default::default() };
        let soon = warnings(&status, None, &[], Instant::ZERO + Duration::from_secs(5));
        assert_eq!(soon.len(), 1);
        assert_eq!(soon[0].0, Level::Error);
        assert!(soon[0].1.contains("192.0.2.9") && soon[0].1.contains("both hold"), "{soon:?}");
        assert!(warnings(&status, None, &[], Instant::ZERO + LATELY * 2).is_empty());
    }

    #[test]
    fn what_is_disabled_stands_above_a_script_that_fails() {
        let tracker = TrackerStatus {
            kind: "script".into(),
            name: "chk".into(),
            good: Some(false),
            value: None,
            running: false,
            said: "exit code 3".into(),
        };
        let status = VrrpStatus { trackers: vec![tracker], ..Default::default() };
        let all = warnings(&status, None, &["VI_2".into()], Instant::ZERO);
        assert!(all[0].1.starts_with("VI_2 does not run"), "{all:?}");
        assert_eq!(all[1].1, "script chk is not well: exit code 3");
    }
}
