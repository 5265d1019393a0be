//! `global_defs`, and keywords outside blocks.

use super::Lowering;
use crate::keepalived::directives::{Block, directive};
use crate::keepalived::settings::{BfdSession, Fifo, Settings};
use crate::keepalived::tree::Node;
use crate::keepalived::values;
use std::net::IpAddr;
use std::time::Duration;
use vrrp::config::Pace;

/// What instances take from `global_defs` where they say nothing.
#[derive(Default)]
pub(super) struct Globals {
    pub router_id: Option<String>,
    pub version: Option<i64>,
    pub strict: bool,
    pub skip_check_adv_addr: bool,
    pub garp: GarpNumbers,
    pub min_garp: bool,
    pub arp_interval: Duration,
    pub na_interval: Duration,
    pub extra_if: Option<(bool, Duration)>,
    pub down_timer_adverts: Option<i64>,
    pub lower_prio_no_advert: bool,
    pub higher_prio_send_advert: bool,
    pub owner_ignore_adverts: bool,
    pub checksum_as_v2: bool,
    pub check_unicast_src: bool,
    pub multicast: [Option<IpAddr>; 2],
    pub default_interface: Option<String>,
    pub startup_delay: Duration,
    pub notify_priority_changes: bool,
    pub log_unknown_vrids: bool,
    /// `smtp_alert`, `smtp_alert_vrrp`, `smtp_alert_checker`.
    pub alerts: [Option<bool>; 3],
}

/// Announcements, as far as they are written.
#[derive(Clone, Copy, Default)]
pub(super) struct GarpNumbers {
    pub delay: Option<i64>,
    pub repeat: Option<i64>,
    pub refresh: Option<i64>,
    pub refresh_repeat: Option<i64>,
    pub lower_delay: Option<i64>,
    pub lower_repeat: Option<i64>,
}

impl GarpNumbers {
    /// Where the number of a keyword goes (without its `vrrp_`); `None`: it is none of these.
    pub(super) fn slot(&mut self, name: &str) -> Option<&mut Option<i64>> {
        Some(match name {
            "garp_master_delay" => &mut self.delay,
            "garp_master_repeat" => &mut self.repeat,
            "garp_master_refresh" => &mut self.refresh,
            "garp_master_refresh_repeat" => &mut self.refresh_repeat,
            "garp_lower_prio_delay" => &mut self.lower_delay,
            "garp_lower_prio_repeat" => &mut self.lower_repeat,
            _ => return None,
        })
    }
}

/// The default of a keyword, in the unit of its row.
pub(super) fn default(block: Block, name: &str) -> i64 {
    directive(block, name).map_or(0, |row| row.default_millionths().wrapping_div(1_000_000))
}

/// The same as a time.
pub(super) fn default_time(block: Block, name: &str) -> Duration {
    values::micros(directive(block, name).map_or(0, super::super::Directive::default_millionths))
}

pub(super) fn default_text(name: &str) -> String {
    directive(Block::Global, name).map_or("", |row| row.default).to_owned()
}

/// Settings without a line.
pub(super) fn defaults() -> Settings {
    let global = |name| default(Block::Global, name);
    let mut settings = Settings {
        min_auto_priority_delay: Duration::from_micros(global("min_auto_priority_delay") as u64),
        child_wait: default_time(Block::Top, "child_wait_time"),
        json_version: global("json_version") as u8,
        vmac_prefix: default_text("vmac_prefix"),
        vmac_addr_prefix: String::new(),
        ..Settings::default()
    };
    settings.mail.timeout = default_time(Block::Global, "smtp_connect_timeout");
    settings.nftables.table = default_text("nftables");
    settings.nftables.priority = global("nftables_priority") as i32;
    settings.nftables.ipvs_first_mark = global("nftables_ipvs_start_fwmark") as u32;
    settings
}

