//! A setup as the keepalived.conf of each host, and what reading that gives.

use super::setup::{Keys, NAMES, Plan, Setup, Tracking, WIRES};
use ::vrrp::config::Config;
use config::File;
use config::keepalived::{Host, Interface, keepalived};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// The name of the script and of the process that are tracked.
pub(crate) const TRACKED: &str = "chk";

/// The number of the first virtual router.
const FIRST_VRID: usize = 51;

/// A mistake in a file: keepalived would end for it, we go on with what runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mistake {
    /// An instance without `virtual_router_id`.
    NoVrid,
    /// An interface that does not exist.
    NoInterface,
    /// A keyword without its parameter.
    NoParameter,
    /// Two instances with one number on one interface.
    SameVrid,
}

impl Mistake {
    /// All of them; the last is one only among routers that speak to a group.
    pub const ALL: [Self; 4] = [Self::NoVrid, Self::NoInterface, Self::NoParameter, Self::SameVrid];

    /// The lines that make it.
    const fn lines(self) -> &'static str {
        match self {
            Self::NoVrid => "vrrp_instance BAD {\n interface eth0\n}\n",
            Self::NoInterface => "vrrp_instance BAD {\n interface eth9\n virtual_router_id 99\n}\n",
            Self::NoParameter => {
                "vrrp_instance BAD {\n interface eth0\n virtual_router_id\n priority 50\n}\n"
            }
            Self::SameVrid => "vrrp_instance BAD {\n interface eth0\n virtual_router_id 51\n}\n",
        }
    }
}

/// The address that a host speaks from on a network.
pub(crate) fn source(setup: &Setup, host: usize, wire: usize) -> IpAddr {
    let last = 11 + host as u16;
    if setup.ipv6 {
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, wire as u16, last).into()
    } else {
        Ipv4Addr::new(10, 0, wire as u8, last as u8).into()
    }
}

/// The addresses of a virtual router on a host, excluded ones last.
pub(crate) fn addresses(setup: &Setup, host: usize, router: usize) -> Vec<IpAddr> {
    // Over IPv6 passwords are not sent.
    let open = setup.keys == Keys::None || (setup.keys == Keys::Pass && setup.ipv6);
    let number = if setup.odd == Some(host) && open { 3 } else { 2 };
    let of = |last: u16| -> IpAddr {
        if setup.ipv6 {
            Ipv6Addr::new(0xfe80, 0, 0, 1, 0, 0, router as u16, last).into()
        } else {
            Ipv4Addr::new(192, 0, router as u8, last as u8).into()
        }
    };
    let mut all: Vec<_> = (1..=number).map(of).collect();
    all.extend(setup.excluded.then(|| of(77)));
    all
}

/// The keepalived.conf of a host, when the hosts' own priorities are these.
pub(crate) fn keepalived_conf(setup: &Setup, host: usize, own: &[u8]) -> String {
    let mut text = String::from(
        "global_defs {\n enable_script_security\n script_user root\n \
         vrrp_notify_priority_changes on\n",
    );
    if !setup.startup_delay.is_zero() {
        line(&mut text, "vrrp_startup_delay", &seconds(setup.startup_delay));
    }
    if !setup.garp_pace.is_zero() {
        line(&mut text, "vrrp_garp_interval", &seconds(setup.garp_pace));
        line(&mut text, "vrrp_gna_interval", &seconds(setup.garp_pace));
    }
    text.push_str("}\n");
    tracked(&mut text, setup, host);
    if setup.plan == Plan::Group {
        let [first, second] = NAMES;
        let _ = writeln!(text, "vrrp_sync_group G {{\n group {{\n  {first}\n  {second}\n }}");
        text.push_str(" sync_group_tracking_weight\n}\n");
    }
    for router in 0..setup.routers() {
        instance(&mut text, setup, host, router, own);
    }
    text
}

fn line(text: &mut String, keyword: &str, value: &str) {
    let _ = writeln!(text, " {keyword} {value}");
}

/// Seconds with as many decimals as are needed.
fn seconds(duration: Duration) -> String {
    format!("{}", duration.as_secs_f64())
}

fn tracked(text: &mut String, setup: &Setup, host: usize) {
    let interval = seconds(setup.intervals[host]);
    let (fall, rise) = setup.fall_rise;
    let _ = match setup.tracking {
        Tracking::Script(weight) => writeln!(
            text,
            "vrrp_script {TRACKED} {{\n script /bin/check\n interval {interval}\n \
             fall {fall}\n rise {rise}\n weight {weight}\n}}"
        ),
        Tracking::Process(weight) => {
            writeln!(text, "vrrp_track_process {TRACKED} {{\n process nginx\n weight {weight}\n}}")
        }
        Tracking::Nothing | Tracking::Interface(_) => Ok(()),
    };
}

