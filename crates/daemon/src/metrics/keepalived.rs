//! The figures of the role of virtual routers and virtual servers.

use super::text::Kind::{self, Counter, Gauge};
use super::text::Text;
use api::Level;
use api::lvs::{CheckerStatus, LvsStatus};
use api::vrrp::{Counters, RouterStatus, VrrpReport};

/// The page.
pub(super) fn page(report: &VrrpReport) -> String {
    let mut text = Text::default();
    about_daemon(&mut text, "keepalived", &report.version, &report.warnings);
    routers(&mut text, report);
    counters(&mut text, &report.status.routers);
    refused(&mut text, report);
    tracked(&mut text, report);
    sessions(&mut text, report);
    if let Some(lvs) = &report.lvs {
        servers(&mut text, lvs);
    }
    text.into_string()
}

/// What every role says of itself.
pub(super) fn about_daemon(
    text: &mut Text,
    role: &str,
    version: &str,
    warnings: &[(Level, String)],
) {
    let help = "Always 1; the labels say which program answers.";
    let labels = [("role", role), ("version", version)];
    text.family("handover_build_info", Gauge, help).sample(&labels, 1);
    let help = "Things that handover status shows as needing attention.";
    let mut family = text.family("handover_warnings", Gauge, help);
    for (level, word) in
        [(Level::Warning, "warning"), (Level::Error, "error"), (Level::Critical, "critical")]
    {
        let count = warnings.iter().filter(|(loud, _)| *loud == level).count();
        family.sample(&[("role", role), ("level", word)], count);
    }
}

fn routers(text: &mut Text, report: &VrrpReport) {
    let all = &report.status.routers;
    let help = "What a virtual router is: 0 INIT, 1 BACKUP, 2 MASTER, 3 FAULT.";
    let mut family = text.family("handover_vrrp_state", Gauge, help);
    for router in all {
        let vrid = router.vrid.to_string();
        let interface = router.interface.as_deref().unwrap_or_default();
        let labels = [("instance", &*router.name), ("vrid", &*vrid), ("interface", interface)];
        family.sample(&labels, router.state as u8);
    }
    let help = "Seconds since a virtual router became what it is.";
    let mut family = text.family("handover_vrrp_state_seconds", Gauge, help);
    for router in all {
        let age = report.now.since(router.since).as_secs_f64();
        family.sample(&[("instance", &router.name)], age);
    }
    let help = "The priority a virtual router advertises, all that is tracked counted in.";
    let mut family = text.family("handover_vrrp_priority", Gauge, help);
    for router in all {
        family.sample(&[("instance", &router.name)], router.effective_priority);
    }
    let help = "The priority as configured.";
    let mut family = text.family("handover_vrrp_base_priority", Gauge, help);
    for router in all {
        family.sample(&[("instance", &router.name)], router.base_priority);
    }
    let help = "Always 1: an instance that an error in the configuration keeps from running.";
    let mut family = text.family("handover_vrrp_disabled", Gauge, help);
    for name in &report.disabled {
        family.sample(&[("name", name)], 1);
    }
    let help = "What a sync group is: 0 INIT, 1 BACKUP, 2 MASTER, 3 FAULT.";
    let mut family = text.family("handover_vrrp_sync_group_state", Gauge, help);
    for group in &report.status.groups {
        family.sample(&[("group", &group.name)], group.state as u8);
    }
}

/// A family of counters: name, help, which one.
type CounterFamily = (&'static str, &'static str, fn(&Counters) -> u64);

/// What is counted for each virtual router.
const COUNTERS: [CounterFamily; 6] = [
    ("handover_vrrp_adverts_received_total", "Adverts accepted.", |of| of.advert_rcvd),
    ("handover_vrrp_adverts_sent_total", "Adverts sent.", |of| of.advert_sent),
    ("handover_vrrp_goodbyes_received_total", "Goodbyes heard.", |of| of.pri_zero_rcvd),
    ("handover_vrrp_goodbyes_sent_total", "Goodbyes sent.", |of| of.pri_zero_sent),
    ("handover_vrrp_became_master_total", "How often it became master.", |of| of.become_master),
    ("handover_vrrp_ceased_master_total", "How often it ceased to be master.", |of| {
        of.release_master
    }),
];

fn counters(text: &mut Text, routers: &[RouterStatus]) {
    for (name, help, count) in COUNTERS {
        let mut family = text.family(name, Counter, help);
        for router in routers {
            family.sample(&[("instance", &router.name)], count(&router.counters));
        }
    }
}

fn refused(text: &mut Text, report: &VrrpReport) {
    let help = "Adverts refused, by reason; without an instance: of no virtual router here.";
    let mut family = text.family("handover_vrrp_adverts_refused_total", Counter, help);
    for refused in &report.status.refused {
        family.sample(&[("instance", ""), ("reason", &refused.reason)], refused.count);
    }
    for router in &report.status.routers {
        for refused in &router.refused {
            let labels = [("instance", &*router.name), ("reason", &*refused.reason)];
            family.sample(&labels, refused.count);
        }
    }
}

