//! Interfaces and sockets in the state's file (docs/ancestors/keepalived.md §2.6).

use super::{Lines, Report};
use crate::vrrp::base_settings;
use linux::netlink::{Address, Interface};
use std::net::IpAddr;
use vrrp::config::{Destination, Family, Instance, Tracked};

/// What an interface's own setting is as long as nobody has changed it (ip-sysctl).
const UNCHANGED: &str = "0";

/// The weight shown of an interface that its instance does not follow (`dont_track_primary`).
const NOT_TRACKED: i32 = 255;

impl Report<'_> {
    /// Who shares a socket with whom. Ours have other numbers: one socket for each interface and
    /// family hears, whatever is spoken there.
    pub(super) fn sockets(&self, out: &mut Lines) {
        let mut seen: Vec<(&str, Family, Option<IpAddr>)> = Vec::new();
        for instance in &self.settings.vrrp.instances {
            let key = socket(instance);
            if seen.contains(&key) {
                continue;
            }
            if seen.is_empty() {
                out.line("------< VRRP Sockpool >------");
            }
            seen.push(key);
            out.line(" fd_in -1 fd_out = -1");
            out.line(&format!("   Interface = {}", key.0));
            let family = if key.1 == Family::V4 { "IPv4" } else { "IPv6" };
            out.line(&format!("   Family = {family}"));
            out.line("   Protocol = VRRP");
            match key.2 {
                None => out.line("   Type = Multicast"),
                Some(source) => {
                    out.line("   Type = Unicast");
                    out.line(&format!("   Address = {source}"));
                }
            }
            out.line("   Rx buf size = 0");
            out.line("   VRRP instances");
            let sharing = self.settings.vrrp.instances.iter().filter(|of| socket(of) == key);
            for of in sharing {
                out.line(&format!("     {} vrid {}", of.name, of.vrid));
            }
        }
    }

    /// Every interface, as the kernel has it.
    pub(super) fn interfaces(&self, out: &mut Lines) {
        out.line("------< Interfaces >------");
        for (link, addresses) in self.world.interfaces() {
            interface(out, link, addresses);
            let delay = self.settings.vrrp.link_delays.iter().find(|of| of.interface == link.name);
            let (down, up) = delay.map_or((0, 0), |of| (of.down.as_micros(), of.up.as_micros()));
            out.line(&format!("   Up debounce timer = {up}us"));
            out.line(&format!("   Down debounce timer = {down}us"));
            out.line(&format!("   MTU = {}", link.mtu));
            let kind = if link.loopback { "LOOPBACK" } else { "ETHERNET" };
            out.line(&format!("   HW Type = {kind}"));
            out.line("   NIC netlink status update");
            let before = |key| base_settings::before(&link.name, key);
            let ignores = before("arp_ignore");
            out.line(&format!("   Reset ARP config counter {}", u8::from(ignores.is_some())));
            for (key, value) in [("arp_ignore", ignores), ("arp_filter", before("arp_filter"))] {
                let value = value.unwrap_or_else(|| UNCHANGED.to_owned());
                out.line(&format!("   Original {key} {value}"));
            }
            let promotes = before("promote_secondaries");
            let counter = u8::from(promotes.is_some());
            let value = promotes.unwrap_or_else(|| UNCHANGED.to_owned());
            out.line(&format!("   Original promote_secondaries {value}"));
            out.line(&format!("   Reset promote_secondaries counter {counter}"));
            self.followed(out, &link.name);
        }
    }

    /// Instances that depend on an interface: their own one, and those they track.
    fn followed(&self, out: &mut Lines, name: &str) {
        let what = Tracked::Interface(name.to_owned());
        let mut lines = Vec::new();
        for instance in &self.settings.vrrp.instances {
            let own = instance.interface.as_deref() == Some(name);
            let usual = if instance.dont_track_primary { NOT_TRACKED } else { 0 };
            let weight = instance.tracks.iter().find(|track| track.what == what);
            if let Some(weight) = weight.map(|track| track.weight).or(own.then_some(usual)) {
                lines.push(format!("     {}, weight {weight}", instance.name));
            }
        }
        if !lines.is_empty() {
            out.line("   Tracking VRRP instances :");
            for line in lines {
                out.line(&line);
            }
        }
    }
}

/// What decides which socket an instance shares.
fn socket(instance: &Instance) -> (&str, Family, Option<IpAddr>) {
    let source = match instance.destination {
        Destination::Unicast(_) => instance.source,
        Destination::Multicast(_) => None,
    };
    (instance.interface.as_deref().unwrap_or("(none)"), instance.family, source)
}

fn interface(out: &mut Lines, link: &Interface, addresses: &[Address]) {
    let first = |four: bool| {
        let mut found = addresses.iter().map(|known| known.address);
        let address = found.find(|ip| match ip {
            IpAddr::V4(_) => four,
            IpAddr::V6(ip) => !four && ip.is_unicast_link_local(),
        });
        address.map_or("(none)".to_owned(), |ip| ip.to_string())
    };
    out.line(&format!(" Name = {}", link.name));
    out.line(&format!("   index = {}", link.index));
    out.line(&format!("   IPv4 address = {}", first(true)));
    out.line(&format!("   IPv6 address = {}", first(false)));
    if let Some(mac) = link.mac.filter(|_| !link.loopback) {
        let bytes: Vec<String> = mac.0.iter().map(|byte| format!("{byte:02x}")).collect();
        out.line(&format!("   MAC = {}", bytes.join(":")));
        out.line("   MAC broadcast = ff:ff:ff:ff:ff:ff");
    }
    let up = if link.up { "UP" } else { "not UP" };
    let running = if link.up && link.carrier { "RUNNING" } else { "not RUNNING" };
    let kind = if link.loopback { ", no broadcast, loopback, no multicast" } else { "" };
    out.line(&format!("   State = {up}, {running}{kind}"));
    out.line(&format!("   Seen up = {}", u8::from(link.up && link.carrier)));
    out.line("   Delayed state change running = false");
}
