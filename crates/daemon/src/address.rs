//! The arguments of the built-in address resources, as text.
//!
//! `IPaddr` and `IPaddr2` take `addr[/mask[/interface[:label]][/broadcast]]`, `IPv6addr` takes
//! `addr[/prefix[/interface]]`, `IPsrcaddr` and `SendArp` take an address (and an interface).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longest interface name or label the kernel takes: `IFNAMSIZ` less the final NUL.
const INTERFACE_MAX: usize = 15;

/// An address resource as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AddressSpec {
    /// The address.
    pub address: IpAddr,
    /// Prefix length, if written (also from a dotted mask).
    pub prefix: Option<u8>,
    /// Interface, if written.
    pub interface: Option<String>,
    /// Whole label such as `eth0:1`, if written.
    pub label: Option<String>,
    /// Broadcast address, if written.
    pub broadcast: Option<Ipv4Addr>,
}

/// Reads the first argument of `IPaddr` or `IPaddr2`.
///
/// # Errors
/// A sentence that names the part that can't be read.
pub(crate) fn ipv4(text: &str) -> Result<AddressSpec, String> {
    let mut parts = text.split('/');
    let first = parts.next().unwrap_or_default();
    let address: Ipv4Addr =
        first.parse().map_err(|_| format!("`{first}` is not an IPv4 address"))?;
    let mut spec = AddressSpec {
        address: address.into(),
        prefix: None,
        interface: None,
        label: None,
        broadcast: None,
    };
    for (index, part) in parts.enumerate() {
        if part.is_empty() {
            continue;
        }
        match (index, part.parse::<Ipv4Addr>()) {
            (0, _) => spec.prefix = Some(mask(part)?),
            (1 | 2, Ok(broadcast)) => spec.broadcast = Some(broadcast),
            (1, Err(_)) => {
                let interface = part.split(':').next().unwrap_or_default();
                spec.interface = Some(interface_name(interface)?);
                spec.label = part.contains(':').then(|| interface_name(part)).transpose()?;
            }
            _ => return Err(format!("`{part}` in `{text}` is not a broadcast address")),
        }
    }
    Ok(spec)
}

/// Reads the first argument of `IPv6addr`.
///
/// # Errors
/// A sentence that names the part that can't be read.
pub(crate) fn ipv6(text: &str) -> Result<AddressSpec, String> {
    let mut parts = text.splitn(3, '/');
    let first = parts.next().unwrap_or_default();
    let address: Ipv6Addr =
        first.parse().map_err(|_| format!("`{first}` is not an IPv6 address"))?;
    let prefix = match parts.next() {
        None | Some("") => None,
        Some(part) => Some(
            part.parse()
                .ok()
                .filter(|p| (1..=128).contains(p))
                .ok_or_else(|| format!("`{part}` is not a prefix length from 1 to 128"))?,
        ),
    };
    let interface = match parts.next() {
        None | Some("") => None,
        Some(part) => Some(interface_name(part)?),
    };
    Ok(AddressSpec { address: address.into(), prefix, interface, label: None, broadcast: None })
}

/// Reads the arguments of a resource by the agent's name. `None`: no address resource.
///
/// # Errors
/// A sentence that names the part that can't be read, or the argument that is missing.
pub(crate) fn of_resource(name: &str, args: &[String]) -> Option<Result<AddressSpec, String>> {
    let first = args.first().ok_or_else(|| format!("{name} needs an address"));
    match name {
        "IPaddr" | "IPaddr2" => Some(first.and_then(|first| ipv4(first))),
        // `::` stands between arguments, so an address with zeros left out comes in parts. The
        // ancestor wants it written in full; there is only one thing it can mean.
        "IPv6addr" => {
            Some(first.and_then(|first| {
                ipv6(first).or_else(|why| ipv6(&args.join("::")).map_err(|_| why))
            }))
        }
        _ => None,
    }
}

