//! The lines that name media (docs/ancestors/heartbeat.md §4).

use super::lexer::Statement;
use super::reader::{REFUSED, REFUSED_EFFECT, Reader};
use crate::text::{Word, atoi, is_number, quote};
use base::{LinkName, Severity};
use cluster::config::{Link, Medium};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The port of heartbeats where neither `udpport` nor the services file names one (IANA:
/// ha-cluster 694/udp).
const PORT: u16 = 694;

/// The speed of serial lines unless `baud` says otherwise, in bits per second.
const BAUD: u32 = 19_200;

/// The largest TTL the ancestor lets a multicast have: 4 leaves the site already.
const MULTICAST_TTL_MAX: i64 = 4;

/// More media than this are a slip: each costs sockets, and every beat goes out on all.
const LINKS_MAX: usize = 256;

impl Reader<'_> {
    /// The port in force at this line.
    fn port(&self) -> u16 {
        self.draft.udpport.or(self.host.cluster_port).unwrap_or(PORT)
    }

    /// A port as the ancestor reads it: more than nothing, and what of it fits 16 bits.
    fn port_number(&mut self, word: Word<'_>) -> Option<u16> {
        let number = atoi(word.text);
        if number <= 0 {
            self.bad_with(word, "no port", "write a port from 1 to 65535");
            return None;
        }
        let port = number as u16;
        if i64::from(port) != number || !is_number(word.text) {
            let message = format!("{} is no port", quote(word.text));
            let found = self.finding(Severity::Warning, "bad-port", word.span, message);
            let found = found.effect(format!("port {port} is used"));
            let found = found.compat("Heartbeat 3.0.6 does the same, silently");
            self.add(found.help("write a port from 1 to 65535"));
        }
        Some(port)
    }

    fn link(&mut self, word: Word<'_>, medium: Medium) {
        if self.draft.links.len() >= LINKS_MAX {
            return self.bad(word, "there are 256 media already");
        }
        let name = LinkName::from(word.text);
        self.draft.links.push((Link { name, medium }, word.span));
    }

    /// Complains about a missing interface where the ancestor looks for it (bcast, mcast).
    fn interface_is_there(&mut self, word: Word<'_>) -> bool {
        let there = (self.host.interface_exists)(word.text);
        if !there {
            let why = "this host has no such interface";
            self.bad_with(word, why, "`ip link` lists the interfaces of this host");
        }
        there
    }

    fn host_is_known(&mut self, word: Word<'_>) -> bool {
        let known = self.host.reaches(word.text);
        if !known {
            let help = "write an address: it needs no name service while the network is down";
            self.bad_with(word, "this name has no address", help);
        }
        known
    }
}

pub(super) fn bcast(reader: &mut Reader<'_>, word: Word<'_>) {
    if reader.interface_is_there(word) {
        let port = reader.port();
        reader.link(word, Medium::Bcast { port });
    }
}

pub(super) fn udp(reader: &mut Reader<'_>, word: Word<'_>) {
    let effect = "it is read as `bcast`, as Heartbeat 3.0.6 does";
    reader.warn("old-name", word.span, "`udp` is the old name of `bcast`", effect, "write `bcast`");
    bcast(reader, word);
}

pub(super) fn serial(reader: &mut Reader<'_>, word: Word<'_>) {
    if !word.text.starts_with('/') || !(reader.host.is_character_device)(word.text) {
        return reader.bad(word, "this is no serial device of this host");
    }
    let baud = reader.draft.baud.unwrap_or(BAUD);
    reader.link(word, Medium::Serial { baud });
}

pub(super) fn mcast(reader: &mut Reader<'_>, line: &Statement<'_>) {
    multicast(reader, line, |group| group.parse::<Ipv4Addr>().ok().map(IpAddr::V4));
}

pub(super) fn mcast6(reader: &mut Reader<'_>, line: &Statement<'_>) {
    multicast(reader, line, |group| group.parse::<Ipv6Addr>().ok().map(IpAddr::V6));
}

fn multicast(
    reader: &mut Reader<'_>,
    line: &Statement<'_>,
    parse: impl Fn(&str) -> Option<IpAddr>,
) {
    let words = line.blank_words();
    let [interface, group, port, ttl, looped, ..] = words.as_slice() else {
        return reader
            .incomplete(line.span(), "an interface, group, port, TTL and 0 or 1 for loop");
    };
    let there = reader.interface_is_there(*interface);
    let address = parse(group.text).filter(IpAddr::is_multicast);
    if address.is_none() {
        reader.bad(*group, "this is no multicast group of this address family");
    }
    let hops = reader.integer(*ttl, 0..=MULTICAST_TTL_MAX);
    let loopback = reader.integer(*looped, 0..=1);
    let port = reader.port_number(*port);
    if let (true, Some(group), Some(port), Some(ttl), Some(loopback)) =
        (there, address, port, hops, loopback)
    {
        let ttl = u8::try_from(ttl).unwrap_or(1);
        reader.link(*interface, Medium::Mcast { group, port, ttl, loopback: loopback == 1 });
    }
}

