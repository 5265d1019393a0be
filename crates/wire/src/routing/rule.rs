//! Rules: which table a packet's route is looked for in.

use super::{Network, PROTOCOL, address, family, small_table};
use crate::attributes::Writer;
use std::fmt;

/// Attributes of a rule.
mod attribute {
    pub(super) const DESTINATION: u16 = 1;
    pub(super) const SOURCE: u16 = 2;
    pub(super) const INTERFACE: u16 = 3;
    pub(super) const GOTO: u16 = 4;
    pub(super) const PRIORITY: u16 = 6;
    pub(super) const MARK: u16 = 10;
    pub(super) const REALMS: u16 = 11;
    pub(super) const SUPPRESS_GROUP: u16 = 13;
    pub(super) const SUPPRESS_PREFIX: u16 = 14;
    pub(super) const TABLE: u16 = 15;
    pub(super) const MASK: u16 = 16;
    pub(super) const OUT_INTERFACE: u16 = 17;
    pub(super) const L3MDEV: u16 = 19;
    pub(super) const UIDS: u16 = 20;
    pub(super) const PROTOCOL: u16 = 21;
    pub(super) const IP_PROTOCOL: u16 = 22;
    pub(super) const SOURCE_PORTS: u16 = 23;
    pub(super) const DESTINATION_PORTS: u16 = 24;
}

/// What doesn't match is meant (`FIB_RULE_INVERT`).
const INVERT: u32 = 2;
/// The table that belongs to a packet's routing domain is looked in, so none is named.
const TABLE_UNSPEC: u32 = 0;

/// What is done with a packet that matches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Its route is looked for in this table.
    Table(u32),
    /// In the table of its routing domain (VRF).
    L3mdev,
    /// The rule of this priority is next.
    Goto(u32),
    /// Nothing; the next rule is looked at.
    Nop,
    /// It is dropped.
    Blackhole,
    /// It is refused: no such network.
    Unreachable,
    /// It is refused: forbidden.
    Prohibit,
}

impl Action {
    const fn number(self) -> u8 {
        match self {
            Self::Table(_) | Self::L3mdev => 1,
            Self::Goto(_) => 2,
            Self::Nop => 3,
            Self::Blackhole => 6,
            Self::Unreachable => 7,
            Self::Prohibit => 8,
        }
    }
}

/// A rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    /// It is about IPv6 packets.
    pub ipv6: bool,
    /// It counts for what does not match.
    pub invert: bool,
    /// Where packets come from; none: anywhere.
    pub from: Option<Network>,
    /// Where they go.
    pub to: Option<Network>,
    /// Their type of service; 0: any.
    pub tos: u8,
    /// The interface they came in on.
    pub input: Option<String>,
    /// The interface their sender is bound to.
    pub output: Option<String>,
    /// Their mark.
    pub mark: Option<u32>,
    /// Bits of the mark that count.
    pub mask: Option<u32>,
    /// Users of whom they are, first and last.
    pub users: Option<(u32, u32)>,
    /// Their protocol.
    pub ip_protocol: Option<u8>,
    /// Their source ports, first and last.
    pub source_ports: Option<(u16, u16)>,
    /// Their destination ports, first and last.
    pub destination_ports: Option<(u16, u16)>,
    /// The lowest is asked first.
    pub priority: u32,
    /// What is done.
    pub action: Action,
    /// The realms it gives them.
    pub realms: Option<u32>,
    /// Routes with no more bits than these don't count.
    pub suppress_prefix: Option<u32>,
    /// Routes by interfaces of this group don't count.
    pub suppress_group: Option<u32>,
    /// Who set it, as a number; 0 tells nobody.
    pub protocol: u8,
    /// Its loss counts.
    pub tracked: bool,
}

impl Rule {
    /// A rule for every packet of a family.
    pub const fn for_all(ipv6: bool, priority: u32, action: Action) -> Self {
        Self {
            ipv6,
            invert: false,
            from: None,
            to: None,
            tos: 0,
            input: None,
            output: None,
            mark: None,
            mask: None,
            users: None,
            ip_protocol: None,
            source_ports: None,
            destination_ports: None,
            priority,
            action,
            realms: None,
            suppress_prefix: None,
            suppress_group: None,
            protocol: PROTOCOL,
            tracked: true,
        }
    }

