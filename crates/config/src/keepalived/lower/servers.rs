//! Virtual and real servers (docs/ancestors/keepalived.md §1.3, §2.1).

use super::Lowering;
use super::global::{default, default_time, text};
use super::services::{endpoint, group_member, name_of, tunnel};
use crate::keepalived::directives::Block;
use crate::keepalived::findings::Place;
use crate::keepalived::tree::Node;
use crate::keepalived::values;
use crate::text::quote;
use lvs::config::{
    Family, Forward, GroupMember, Pace, Protocol, RealServer, SchedulerFlags, ServerGroup, Service,
    SorryServer, VirtualServer,
};
use std::net::IpAddr;
use std::time::Duration;

/// The schedulers the kernel has (docs/ancestors/keepalived.md §1.3).
const SCHEDULERS: [&str; 14] =
    ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "mh", "sed", "nq", "fo", "ovf", "twos"];
/// How long persistence lasts at most: 31 days (measured: "[1, 2678400]").
const PERSISTENCE_MAX: i64 = 2_678_400;

/// What servers say for checkers that say nothing themselves.
#[derive(Clone, Copy, Default)]
pub(super) struct Usual {
    pub retry: Option<i64>,
    pub delay_before_retry: Option<i64>,
    pub connect_timeout: Option<i64>,
    pub warmup: Option<i64>,
    pub delay_loop: Option<i64>,
    pub alpha: bool,
}

impl Usual {
    /// Takes a keyword that servers and checkers share; false if it is another.
    pub(super) fn take(&mut self, node: &Node, lowering: &mut Lowering<'_>) -> bool {
        let slot = match node.name() {
            "retry" => &mut self.retry,
            "delay_before_retry" => &mut self.delay_before_retry,
            "connect_timeout" => &mut self.connect_timeout,
            "warmup" => &mut self.warmup,
            "delay_loop" => &mut self.delay_loop,
            "alpha" => {
                self.alpha = true;
                return true;
            }
            _ => return false,
        };
        *slot = values::number(node, lowering.found).or(*slot);
        true
    }
}

/// A server's lines that its real servers take over.
struct Draft {
    service: Service,
    usual: Usual,
    scheduler: Option<String>,
    forward: Option<Forward>,
    protocol: Option<Protocol>,
    weight: u16,
    host: Option<String>,
    inhibit: bool,
    alert: Option<bool>,
    sorry: Option<(IpAddr, u16)>,
    sorry_inhibit: bool,
    sorry_forward: Option<Forward>,
}