impl Lowering<'_> {
    pub(super) fn global_defs(&mut self, block: &Node) {
        for node in block.nodes() {
            let known = self.protocol(node)
                || self.mail(node)
                || self.scripts_and_fifos(node)
                || self.ipvs(node)
                || self.process(node);
            if !known {
                self.further(node);
            }
        }
        // A FIFO's reader may stand before its FIFO; without a FIFO it reads nothing.
        let settings = &mut self.settings;
        for fifo in [&mut settings.fifo, &mut settings.vrrp_fifo, &mut settings.lvs_fifo] {
            *fifo = fifo.take().filter(|fifo| !fifo.path.is_empty());
        }
        let [all, vrrp, checker] = self.globals.alerts;
        self.settings.mail.vrrp = vrrp.or(all).unwrap_or(false);
        if let Some(checker) = checker.or(all) {
            self.settings.mail.checker = Some(checker);
        }
    }

    /// Whom scripts run as that name nobody, wherever the line stands in this block.
    pub(super) fn script_user(&mut self, block: &Node) {
        for node in block.nodes().iter().filter(|node| node.name() == "script_user") {
            if let Some((user, group)) = self.user_of(node.behind()) {
                self.settings.scripts.user = user;
                self.settings.scripts.group = group;
            } else {
                values::refuse(node, self.found);
            }
        }
    }

    /// Without `script_user`, the user keepalived_script runs scripts if there is one.
    pub(super) fn default_user(&mut self) {
        const USUAL: &str = "keepalived_script";
        if self.settings.scripts.user.is_none() && (self.host.user_exists)(USUAL) {
            self.settings.scripts.user = Some(USUAL.to_owned());
        }
    }

    fn switch(&mut self, node: &Node) -> bool {
        values::switch(node, self.found).unwrap_or(false)
    }

    fn seconds(&mut self, node: &Node) -> Option<Duration> {
        values::number(node, self.found).map(values::micros)
    }

    /// What instances take over.
    fn protocol(&mut self, node: &Node) -> bool {
        let name = node.name();
        let short = name.strip_prefix("vrrp_").unwrap_or(name);
        if let Some(slot) = self.globals.garp.slot(short) {
            if let Some(value) = values::number(node, self.found) {
                *slot = Some(value);
            }
            return true;
        }
        match name {
            "router_id" => self.globals.router_id = text(node),
            "vrrp_version" => {
                self.globals.version = values::number(node, self.found).or(self.globals.version);
            }
            "vrrp_strict" => self.globals.strict = true,
            "vrrp_skip_check_adv_addr" => self.globals.skip_check_adv_addr = true,
            "vrrp_min_garp" => self.globals.min_garp = self.switch(node),
            "vrrp_garp_interval" => {
                self.globals.arp_interval = self.seconds(node).unwrap_or_default();
            }
            "vrrp_gna_interval" => {
                self.globals.na_interval = self.seconds(node).unwrap_or_default();
            }
            "vrrp_garp_extra_if" => self.globals.extra_if = extra_if(node),
            "vrrp_down_timer_adverts" => {
                self.globals.down_timer_adverts = values::number(node, self.found);
            }
            "vrrp_lower_prio_no_advert" => self.globals.lower_prio_no_advert = self.switch(node),
            "vrrp_higher_prio_send_advert" => {
                self.globals.higher_prio_send_advert = self.switch(node);
            }
            "vrrp_owner_ignore_adverts" => self.globals.owner_ignore_adverts = self.switch(node),
            "v3_checksum_as_v2" => self.globals.checksum_as_v2 = self.switch(node),
            "vrrp_check_unicast_src" => self.globals.check_unicast_src = true,
            "vrrp_mcast_group4" | "vrrp_mcast_group6" => self.multicast(node),
            "default_interface" => self.globals.default_interface = text(node),
            "dynamic_interfaces" => self.settings.dynamic_interfaces = true,
            "vrrp_startup_delay" => {
                self.globals.startup_delay = self.seconds(node).unwrap_or_default();
            }
            "vrrp_delay_after_boot" => {
                self.settings.delay_after_boot = self.seconds(node).unwrap_or_default();
            }
            "log_unknown_vrids" => self.globals.log_unknown_vrids = true,
            "vrrp_notify_priority_changes" => {
                self.globals.notify_priority_changes = self.switch(node);
            }
            _ => return false,
        }
        true
    }

    fn multicast(&mut self, node: &Node) {
        let six = node.name() == "vrrp_mcast_group6";
        let group = values::address(node, self.found);
        if let Some(group) = group {
            if group.is_multicast() && group.is_ipv6() == six {
                let [four_group, six_group] = &mut self.globals.multicast;
                *(if six { six_group } else { four_group }) = Some(group);
            } else {
                values::refuse(node, self.found);
            }
        }
    }

    fn mail(&mut self, node: &Node) -> bool {
        let alert = match node.name() {
            "smtp_alert" => Some(0_usize),
            "smtp_alert_vrrp" => Some(1),
            "smtp_alert_checker" => Some(2),
            _ => None,
        };
        if let Some(slot) = alert.and_then(|at| self.globals.alerts.get_mut(at)) {
            *slot = values::switch(node, self.found).or(*slot);
            return true;
        }
        match node.name() {
            "notification_email" => {
                let words = node.entries().iter().flatten().map(|word| word.text.clone());
                self.settings.mail.to.extend(words);
                if node.entries().is_empty() {
                    let then = ["nobody gets mails", "keepalived says the same", ""];
                    let what = "`notification_email` is empty".to_owned();
                    self.found.complain(node.place(), "empty-block", what, then);
                }
            }
            "notification_email_from" => self.settings.mail.from = text(node),
            "smtp_server" => self.smtp_server(node),
            "smtp_connect_timeout" => {
                if let Some(seconds) = values::number(node, self.found) {
                    self.settings.mail.timeout = Duration::from_secs(seconds as u64);
                }
            }
            "smtp_helo_name" => self.settings.mail.helo = text(node),
            "no_email_faults" => self.settings.mail.no_faults = true,
            "no_checker_emails" => self.settings.mail.checker = Some(false),
            _ => return false,
        }
        true
    }

    fn smtp_server(&mut self, node: &Node) {
        const PORT: u16 = 25;
        let Some(word) = node.word(1) else { return };
        let port = node.word(2).map_or(Some(PORT), |word| word.text.parse().ok());
        let host = word.text.parse().ok().or_else(|| (self.host.resolve)(&word.text));
        if let (Some(host), Some(port)) = (host, port) {
            self.settings.mail.server = Some((host, port));
            return;
        }
        let what = "this mail server has no address, or its port is no number".to_owned();
        let then = [
            "no mails are sent",
            "keepalived does the same: it asks for the address once, while it reads the file",
            "write the server's address",
        ];
        self.found.complain(word.place, "smtp-server", what, then);
    }

    fn scripts_and_fifos(&mut self, node: &Node) -> bool {
        match node.name() {
            // Read before all else.
            "script_user" => {}
            "enable_script_security" => {
                self.settings.scripts.security = true;
                if let Some(word) = node.word(1) {
                    let what = "`enable_script_security` takes no value".to_owned();
                    let then = [
                        "script security is on, whatever stands behind it",
                        "keepalived turns it on as well",
                        "remove the line to turn it off",
                    ];
                    self.found.warn(word.place, "no-value-taken", what, then);
                }
            }
            "set_supplementary_groups" => self.settings.scripts.supplementary_groups = true,
            "use_symlink_paths" => self.settings.scripts.keep_links = true,
            "notify_fifo" => self.fifo(node, |settings| &mut settings.fifo),
            "vrrp_notify_fifo" => self.fifo(node, |settings| &mut settings.vrrp_fifo),
            "lvs_notify_fifo" => self.fifo(node, |settings| &mut settings.lvs_fifo),
            "notify_fifo_script" => self.reader(node, |settings| &mut settings.fifo),
            "vrrp_notify_fifo_script" => self.reader(node, |settings| &mut settings.vrrp_fifo),
            "lvs_notify_fifo_script" => self.reader(node, |settings| &mut settings.lvs_fifo),
            "fifo_write_vrrp_states_on_reload" => self.settings.fifo_states_on_reload = true,
            "startup_script" => {
                let limit = default_time(Block::Global, "startup_script_timeout");
                let limit = self.settings.startup.take().map_or(limit, |(_, limit)| limit);
                self.settings.startup = self.command(node).map(|command| (command, limit));
            }
            "shutdown_script" => {
                let limit = default_time(Block::Global, "shutdown_script_timeout");
                let limit = self.settings.shutdown.take().map_or(limit, |(_, limit)| limit);
                self.settings.shutdown = self.command(node).map(|command| (command, limit));
            }
            "startup_script_timeout" | "shutdown_script_timeout" => {
                let limit = values::number(node, self.found);
                let script = if node.name() == "startup_script_timeout" {
                    &mut self.settings.startup
                } else {
                    &mut self.settings.shutdown
                };
                if let (Some((_, slot)), Some(limit)) = (script, limit) {
                    *slot = Duration::from_secs(limit as u64);
                }
            }
            _ => return false,
        }
        true
    }

    fn fifo(&mut self, node: &Node, slot: fn(&mut Settings) -> &mut Option<Fifo>) {
        let Some(path) = text(node) else { return values::refuse(node, self.found) };
        let words = node.behind();
        let Some((user, group)) = self.user_of(words.get(1..).unwrap_or(&[])) else { return };
        let fifo = slot(&mut self.settings).get_or_insert_default();
        (fifo.path, fifo.user, fifo.group) = (path, user, group);
    }

    fn reader(&mut self, node: &Node, slot: fn(&mut Settings) -> &mut Option<Fifo>) {
        let command = self.command(node);
        slot(&mut self.settings).get_or_insert_default().script = command;
    }

    /// Keywords outside all blocks.
    pub(super) fn outside_blocks(&mut self, node: &Node) {
        match node.name() {
            "net_namespace" => self.settings.net_namespace = text(node),
            "net_namespace_ipvs" => {
                self.settings.net_namespace_ipvs = Some(text(node).unwrap_or_default());
            }
            "instance" => self.settings.instance = text(node),
            "use_pid_dir" => self.settings.use_pid_dir = true,
            "child_wait_time" => {
                if let Some(seconds) = values::number(node, self.found) {
                    self.settings.child_wait = Duration::from_secs(seconds as u64);
                }
            }
            "static_ipaddress" => {
                for entry in node.entries() {
                    let Some((address, _)) = self.address(entry, true) else { continue };
                    self.tie(entry, address.device.iter().cloned().collect());
                    self.settings.static_addresses.push(address);
                }
            }
            "static_routes" => {
                for entry in node.entries() {
                    let Some((route, _)) = self.route(entry) else { continue };
                    self.tie(entry, route.devices().map(str::to_owned).collect());
                    self.settings.static_routes.push(route);
                }
            }
            "static_rules" => {
                for entry in node.entries() {
                    let Some((rule, _)) = self.rule(entry) else { continue };
                    let devices = [&rule.input, &rule.output].into_iter().flatten().cloned();
                    self.tie(entry, devices.collect());
                    self.settings.static_rules.push(rule);
                }
            }
            "track_group" => {
                let members = node.nodes().iter().flat_map(|node| node.entries().iter().flatten());
                let members = members.map(|word| word.text.clone()).collect();
                self.settings.track_groups.push((text(node).unwrap_or_default(), members));
            }
            "garp_group" => self.garp_group(node),
            _ => {}
        }
    }

    fn garp_group(&mut self, block: &Node) {
        let mut pace = Pace { interfaces: Vec::new(), arp_interval: None, na_interval: None };
        for node in block.nodes() {
            match node.name() {
                "garp_interval" => pace.arp_interval = self.seconds(node),
                "gna_interval" => pace.na_interval = self.seconds(node),
                "interface" => pace.interfaces.extend(text(node)),
                _ => pace
                    .interfaces
                    .extend(node.entries().iter().flatten().map(|word| word.text.clone())),
            }
        }
        self.paces.push(pace);
    }

    /// The BFD session of that name.
    pub(super) fn session(&self, name: &str) -> Option<&BfdSession> {
        self.settings.bfd_sessions.iter().find(|session| session.name == name)
    }
}

/// The first word behind a keyword.
pub(super) fn text(node: &Node) -> Option<String> {
    node.word(1).map(|word| word.text.clone())
}

/// `[all] SECONDS` of `garp_extra_if`.
pub(super) fn extra_if(node: &Node) -> Option<(bool, Duration)> {
    let all = node.word(1).is_some_and(|word| word.text == "all");
    let seconds = node.word(if all { 2 } else { 1 })?.text.parse().ok()?;
    Some((all, Duration::from_secs(seconds)))
}
