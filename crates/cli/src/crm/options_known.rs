//! The options that the daemons' metadata tell of: names, types and defaults of 2.1.5 (its
//! `metadata`, read as data), sentences of our own.

/// One option.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) name: &'static str,
    /// How its value is written.
    pub(super) kind: &'static str,
    pub(super) default: Option<&'static str>,
    /// What can be chosen from, of a choice.
    pub(super) values: &'static [&'static str],
    /// True if one should not need it.
    pub(super) advanced: bool,
    pub(super) what: &'static str,
}

const fn plain(
    name: &'static str,
    kind: &'static str,
    default: &'static str,
    what: &'static str,
) -> Known {
    Known { name, kind, default: Some(default), values: &[], advanced: false, what }
}

const fn advanced(
    name: &'static str,
    kind: &'static str,
    default: &'static str,
    what: &'static str,
) -> Known {
    Known { name, kind, default: Some(default), values: &[], advanced: true, what }
}

const fn choice(
    name: &'static str,
    default: &'static str,
    values: &'static [&'static str],
    what: &'static str,
) -> Known {
    Known { name, kind: "select", default: Some(default), values, advanced: false, what }
}

/// Of the keeper of the information base.
pub(super) const INFORMATION_BASE: [Known; 2] = [
    plain("enable-acl", "boolean", "false", "Whether access control lists are obeyed"),
    plain(
        "cluster-ipc-limit",
        "integer",
        "500",
        "How many messages may wait for a client before it is disconnected",
    ),
];

/// Of the controller.
pub(super) const CONTROLLER: [Known; 17] = [
    plain(
        "dc-version",
        "string",
        "none",
        "The version of the cluster software on the designated controller; set by the cluster",
    ),
    plain(
        "cluster-infrastructure",
        "string",
        "corosync",
        "The messaging layer the cluster runs on; set by the cluster",
    ),
    Known {
        name: "cluster-name",
        kind: "string",
        default: None,
        values: &[],
        advanced: false,
        what: "A name for the cluster, which rules and agents can use",
    },
    plain("dc-deadtime", "time", "20s", "How long to wait for other nodes when starting"),
    plain(
        "cluster-recheck-interval",
        "time",
        "15min",
        "How often to plan anew without an event, for rules and failure timeouts",
    ),
    plain(
        "load-threshold",
        "percentage",
        "80%",
        "How much CPU the cluster may use on a node before it does less at once",
    ),
    plain(
        "node-action-limit",
        "integer",
        "0",
        "How many actions may run at once on a node; 0 is twice its cores",
    ),
    plain(
        "fence-reaction",
        "string",
        "stop",
        "What a node does when it learns that it was fenced: stop or panic",
    ),
    advanced("election-timeout", "time", "2min", "How long an election may take"),
    advanced(
        "shutdown-escalation",
        "time",
        "20min",
        "How long a shutdown may take before the node leaves without it",
    ),
    advanced("join-integration-timeout", "time", "3min", "How long a node may take to join"),
    advanced("join-finalization-timeout", "time", "30min", "How long finishing a join may take"),
    advanced(
        "transition-delay",
        "time",
        "0s",
        "How long to wait for further events before planning",
    ),
    plain(
        "stonith-watchdog-timeout",
        "time",
        "0",
        "How long until a lost node with a watchdog can be taken for stopped; 0 trusts no watchdog",
    ),
    plain(
        "stonith-max-attempts",
        "integer",
        "10",
        "How often fencing may fail for a node before it is no longer tried at once",
    ),
    choice(
        "no-quorum-policy",
        "stop",
        &["stop", "freeze", "ignore", "demote", "suicide"],
        "What a partition without quorum does",
    ),
    plain(
        "shutdown-lock",
        "boolean",
        "false",
        "Whether resources wait for a node that was shut down in good order",
    ),
];