impl Lowering<'_> {
    pub(super) fn ssl(&mut self, block: &Node) {
        for node in block.nodes() {
            let slot = match node.name() {
                "password" => &mut self.lvs.tls.password,
                "ca" => &mut self.lvs.tls.ca,
                "certificate" => &mut self.lvs.tls.certificate,
                _ => &mut self.lvs.tls.key,
            };
            *slot = text(node);
        }
    }

    pub(super) fn server_group(&mut self, block: &Node) {
        let Some(name) = text(block) else { return };
        let mut members = Vec::new();
        for entry in block.entries() {
            if let Some(member) = group_member(entry) {
                members.push(member);
            } else if let Some(word) = entry.first() {
                let what = format!("{} is no part of a group", quote(&word.text));
                let then = [
                    "the line is ignored",
                    "keepalived does the same",
                    "write `ADDRESS[-LAST] PORT` or `fwmark NUMBER`",
                ];
                self.found.complain(word.place, "bad-group-member", what, then);
            }
        }
        self.lvs.groups.push(ServerGroup { name, members });
    }

    pub(super) fn virtual_server(&mut self, block: &Node) {
        let Some(service) = self.service(block) else { return };
        let mut server = empty(service.clone());
        let mut draft = Draft {
            service,
            usual: Usual::default(),
            scheduler: None,
            forward: None,
            protocol: None,
            weight: default(Block::VirtualServer, "weight") as u16,
            host: None,
            inhibit: false,
            alert: None,
            sorry: None,
            sorry_inhibit: false,
            sorry_forward: None,
        };
        // What real servers take over counts wherever it stands.
        for node in block.nodes() {
            let known = draft.usual.take(node, self) || self.taken_over(node, &mut draft);
            if !known && node.name() != "real_server" {
                self.own(node, &mut server);
            }
        }
        self.finish(block.place(), &mut draft, &mut server);
        for node in block.nodes().iter().filter(|node| node.name() == "real_server") {
            if let Some(real) = self.real_server(node, &draft) {
                server.real.push(real);
            }
        }
        self.keep(block, server);
    }

    fn keep(&mut self, block: &Node, server: VirtualServer) {
        if block.broken {
            self.disabled.push(name_of(&server.service));
        } else if server.real.is_empty() {
            let what = format!("{} has no real servers", name_of(&server.service));
            let then = ["it is ignored", "keepalived does the same", "add a real_server"];
            self.found.complain(block.place(), "no-real-servers", what, then);
        } else {
            self.lvs.servers.push(server);
        }
    }

    fn service(&mut self, block: &Node) -> Option<Service> {
        let (first, second) = (block.word(1)?, block.word(2));
        let service = match (first.text.as_str(), second) {
            ("fwmark", Some(mark)) => mark.text.parse().ok().map(Service::Mark),
            ("group", Some(name)) => Some(Service::Group(name.text.clone())),
            (address, port) => endpoint(address, port).map(|(ip, port)| Service::Address(ip, port)),
        };
        if service.is_none() {
            let what = format!("{} is no address, or its port is none", quote(&first.text));
            let then = [
                "the virtual server is ignored",
                "keepalived does the same",
                "write `ADDRESS PORT`, `fwmark NUMBER` or `group NAME`",
            ];
            self.found.complain(first.place, "bad-service", what, then);
        }
        service
    }

    fn taken_over(&mut self, node: &Node, draft: &mut Draft) -> bool {
        match node.name() {
            "lb_algo" => {
                let known = text(node).filter(|name| SCHEDULERS.contains(&name.as_str()));
                if known.is_none() {
                    values::refuse(node, self.found);
                }
                draft.scheduler = known.or(draft.scheduler.take());
            }
            "lb_kind" => draft.forward = self.forward(node).or(draft.forward),
            "protocol" => {
                draft.protocol = match node.word(1).map(|word| word.text.as_str()) {
                    Some("TCP") => Some(Protocol::Tcp),
                    Some("UDP") => Some(Protocol::Udp),
                    Some("SCTP") => Some(Protocol::Sctp),
                    _ => {
                        values::refuse(node, self.found);
                        draft.protocol
                    }
                };
            }
            "weight" => {
                let weight = values::number(node, self.found);
                draft.weight = weight.map_or(draft.weight, |weight| weight as u16);
            }
            "virtualhost" => draft.host = text(node),
            "inhibit_on_failure" => {
                draft.inhibit = values::switch(node, self.found).unwrap_or(draft.inhibit);
            }
            "smtp_alert" => draft.alert = values::switch(node, self.found).or(draft.alert),
            "sorry_server" => {
                let at = node.word(1).and_then(|word| endpoint(&word.text, node.word(2)));
                if at.is_none() {
                    values::refuse(node, self.found);
                }
                draft.sorry = at.or(draft.sorry);
            }
            "sorry_server_inhibit" => draft.sorry_inhibit = true,
            "sorry_server_lvs_method" => draft.sorry_forward = self.forward(node),
            _ => return false,
        }
        true
    }

    fn own(&mut self, node: &Node, server: &mut VirtualServer) {
        match node.name() {
            "persistence_timeout" => self.persistence(node, server),
            "persistence_granularity" => {
                let bits = node.word(1).and_then(|word| values::mask(&word.text));
                if bits.is_none() {
                    values::refuse(node, self.found);
                }
                server.granularity = bits;
            }
            "persistence_engine" => server.sip = values::choice(node, self.found).is_some(),
            "quorum" => {
                let quorum = values::number(node, self.found);
                server.quorum = quorum.map_or(1, |quorum| quorum as u32);
            }
            "hysteresis" => {
                let value = values::number(node, self.found);
                server.hysteresis = value.map_or(0, |value| value as u32);
            }
            "quorum_up" => self.set_command(node, &mut server.quorum_up),
            "quorum_down" => self.set_command(node, &mut server.quorum_down),
            "ha_suspend" => server.ha_suspend = true,
            "omega" => server.omega = true,
            "ops" => server.one_packet = true,
            "hashed" => server.flags.hashed = true,
            "flag-1" | "sh-fallback" | "mh-fallback" => server.flags.first = true,
            "flag-2" | "sh-port" | "mh-port" => server.flags.second = true,
            "flag-3" => server.flags.third = true,
            "ip_family" => {
                let family = values::choice(node, self.found);
                server.family =
                    family.map(|word| if word == "inet6" { Family::V6 } else { Family::V4 });
            }
            _ => {}
        }
    }

    fn persistence(&mut self, node: &Node, server: &mut VirtualServer) {
        let written = node.word(1).map(|word| values::whole(&word.text));
        let usual = default(Block::VirtualServer, "persistence_timeout");
        match written.unwrap_or(Some(usual)).filter(|v| (1..=PERSISTENCE_MAX).contains(v)) {
            Some(seconds) => server.persistence = Some(Duration::from_secs(seconds as u64)),
            None => {
                if let Some(word) = node.word(1) {
                    values::bad(word, node.row, "clients don't stay with a server", self.found);
                }
            }
        }
    }

    fn forward(&mut self, node: &Node) -> Option<Forward> {
        let forward = match node.word(1).map(|word| word.text.as_str()) {
            Some("NAT") => Some(Forward::Nat),
            Some("DR") => Some(Forward::Direct),
            Some("TUN") => tunnel(node.words.get(2..).unwrap_or(&[])).map(Forward::Tunnel),
            _ => None,
        };
        if forward.is_none() {
            values::refuse(node, self.found);
        }
        forward
    }

    fn harmless_server(&mut self, at: Place, code: &str, what: &str, effect: &str, cure: &str) {
        let then = [effect, "keepalived does the same", cure];
        self.found.complain(at, code, what.to_owned(), then);
    }

    /// What is missing or doesn't fit together (docs/ancestors/keepalived.md §2.1).
    fn finish(&mut self, at: Place, draft: &mut Draft, server: &mut VirtualServer) {
        let marked = self.is_mark(&draft.service);
        match (marked, draft.protocol) {
            (true, Some(_)) => {
                let (what, cure) = ("a mark has no protocol", "remove `protocol`");
                self.harmless_server(at, "mark-protocol", what, "the line is ignored", cure);
                draft.protocol = None;
            }
            (false, None) => {
                let (what, cure) = ("no protocol is written", "add `protocol TCP`");
                self.harmless_server(at, "no-protocol", what, "UDP is spread", cure);
                draft.protocol = Some(Protocol::Udp);
            }
            _ => {}
        }
        if draft.scheduler.is_none() {
            let (what, cure) = ("no scheduler is written", "add `lb_algo NAME`");
            self.harmless_server(at, "no-scheduler", what, "wlc is used", cure);
        }
        if draft.forward.is_none() {
            let (what, cure) = ("no forwarding method is written", "add `lb_kind NAT`, DR or TUN");
            self.harmless_server(at, "no-method", what, "NAT is used", cure);
        }
        if matches!(draft.service, Service::Address(_, 0)) && server.persistence.is_none() {
            let (what, cure) = ("port 0 needs persistence", "add `persistence_timeout`");
            self.harmless_server(at, "port-zero", what, "clients stay for 360 s", cure);
            let usual = default(Block::VirtualServer, "persistence_timeout");
            server.persistence = Some(Duration::from_secs(usual as u64));
        }
        server.protocol = draft.protocol;
        server.scheduler = draft.scheduler.clone().unwrap_or_else(|| "wlc".to_owned());
        server.forward = draft.forward.unwrap_or(Forward::Nat);
        server.smtp_alert = draft.alert.or(self.settings.mail.checker).unwrap_or(false);
        server.sorry = draft.sorry.map(|(ip, port)| SorryServer {
            ip,
            port,
            inhibit: draft.sorry_inhibit,
            forward: draft.sorry_forward.unwrap_or(server.forward),
        });
    }

    /// It answers to marks alone.
    fn is_mark(&self, service: &Service) -> bool {
        match service {
            Service::Mark(_) => true,
            Service::Address(..) => false,
            Service::Group(name) => {
                let group = self.lvs.groups.iter().find(|group| group.name == *name);
                group.is_some_and(|group| {
                    let mark = |member: &GroupMember| matches!(member, GroupMember::Mark(..));
                    !group.members.is_empty() && group.members.iter().all(mark)
                })
            }
        }
    }

    fn real_server(&mut self, block: &Node, draft: &Draft) -> Option<RealServer> {
        let first = block.word(1)?;
        let Some((ip, port)) = endpoint(&first.text, block.word(2)) else {
            let what = format!("{} is no address, or its port is none", quote(&first.text));
            let then = ["the server is left out", "keepalived does the same", "correct it"];
            self.found.complain(first.place, "bad-address", what, then);
            return None;
        };
        let mut real = RealServer {
            ip,
            port,
            weight: draft.weight,
            forward: draft.forward.unwrap_or(Forward::Nat),
            upper: 0,
            lower: 0,
            inhibit_on_failure: draft.inhibit,
            notify_up: None,
            notify_down: None,
            smtp_alert: draft.alert.or(self.settings.mail.checker).unwrap_or(true),
            checkers: Vec::new(),
        };
        let (mut usual, mut host) = (draft.usual, draft.host.clone());
        for node in block.nodes() {
            if !usual.take(node, self) {
                self.real_keyword(node, &mut real, &mut host);
            }
        }
        self.mark_port(block.place(), draft, &real);
        for node in block.nodes() {
            let checkers = self.checker(node, &real, usual, host.as_deref());
            real.checkers.extend(checkers.into_iter().flatten());
        }
        Some(real)
    }

    fn mark_port(&mut self, at: Place, draft: &Draft, real: &RealServer) {
        let fixed = matches!(draft.service, Service::Mark(_)) && real.forward != Forward::Nat;
        if fixed && real.port != 0 {
            let (what, cure) = ("only NAT gives a mark's real servers a port", "remove the port");
            self.harmless_server(at, "mark-port", what, "the port is ignored", cure);
        }
    }

    fn real_keyword(&mut self, node: &Node, real: &mut RealServer, host: &mut Option<String>) {
        match node.name() {
            "weight" => {
                let weight = values::number(node, self.found);
                real.weight = weight.map_or(real.weight, |weight| weight as u16);
            }
            "notify_up" => self.set_command(node, &mut real.notify_up),
            "notify_down" => self.set_command(node, &mut real.notify_down),
            "inhibit_on_failure" => {
                let usual = real.inhibit_on_failure;
                real.inhibit_on_failure = values::switch(node, self.found).unwrap_or(usual);
            }
            "uthreshold" => real.upper = values::number(node, self.found).unwrap_or(0) as u32,
            "lthreshold" => real.lower = values::number(node, self.found).unwrap_or(0) as u32,
            "lvs_method" => real.forward = self.forward(node).unwrap_or(real.forward),
            "smtp_alert" => {
                real.smtp_alert = values::switch(node, self.found).unwrap_or(real.smtp_alert);
            }
            "virtualhost" => *host = text(node),
            _ => {}
        }
    }
}