fn instance(text: &mut String, setup: &Setup, host: usize, router: usize, own: &[u8]) {
    let wire = setup.wire_of(router);
    let priority = setup.priority_of(host, router, own);
    let state = if setup.masters[host] { "MASTER" } else { "BACKUP" };
    let nopreempt = setup.never_preempts(priority);
    let delayed = !setup.preempt_delay().is_zero() && priority != 255;
    // Together with `state MASTER` these clear the state, with a complaint.
    let cleared = nopreempt || delayed || setup.keys == Keys::Ah;
    let _ = writeln!(
        text,
        "vrrp_instance {} {{\n state {}\n interface {}\n virtual_router_id {}\n priority {priority}\n \
         version {}\n advert_int {}\n down_timer_adverts {}\n garp_master_delay {}",
        NAMES[router],
        if cleared { "BACKUP" } else { state },
        WIRES[wire],
        FIRST_VRID + router,
        setup.version,
        seconds(setup.intervals[host]),
        setup.down_timer,
        setup.garp_delay,
    );
    for (keyword, written) in [
        ("nopreempt", nopreempt),
        ("dont_track_primary", setup.dont_track_primary),
        ("lower_prio_no_advert", setup.lower_prio_no_advert),
        ("higher_prio_send_advert", setup.higher_prio_send_advert),
    ] {
        if written {
            line(text, keyword, "");
        }
    }
    if delayed {
        line(text, "preempt_delay", &seconds(setup.preempt_delay()));
    }
    keys(text, setup, host);
    if setup.unicast {
        if setup.track_source {
            line(text, "unicast_src_ip", &source(setup, host, wire).to_string());
            line(text, "track_src_ip", "");
        }
        block(
            text,
            "unicast_peer",
            (0..setup.hosts).filter(|h| *h != host).map(|peer| source(setup, peer, wire)),
        );
    }
    let all = addresses(setup, host, router);
    let (excluded, said): (Vec<IpAddr>, Vec<IpAddr>) =
        all.into_iter().partition(|ip| setup.excluded && is_excluded(*ip));
    block(text, "virtual_ipaddress", said);
    if !excluded.is_empty() {
        block(text, "virtual_ipaddress_excluded", excluded);
    }
    let owner = priority == 255;
    match setup.tracking {
        Tracking::Script(_) => block(text, "track_script", [TRACKED]),
        Tracking::Process(_) => block(text, "track_process", [TRACKED]),
        Tracking::Interface(weight) if weight == 0 || owner => {
            block(text, "track_interface", [WIRES[1]]);
        }
        Tracking::Interface(weight) => {
            block(text, "track_interface", [format!("{} weight {weight}", WIRES[1])]);
        }
        Tracking::Nothing => {}
    }
    text.push_str("}\n");
}

fn is_excluded(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.octets()[3] == 77,
        IpAddr::V6(ip) => ip.segments()[7] == 77,
    }
}

fn block<T: std::fmt::Display>(
    text: &mut String,
    keyword: &str,
    items: impl IntoIterator<Item = T>,
) {
    let _ = writeln!(text, " {keyword} {{");
    for item in items {
        let _ = writeln!(text, "  {item}");
    }
    text.push_str(" }\n");
}

fn keys(text: &mut String, setup: &Setup, host: usize) {
    let secret = if setup.odd == Some(host) { "other" } else { "secret" };
    let kind = match setup.keys {
        Keys::None => return,
        Keys::Hmac => {
            let _ = writeln!(
                text,
                " auth_hmac {{\n  key 1 {secret}\n  active_key 1\n  time_window {}\n }}",
                HMAC_WINDOW.as_secs()
            );
            return;
        }
        Keys::Pass => "PASS",
        Keys::Ah => "AH",
    };
    let _ = writeln!(text, " authentication {{\n  auth_type {kind}\n  auth_pass {secret}\n }}");
}

/// How old or early a signed advert may be.
pub(crate) const HMAC_WINDOW: Duration = Duration::from_mins(1);

/// Reads a host's file as its daemon does: with eth0, eth1 and every program there. `None` if a
/// reload is to be refused.
pub(crate) fn read(text: &str) -> Option<Config> {
    let host = Host {
        interface: &|name| match name {
            "lo" => Interface::Loopback,
            name if WIRES.contains(&name) => Interface::Present,
            _ => Interface::Missing,
        },
        ..Host::assumed("node")
    };
    let read = keepalived(&File::new("/etc/keepalived/keepalived.conf", text), &host);
    (!read.is_fatal()).then_some(read.vrrp)
}

/// The same file with a mistake at its end.
pub(crate) fn spoilt(setup: &Setup, text: &str, mistake: Mistake) -> String {
    let family = if setup.ipv6 { " native_ipv6\n}\n" } else { "}\n" };
    let lines = mistake.lines();
    // A number is free to be used once in each family.
    format!("{text}{}{family}", lines.strip_suffix("}\n").unwrap_or(lines))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{Dice, Severity};

    #[test]
    fn what_a_seed_writes_is_read_without_a_word() {
        for seed in 0..500 {
            let setup = Setup::random(&mut Dice::new(seed));
            for host in 0..setup.hosts {
                let text = keepalived_conf(&setup, host, &setup.priorities);
                let read = keepalived(&File::new("k", text.clone()), &Host::assumed("node"));
                let said: Vec<_> = read
                    .findings
                    .iter()
                    .filter(|found| found.severity > Severity::Note)
                    .map(|found| found.code.clone())
                    .filter(|code| !code.ends_with("::fraction"))
                    .collect();
                assert!(said.is_empty(), "seed {seed}: {said:?}\n{text}");
                assert_eq!(read.vrrp.instances.len(), setup.routers(), "{text}");
            }
        }
    }

    #[test]
    fn every_mistake_is_one_that_a_reload_is_refused_for() {
        let setup = Setup::plain();
        let good = keepalived_conf(&setup, 0, &setup.priorities);
        assert!(read(&good).is_some());
        for mistake in Mistake::ALL {
            assert_eq!(read(&spoilt(&setup, &good, mistake)), None, "{mistake:?}");
        }
    }
}