/// Of the scheduler.
pub(super) const SCHEDULER: [Known; 30] = [
    choice(
        "no-quorum-policy",
        "stop",
        &["stop", "freeze", "ignore", "demote", "suicide"],
        "What a partition without quorum does",
    ),
    plain(
        "symmetric-cluster",
        "boolean",
        "true",
        "Whether resources may run on any node unless told otherwise",
    ),
    plain("maintenance-mode", "boolean", "false", "Whether the cluster leaves all resources alone"),
    plain(
        "start-failure-is-fatal",
        "boolean",
        "true",
        "Whether one failed start keeps a resource off a node",
    ),
    plain(
        "enable-startup-probes",
        "boolean",
        "true",
        "Whether nodes are asked what runs there when they join",
    ),
    plain(
        "shutdown-lock",
        "boolean",
        "false",
        "Whether resources wait for a node that was shut down in good order",
    ),
    plain(
        "shutdown-lock-limit",
        "time",
        "0",
        "How long resources wait for a node that was shut down; 0 is for ever",
    ),
    advanced(
        "stonith-enabled",
        "boolean",
        "true",
        "Whether lost nodes are fenced; without it, resources of a lost node may run twice",
    ),
    choice(
        "stonith-action",
        "reboot",
        &["reboot", "off", "poweroff"],
        "What fencing does to a node",
    ),
    advanced("stonith-timeout", "time", "60s", "How long fencing may take"),
    plain(
        "have-watchdog",
        "boolean",
        "false",
        "Whether a watchdog is integrated; set by the cluster",
    ),
    plain("concurrent-fencing", "boolean", "false", "Whether several nodes may be fenced at once"),
    advanced("startup-fencing", "boolean", "true", "Whether nodes that were never seen are fenced"),
    plain(
        "priority-fencing-delay",
        "time",
        "0",
        "How much longer the fencing of the more important node waits when the cluster splits",
    ),
    plain(
        "cluster-delay",
        "time",
        "60s",
        "How long a message may be under way in addition to what is waited for",
    ),
    plain(
        "batch-limit",
        "integer",
        "0",
        "How many actions may run at once in the cluster; 0 decides by load",
    ),
    plain(
        "migration-limit",
        "integer",
        "-1",
        "How many live migrations may run at once on a node; -1 is no limit",
    ),
    plain("stop-all-resources", "boolean", "false", "Whether everything is stopped"),
    plain(
        "stop-orphan-resources",
        "boolean",
        "true",
        "Whether resources that are no longer configured are stopped",
    ),
    plain(
        "stop-orphan-actions",
        "boolean",
        "true",
        "Whether operations that are no longer configured are cancelled",
    ),
    plain(
        "remove-after-stop",
        "boolean",
        "false",
        "Whether the executor forgets resources that were stopped; best left alone",
    ),
    plain(
        "pe-error-series-max",
        "integer",
        "-1",
        "How many inputs with errors are kept; -1 is all",
    ),
    plain(
        "pe-warn-series-max",
        "integer",
        "5000",
        "How many inputs with warnings are kept; -1 is all",
    ),
    plain("pe-input-series-max", "integer", "4000", "How many other inputs are kept; -1 is all"),
    choice(
        "node-health-strategy",
        "none",
        &["none", "migrate-on-red", "only-green", "progressive", "custom"],
        "How the health of a node is judged",
    ),
    plain("node-health-base", "integer", "0", "The health score every node starts from"),
    plain("node-health-green", "integer", "0", "What a green attribute adds to the health score"),
    plain("node-health-yellow", "integer", "0", "What a yellow attribute adds to the health score"),
    plain(
        "node-health-red",
        "integer",
        "-INFINITY",
        "What a red attribute adds to the health score",
    ),
    choice(
        "placement-strategy",
        "default",
        &["default", "utilization", "minimal", "balanced"],
        "How utilization counts when resources are placed",
    ),
];

/// Of every fence device.
pub(super) const FENCING: [Known; 25] = [
    advanced(
        "pcmk_host_argument",
        "string",
        "port",
        "Under which parameter the agent is told the machine; none if it needs no such parameter",
    ),
    plain(
        "pcmk_host_map",
        "string",
        "",
        "Node names and what the device calls these machines, as node1:1;node2:2,3",
    ),
    plain(
        "pcmk_host_list",
        "string",
        "",
        "The machines this device controls, if it cannot list them",
    ),
    plain(
        "pcmk_host_check",
        "string",
        "dynamic-list",
        "How to find out which machines the device controls: dynamic-list, static-list, status or none",
    ),
    plain("pcmk_delay_max", "time", "0s", "A random delay before fencing, at most so long"),
    plain(
        "pcmk_delay_base",
        "string",
        "0s",
        "A fixed delay before fencing, one for all machines or as node1:1s;node2:5s",
    ),
    plain(
        "pcmk_action_limit",
        "integer",
        "1",
        "How many actions may run at once on this device; -1 is no limit",
    ),
    advanced("pcmk_reboot_action", "string", "reboot", "What to call instead of reboot"),
    advanced(
        "pcmk_reboot_timeout",
        "time",
        "60s",
        "How long reboot may take, instead of stonith-timeout",
    ),
    advanced("pcmk_reboot_retries", "integer", "2", "How often reboot is tried within its time"),
    advanced("pcmk_off_action", "string", "off", "What to call instead of off"),
    advanced(
        "pcmk_off_timeout",
        "time",
        "60s",
        "How long off may take, instead of stonith-timeout",
    ),
    advanced("pcmk_off_retries", "integer", "2", "How often off is tried within its time"),
    advanced("pcmk_on_action", "string", "on", "What to call instead of on"),
    advanced("pcmk_on_timeout", "time", "60s", "How long on may take, instead of stonith-timeout"),
    advanced("pcmk_on_retries", "integer", "2", "How often on is tried within its time"),
    advanced("pcmk_list_action", "string", "list", "What to call instead of list"),
    advanced(
        "pcmk_list_timeout",
        "time",
        "60s",
        "How long list may take, instead of stonith-timeout",
    ),
    advanced("pcmk_list_retries", "integer", "2", "How often list is tried within its time"),
    advanced("pcmk_monitor_action", "string", "monitor", "What to call instead of monitor"),
    advanced(
        "pcmk_monitor_timeout",
        "time",
        "60s",
        "How long monitor may take, instead of stonith-timeout",
    ),
    advanced("pcmk_monitor_retries", "integer", "2", "How often monitor is tried within its time"),
    advanced("pcmk_status_action", "string", "status", "What to call instead of status"),
    advanced(
        "pcmk_status_timeout",
        "time",
        "60s",
        "How long status may take, instead of stonith-timeout",
    ),
    advanced("pcmk_status_retries", "integer", "2", "How often status is tried within its time"),
];
