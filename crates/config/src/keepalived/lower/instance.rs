//! `vrrp_instance`, keyword by keyword; `complete` makes an instance of the draft.

use super::Lowering;
use super::global::{GarpNumbers, extra_if, text};
use super::tracking::Placed;
use crate::keepalived::findings::Place;
use crate::keepalived::host::Interface;
use crate::keepalived::lexer::Word;
use crate::keepalived::settings::Extras;
use crate::keepalived::tree::Node;
use crate::keepalived::values;
use crate::text::quote;
use std::net::IpAddr;
use vrrp::config::{Address, Family, HmacKeys, Notify, Peer, Route, Rule};

/// What an instance's lines say; `None` where no line spoke.
#[derive(Default)]
pub(super) struct Draft {
    pub name: String,
    pub place: Place,
    /// Why it can't run; the finding is told already.
    pub fatal: bool,
    pub master: Option<bool>,
    pub interface: Option<String>,
    pub loopback: bool,
    pub vrid: Option<i64>,
    pub priority: Option<i64>,
    pub advert: Option<i64>,
    pub version: Option<i64>,
    pub family: Option<Family>,
    pub auth_type: Option<AuthType>,
    pub password: Option<String>,
    pub hmac: Option<HmacKeys>,
    pub addresses: Vec<Address>,
    pub excluded: Vec<Address>,
    pub no_addresses: bool,
    pub routes: Vec<Route>,
    pub rules: Vec<Rule>,
    pub peers: Vec<Peer>,
    /// A keyword that has a meaning for unicast alone was used.
    pub unicast: bool,
    pub unicast_source: Option<IpAddr>,
    pub multicast_source: Option<IpAddr>,
    pub multicast: Option<IpAddr>,
    pub track_source: bool,
    pub ttl: Option<i64>,
    pub nopreempt: bool,
    pub delay: Option<i64>,
    pub down_adverts: Option<i64>,
    pub garp: GarpNumbers,
    pub no_accept: bool,
    pub strict: Option<bool>,
    pub skip_check: Option<bool>,
    pub check_source: bool,
    pub old_checksum: bool,
    pub checksum_as_v2: Option<bool>,
    pub lower_no_advert: Option<bool>,
    pub higher_send: Option<bool>,
    pub owner_ignores: Option<bool>,
    pub vmac: Option<VmacWords>,
    pub xmit_base: bool,
    pub dont_track_primary: bool,
    pub tracks: Vec<Placed>,
    pub notify: Notify,
    pub priority_changes: Option<bool>,
    pub mail: Option<bool>,
    pub extras: Extras,
}

/// `auth_type`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AuthType {
    Pass,
    Ah,
}

/// What `use_vmac` says.
#[derive(Clone, Default)]
pub(super) struct VmacWords {
    pub name: Option<String>,
    pub mac: Option<Vec<u8>>,
}

