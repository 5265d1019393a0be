//! Interfaces that are made for instances and their addresses, and those they depend on
//! (docs/ancestors/keepalived.md §3.4).

use super::Lowering;
use super::instance::Draft;
use crate::keepalived::lexer::Word;
use crate::keepalived::settings::MadeInterface;
use std::time::Duration;
use vrrp::config::{Address, Elsewhere, Family, Track, Tracked, Vmac};

/// The first bytes of a virtual MAC address (RFC 9568 §7.3); the family's and the router's number
/// follow.
const VIRTUAL_MAC: [u8; 4] = [0, 0, 0x5e, 0];

impl Lowering<'_> {
    /// The interface with a virtual MAC address that an instance speaks from.
    pub(super) fn vmac(
        &mut self,
        draft: &mut Draft,
        family: Family,
        vrid: u8,
        unicast: bool,
    ) -> Option<Vmac> {
        let words = draft.vmac.take()?;
        if unicast && !draft.xmit_base {
            let what = "`use_vmac` with unicast needs `vmac_xmit_base`".to_owned();
            let effect = "adverts leave with the real MAC address";
            self.harmless(draft.place, "xmit-base", what, effect, "add `vmac_xmit_base`");
            draft.xmit_base = true;
        }
        // Five bytes are written where the number is the sixth.
        let written = words.mac.map(|mut bytes| {
            bytes.push(vrid);
            bytes.truncate(6);
            bytes
        });
        let mac = written.and_then(|bytes| bytes.try_into().ok());
        let mac = mac.unwrap_or_else(|| virtual_mac(family, vrid));
        let base = self.base_of(draft);
        let name = match words.name {
            Some(name) => {
                self.made.push(MadeInterface { name: name.clone(), base, mac });
                name
            }
            None => self.made_on(base, mac, &self.settings.vmac_prefix.clone(), (family, vrid)),
        };
        Some(Vmac { name, mac, xmit_base: draft.xmit_base })
    }

    /// Gives addresses that are to have a virtual MAC address an interface with one (`use_vmac`
    /// behind an address, `use_vmac_addr`).
    pub(super) fn address_interfaces(
        &mut self,
        draft: &mut Draft,
        family: Family,
        vrid: u8,
        has_vmac: bool,
    ) {
        let (own, all) = (self.base_of(draft), draft.extras.vmac_addr);
        let mut lists = [std::mem::take(&mut draft.addresses), std::mem::take(&mut draft.excluded)];
        for address in lists.iter_mut().flatten() {
            let base = address.device.clone().unwrap_or_else(|| own.clone());
            let away = base != own || Family::of(address.ip) != family;
            let asked = std::mem::take(&mut address.own_mac) || (all && away);
            if asked && !away && has_vmac {
                address.device = None;
            } else if asked {
                self.give_interface(address, base, vrid);
            }
        }
        [draft.addresses, draft.excluded] = lists;
    }

    fn give_interface(&mut self, address: &mut Address, base: String, vrid: u8) {
        let settings = &self.settings;
        let prefix = if settings.vmac_addr_prefix.is_empty() {
            settings.vmac_prefix.clone()
        } else {
            settings.vmac_addr_prefix.clone()
        };
        let family = Family::of(address.ip);
        let mac = virtual_mac(family, vrid);
        let name = self.made_on(base.clone(), mac, &prefix, (family, vrid));
        let made = MadeInterface { name: name.clone(), base, mac };
        if !self.settings.address_interfaces.contains(&made) {
            self.settings.address_interfaces.push(made);
        }
        (address.device, address.own_mac) = (Some(name), true);
    }

    /// The name of an interface with this MAC address on that base: `vrrp.51`; where that is
    /// another's, `vrrp6.51` for IPv6, then `vrrp1.51`, `vrrp2.51`, ... (measured).
    fn made_on(
        &mut self,
        base: String,
        mac: [u8; 6],
        prefix: &str,
        (family, vrid): (Family, u8),
    ) -> String {
        let same = |made: &&MadeInterface| made.base == base && made.mac == mac;
        if let Some(made) = self.made.iter().find(same) {
            return made.name.clone();
        }
        let six = (family == Family::V6).then(|| "6".to_owned());
        let further = (1..=u8::MAX).map(|number| number.to_string());
        let infixes = std::iter::once(String::new()).chain(six).chain(further);
        let mut names = infixes.map(|infix| format!("{prefix}{infix}.{vrid}"));
        let free = |name: &String| !self.made.iter().any(|made| made.name == *name);
        let name = names.find(free).unwrap_or_default();
        self.made.push(MadeInterface { name: name.clone(), base, mac });
        name
    }

    fn base_of(&self, draft: &Draft) -> String {
        let interface = draft.interface.clone();
        interface.or_else(|| self.globals.default_interface.clone()).unwrap_or_default()
    }

    /// Its trackers, and the interfaces that what moves with it needs, unless its loss doesn't
    /// count: without them it is in FAULT (docs/ancestors/keepalived.md §2.3).
    pub(super) fn with_devices(&self, draft: &Draft, mut tracks: Vec<Track>) -> Vec<Track> {
        let tied =
            self.settings.track_groups.iter().filter(|(_, members)| members.contains(&draft.name));
        let tied = tied.flat_map(|(group, _)| {
            self.tied.iter().filter(move |(of, _)| of == group).map(|(_, device)| device.clone())
        });
        for device in devices(draft).into_iter().chain(tied) {
            let own = draft.interface.as_ref() == Some(&device) || device == "lo";
            let track = Track { what: Tracked::Interface(device), weight: 0, reverse: false };
            if !own && !tracks.contains(&track) {
                tracks.push(track);
            }
        }
        tracks
    }

    /// Notes what a line of a static block with `track_group` depends on.
    pub(super) fn tie(&mut self, entry: &[Word], devices: Vec<String>) {
        let mut words = entry.iter().skip_while(|word| word.text != "track_group").skip(1);
        if let Some(group) = words.next() {
            self.tied.extend(devices.into_iter().map(|device| (group.text.clone(), device)));
        }
    }
}

const fn virtual_mac(family: Family, vrid: u8) -> [u8; 6] {
    let [a, b, c, d] = VIRTUAL_MAC;
    let kind = if matches!(family, Family::V6) { 2 } else { 1 };
    [a, b, c, d, kind, vrid]
}

fn devices(draft: &Draft) -> Vec<String> {
    let addresses = draft.addresses.iter().chain(&draft.excluded);
    let addresses = addresses.filter(|a| !a.no_track).filter_map(|a| a.device.clone());
    let routes = draft.routes.iter().filter(|route| route.tracked);
    let routes = routes.flat_map(|route| route.devices().map(str::to_owned));
    let rules = draft.rules.iter().filter(|rule| rule.tracked);
    let rules = rules.flat_map(|rule| [&rule.input, &rule.output].into_iter().flatten().cloned());
    addresses.chain(routes).chain(rules).collect()
}

/// What `garp_extra_if` says; 0 turns it off.
pub(super) fn elsewhere(written: Option<(bool, Duration)>) -> Option<Elsewhere> {
    let (all, every) = written.filter(|(_, every)| !every.is_zero())?;
    Some(Elsewhere { every, all })
}
