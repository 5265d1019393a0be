//! What an instance's lines mean together (docs/ancestors/keepalived.md §2.1): defaults filled
//! in, contradictions resolved as keepalived does. An instance that keepalived would end for is
//! disabled alone.

use super::Lowering;
use super::global::{Globals, default};
use super::instance::{AuthType, Draft};
use super::interfaces::elsewhere;
use super::role::buffer_policy;
use super::shared::{Addresses, Numbers};
use super::tracking::Placed;
use super::usual::{garp, usual};
use crate::keepalived::directives::Block;
use crate::keepalived::findings::Place;
use crate::keepalived::settings::{Extras, Settings};
use crate::keepalived::values;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;
use vrrp::config::{
    Authentication, Checksum, Config, Destination, Family, Garp, Instance, Notify, ReceiveBuffers,
    Track, Tracked, Version, Vrid,
};

/// How receive buffers are to be sized.
fn receive_buffers(settings: &Settings) -> ReceiveBuffers {
    let policy = settings.receive_buffers.as_ref();
    let policy = policy.and_then(|(word, factor)| buffer_policy(word, *factor));
    let own =
        settings.extras.iter().filter_map(|(name, of)| Some((name.clone(), of.receive_buffer?)));
    ReceiveBuffers { policy: policy.unwrap_or_default(), own: own.collect() }
}

/// The group of VRRP over IPv4 (RFC 9568 §5.1.1.2).
pub(super) const GROUP4: IpAddr = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18));
/// The group of VRRP over IPv6 (RFC 9568 §5.1.2.2).
pub(super) const GROUP6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12));
/// So many addresses fit an advert: their count is one byte.
const ADDRESSES_MAX: usize = 255;
/// A second in millionths.
const SECOND: i64 = 1_000_000;
/// Version 3 counts intervals in these.
const CENTISECOND: i64 = 10_000;
/// The longest interval of version 3: 12 bits of hundredths (RFC 9568 §5.2.7).
const V3_LONGEST: i64 = 4095 * CENTISECOND;
/// The priority of who owns the addresses.
const OWNER: u8 = 255;