impl Lowering<'_> {
    pub(super) fn instance(&mut self, block: &Node) {
        let mut draft = Draft {
            name: text(block).unwrap_or_default(),
            place: block.place(),
            fatal: block.broken,
            ..Draft::default()
        };
        for node in block.nodes() {
            let known = self.who(node, &mut draft)
                || self.where_to(node, &mut draft)
                || self.how(node, &mut draft)
                || self.told(node, &mut draft);
            if !known {
                self.extra(node, &mut draft);
            }
        }
        self.instances.push(draft);
    }

    /// What it is: state, number, priority, addresses.
    fn who(&mut self, node: &Node, draft: &mut Draft) -> bool {
        match node.name() {
            "state" => self.state(node, draft),
            "interface" => self.interface(node, draft),
            "virtual_router_id" => {
                draft.vrid = values::number(node, self.found).or(draft.vrid);
            }
            "priority" => draft.priority = values::number(node, self.found).or(draft.priority),
            "advert_int" => draft.advert = values::number(node, self.found).or(draft.advert),
            "version" => draft.version = values::number(node, self.found).or(draft.version),
            "authentication" => self.authentication(node, draft),
            "auth_hmac" => self.hmac(node, draft),
            "virtual_ipaddress" => self.addresses(node, draft),
            "virtual_ipaddress_excluded" => {
                for entry in node.entries() {
                    let found = self.address(entry, true);
                    draft.fatal |= matches!(found, Some((_, Some(_))));
                    draft.excluded.extend(found.map(|(address, _)| address));
                }
            }
            "no_virtual_ipaddress" => draft.no_addresses = true,
            "virtual_routes" => self.routes(node, draft),
            "virtual_rules" => self.rules(node, draft),
            "track_script" | "track_interface" | "track_file" | "track_process" | "track_bfd" => {
                draft.fatal |= self.tracks(node, &mut draft.tracks).is_some();
            }
            _ => return false,
        }
        true
    }

    fn state(&mut self, node: &Node, draft: &mut Draft) {
        let Some(word) = node.word(1) else { return };
        let master = word.text == "MASTER";
        if !master && word.text != "BACKUP" {
            let what = format!("{} is no state", quote(&word.text));
            let then = [
                "BACKUP counts; the priority alone decides who becomes master",
                "keepalived does the same",
                "write MASTER or BACKUP, in capitals",
            ];
            self.found.complain(word.place, "bad-state", what, then);
        } else if draft.master == Some(true) && !master {
            let then = [
                "it is ignored: the first MASTER stays",
                "keepalived does the same",
                "remove one of the two lines",
            ];
            let what = "`state MASTER` was written before".to_owned();
            self.found.complain(word.place, "state-twice", what, then);
            return;
        }
        draft.master = Some(master);
    }

    fn interface(&mut self, node: &Node, draft: &mut Draft) {
        let Some(word) = node.word(1) else { return };
        draft.loopback = false;
        match (self.host.interface)(&word.text) {
            Interface::Loopback => {
                let what = format!("{} is a loopback interface", quote(&word.text));
                let then = [
                    "the instance is disabled; all others run",
                    "keepalived ends with exit code 2, and nothing runs",
                    "write the interface the other routers can be reached on",
                ];
                self.found.disable(word.place, "loopback", what, then);
                draft.loopback = true;
            }
            Interface::Missing | Interface::Present => {
                self.awaited(&word.text, word.place, "of an instance");
            }
        }
        draft.interface = Some(word.text.clone());
    }

    fn addresses(&mut self, node: &Node, draft: &mut Draft) {
        for entry in node.entries() {
            let Some((address, lacking)) = self.address(entry, true) else { continue };
            draft.fatal |= lacking.is_some();
            let family = *draft.family.get_or_insert(Family::of(address.ip));
            if family == Family::of(address.ip) {
                draft.addresses.push(address);
            } else if let Some(word) = entry.first() {
                self.other_family(word);
            }
        }
    }

    fn other_family(&mut self, word: &Word) {
        let what = format!("{} is of another family than the instance", quote(&word.text));
        let then = [
            "the line is ignored: an instance speaks IPv4 or IPv6, as its first address does",
            "keepalived does the same",
            "put it into virtual_ipaddress_excluded, or into an instance of its own",
        ];
        self.found.complain(word.place, "other-family", what, then);
    }

    fn routes(&mut self, node: &Node, draft: &mut Draft) {
        for entry in node.entries() {
            let Some((route, lacking)) = self.route(entry) else { continue };
            draft.fatal |= lacking.is_some();
            draft.routes.push(route);
        }
    }

    fn rules(&mut self, node: &Node, draft: &mut Draft) {
        for entry in node.entries() {
            let Some((rule, lacking)) = self.rule(entry) else { continue };
            draft.fatal |= lacking.is_some();
            draft.rules.push(rule);
        }
    }

    /// Where its adverts go.
    fn where_to(&mut self, node: &Node, draft: &mut Draft) -> bool {
        match node.name() {
            "unicast_peer" => {
                draft.unicast = true;
                for entry in node.entries() {
                    self.peer_entry(entry, draft);
                }
            }
            "unicast_src_ip" => {
                draft.unicast = true;
                draft.unicast_source = self.own_family(node, draft);
            }
            "mcast_src_ip" => draft.multicast_source = self.own_family(node, draft),
            "mcast_dst_ip" => draft.multicast = self.own_family(node, draft),
            "track_src_ip" => draft.track_source = true,
            "unicast_ttl" => draft.ttl = values::number(node, self.found).or(draft.ttl),
            "check_unicast_src" => draft.check_source = true,
            "unicast_fault_no_peer" => draft.extras.fault_without_peers = true,
            "old_unicast_checksum" => {
                draft.old_checksum = node.word(1).is_none_or(|word| word.text != "never");
            }
            "v3_checksum_as_v2" => draft.checksum_as_v2 = values::switch(node, self.found),
            _ => return false,
        }
        true
    }

    fn own_family(&mut self, node: &Node, draft: &Draft) -> Option<IpAddr> {
        let address = values::address(node, self.found)?;
        if draft.family.is_none_or(|family| family == Family::of(address)) {
            return Some(address);
        }
        if let Some(word) = node.word(1) {
            self.other_family(word);
        }
        None
    }

    fn peer_entry(&mut self, entry: &[Word], draft: &mut Draft) {
        let Some(first) = entry.first() else { return };
        let Ok(ip) = first.text.parse::<IpAddr>() else {
            let what = format!("{} is no address", quote(&first.text));
            let then = ["the peer is left out", "keepalived does the same", "correct it"];
            self.found.complain(first.place, "bad-address", what, then);
            return;
        };
        if *draft.family.get_or_insert(Family::of(ip)) != Family::of(ip) {
            return self.other_family(first);
        }
        let limit = |name: &str| {
            let at = entry.iter().position(|word| word.text == name)?;
            entry.get(at.saturating_add(1))?.text.parse().ok()
        };
        let (min_ttl, max_ttl) = (limit("min_ttl"), limit("max_ttl"));
        draft.peers.push(Peer { ip, min_ttl, max_ttl });
    }

    /// How it behaves.
    fn how(&mut self, node: &Node, draft: &mut Draft) -> bool {
        if let Some(slot) = draft.garp.slot(node.name()) {
            *slot = values::number(node, self.found).or(*slot);
            return true;
        }
        match node.name() {
            "nopreempt" => draft.nopreempt = true,
            "preempt" => draft.nopreempt = false,
            "preempt_delay" => draft.delay = values::number(node, self.found).or(draft.delay),
            "down_timer_adverts" => {
                draft.down_adverts = values::number(node, self.found).or(draft.down_adverts);
            }
            "accept" => draft.no_accept = false,
            "no_accept" => draft.no_accept = true,
            "strict_mode" => draft.strict = values::switch(node, self.found).or(draft.strict),
            "skip_check_adv_addr" => draft.skip_check = Some(true),
            "lower_prio_no_advert" => draft.lower_no_advert = values::switch(node, self.found),
            "higher_prio_send_advert" => draft.higher_send = values::switch(node, self.found),
            "owner_ignore_adverts" => draft.owner_ignores = values::switch(node, self.found),
            "use_vmac" => draft.vmac = Some(vmac_words(node)),
            "vmac_xmit_base" => draft.xmit_base = true,
            "dont_track_primary" => draft.dont_track_primary = true,
            "native_ipv6" => {
                if draft.addresses.iter().any(|address| address.ip.is_ipv4()) {
                    let then = [
                        "the line is ignored: the first address decides",
                        "keepalived complains and keeps the family as well",
                        "remove the line",
                    ];
                    let what = "`native_ipv6` with IPv4 addresses".to_owned();
                    self.found.complain(node.place(), "other-family", what, then);
                } else {
                    draft.family = Some(Family::V6);
                }
            }
            _ => return false,
        }
        true
    }

    /// Whom it tells.
    fn told(&mut self, node: &Node, draft: &mut Draft) -> bool {
        match node.name() {
            "notify_priority_changes" => draft.priority_changes = values::switch(node, self.found),
            "smtp_alert" => draft.mail = values::switch(node, self.found).or(draft.mail),
            _ => return self.notify(node, &mut draft.notify),
        }
        true
    }

    /// The notify commands that instances and groups share.
    pub(super) fn notify(&mut self, node: &Node, notify: &mut Notify) -> bool {
        match node.name() {
            "notify_master" => self.set_command(node, &mut notify.master),
            "notify_backup" => self.set_command(node, &mut notify.backup),
            "notify_fault" => self.set_command(node, &mut notify.fault),
            "notify_stop" => self.set_command(node, &mut notify.stop),
            "notify_deleted" => self.set_command(node, &mut notify.deleted),
            "notify" => self.set_command(node, &mut notify.any),
            "notify_master_rx_lower_pri" => self.set_command(node, &mut notify.rx_lower_priority),
            _ => return false,
        }
        true
    }

    /// What it asks of the machine.
    fn extra(&mut self, node: &Node, draft: &mut Draft) {
        let extras = &mut draft.extras;
        match node.name() {
            "garp_extra_if" => extras.garp_extra_if = extra_if(node),
            "use_vmac_addr" => extras.vmac_addr = true,
            "use_ipvlan" => {
                extras.ipvlan = Some(node.behind().iter().map(|word| word.text.clone()).collect());
            }
            "vrf" => extras.vrf = text(node),
            "promote_secondaries" => extras.promote_secondaries = true,
            "kernel_rx_buf_size" => {
                let size = values::number(node, self.found);
                extras.receive_buffer = size.map(|size| size as u32);
            }
            "lvs_sync_daemon_interface" => self.old_sync_daemon(node, &draft.name),
            "debug" => {
                values::number(node, self.found);
            }
            _ => {}
        }
    }

    fn old_sync_daemon(&mut self, node: &Node, instance: &str) {
        let Some(interface) = text(node) else { return };
        self.lvs.ipvs.sync.get_or_insert(lvs::config::SyncDaemon {
            interface,
            instance: Some(instance.to_owned()),
            id: None,
            maxlen: None,
            port: None,
            ttl: None,
            group: None,
        });
    }
}

/// `[[name] INTERFACE] [MAC] [netlink_notify_msg] [group GROUP]`.
fn vmac_words(node: &Node) -> VmacWords {
    let mut found = VmacWords::default();
    let mut words = node.behind().iter();
    while let Some(word) = words.next() {
        match word.text.as_str() {
            "netlink_notify_msg" => {}
            "group" => {
                words.next();
            }
            "name" => found.name = words.next().map(|word| word.text.clone()),
            text => match mac(text) {
                Some(mac) => found.mac = Some(mac),
                None => found.name = Some(text.to_owned()),
            },
        }
    }
    found
}

/// Six bytes, or five that the router's number follows.
fn mac(text: &str) -> Option<Vec<u8>> {
    let bytes: Option<Vec<u8>> =
        text.split(':').map(|part| u8::from_str_radix(part, 16).ok()).collect();
    bytes.filter(|bytes| matches!(bytes.len(), 5 | 6))
}
