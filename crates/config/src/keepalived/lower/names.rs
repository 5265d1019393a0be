//! The names and numbers of `ip route` and `ip rule`: tables, protocols, scopes, realms, as the
//! kernel numbers them and iproute's files name them.

use crate::keepalived::host::Sources;
use std::net::IpAddr;
use wire::routing::Network;

/// Where iproute keeps its files of names: the administrator's, and its own.
const DIRECTORIES: [&str; 2] = ["/etc/iproute2", "/usr/share/iproute2"];

/// What everybody knows (`linux/rtnetlink.h`).
const TABLES: [(&str, u32); 3] = [("default", 253), ("main", 254), ("local", 255)];
const PROTOCOLS: [(&str, u32); 8] = [
    ("redirect", 1),
    ("kernel", 2),
    ("boot", 3),
    ("static", 4),
    ("ra", 9),
    ("bird", 12),
    ("dhcp", 16),
    ("keepalived", 18),
];
const SCOPES: [(&str, u32); 5] =
    [("global", 0), ("site", 200), ("link", 253), ("host", 254), ("nowhere", 255)];
/// Protocols of packets that have ports (IANA).
const IP_PROTOCOLS: [(&str, u32); 6] =
    [("icmp", 1), ("tcp", 6), ("udp", 17), ("dccp", 33), ("sctp", 132), ("udplite", 136)];

/// Where names are looked up.
pub(super) struct Names<'a> {
    sources: &'a dyn Sources,
    /// The administrator's directory, then iproute's.
    directories: [&'a str; 2],
}

impl<'a> Names<'a> {
    /// `configured`: iproute's directory and the administrator's, if others are to be used.
    pub(super) fn new(
        sources: &'a dyn Sources,
        (own, local): &'a (Option<String>, Option<String>),
    ) -> Self {
        let [etc, usr] = DIRECTORIES;
        let directories = [local.as_deref().unwrap_or(etc), own.as_deref().unwrap_or(usr)];
        Self { sources, directories }
    }

    pub(super) fn table(&self, text: &str) -> Option<u32> {
        self.named(text, &TABLES, "rt_tables").filter(|table| *table > 0)
    }

    pub(super) fn protocol(&self, text: &str) -> Option<u8> {
        self.named(text, &PROTOCOLS, "rt_protos")?.try_into().ok()
    }

    pub(super) fn scope(&self, text: &str) -> Option<u8> {
        self.named(text, &SCOPES, "rt_scopes")?.try_into().ok()
    }

    pub(super) fn tos(&self, text: &str) -> Option<u8> {
        self.named(text, &[], "rt_dsfield")?.try_into().ok()
    }

    /// The number of a group of interfaces.
    pub(super) fn group(&self, text: &str) -> Option<u32> {
        self.named(text, &[("default", 0)], "group")
    }

    /// `[SOURCE/]DESTINATION`, the source's number above 16 bits.
    pub(super) fn realms(&self, text: &str) -> Option<u32> {
        let realm = |text: &str| self.named(text, &[], "rt_realms").filter(|n| *n <= 0xffff);
        let (source, destination) = text.split_once('/').unwrap_or(("0", text));
        Some(realm(source)?.wrapping_shl(16) | realm(destination)?)
    }

    /// A number, or a name: a known one, or one of a file.
    fn named(&self, text: &str, known: &[(&str, u32)], file: &str) -> Option<u32> {
        let among = known.iter().find(|(name, _)| *name == text).map(|(_, number)| *number);
        number(text).or(among).or_else(|| {
            let mut texts = self
                .directories
                .iter()
                .filter_map(|dir| self.sources.read(&format!("{dir}/{file}")));
            texts.find_map(|lines| in_lines(&lines, text))
        })
    }
}

/// The number of a name in lines of `NUMBER NAME`.
fn in_lines(lines: &str, wanted: &str) -> Option<u32> {
    lines.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let (value, name) = (words.next()?, words.next()?);
        (name == wanted).then(|| number(value)).flatten()
    })
}

/// A whole number, decimal or behind `0x`.
pub(super) fn number(text: &str) -> Option<u32> {
    let digits = |text: &str| text.starts_with(|c: char| c.is_ascii_hexdigit());
    match text.strip_prefix("0x") {
        Some(hex) => digits(hex).then(|| u32::from_str_radix(hex, 16).ok()).flatten(),
        None => digits(text).then(|| text.parse().ok()).flatten(),
    }
}

/// `FIRST-LAST`, or one number for both.
pub(super) fn range<T: TryFrom<u32> + PartialOrd>(text: &str) -> Option<(T, T)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?.try_into().ok()?, number(last)?.try_into().ok()?);
    (first <= last).then_some((first, last))
}

/// The protocol of packets.
pub(super) fn ip_protocol(text: &str) -> Option<u8> {
    let lower = text.to_ascii_lowercase();
    let known = IP_PROTOCOLS.iter().find(|(name, _)| *name == lower).map(|(_, number)| *number);
    number(text).or(known)?.try_into().ok()
}

/// `ADDRESS[/LENGTH]`.
pub(super) fn network(text: &str) -> Option<Network> {
    let (ip, length) = text.split_once('/').map_or((text, None), |(ip, bits)| (ip, Some(bits)));
    let ip: IpAddr = ip.parse().ok()?;
    let longest = if ip.is_ipv4() { 32 } else { 128 };
    let Some(length) = length else { return Some(Network { ip, prefix: longest }) };
    // A longer one counts as the longest, as for addresses.
    let prefix: u8 = length.parse().ok()?;
    Some(Network { ip, prefix: prefix.min(longest) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_lines_and_comments_do_not_count() {
        let lines = "#\n255\tlocal\n0x10 small # mine\n# 7 large\n";
        assert_eq!(in_lines(lines, "small"), Some(16));
        assert_eq!(in_lines(lines, "large"), None);
    }

    #[test]
    fn numbers_are_decimal_or_hexadecimal() {
        for (text, expected) in [("10", Some(10)), ("0x10", Some(16)), ("-1", None), ("0x", None)] {
            assert_eq!(number(text), expected, "{text}");
        }
        assert_eq!(range::<u16>("10-20"), Some((10, 20)));
        assert_eq!(range::<u16>("20-10"), None);
        assert_eq!(range::<u16>("7"), Some((7, 7)));
    }
}
