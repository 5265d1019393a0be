//! Where things lie on a Debian host (docs/ancestors/heartbeat.md §5.5). Always from `/`: a test
//! host has its own mount namespace.

/// The configuration directory, as the ancestor has it.
pub(crate) const CONFIG_DIR: &str = "/etc/ha.d";
/// The scripts and wrappers of resources.
pub(crate) const RESOURCE_DIR: &str = "/etc/ha.d/resource.d";
/// The hooks, one file per message type.
pub(crate) const HOOK_DIR: &str = "/etc/ha.d/rc.d";
/// The host's init scripts, looked at after [`RESOURCE_DIR`].
pub(crate) const INIT_DIR: &str = "/etc/init.d";
/// Root of the OCF agents (`OCF_ROOT`).
pub(crate) const OCF_ROOT: &str = "/usr/lib/ocf";
/// The agents that the old wrappers stand for.
pub(crate) const OCF_HEARTBEAT: &str = "/usr/lib/ocf/resource.d/heartbeat";
/// Where systemd units may lie, in systemd's own order.
pub(crate) const UNIT_DIRS: [&str; 4] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
/// Plugins of type `external/NAME`.
pub(crate) const STONITH_EXTERNAL: &str = "/usr/lib/stonith/plugins/external";
/// The program for all other plugin types.
pub(crate) const STONITH_PROGRAM: &str = "/usr/sbin/stonith";
/// State that the ancestor has too: uuid, generation, FIFO.
pub(crate) const STATE_DIR: &str = "/var/lib/heartbeat";
/// State that only we have; it may be deleted while we don't run.
pub(crate) const OWN_STATE_DIR: &str = "/var/lib/handover";
/// The FIFO for scripts.
pub(crate) const FIFO: &str = "/var/lib/heartbeat/fifo";
/// Working directories of children, one per user.
pub(crate) const CORES_DIR: &str = "/var/lib/heartbeat/cores";
/// Pid file of the role's parent process.
pub(crate) const PID_FILE: &str = "/run/heartbeat.pid";
/// Run directory of the ancestor.
pub(crate) const RUN_DIR: &str = "/run/heartbeat";
/// Scratch directory of resource scripts, mode 1755, emptied at start.
pub(crate) const RSCTMP_DIR: &str = "/run/heartbeat/rsctmp";
/// Scratch directories that the IPaddr agents want.
pub(crate) const AGENT_RUN_DIR: &str = "/run/resource-agents";
/// Our own run directory.
pub(crate) const OWN_RUN_DIR: &str = "/run/handover";
/// Control socket of this role.
pub(crate) const CONTROL_SOCKET: &str = "/run/handover/heartbeat.sock";
/// Socket of the ancestor's client library.
pub(crate) const CLIENT_SOCKET: &str = "/run/heartbeat/register";
/// Control socket of the VRRP role.
pub(crate) const VRRP_SOCKET: &str = "/run/handover/keepalived.sock";
/// Pid file of the VRRP role's parent process, unless `-p` names another.
pub(crate) const VRRP_PID_FILE: &str = "/run/keepalived.pid";
/// And of its worker, unless `-r` does.
pub(crate) const VRRP_WORKER_PID_FILE: &str = "/run/vrrp.pid";
/// And of the process with its checks, which is the worker, unless `-c` does.
pub(crate) const LVS_PID_FILE: &str = "/run/checkers.pid";
/// The VRRP role's configuration, unless `-f` names another.
pub(crate) const VRRP_CONFIG: &str = "/etc/keepalived/keepalived.conf";
/// What only the VRRP role keeps.
pub(crate) const VRRP_STATE_DIR: &str = "/var/lib/handover/keepalived";
/// Users in this group may command the daemon.
pub(crate) const ADMIN_GROUP: &str = "haclient";
/// Settings of our own, of all roles; optional.
pub(crate) const HANDOVER_TOML: &str = "/etc/handover/handover.toml";