fn tracked(text: &mut Text, report: &VrrpReport) {
    let trackers = &report.status.trackers;
    let help = "Whether something tracked is well; not there while it is not known.";
    let mut family = text.family("handover_vrrp_tracker_up", Gauge, help);
    for tracker in trackers {
        if let Some(good) = tracker.good {
            let labels = [("kind", &*tracker.kind), ("name", &*tracker.name)];
            family.sample(&labels, u8::from(good));
        }
    }
    let help = "The number in a tracked file.";
    let mut family = text.family("handover_vrrp_tracker_value", Gauge, help);
    for tracker in trackers {
        if let Some(value) = tracker.value {
            family.sample(&[("kind", &tracker.kind), ("name", &tracker.name)], value);
        }
    }
    let help = "What something tracked adds to a virtual router's priority now.";
    let mut family = text.family("handover_vrrp_tracker_adds", Gauge, help);
    for router in &report.status.routers {
        let mut seen = Vec::new();
        for track in &router.tracks {
            let what = (&*track.kind, &*track.name);
            // An instance and its group may track the same thing: the figure is their sum.
            if seen.contains(&what) {
                continue;
            }
            seen.push(what);
            let same = router.tracks.iter().filter(|of| (&*of.kind, &*of.name) == what);
            let labels = [("instance", &*router.name), ("kind", what.0), ("name", what.1)];
            family.sample(&labels, same.map(|of| of.adds).sum::<i64>());
        }
    }
}

fn servers(text: &mut Text, lvs: &LvsStatus) {
    let help = "Whether a virtual server has its quorum.";
    let mut family = text.family("handover_lvs_virtual_server_up", Gauge, help);
    for server in &lvs.servers {
        family.sample(&[("virtual_server", &server.name)], u8::from(server.up));
    }
    let help = "The weight a virtual server needs to be up.";
    let mut family = text.family("handover_lvs_virtual_server_quorum", Gauge, help);
    for server in &lvs.servers {
        family.sample(&[("virtual_server", &server.name)], server.quorum);
    }
    let help = "The weight of all its real servers that are up.";
    let mut family = text.family("handover_lvs_virtual_server_weight", Gauge, help);
    for server in &lvs.servers {
        family.sample(&[("virtual_server", &server.name)], server.weight);
    }
    let reals = || lvs.servers.iter().flat_map(|of| of.real.iter().map(move |real| (of, real)));
    let help = "Whether all checkers of a real server pass.";
    let mut family = text.family("handover_lvs_real_server_up", Gauge, help);
    for (server, real) in reals() {
        let labels = [("virtual_server", &*server.name), ("real_server", &*real.name)];
        family.sample(&labels, u8::from(real.up));
    }
    let help = "The weight of a real server, with what scripts and files say counted in.";
    let mut family = text.family("handover_lvs_real_server_weight", Gauge, help);
    for (server, real) in reals() {
        let labels = [("virtual_server", &*server.name), ("real_server", &*real.name)];
        family.sample(&labels, real.weight);
    }
    checkers(text, lvs);
}

/// A family about checkers: name, kind, help, its figure; `None`: there is none yet.
type CheckerFamily = (&'static str, Kind, &'static str, fn(&CheckerStatus) -> Option<f64>);

/// What is told of each checker.
const CHECKERS: [CheckerFamily; 5] = [
    (
        "handover_lvs_checker_up",
        Gauge,
        "Whether a checker of a real server passes; its number counts from 1.",
        |of| Some(f64::from(u8::from(of.up))),
    ),
    (
        "handover_lvs_checks_total",
        Counter,
        "Checks of a real server that came to a verdict.",
        |of| Some(of.done as f64),
    ),
    (
        "handover_lvs_checks_failed_total",
        Counter,
        "Those of them that failed, retries counted.",
        |of| Some(of.failed as f64),
    ),
    ("handover_lvs_checks_seconds_total", Counter, "How long all of them took together.", |of| {
        Some(of.time_us as f64 / 1e6)
    }),
    (
        "handover_lvs_check_last_seconds",
        Gauge,
        "How long the last one took; not there before the first.",
        |of| of.last_us.map(|micros| micros as f64 / 1e6),
    ),
];

fn checkers(text: &mut Text, lvs: &LvsStatus) {
    for (name, kind, help, figure) in CHECKERS {
        let mut family = text.family(name, kind, help);
        for server in &lvs.servers {
            for real in &server.real {
                for (index, checker) in real.checkers.iter().enumerate() {
                    let number = (index + 1).to_string();
                    let labels = [
                        ("virtual_server", &*server.name),
                        ("real_server", &*real.name),
                        ("checker", &*checker.kind),
                        ("number", &*number),
                    ];
                    if let Some(figure) = figure(checker) {
                        family.sample(&labels, figure);
                    }
                }
            }
        }
    }
}

fn sessions(text: &mut Text, report: &VrrpReport) {
    let help = "Whether a BFD session is up.";
    let mut family = text.family("handover_bfd_session_up", Gauge, help);
    for (name, up) in &report.sessions {
        family.sample(&[("session", name)], u8::from(*up));
    }
}