pub(super) fn ucast(reader: &mut Reader<'_>, line: &Statement<'_>) {
    unicast(reader, line, false);
}

pub(super) fn ucast6(reader: &mut Reader<'_>, line: &Statement<'_>) {
    unicast(reader, line, true);
}

fn unicast(reader: &mut Reader<'_>, line: &Statement<'_>, v6: bool) {
    let words = line.blank_words();
    let [interface, peer, ..] = words.as_slice() else {
        return reader.incomplete(line.span(), "an interface and the peer's address");
    };
    if !(reader.host.interface_exists)(interface.text) {
        let message = format!("this host has no interface {}", quote(interface.text));
        let found = reader.finding(Severity::Warning, "no-such-interface", interface.span, message);
        let found = found.effect("this link stays down until the interface is there");
        reader.add(
            found.compat("Heartbeat 3.0.6 accepts the line and ends a second after its start"),
        );
    }
    if reader.host_is_known(*peer) {
        let (peer, port) = (peer.text.to_owned(), reader.port());
        reader.link(*interface, Medium::Ucast { peer, v6, port });
    }
}

pub(super) fn ping(reader: &mut Reader<'_>, word: Word<'_>) {
    ping_one(reader, word, false);
}

pub(super) fn ping6(reader: &mut Reader<'_>, word: Word<'_>) {
    ping_one(reader, word, true);
}

fn ping_one(reader: &mut Reader<'_>, word: Word<'_>, v6: bool) {
    if reader.host_is_known(word) {
        let hosts = vec![word.text.to_owned()];
        reader.link(word, Medium::Ping { hosts, group: false, v6 });
    }
}

pub(super) fn ping_group(reader: &mut Reader<'_>, line: &Statement<'_>) {
    let words = line.blank_words();
    let [name, hosts @ ..] = words.as_slice() else {
        return reader.incomplete(line.span(), "a name and its hosts");
    };
    if hosts.is_empty() {
        return reader.incomplete(line.span(), "at least one host behind its name");
    }
    let known = hosts.iter().filter(|host| reader.host_is_known(**host)).count();
    if known == hosts.len() {
        let hosts = hosts.iter().map(|host| host.text.to_owned()).collect();
        reader.link(*name, Medium::Ping { hosts, group: true, v6: false });
    }
}

/// `udpport` and `baud` count for the media below them only; says so about those above.
pub(super) fn comes_too_late(reader: &mut Reader<'_>, word: Word<'_>, baud: bool) {
    let above = reader.draft.links.iter().find(|(link, _)| match link.medium {
        Medium::Serial { .. } => baud,
        Medium::Bcast { .. } | Medium::Ucast { .. } => !baud,
        Medium::Mcast { .. } | Medium::Ping { .. } => false,
    });
    let Some((link, span)) = above.cloned() else { return };
    let name = reader.row.name;
    let message = format!("`{name}` stands below a medium it is meant for");
    let found = reader.finding(Severity::Warning, "order", word.span, message);
    let found = found.label("has no effect on the media above").also(span, "opened without it");
    let effect = format!("{} keeps the value in force at its own line", quote(link.name.as_str()));
    let found = found.effect(effect).compat("Heartbeat 3.0.6 does the same, silently");
    reader.add(found.help(format!("move `{name}` above the media")));
}

pub(super) fn baud(reader: &mut Reader<'_>, word: Word<'_>) {
    /// The speeds that were accepted (docs/ancestors/heartbeat.md §4.2, measured).
    const SPEEDS: [u32; 7] = [9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800];
    if reader.refuse_second(word) {
        return;
    }
    match word.text.parse().ok().filter(|speed| SPEEDS.contains(speed)) {
        Some(speed) => {
            comes_too_late(reader, word, true);
            reader.draft.baud = Some(speed);
        }
        None => reader.bad(word, "no such speed"),
    }
}

pub(super) fn udpport(reader: &mut Reader<'_>, word: Word<'_>) {
    if let Some(port) = reader.port_number(word) {
        comes_too_late(reader, word, false);
        reader.draft.udpport = Some(port);
    }
}

/// Without any medium no node hears another.
pub(super) fn require(reader: &mut Reader<'_>, any_line: bool) {
    if reader.draft.links.is_empty() && !any_line {
        let span = base::Span::default();
        let found = reader.finding(Severity::Error, "no-media", span, "no medium is configured");
        let help = "add a line such as `ucast eth0 PEER` or `bcast eth0`";
        reader.add(found.effect(REFUSED_EFFECT).compat(REFUSED).help(help));
    }
}