    /// The payload of [`NEW_RULE`](super::NEW_RULE) and [`DELETE_RULE`](super::DELETE_RULE).
    /// Interfaces are named there too, and need not exist.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::after(self.header());
        self.encode_selector(&mut out);
        out.u32(attribute::PRIORITY, self.priority);
        match self.action {
            Action::Table(table) => {
                out.u32(attribute::TABLE, table);
            }
            Action::L3mdev => {
                out.u8(attribute::L3MDEV, 1);
            }
            Action::Goto(priority) => {
                out.u32(attribute::GOTO, priority);
            }
            Action::Nop | Action::Blackhole | Action::Unreachable | Action::Prohibit => {}
        }
        let numbers = [
            (attribute::REALMS, self.realms),
            (attribute::SUPPRESS_PREFIX, self.suppress_prefix),
            (attribute::SUPPRESS_GROUP, self.suppress_group),
        ];
        for (kind, number) in numbers {
            if let Some(number) = number {
                out.u32(kind, number);
            }
        }
        if self.protocol != 0 {
            out.u8(attribute::PROTOCOL, self.protocol);
        }
        out.into_bytes()
    }

    /// Which packets it is about.
    fn encode_selector(&self, out: &mut Writer) {
        let networks = [(attribute::SOURCE, self.from), (attribute::DESTINATION, self.to)];
        for (kind, network) in networks {
            if let Some(network) = network.filter(|network| !network.is_all()) {
                address(out, kind, network.ip);
            }
        }
        let names = [(attribute::INTERFACE, &self.input), (attribute::OUT_INTERFACE, &self.output)];
        for (kind, name) in names {
            if let Some(name) = name {
                out.text(kind, name);
            }
        }
        for (kind, number) in [(attribute::MARK, self.mark), (attribute::MASK, self.mask)] {
            if let Some(number) = number {
                out.u32(kind, number);
            }
        }
        if let Some((first, last)) = self.users {
            out.put(attribute::UIDS, &[first.to_ne_bytes(), last.to_ne_bytes()].concat());
        }
        if let Some(protocol) = self.ip_protocol {
            out.u8(attribute::IP_PROTOCOL, protocol);
        }
        let ports = [
            (attribute::SOURCE_PORTS, self.source_ports),
            (attribute::DESTINATION_PORTS, self.destination_ports),
        ];
        for (kind, range) in ports {
            if let Some((first, last)) = range {
                out.put(kind, &[first.to_ne_bytes(), last.to_ne_bytes()].concat());
            }
        }
    }

    fn header(&self) -> Vec<u8> {
        let bits = |network: Option<Network>| network.map_or(0, |network| network.prefix);
        let table = if let Action::Table(table) = self.action { table } else { TABLE_UNSPEC };
        let flags = if self.invert { INVERT } else { 0 };
        let mut header = vec![
            family(self.ipv6),
            bits(self.to),
            bits(self.from),
            self.tos,
            small_table(table),
            0,
            0,
            self.action.number(),
        ];
        header.extend_from_slice(&flags.to_ne_bytes());
        header
    }
}

/// In the words of `ip rule`, as far as it takes to tell one from the others.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ipv6 && self.from.is_none() && self.to.is_none() {
            f.write_str("inet6 ")?;
        }
        if self.invert {
            f.write_str("not ")?;
        }
        match self.from {
            Some(from) => write!(f, "from {from}")?,
            None => f.write_str("from all")?,
        }
        if let Some(to) = self.to {
            write!(f, " to {to}")?;
        }
        if let Some(name) = &self.input {
            write!(f, " iif {name}")?;
        }
        if let Some(name) = &self.output {
            write!(f, " oif {name}")?;
        }
        if let Some(mark) = self.mark {
            write!(f, " fwmark {mark}")?;
        }
        match self.action {
            Action::Table(table) => write!(f, " table {table}")?,
            Action::L3mdev => f.write_str(" l3mdev")?,
            Action::Goto(priority) => write!(f, " goto {priority}")?,
            Action::Nop => f.write_str(" nop")?,
            Action::Blackhole => f.write_str(" blackhole")?,
            Action::Unreachable => f.write_str(" unreachable")?,
            Action::Prohibit => f.write_str(" prohibit")?,
        }
        write!(f, " preference {}", self.priority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_said_in_the_kernels_bytes() {
        let mut rule = Rule::for_all(false, 700, Action::Table(1000));
        rule.from = Some(Network { ip: "10.1.0.0".parse().expect("address"), prefix: 16 });
        rule.input = Some("eth0".into());
        let bytes = rule.encode();
        let mut expected = vec![2, 0, 16, 0, 0, 0, 0, 1, 0, 0, 0, 0];
        let attribute = |kind: u16, value: &[u8]| {
            let length = (value.len() + 4) as u16;
            let mut all = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat();
            all.resize(all.len().next_multiple_of(4), 0);
            all
        };
        expected.extend(attribute(2, &[10, 1, 0, 0]));
        expected.extend(attribute(3, b"eth0\0"));
        expected.extend(attribute(6, &700_u32.to_ne_bytes()));
        expected.extend(attribute(15, &1000_u32.to_ne_bytes()));
        expected.extend(attribute(21, &[18]));
        assert_eq!(bytes, expected);
        assert_eq!(rule.to_string(), "from 10.1.0.0/16 iif eth0 table 1000 preference 700");
    }

    #[test]
    fn a_rule_that_nobody_watches_names_nobody() {
        let mut rule = Rule::for_all(true, 1, Action::Prohibit);
        rule.protocol = 0;
        let bytes = rule.encode();
        assert_eq!(bytes.len(), 12 + 8, "the priority is all it has");
        assert_eq!((bytes[0], bytes[7]), (10, 8));
        assert_eq!(rule.to_string(), "inet6 from all prohibit preference 1");
    }
}