impl Lowering<'_> {
    /// Everything for the virtual routers.
    pub(super) fn complete(&mut self) -> Config {
        let mut instances = Vec::new();
        let (mut numbers, mut addresses) = (Numbers::new(), Addresses::new());
        let drafts = std::mem::take(&mut self.instances);
        self.settings.extras.clear();
        for draft in drafts {
            let (name, extras) = (draft.name.clone(), draft.extras.clone());
            let place = draft.place;
            let instance =
                self.instance_of(draft).filter(|one| self.alone(one, place, &mut numbers));
            match instance {
                Some(instance) => {
                    self.shared_address(&instance, place, &mut addresses);
                    if extras != Extras::default() {
                        self.settings.extras.push((name, extras));
                    }
                    instances.push(instance);
                }
                None => self.disabled.push(name),
            }
        }
        let groups = self.groups(&mut instances);
        let usable = self.scripts.iter().filter(|script| script.usable);
        let scripts: Vec<_> = usable.map(|draft| draft.script.clone()).collect();
        let runs = |track: &Track| match &track.what {
            Tracked::Script(name) => scripts.iter().any(|script| script.name == *name),
            _ => true,
        };
        let globals = &self.globals;
        self.settings.usual = usual(globals);
        let mut config = Config {
            link_delays: std::mem::take(&mut self.link_delays),
            startup_delay: globals.startup_delay,
            router_id: globals.router_id.clone().unwrap_or_else(|| self.host.name.to_owned()),
            notify_priority_changes: globals.notify_priority_changes,
            log_unknown_vrids: globals.log_unknown_vrids,
            dynamic_interfaces: self.settings.dynamic_interfaces,
            paces: std::mem::take(&mut self.paces),
            receive_buffers: receive_buffers(&self.settings),
            ..Config::default()
        };
        for instance in &mut instances {
            instance.tracks.retain(runs);
        }
        config.groups = groups;
        for group in &mut config.groups {
            group.tracks.retain(runs);
        }
        config.instances = instances.into_iter().map(Arc::new).collect();
        config.scripts = scripts;
        config
    }

    pub(super) fn fatal(&mut self, at: Place, code: &str, what: String, cure: &str) {
        let then = [
            "the instance is disabled; all others run",
            "keepalived ends with exit code 2, and nothing runs",
            cure,
        ];
        self.found.disable(at, code, what, then);
    }

    pub(super) fn harmless(
        &mut self,
        at: Place,
        code: &str,
        what: String,
        effect: &str,
        cure: &str,
    ) {
        self.found.complain(at, code, what, [effect, "keepalived does the same", cure]);
    }

    fn instance_of(&mut self, draft: Draft) -> Option<Instance> {
        let mut draft = draft;
        let name = draft.name.clone();
        let sound = self.sound(&mut draft);
        let family = draft.family.unwrap_or(Family::V4);
        let version = version(&draft, &self.globals, family);
        let strict = draft.strict.unwrap_or(self.globals.strict);
        let sound = self.has_addresses(&draft, version, strict) && sound;
        let vrid = draft.vrid? as u8;
        if !sound {
            return None;
        }
        let priority = match (draft.priority, draft.master) {
            (Some(priority), _) => priority as u8,
            (None, Some(true)) => OWNER,
            (None, _) => default(Block::Instance, "priority") as u8,
        };
        let owner = priority == OWNER;
        self.contradictions(&mut draft, priority, strict);
        let authentication = self.authentication_of(&draft, version, strict);
        let advert_int = self.interval(&draft, version);
        let destination = self.destination(&mut draft, family);
        let unicast = matches!(destination, Destination::Unicast(_));
        let vmac = self.vmac(&mut draft, family, vrid, unicast);
        self.excess(&mut draft);
        let tracks = self.own_tracks(&mut draft, owner);
        self.address_interfaces(&mut draft, family, vrid, vmac.is_some());
        let elsewhere = elsewhere(draft.extras.garp_extra_if.or(self.globals.extra_if));
        let globals = &self.globals;
        let mut checksum = if draft.checksum_as_v2.unwrap_or(globals.checksum_as_v2) {
            Checksum::AsVersion2
        } else {
            Checksum::WithPseudoHeader
        };
        if draft.old_checksum && unicast {
            checksum = Checksum::OldUnicast;
        }
        let down = draft.down_adverts.or(globals.down_timer_adverts);
        let mut notify = draft.notify;
        notify.priority_changes = draft.priority_changes.unwrap_or(globals.notify_priority_changes);
        let ttl = draft.ttl.unwrap_or_else(|| default(Block::Instance, "unicast_ttl"));
        let source = if unicast { draft.unicast_source } else { draft.multicast_source };
        // Without peers the address of `unicast_src_ip` stays the source (deprecated use).
        let source = source.or(draft.unicast_source);
        Some(Instance {
            name,
            vrid: Vrid(vrid),
            interface: draft.interface.or_else(|| globals.default_interface.clone()),
            family,
            version,
            initially_master: draft.master.unwrap_or(owner),
            priority,
            advert_int,
            authentication,
            addresses: draft.addresses,
            excluded: draft.excluded,
            routes: draft.routes,
            rules: draft.rules,
            destination,
            source,
            // Without its source address an instance is in FAULT (measured with unicast).
            track_source: draft.track_source || source.is_some(),
            unicast_ttl: ttl as u8,
            preempt: !draft.nopreempt,
            preempt_delay: values::micros(draft.delay.unwrap_or(0)),
            down_timer_adverts: down
                .unwrap_or_else(|| default(Block::Instance, "down_timer_adverts"))
                as u8,
            garp: Garp { elsewhere, ..garp(&draft.garp, globals) },
            accept: !draft.no_accept && (!strict || owner),
            strict,
            skip_check_adv_addr: draft.skip_check.unwrap_or(globals.skip_check_adv_addr),
            check_unicast_src: draft.check_source || globals.check_unicast_src,
            checksum,
            lower_prio_no_advert: draft.lower_no_advert.unwrap_or(globals.lower_prio_no_advert),
            higher_prio_send_advert: draft.higher_send.unwrap_or(globals.higher_prio_send_advert),
            owner_ignore_adverts: draft.owner_ignores.unwrap_or(globals.owner_ignore_adverts),
            vmac,
            dont_track_primary: draft.dont_track_primary,
            tracks,
            notify: self.shared(notify),
            smtp_alert: draft.mail.unwrap_or(self.settings.mail.vrrp),
        })
    }

    /// The same commands as those of the instance before, or others.
    fn shared(&mut self, notify: Notify) -> Arc<Notify> {
        match &self.last_notify {
            Some(last) if **last == notify => Arc::clone(last),
            _ => Arc::clone(self.last_notify.insert(Arc::new(notify))),
        }
    }

    /// It has a number and an interface; else findings.
    fn sound(&mut self, draft: &mut Draft) -> bool {
        let at = draft.place;
        let mut sound = !draft.fatal && !draft.loopback;
        if draft.vrid.is_none() {
            let what = format!("{} has no virtual_router_id", draft.name);
            self.fatal(at, "no-vrid", what, "write one from 1 to 255, the same on all its routers");
            sound = false;
        }
        let interface = draft.interface.is_some() || self.globals.default_interface.is_some();
        let placeless = !draft.peers.is_empty() && draft.unicast_source.is_some();
        if !interface && !placeless {
            let what = format!("{} has no interface", draft.name);
            self.fatal(at, "no-interface", what, "write `interface NAME`");
            sound = false;
        }
        sound
    }

    fn has_addresses(&mut self, draft: &Draft, version: Version, strict: bool) -> bool {
        if !draft.addresses.is_empty() || draft.no_addresses {
            return true;
        }
        let what = format!("{} has no addresses", draft.name);
        if version == Version::V3 || strict {
            self.fatal(draft.place, "no-addresses", what, "add a virtual_ipaddress");
            return false;
        }
        let effect = "it runs: scripts are told, no address moves";
        self.harmless(draft.place, "no-addresses", what, effect, "add a virtual_ipaddress");
        true
    }

    /// State, priority, preemption and delay, where they don't fit together (§2.1, fact 18).
    fn contradictions(&mut self, draft: &mut Draft, priority: u8, strict: bool) {
        let at = draft.place;
        let (owner, master) = (priority == OWNER, draft.master == Some(true));
        let cleared = "the state is BACKUP at start; the priority decides, as always";
        if draft.auth_type == Some(AuthType::Ah) && master && !owner {
            let what = "`state MASTER` doesn't go with authentication AH".to_owned();
            self.harmless(at, "state-cleared", what, cleared, "write `state BACKUP`");
            draft.master = Some(false);
        }
        if draft.nopreempt && owner {
            let what = "`nopreempt` doesn't go with priority 255".to_owned();
            let effect = "it takes over: who owns the addresses always does";
            self.harmless(at, "nopreempt-dropped", what, effect, "remove `nopreempt`");
            draft.nopreempt = false;
        }
        if draft.nopreempt && master && !owner {
            let what = "`nopreempt` doesn't go with `state MASTER`".to_owned();
            self.harmless(at, "state-cleared", what, cleared, "write `state BACKUP` on all");
            draft.master = Some(false);
        }
        let delayed = draft.delay.is_some_and(|delay| delay > 0);
        if delayed && (draft.nopreempt || strict) {
            let with = if strict { "strict mode" } else { "`nopreempt`" };
            let what = format!("`preempt_delay` doesn't go with {with}");
            self.harmless(at, "delay-dropped", what, "there is no delay", "remove one of them");
            draft.delay = None;
        } else if delayed && master && !owner {
            let what = "`preempt_delay` doesn't go with `state MASTER`".to_owned();
            self.harmless(at, "state-cleared", what, cleared, "write `state BACKUP`");
            draft.master = Some(false);
        }
        if strict && draft.master == Some(true) && !owner {
            let what = "in strict mode `state MASTER` is for priority 255".to_owned();
            self.harmless(at, "state-cleared", what, cleared, "write `state BACKUP`");
            draft.master = Some(false);
        }
        let garp = &mut draft.garp;
        if strict && (garp.lower_repeat.take().is_some() | garp.lower_delay.take().is_some()) {
            let what = "strict mode has no settings for lower priorities heard".to_owned();
            let effect = "these settings are ignored";
            self.harmless(at, "garp-dropped", what, effect, "remove garp_lower_prio_…");
        }
    }

    fn authentication_of(
        &mut self,
        draft: &Draft,
        version: Version,
        strict: bool,
    ) -> Authentication {
        if let Some(keys) = &draft.hmac {
            return Authentication::Hmac(keys.clone());
        }
        let at = draft.place;
        let none = "adverts are not authenticated";
        match (draft.auth_type, &draft.password) {
            (Some(_), _) if version == Version::V3 => {
                let what = "version 3 has no authentication".to_owned();
                self.harmless(at, "no-authentication", what, none, "remove the block");
            }
            (Some(_), _) if strict => {
                let what = "strict mode has no authentication".to_owned();
                self.harmless(at, "no-authentication", what, none, "remove one of them");
            }
            (Some(_), None) => {
                let what = "there is an auth_type and no auth_pass".to_owned();
                self.harmless(at, "no-password", what, none, "add `auth_pass PASSWORD`");
            }
            (Some(kind), Some(password)) => {
                let mut key = [0; 8];
                for (slot, byte) in key.iter_mut().zip(password.bytes()) {
                    *slot = byte;
                }
                return match kind {
                    AuthType::Pass => Authentication::Pass(key),
                    AuthType::Ah => Authentication::Ah(key),
                };
            }
            (None, Some(_)) => {
                let then = [none, "keepalived does so without a word", "add `auth_type PASS`"];
                let what = "there is an auth_pass and no auth_type".to_owned();
                self.found.warn(at, "no-auth-type", what, then);
            }
            (None, None) => {}
        }
        Authentication::None
    }

    fn interval(&mut self, draft: &Draft, version: Version) -> Duration {
        let usual = default(Block::Instance, "advert_int").saturating_mul(SECOND);
        let written = draft.advert.unwrap_or(usual);
        let used = match version {
            Version::V2 => rounded(written, SECOND),
            Version::V3 => rounded(written, CENTISECOND).min(V3_LONGEST),
        };
        if used != written {
            let what = format!(
                "version {} can't count this advert_int",
                if version == Version::V2 { 2 } else { 3 }
            );
            let effect = format!("it is {} s", values::shown(used));
            let cure = "write whole seconds, or `version 3` and at most 40.95";
            self.harmless(draft.place, "interval-rounded", what, &effect, cure);
        }
        values::micros(used)
    }

    fn destination(&mut self, draft: &mut Draft, family: Family) -> Destination {
        if !draft.peers.is_empty() {
            return Destination::Unicast(std::mem::take(&mut draft.peers));
        }
        if draft.unicast && draft.extras.fault_without_peers {
            return Destination::Unicast(Vec::new());
        }
        if draft.unicast {
            let what = "a keyword for unicast, and no peers".to_owned();
            let effect = "adverts go to the multicast group";
            self.harmless(draft.place, "no-peers", what, effect, "add `unicast_peer { ADDRESS }`");
        }
        let [four, six] = self.globals.multicast;
        let group = match family {
            Family::V4 => draft.multicast.or(four).unwrap_or(GROUP4),
            Family::V6 => draft.multicast.or(six).unwrap_or(GROUP6),
        };
        Destination::Multicast(group)
    }

    fn excess(&mut self, draft: &mut Draft) {
        if draft.addresses.len() <= ADDRESSES_MAX {
            return;
        }
        let what = format!("{} addresses don't fit an advert", draft.addresses.len());
        let effect = "those after the first 255 move with it and are not in its adverts";
        let cure = "put them into virtual_ipaddress_excluded";
        self.harmless(draft.place, "too-many-addresses", what, effect, cure);
        let mut excess = draft.addresses.split_off(ADDRESSES_MAX);
        excess.append(&mut draft.excluded);
        draft.excluded = excess;
    }

    /// Its trackers; those that change nothing are dropped.
    fn own_tracks(&mut self, draft: &mut Draft, owner: bool) -> Vec<Track> {
        let mut kept = Vec::new();
        for (track, at) in std::mem::take(&mut draft.tracks) {
            let own = matches!((&track.what, &draft.interface),
                (Tracked::Interface(name), Some(own)) if name == own);
            if own {
                let what = "an instance's own interface is tracked anyway".to_owned();
                let effect = "the line is ignored";
                self.harmless(at, "own-interface", what, effect, "remove the line");
            } else if owner && track.weight != 0 {
                let what = "a weight changes nothing at priority 255".to_owned();
                let effect = "this is not tracked";
                self.harmless(at, "weight-of-owner", what, effect, "lower the priority");
            } else {
                kept.push((track, at));
            }
        }
        let tracks = self.placed(&draft.name, kept);
        self.with_devices(draft, tracks)
    }

    /// Trackers of a member of a group that doesn't count weights are dropped if they have one.
    fn placed(&mut self, instance: &str, tracks: Vec<Placed>) -> Vec<Track> {
        let weightless = self.groups.iter().any(|group| {
            !group.group.tracking_weight && group.group.members.iter().any(|name| name == instance)
        });
        let mut kept = Vec::new();
        for (track, at) in tracks {
            if weightless && track.weight != 0 {
                let what = "weights don't count in a sync group".to_owned();
                let effect = "this is not tracked";
                let cure = "write `sync_group_tracking_weight` into the group, or weight 0";
                self.harmless(at, "weight-in-group", what, effect, cure);
            } else {
                kept.push(track);
            }
        }
        kept
    }
}

/// The version an instance speaks: its own word, else 3 for IPv6, else the common one.
fn version(draft: &Draft, globals: &Globals, family: Family) -> Version {
    let written = draft.version.or(match family {
        Family::V6 => Some(3),
        Family::V4 => globals.version,
    });
    if written == Some(3) { Version::V3 } else { Version::V2 }
}

/// The nearest multiple of `unit`, at least one.
fn rounded(value: i64, unit: i64) -> i64 {
    let half = unit.wrapping_div(2);
    let units = value.saturating_add(half).checked_div(unit).unwrap_or(1).max(1);
    units.saturating_mul(unit)
}
