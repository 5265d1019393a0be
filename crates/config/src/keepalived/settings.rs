//! What concerns the role as a whole: mail, scripts, FIFOs, processes, IPVS's own settings.

use std::net::IpAddr;
use std::time::Duration;
use vrrp::config::{Address, Command, Garp, Route, Rule};

/// Settings of the whole role (`global_defs` and keywords outside blocks); defaults filled in.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Settings {
    /// Mails.
    pub mail: Mail,
    /// Scripts.
    pub scripts: Scripts,
    /// `notify_fifo`: told of everything.
    pub fifo: Option<Fifo>,
    /// `vrrp_notify_fifo`.
    pub vrrp_fifo: Option<Fifo>,
    /// `lvs_notify_fifo`.
    pub lvs_fifo: Option<Fifo>,
    /// After a reload the FIFOs are told every state again.
    pub fifo_states_on_reload: bool,
    /// The VRRP process.
    pub vrrp: Process,
    /// The checkers' process.
    pub checker: Process,
    /// The BFD process.
    pub bfd: Process,
    /// The parent's name (`process_name`).
    pub process_name: Option<String>,
    /// Each process has a name of its own (`process_names`).
    pub process_names: bool,
    /// Real-time priority may rise so far when timers are late; `None`: it stays.
    pub max_auto_priority: Option<u8>,
    /// So late a timer raises it.
    pub min_auto_priority_delay: Duration,
    /// `startup_script` and its time limit.
    pub startup: Option<(Command, Duration)>,
    /// `shutdown_script` and its time limit.
    pub shutdown: Option<(Command, Duration)>,
    /// How long the parent waits for its children at the end.
    pub child_wait: Duration,
    /// The network namespace of everything; fixed at start.
    pub net_namespace: Option<String>,
    /// The network namespace of IPVS; `Some("")`: the one we were started in.
    pub net_namespace_ipvs: Option<String>,
    /// Added to the names of pid files; fixed at start.
    pub instance: Option<String>,
    /// Pid files stand in a directory of their own.
    pub use_pid_dir: bool,
    /// Report files carry the instance's name.
    pub data_use_instance: bool,
    /// The mode bits that files we create do not have.
    pub umask: Option<u32>,
    /// Interfaces may be missing, come and go.
    pub dynamic_interfaces: bool,
    /// The machine must have run this long before anybody becomes master.
    pub delay_after_boot: Duration,
    /// Receive buffers: policy word or size, and the factor.
    pub receive_buffers: Option<(String, u32)>,
    /// nftables.
    pub nftables: Nftables,
    /// Reloads.
    pub reload: Reload,
    /// Where reports are written.
    pub reports: Reports,
    /// The form of the JSON report, 1 or 2.
    pub json_version: u8,
    /// Where each configuration is saved as it was read.
    pub config_save_dir: Option<String>,
    /// Addresses that are always there.
    pub static_addresses: Vec<Address>,
    /// Routes that are always there.
    pub static_routes: Vec<Route>,
    /// Rules that are always there.
    pub static_rules: Vec<Rule>,
    /// Which instances static entries of a `track_group` are tied to.
    pub track_groups: Vec<(String, Vec<String>)>,
    /// Interfaces that addresses of instances have for themselves (`use_vmac_addr`).
    pub address_interfaces: Vec<MadeInterface>,
    /// VMAC interfaces' names begin so (`vmac_prefix`).
    pub vmac_prefix: String,
    /// Those of `use_vmac_addr` begin so; empty: like the others.
    pub vmac_addr_prefix: String,
    /// No IGMP from VMAC interfaces.
    pub disable_local_igmp: bool,
    /// Each failed check is logged.
    pub log_all_failures: bool,
    /// Directories of iproute's tables of names: its own, the local ones.
    pub iproute: (Option<String>, Option<String>),
    /// Settings of instances beside what `vrrp::config` has a word for, by instance name.
    pub extras: Vec<(String, Extras)>,
    /// What instances take over that say nothing themselves.
    pub usual: Usual,
    /// `track_file`s.
    pub track_files: Vec<TrackFile>,
    /// `vrrp_track_process`es.
    pub track_processes: Vec<TrackProcess>,
    /// `bfd_instance`s.
    pub bfd_sessions: Vec<BfdSession>,
}

/// Mails.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Mail {
    /// Who gets them.
    pub to: Vec<String>,
    /// From whom they come; `None`: `keepalived@` and the host's name.
    pub from: Option<String>,
    /// The server, and its port.
    pub server: Option<(IpAddr, u16)>,
    /// How long the server may take.
    pub timeout: Duration,
    /// What we call ourselves; `None`: the host's name.
    pub helo: Option<String>,
    /// Instances and groups that say nothing themselves mail.
    pub vrrp: bool,
    /// Servers that say nothing themselves mail; `None`: real servers alone.
    pub checker: Option<bool>,
    /// No mail about FAULT.
    pub no_faults: bool,
}

/// How scripts run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scripts {
    /// As whom, unless they say so.
    pub user: Option<String>,
    /// Their group; `None`: the user's own.
    pub group: Option<String>,
    /// No script runs as root whose path others can write.
    pub security: bool,
    /// They get their user's further groups.
    pub supplementary_groups: bool,
    /// Their paths keep the names of links.
    pub keep_links: bool,
}

/// A FIFO that is told of changes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Fifo {
    /// Its path; created if missing.
    pub path: String,
    /// Its owner.
    pub user: Option<String>,
    /// Its group.
    pub group: Option<String>,
    /// Reads it; the path is added to its arguments.
    pub script: Option<Command>,
}

