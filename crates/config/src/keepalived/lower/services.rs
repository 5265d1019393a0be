//! What a virtual server answers to, and how packets are wrapped: their words.

use crate::keepalived::lexer::Word;
use crate::keepalived::values;
use lvs::config::{Encapsulation, Family, GroupMember, Service, Tunnel};
use std::net::IpAddr;

/// What a virtual server is called in messages.
pub(super) fn name_of(service: &Service) -> String {
    match service {
        Service::Address(ip, port) => format!("virtual server {ip} port {port}"),
        Service::Mark(mark) => format!("virtual server with mark {mark}"),
        Service::Group(name) => format!("virtual server of group {name}"),
    }
}

/// An address, and a port if there is one.
pub(super) fn endpoint(address: &str, port: Option<&Word>) -> Option<(IpAddr, u16)> {
    let port = match port {
        Some(word) => word.text.parse().ok()?,
        None => 0,
    };
    Some((address.parse().ok()?, port))
}

/// The words behind `TUN`.
pub(super) fn tunnel(words: &[Word]) -> Option<Tunnel> {
    let mut tunnel = Tunnel::Ipip;
    let mut encapsulation = Encapsulation::Plain;
    let mut words = words.iter().map(|word| word.text.as_str());
    while let Some(word) = words.next() {
        match word {
            "type" => {
                tunnel = match words.next()? {
                    "ipip" => Tunnel::Ipip,
                    "gre" => Tunnel::Gre { encapsulation },
                    "gue" => match (words.next()?, words.next()?.parse()) {
                        ("port", Ok(port)) => Tunnel::Gue { port, encapsulation },
                        _ => return None,
                    },
                    _ => return None,
                }
            }
            "nocsum" => encapsulation = Encapsulation::Plain,
            "csum" => encapsulation = Encapsulation::Checksum,
            "remcsum" => encapsulation = Encapsulation::RemoteChecksum,
            _ => return None,
        }
    }
    Some(match tunnel {
        Tunnel::Ipip => Tunnel::Ipip,
        Tunnel::Gue { port, .. } => Tunnel::Gue { port, encapsulation },
        Tunnel::Gre { .. } => Tunnel::Gre { encapsulation },
    })
}

/// `ADDRESS[-LAST|/LENGTH] [PORT]` or `fwmark NUMBER [inet|inet6]`.
pub(super) fn group_member(entry: &[Word]) -> Option<GroupMember> {
    let first = entry.first()?;
    if first.text == "fwmark" {
        let family = entry.get(2);
        let family = family.map(|w| if w.text == "inet6" { Family::V6 } else { Family::V4 });
        return Some(GroupMember::Mark(entry.get(1)?.text.parse().ok()?, family));
    }
    let port = entry.get(1).map_or(Some(0), |word| word.text.parse().ok())?;
    if let Some((ip, length)) = first.text.split_once('/') {
        let ip: IpAddr = ip.parse().ok()?;
        let bits = if ip.is_ipv4() { 32_u32 } else { 128 };
        let free = bits.checked_sub(length.parse().ok()?)?;
        let last = values::following(ip, 1_u32.checked_shl(free)?.checked_sub(1)?)?;
        return Some(GroupMember::Range(ip, last, port));
    }
    let Some((ip, last)) = first.text.split_once('-') else {
        let ip = first.text.parse().ok()?;
        return Some(GroupMember::Range(ip, ip, port));
    };
    let ip: IpAddr = ip.parse().ok()?;
    // The last part of the last address: decimal in IPv4, hexadecimal in IPv6.
    let (own, last) = match ip {
        IpAddr::V4(v4) => (u32::from(v4) & 0xff, last.parse().ok().filter(|last| *last <= 255)?),
        IpAddr::V6(v6) => {
            let last = u32::from(u16::from_str_radix(last, 16).ok()?);
            ((u128::from(v6) & 0xffff) as u32, last)
        }
    };
    let last = values::following(ip, last.checked_sub(own)?)?;
    Some(GroupMember::Range(ip, last, port))
}