/// A prefix length, or a mask in dotted form.
fn mask(text: &str) -> Result<u8, String> {
    if let Ok(dotted) = text.parse::<Ipv4Addr>() {
        let bits = u32::from(dotted);
        let ones = bits.leading_ones();
        return if ones == bits.count_ones() && ones > 0 {
            Ok(ones as u8)
        } else {
            Err(format!("`{text}` is not a network mask"))
        };
    }
    text.parse()
        .ok()
        .filter(|prefix| (1..=32).contains(prefix))
        .ok_or_else(|| format!("`{text}` is neither a prefix length from 1 to 32 nor a mask"))
}

fn interface_name(text: &str) -> Result<String, String> {
    let fits = (1..=INTERFACE_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b'/');
    fits.then(|| text.to_owned()).ok_or_else(|| format!("`{text}` is not an interface name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(text: &str) -> AddressSpec {
        ipv4(text).unwrap()
    }

    #[test]
    fn an_address_may_stand_alone() {
        let spec = v4("192.0.2.1");
        assert_eq!(spec.address, "192.0.2.1".parse::<IpAddr>().unwrap());
        assert_eq!(
            (spec.prefix, spec.interface, spec.label, spec.broadcast),
            (None, None, None, None)
        );
    }

    #[test]
    fn all_parts_are_read_in_their_order() {
        let spec = v4("172.16.100.1/24/eth0:3/172.16.100.255");
        assert_eq!(spec.prefix, Some(24));
        assert_eq!(spec.interface.as_deref(), Some("eth0"));
        assert_eq!(spec.label.as_deref(), Some("eth0:3"));
        assert_eq!(spec.broadcast, Some(Ipv4Addr::new(172, 16, 100, 255)));
    }

    #[test]
    fn the_interface_may_be_left_out_before_a_broadcast_address() {
        let spec = v4("192.0.2.1/24/192.0.2.255");
        assert_eq!(spec.interface, None);
        assert_eq!(spec.broadcast, Some(Ipv4Addr::new(192, 0, 2, 255)));
        assert_eq!(v4("192.0.2.1/24//192.0.2.255").broadcast, spec.broadcast);
    }

    #[test]
    fn a_dotted_mask_is_a_prefix() {
        assert_eq!(v4("192.0.2.1/255.255.255.0").prefix, Some(24));
        assert_eq!(v4("192.0.2.1/255.255.255.255").prefix, Some(32));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (text, named) in [
            ("192.0.2.256", "192.0.2.256"),
            ("192.0.2.1/33", "33"),
            ("192.0.2.1/0", "0"),
            ("192.0.2.1/255.0.255.0", "255.0.255.0"),
            ("192.0.2.1/24/interface-too-long", "interface-too-long"),
            ("192.0.2.1/24/eth0/x", "x"),
            ("2001:db8::1", "2001:db8::1"),
        ] {
            assert!(ipv4(text).unwrap_err().contains(named), "{text}");
        }
    }

    #[test]
    fn an_ipv6_address_with_zeros_left_out_is_put_together_again() {
        let args = ["2001:db8".to_owned(), "100/64/eth0".to_owned()];
        let spec = of_resource("IPv6addr", &args).unwrap().unwrap();
        assert_eq!(spec.address, "2001:db8::100".parse::<IpAddr>().unwrap());
        assert_eq!((spec.prefix, spec.interface.as_deref()), (Some(64), Some("eth0")));
        assert!(of_resource("IPv6addr", &["2001:db8".to_owned()]).unwrap().is_err());
        assert!(of_resource("IPv6addr", &[]).unwrap().is_err());
    }

    #[test]
    fn an_ipv6_address_has_prefix_and_interface() {
        let spec = ipv6("2001:db8::1/64/eth1").unwrap();
        assert_eq!((spec.prefix, spec.interface.as_deref()), (Some(64), Some("eth1")));
        assert_eq!(ipv6("2001:db8::1").unwrap().prefix, None);
        assert!(ipv6("2001:db8::1/129").is_err());
    }
}