/// A virtual server with nothing said about it.
fn empty(service: Service) -> VirtualServer {
    VirtualServer {
        service,
        protocol: None,
        scheduler: String::new(),
        flags: SchedulerFlags::default(),
        one_packet: false,
        forward: Forward::Nat,
        persistence: None,
        granularity: None,
        sip: false,
        family: None,
        sorry: None,
        quorum: default(Block::VirtualServer, "quorum") as u32,
        hysteresis: default(Block::VirtualServer, "hysteresis") as u32,
        quorum_up: None,
        quorum_down: None,
        ha_suspend: false,
        omega: false,
        smtp_alert: false,
        real: Vec::new(),
    }
}

impl Usual {
    /// How often, for a checker whose own defaults are these.
    pub(super) fn pace(self, retry: u32, delay: Option<Duration>, log: bool) -> Pace {
        let time = |value: Option<i64>, or| value.map_or(or, values::micros);
        let loop_time = time(self.delay_loop, default_time(Block::VirtualServer, "delay_loop"));
        Pace {
            alpha: self.alpha,
            retry: self.retry.map_or(retry, |retry| retry as u32),
            delay_before_retry: time(self.delay_before_retry, delay.unwrap_or(loop_time)),
            warmup: time(self.warmup, loop_time),
            delay_loop: loop_time,
            log_all_failures: log,
        }
    }
}
