//! What `global_defs` says of the role's processes, of IPVS, and of the machine.

use super::Lowering;
use super::global::{default, default_text, text};
use crate::keepalived::directives::Block;
use crate::keepalived::lexer::Word;
use crate::keepalived::settings::Process;
use crate::keepalived::tree::Node;
use crate::keepalived::values;
use lvs::config::{Flush, Ipvs, SyncDaemon};
use std::time::Duration;
use vrrp::config::BufferPolicy;

impl Lowering<'_> {
    pub(super) fn ipvs(&mut self, node: &Node) -> bool {
        match node.name() {
            "lvs_sync_daemon" => self.lvs.ipvs.sync = self.sync_daemon(node),
            "lvs_timeouts" => self.timeouts(node),
            "lvs_flush" => self.lvs.ipvs.flush = true,
            "lvs_flush_on_stop" => {
                let ours = node.word(1).is_some_and(|word| word.text == "VS");
                self.lvs.ipvs.flush_on_stop = if ours { Flush::VirtualServers } else { Flush::All };
            }
            _ => return false,
        }
        true
    }

    fn sync_daemon(&mut self, node: &Node) -> Option<SyncDaemon> {
        let mut daemon = SyncDaemon {
            interface: text(node)?,
            instance: None,
            id: None,
            maxlen: None,
            port: None,
            ttl: None,
            group: None,
        };
        let mut words = node.words.iter().skip(2);
        while let Some(word) = words.next() {
            let sound = match word.text.as_str() {
                "inst" => set(&mut daemon.instance, words.next()),
                "id" => set(&mut daemon.id, words.next()),
                "maxlen" => set(&mut daemon.maxlen, words.next()),
                "port" => set(&mut daemon.port, words.next()),
                "ttl" => set(&mut daemon.ttl, words.next()),
                "group" => set(&mut daemon.group, words.next()),
                _ if daemon.instance.is_none() => set(&mut daemon.instance, Some(word)),
                _ => false,
            };
            if !sound {
                values::bad(word, node.row, "the word is ignored", self.found);
            }
        }
        Some(daemon)
    }

    fn timeouts(&mut self, node: &Node) {
        /// IPVS counts timeouts in a signed 32-bit number of jiffies of up to 1000 a second.
        const LONGEST: i64 = 2_147_483;
        let mut words = node.behind().iter();
        while let Some(word) = words.next() {
            let value = words.next().and_then(|word| values::whole(&word.text));
            let value = value.filter(|value| (1..=LONGEST).contains(value));
            let value = value.map(|value| Duration::from_secs(value as u64));
            let Ipvs { tcp, tcp_fin, udp, .. } = &mut self.lvs.ipvs;
            let slot = match word.text.as_str() {
                "tcp" => Some(tcp),
                "tcpfin" => Some(tcp_fin),
                "udp" => Some(udp),
                _ => None,
            };
            match (slot, value) {
                (Some(slot), Some(value)) => *slot = Some(value),
                _ => values::bad(word, node.row, "this timeout stays as it is", self.found),
            }
        }
    }

    pub(super) fn process(&mut self, node: &Node) -> bool {
        let name = node.name();
        let Some((whose, what)) = name.split_once('_') else { return false };
        let number = || values::whole(&node.word(1)?.text);
        let sound = match (node.row.takes.needs_word(), what) {
            (true, "priority" | "rt_priority" | "rlimit_rttime") => {
                values::number(node, self.found).is_some()
            }
            _ => true,
        };
        let process: &mut Process = match whose {
            "vrrp" => &mut self.settings.vrrp,
            "checker" => &mut self.settings.checker,
            "bfd" => &mut self.settings.bfd,
            _ => return false,
        };
        match what {
            "priority" => process.nice = number().filter(|_| sound).map(|value| value as i8),
            "rt_priority" => {
                process.real_time = number().filter(|_| sound).map(|value| value as u8);
            }
            "no_swap" => process.no_swap = true,
            "rlimit_rttime" => {
                let micros = number().filter(|_| sound).map(|value| value as u64);
                process.rlimit_rttime = micros.map(Duration::from_micros);
            }
            "cpu_affinity" => {
                let cpus = node.behind().iter().filter_map(|word| word.text.parse().ok());
                process.cpus = cpus.collect();
            }
            "process_name" => process.name = text(node),
            _ => return false,
        }
        true
    }

    /// The rest, each with a place of its own.
    pub(super) fn further(&mut self, node: &Node) {
        let settings = &mut self.settings;
        match node.name() {
            "process_names" => settings.process_names = true,
            "process_name" => settings.process_name = text(node),
            "max_auto_priority" => {
                let value = node.word(1).map_or(Some(99), |word| values::whole(&word.text));
                match value {
                    Some(value @ 1..=99) => settings.max_auto_priority = Some(value as u8),
                    Some(-1 | 0) => settings.max_auto_priority = None,
                    _ => values::refuse(node, self.found),
                }
            }
            "min_auto_priority_delay" => {
                if let Some(micros) = values::number(node, self.found) {
                    settings.min_auto_priority_delay = Duration::from_micros(micros as u64);
                }
            }
            "nftables" => {
                settings.nftables.table = text(node).unwrap_or_else(|| default_text("nftables"));
            }
            "nftables_priority" => {
                settings.nftables.priority = values::number(node, self.found).unwrap_or(-1) as i32;
            }
            "nftables_counters" => settings.nftables.counters = true,
            "nftables_ifindex" => settings.nftables.ifindex = true,
            "nftables_ipvs" => {
                let table = text(node).unwrap_or_else(|| "keepalived_ipvs".to_owned());
                settings.nftables.ipvs_table = Some(table);
            }
            "nftables_ipvs_priority" => {
                settings.nftables.ipvs_priority =
                    values::number(node, self.found).map(|value| value as i32);
            }
            "nftables_ipvs_start_fwmark" => {
                if let Some(mark) = values::number(node, self.found) {
                    settings.nftables.ipvs_first_mark = mark as u32;
                }
            }
            "vrrp_rx_bufs_policy" => {
                let policy = text(node).filter(|policy| buffer_policy(policy, 0).is_some());
                if policy.is_none() {
                    values::refuse(node, self.found);
                }
                let (slot, _) = self.settings.receive_buffers.get_or_insert_with(usual_buffers);
                *slot = policy.unwrap_or_default();
            }
            "vrrp_rx_bufs_multiplier" => {
                if let Some(value) = values::number(node, self.found) {
                    let buffers = self.settings.receive_buffers.get_or_insert_with(usual_buffers);
                    buffers.1 = value as u32;
                }
            }
            "disable_local_igmp" => settings.disable_local_igmp = true,
            "checker_log_all_failures" => {
                settings.log_all_failures = values::switch(node, self.found).unwrap_or(false);
            }
            "rs_init_notifies" => self.lvs.init_notifies = true,
            "vmac_prefix" => settings.vmac_prefix = text(node).unwrap_or_default(),
            "vmac_addr_prefix" => settings.vmac_addr_prefix = text(node).unwrap_or_default(),
            "umask" => {
                let mode = node.word(1).and_then(|word| u32::from_str_radix(&word.text, 8).ok());
                match mode.filter(|mode| *mode <= 0o777) {
                    Some(mode) => settings.umask = Some(mode),
                    None => values::refuse(node, self.found),
                }
            }
            "data_use_instance" => settings.data_use_instance = true,
            "state_dump_file" => settings.reports.state = text(node),
            "stats_dump_file" => settings.reports.stats = text(node),
            "json_dump_file" => settings.reports.json = text(node),
            "config_save_dir" => settings.config_save_dir = text(node),
            "reload_check_config" => settings.reload.check = Some(text(node)),
            "reload_time_file" => settings.reload.time_file = text(node),
            "reload_repeat" => settings.reload.repeat = true,
            "reload_file" => settings.reload.marker = Some(text(node)),
            "json_version" => {
                settings.json_version = values::number(node, self.found).unwrap_or(1) as u8;
            }
            "iproute_usr_dir" => settings.iproute.0 = text(node),
            "iproute_etc_dir" => settings.iproute.1 = text(node),
            // What is left does nothing, and was said to.
            _ => {}
        }
    }
}

/// Puts a parsed word in its place; false if it is missing or wrong.
fn set<T: std::str::FromStr>(slot: &mut Option<T>, word: Option<&Word>) -> bool {
    let Some(value) = word.and_then(|word| word.text.parse().ok()) else { return false };
    *slot = Some(value);
    true
}

/// No policy, and the factor that holds for one.
fn usual_buffers() -> (String, u32) {
    (String::new(), default(Block::Global, "vrrp_rx_bufs_multiplier") as u32)
}

/// The policy that a word of `vrrp_rx_bufs_policy` names. Bytes are not multiplied (measured).
pub(super) fn buffer_policy(word: &str, factor: u32) -> Option<BufferPolicy> {
    match word {
        "MTU" => Some(BufferPolicy::Mtu(factor)),
        "ADVERT" => Some(BufferPolicy::Advert(factor)),
        bytes => bytes.parse().ok().map(BufferPolicy::Bytes),
    }
}
