//! How large the receive buffer of a socket is to be, where the configuration says something of it:
//! each instance that shares the socket adds its part (docs/ancestors/keepalived.md §3.2).

use vrrp::config::{Authentication, BufferPolicy, Family, Instance, ReceiveBuffers, Version};

/// An IPv4 header as adverts have it, and the part of an advert before its addresses
/// (docs/ancestors/keepalived.md, facts 6 and 7).
const IPV4_HEADER: u64 = 20;
const ADVERT_HEADER: u64 = 8;
/// What stands behind the addresses in version 2 over IPv4.
const PASSWORD: u64 = 8;
/// An authentication header (RFC 2402, with 96 bits of digest).
const AH_HEADER: u64 = 24;

/// Bytes of a receive buffer, and how often the MTU of its interface comes on top.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Buffer {
    pub(super) bytes: u64,
    pub(super) mtus: u64,
}

impl Buffer {
    /// Something is written about it.
    pub(super) const fn is_written(self) -> bool {
        self.bytes > 0 || self.mtus > 0
    }

    /// Adds what an instance needs.
    pub(super) fn add(&mut self, written: &ReceiveBuffers, instance: &Instance) {
        let mut own = written.own.iter().filter(|(name, _)| *name == instance.name);
        match (own.next(), written.policy) {
            (Some((_, bytes)), _) => self.bytes += u64::from(*bytes),
            (None, BufferPolicy::Bytes(bytes)) => self.bytes += u64::from(bytes),
            (None, BufferPolicy::Mtu(factor)) => self.mtus += u64::from(factor),
            (None, BufferPolicy::Advert(factor)) => {
                self.bytes += u64::from(factor) * advert(instance);
            }
            (None, BufferPolicy::Unwritten) => {}
        }
    }
}

/// What an advert of an instance takes in a buffer: with its IPv4 header, without that of IPv6.
fn advert(instance: &Instance) -> u64 {
    let count = instance.addresses.len() as u64;
    let signature =
        if matches!(instance.authentication, Authentication::Ah(_)) { AH_HEADER } else { 0 };
    let rest = match (instance.family, instance.version) {
        (Family::V4, Version::V2) => IPV4_HEADER + PASSWORD + 4 * count,
        (Family::V4, Version::V3) => IPV4_HEADER + 4 * count,
        (Family::V6, _) => 16 * count,
    };
    ADVERT_HEADER + signature + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::File;
    use config::keepalived::{Host, keepalived};

    /// The buffers that a configuration with these lines in global_defs and in its instances asks
    /// for: one over IPv4 with one address, one with three, one over IPv6 with two.
    fn buffers(global: &str, first: &str, second: &str) -> [Buffer; 2] {
        let text = format!(
            "global_defs {{\n{global}\n}}\nvrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\n\
             virtual_ipaddress {{\n10.0.0.50\n}}\n{first}\n}}\nvrrp_instance B {{\ninterface eth0\n\
             virtual_router_id 6\nvirtual_ipaddress {{\n10.0.0.51\n10.0.0.52\n10.0.0.53\n}}\n{second}\n}}\n\
             vrrp_instance C {{\ninterface eth0\nversion 3\nvirtual_router_id 6\n\
             virtual_ipaddress {{\nfe80::51\n2001:db8::1\n}}\n}}\n"
        );
        let read = keepalived(&File::new("k.conf", text), &Host::assumed("host"));
        let mut found = [Buffer::default(); 2];
        for instance in &read.vrrp.instances {
            let slot = &mut found[usize::from(instance.family == Family::V6)];
            slot.add(&read.vrrp.receive_buffers, instance);
        }
        found
    }

    #[test]
    fn each_instance_adds_what_the_real_one_adds() {
        let of = |bytes, mtus| Buffer { bytes, mtus };
        let own = |size| format!("kernel_rx_buf_size {size}");
        for (global, first, second, expected) in [
            ("", String::new(), String::new(), [of(0, 0), of(0, 0)]),
            ("vrrp_rx_bufs_multiplier 5", String::new(), String::new(), [of(0, 0), of(0, 0)]),
            ("vrrp_rx_bufs_policy MTU", String::new(), String::new(), [of(0, 6), of(0, 3)]),
            ("vrrp_rx_bufs_policy ADVERT", String::new(), String::new(), [of(264, 0), of(120, 0)]),
            (
                "vrrp_rx_bufs_policy 20000",
                String::new(),
                String::new(),
                [of(40_000, 0), of(20_000, 0)],
            ),
            (
                "vrrp_rx_bufs_multiplier 5\nvrrp_rx_bufs_policy MTU",
                String::new(),
                String::new(),
                [of(0, 10), of(0, 5)],
            ),
            ("vrrp_rx_bufs_policy MTU", own(30_000), String::new(), [of(30_000, 3), of(0, 3)]),
            ("", own(30_000), own(7_000), [of(37_000, 0), of(0, 0)]),
        ] {
            assert_eq!(buffers(global, &first, &second), expected, "{global} {first} {second}");
        }
        assert!(!buffers("vrrp_rx_bufs_policy NO", "", "")[0].is_written());
    }
}