/// How a process is scheduled.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Process {
    /// Niceness.
    pub nice: Option<i8>,
    /// Real-time priority.
    pub real_time: Option<u8>,
    /// Stays in memory.
    pub no_swap: bool,
    /// Real-time CPU without a pause.
    pub rlimit_rttime: Option<Duration>,
    /// CPUs it may use; empty: all.
    pub cpus: Vec<u16>,
    /// Its name.
    pub name: Option<String>,
}

/// What our nftables rules look like.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Nftables {
    /// The table's name (`nftables`).
    pub table: String,
    /// Its priority.
    pub priority: i32,
    /// Rules count.
    pub counters: bool,
    /// Rules name interfaces by number.
    pub ifindex: bool,
    /// The table for IPVS marks.
    pub ipvs_table: Option<String>,
    /// Its priority.
    pub ipvs_priority: Option<i32>,
    /// The first mark used.
    pub ipvs_first_mark: u32,
}

/// How reloads happen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reload {
    /// A configuration with any complaint is refused; the log of the check.
    pub check: Option<Option<String>>,
    /// The file with the time of the next reload.
    pub time_file: Option<String>,
    /// And again each day.
    pub repeat: bool,
    /// Exists while a reload is under way.
    pub marker: Option<Option<String>>,
}

/// Files that reports are written to; `None`: the usual ones.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reports {
    /// The state (`state_dump_file`).
    pub state: Option<String>,
    /// The statistics (`stats_dump_file`).
    pub stats: Option<String>,
    /// Both as JSON (`json_dump_file`).
    pub json: Option<String>,
}

/// What instances take over that say nothing themselves, for reports.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Usual {
    /// The protocol's version.
    pub version: u8,
    /// `vrrp_strict`.
    pub strict: bool,
    /// `vrrp_skip_check_adv_addr`.
    pub skip_check_adv_addr: bool,
    /// `vrrp_check_unicast_src`.
    pub check_unicast_src: bool,
    /// Announcements.
    pub garp: Option<Garp>,
    /// A master is missed after so many adverts.
    pub down_timer_adverts: u8,
    /// `vrrp_lower_prio_no_advert`.
    pub lower_prio_no_advert: bool,
    /// `vrrp_higher_prio_send_advert`.
    pub higher_prio_send_advert: bool,
    /// Announced so often on further interfaces.
    pub garp_extra_if: Duration,
    /// The multicast groups of IPv4 and IPv6.
    pub multicast: Option<[IpAddr; 2]>,
    /// The interface of what names none.
    pub interface: String,
    /// `smtp_alert`, `smtp_alert_vrrp`, `smtp_alert_checker`, where they are written.
    pub alerts: [Option<bool>; 3],
}

/// An interface with a virtual MAC address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MadeInterface {
    /// Its name.
    pub name: String,
    /// The interface it stands on.
    pub base: String,
    /// Its MAC address.
    pub mac: [u8; 6],
}

/// What an instance asks of the machine beside the protocol.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Extras {
    /// Announced so often on the addresses' other interfaces; with `true` on all of theirs.
    pub garp_extra_if: Option<(bool, Duration)>,
    /// Addresses on other interfaces get a virtual MAC address as well.
    pub vmac_addr: bool,
    /// The words of `use_ipvlan`.
    pub ipvlan: Option<Vec<String>>,
    /// The VRF its own interface is put in.
    pub vrf: Option<String>,
    /// Sets the interface's `promote_secondaries`.
    pub promote_secondaries: bool,
    /// The receive buffer of its socket.
    pub receive_buffer: Option<u32>,
    /// Without peers it is in fault, not multicast.
    pub fault_without_peers: bool,
}

/// `track_file`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrackFile {
    /// Its name.
    pub name: String,
    /// The file.
    pub path: String,
    /// The number in the file is multiplied by this.
    pub weight: i32,
    /// The other way round.
    pub reverse: bool,
    /// Created with this number; `true`: even if it exists.
    pub init: Option<(i32, bool)>,
}

/// `vrrp_track_process`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrackProcess {
    /// Its name.
    pub name: String,
    /// The program and the arguments looked for.
    pub process: Vec<String>,
    /// `initial` or `partial`; `None`: arguments must match in full, if any are given.
    pub param_match: Option<ParamMatch>,
    /// What its state adds.
    pub weight: i32,
    /// The other way round.
    pub reverse: bool,
    /// At least so many must run.
    pub quorum: u16,
    /// At most so many may run.
    pub quorum_max: Option<u16>,
    /// Waits after a start before it counts.
    pub fork_delay: Duration,
    /// Waits after an end before it counts.
    pub terminate_delay: Duration,
    /// The whole command line is matched.
    pub full_command: bool,
}

/// `param_match`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParamMatch {
    /// The first arguments must be these.
    Initial,
    /// And the last of these may be a beginning.
    Partial,
}

/// `bfd_instance`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BfdSession {
    /// Its name.
    pub name: String,
    /// The other end.
    pub neighbor: IpAddr,
    /// The address we speak from.
    pub source: Option<IpAddr>,
    /// We can receive so often.
    pub min_rx: Duration,
    /// We want to send so often.
    pub min_tx: Duration,
    /// How often we send while the session is down.
    pub idle_tx: Duration,
    /// After so many missing it is down.
    pub multiplier: u8,
    /// Waits for the other end to begin.
    pub passive: bool,
    /// TTL or hop limit of our packets.
    pub ttl: u8,
    /// The other end is at most so far; `None`: anywhere.
    pub max_hops: Option<u8>,
    /// What its state adds to a priority.
    pub weight: i32,
    /// The other way round.
    pub reverse: bool,
    /// Virtual routers are told.
    pub vrrp: bool,
    /// Checkers are told.
    pub checker: bool,
    /// Port 4784.
    pub multihop: bool,
}
