//! Every directive of ha.cf, one row each: the parser, the man page, the completion and
//! `handover check --explain` all come from this table (docs/ancestors/heartbeat.md §5.2).

use super::reader::Read;
use super::{media, programs, settings};

/// One directive of ha.cf.
pub struct Directive {
    /// Its name; case matters.
    pub name: &'static str,
    /// What stands behind it.
    pub takes: &'static str,
    /// What holds when no line says otherwise, as `cl_status hbparameter` shows it; empty: none.
    pub default: &'static str,
    /// The unit of a bare number; empty: it isn't a quantity.
    pub unit: &'static str,
    /// What is allowed; empty: anything that `takes` allows.
    pub range: &'static str,
    /// The line of Heartbeat versions that documented it first.
    pub since: &'static str,
    /// How its words are read.
    pub(crate) read: Read,
    /// What it does, in sentences.
    pub doc: &'static str,
    /// What a bad value does.
    pub bad: &'static str,
}

/// The row of the directive of that name.
pub fn directive(name: &str) -> Option<&'static Directive> {
    DIRECTIVES.iter().find(|row| row.name == name)
}

macro_rules! rows {
    ($($name:literal $takes:literal, default $default:literal, unit $unit:literal,
       range $range:literal, since $since:literal, $how:ident $read:path,
       $doc:literal, bad $bad:literal;)*) => {
        &[$(Directive {
            name: $name, takes: $takes, default: $default, unit: $unit, range: $range,
            since: $since, read: Read::$how($read), doc: $doc, bad: $bad,
        }),*]
    };
}

/// The table.
pub static DIRECTIVES: &[Directive] = rows! {
    "node" "NAME...", default "", unit "",
    range "", since "1.x", Each settings::node,
    "A member of the cluster, by the name `uname -n` prints on it. Letters' case doesn't \
     matter; the same list stands in every node's file.",
    bad "without this node's own name heartbeat doesn't start";
    "bcast" "INTERFACE...", default "", unit "",
    range "", since "1.x", Each media::bcast,
    "Heartbeats by UDP broadcast on these interfaces, to `udpport`.",
    bad "an interface that is missing at start is refused";
    "mcast" "INTERFACE GROUP PORT TTL LOOP", default "", unit "",
    range "TTL 0 to 4, LOOP 0 or 1", since "1.x", Whole media::mcast,
    "Heartbeats by IPv4 multicast, to a port of its own.",
    bad "the line is refused";
    "mcast6" "INTERFACE GROUP PORT HOPS LOOP", default "", unit "",
    range "HOPS 0 to 4, LOOP 0 or 1", since "3.x", Whole media::mcast6,
    "Heartbeats by IPv6 multicast, to a port of its own.",
    bad "the line is refused";
    "ucast" "INTERFACE PEER", default "", unit "",
    range "", since "1.x", Whole media::ucast,
    "Heartbeats by UDP to one peer, an address or host name; one line for each peer. A \
     line with this node's own address does no harm, so that all nodes can have the same \
     file.",
    bad "a peer without an address is refused";
    "ucast6" "INTERFACE PEER", default "", unit "",
    range "", since "3.x", Whole media::ucast6,
    "Heartbeats by UDP over IPv6 to one peer.",
    bad "a peer without an address is refused";
    "serial" "DEVICE...", default "", unit "",
    range "", since "1.x", Each media::serial,
    "Heartbeats over a serial line, at `baud`.",
    bad "what is no character device is refused";
    "ping" "HOST...", default "", unit "",
    range "", since "1.x", Each media::ping,
    "Ping nodes: hosts that every node should reach, a router for example. ipfail moves \
     resources to the node that reaches more of them.",
    bad "a host without an address is refused";
    "ping6" "HOST...", default "", unit "",
    range "", since "3.x", Each media::ping6,
    "Ping nodes with IPv6 addresses.",
    bad "a host without an address is refused";
    "ping_group" "NAME HOST...", default "", unit "",
    range "", since "1.x", Whole media::ping_group,
    "One ping node of several hosts: it is up while any of them answers.",
    bad "a line without hosts is refused";
    "udp" "INTERFACE...", default "", unit "",
    range "", since "1.x", Each media::udp,
    "The old name of `bcast`.",
    bad "an interface that is missing at start is refused";
    "keepalive" "TIME", default "1000ms", unit "seconds",
    range "more than 0", since "1.x", Each settings::keepalive,
    "The time between two beats.",
    bad "the file is refused";
    "deadtime" "TIME", default "30000ms", unit "seconds",
    range "more than 2 x keepalive", since "1.x", Each settings::deadtime,
    "A node silent for this long is dead, and its groups are taken over.",
    bad "the file is refused";
    "warntime" "TIME", default "deadtime / 2", unit "seconds",
    range "more than 0", since "1.x", Each settings::warntime,
    "A beat that is later than this is logged.",
    bad "the file is refused";
    "initdead" "TIME", default "see text", unit "seconds",
    range "at least deadtime", since "1.x", Each settings::initdead,
    "Like deadtime, for nodes not heard since this node's start. Unless set: deadtime if \
     that is more than 10 s, 12 s if it is less than 6 s, else twice deadtime.",
    bad "the file is refused";
    "deadping" "TIME", default "deadtime", unit "seconds",
    range "more than 2 x keepalive", since "1.x", Each settings::deadping,
    "Like deadtime, for ping nodes.",
    bad "the file is refused";
    "hopfudge" "NUMBER", default "1", unit "hops",
    range "0 to 255", since "1.x", Each settings::hopfudge,
    "Added to the number of nodes to make the `ttl` of messages.",
    bad "the file is refused; a word counts as 0";
    "baud" "SPEED", default "19200", unit "bits per second",
    range "9600 to 460800", since "1.x", Each media::baud,
    "The speed of the `serial` lines below it.",
    bad "the file is refused";
    "udpport" "PORT", default "694", unit "port",
    range "1 to 65535", since "1.x", Each media::udpport,
    "The port of the `bcast` and `ucast` lines below it; unless set, that of \
     ha-cluster/udp in /etc/services, else 694.",
    bad "a word is refused; a number above 65535 is taken modulo 65536";
    "auto_failback" "on, off or legacy", default "legacy", unit "",
    range "on, off, legacy", since "1.x", Each settings::auto_failback,
    "Whether groups return to their home when it returns. `legacy` does so by the \
     protocol of Heartbeat 1.x.",
    bad "the file is refused";
    "nice_failback" "on or off", default "", unit "",
    range "on, off", since "1.x", Each settings::nice_failback,
    "Obsolete: any value means `auto_failback legacy`.",
    bad "the file is refused";
    "logfile" "PATH", default "", unit "",
    range "", since "1.x", Each settings::logfile,
    "Messages are appended to this file.",
    bad "logged when the file can't be opened";
    "debugfile" "PATH", default "", unit "",
    range "", since "1.x", Each settings::debugfile,
    "Messages and debug messages are appended to this file.",
    bad "logged when the file can't be opened";
    "logfacility" "FACILITY", default "", unit "",
    range "a facility of syslog, or none", since "1.x", Each settings::logfacility,
    "Messages go to syslog under this facility.",
    bad "the file is refused";
    "use_logd" "BOOLEAN", default "", unit "",
    range "on, off", since "1.x", Each settings::use_logd,
    "Heartbeat's logging daemon; here messages go to syslog instead.",
    bad "the file is refused, also with `off` and no other logging line";
    "conn_logd_time" "TIME", default "60", unit "seconds",
    range "more than 0", since "1.x", Each settings::conn_logd_time,
    "Between two tries to reach the logging daemon; has no effect here.",
    bad "the file is refused";
    "syslogmsgfmt" "BOOLEAN", default "true", unit "",
    range "on, off", since "2.x", Each settings::syslogmsgfmt,
    "Lines in log files look like those of syslog.",
    bad "the file is refused";
    "log_badpack" "BOOLEAN", default "true", unit "",
    range "on, off", since "1.x", Each settings::log_badpack,
    "Packets that are refused are logged, at most one line a minute.",
    bad "the file is refused";
    "debug" "LEVEL", default "0", unit "",
    range "0 to 255", since "1.x", Each settings::debug,
    "How much is told for debugging; 0 is nothing.",
    bad "the file is refused; a word counts as 0";
    "watchdog" "DEVICE", default "", unit "",
    range "", since "1.x", Each settings::watchdog,
    "A watchdog device that resets this machine when heartbeat hangs.",
    bad "a missing device is logged; a second line is refused";
    "stonith" "TYPE FILE", default "", unit "",
    range "", since "1.x", Whole programs::stonith,
    "A fencing device for all nodes, described in a file.",
    bad "the file is refused";
    "stonith_host" "NODE|* TYPE PARAMETERS...", default "", unit "",
    range "", since "1.x", Whole programs::stonith_host,
    "A fencing device that this node (or with `*` every node) can use. Lines for other \
     nodes are not looked at.",
    bad "the file is refused";
    "respawn" "USER PATH [ARGUMENTS...]", default "", unit "",
    range "", since "1.x", Whole programs::respawn,
    "A program kept running as that user; its exit code 100 ends it for good. `ipfail` at \
     any path selects the built-in one.",
    bad "an unknown user, a missing program or a relative path is refused";
    "failfast" "USER PATH [ARGUMENTS...]", default "", unit "",
    range "", since "2.x", Whole programs::failfast,
    "Like `respawn`, but when the program ends the machine is rebooted.",
    bad "as for `respawn`";
    "apiauth" "CLIENT [uid=USER,...] [gid=GROUP,...]", default "", unit "",
    range "", since "1.x", Whole programs::apiauth,
    "Who may sign on as this client at the socket of Heartbeat's client library: these users, and \
     users whose first group is one of these. `anon` is for clients without a name of their own, \
     `default` for names without a line. Without a line: ipfail and ccm for hacluster, ping for \
     haclient, lha-snmpagent for root, anon for root and haclient.",
    bad "the file is refused";
    "rtprio" "PRIORITY", default "1", unit "",
    range "1 to 99", since "1.x", Each settings::rtprio,
    "The real-time priority of the thread that carries heartbeats.",
    bad "the file is refused";
    "realtime" "BOOLEAN", default "true", unit "",
    range "on, off", since "1.x", Each settings::realtime,
    "Whether heartbeats run with real-time priority and locked memory.",
    bad "the file is refused";
    "hbgenmethod" "file or time", default "file", unit "",
    range "file, time", since "1.x", Each settings::hbgenmethod,
    "Where the generation of a start comes from: the counter in hb_generation, or the \
     clock.",
    bad "the file is refused";
    "uuidfrom" "file or nodename", default "file", unit "",
    range "file, nodename", since "2.x", Each settings::uuidfrom,
    "Where this node's uuid comes from: the file hb_uuid, or the node's name.",
    bad "the file is refused";
    "msgfmt" "classic or netstring", default "classic", unit "",
    range "classic, netstring", since "1.x", Each settings::msgfmt,
    "The format of messages to local clients; UDP carries netstrings either way, with \
     `classic` signed twice.",
    bad "the file is refused";
    "compression" "zlib or bz2", default "zlib", unit "",
    range "zlib, bz2", since "2.x", Each settings::compression,
    "How large messages are packed.",
    bad "the file is refused";
    "compression_threshold" "KIB", default "2", unit "KiB",
    range "more than 0", since "2.x", Each settings::compression_threshold,
    "Messages larger than this are packed.",
    bad "the file is refused";
    "traditional_compression" "BOOLEAN", default "no", unit "",
    range "on, off", since "2.x", Each settings::traditional_compression,
    "Packs whole messages instead of their large fields.",
    bad "the file is refused";
    "max_rexmit_delay" "MILLISECONDS", default "250", unit "milliseconds",
    range "more than 0", since "3.x", Each settings::max_rexmit_delay,
    "The longest wait before a lost message is asked for.",
    bad "the file is refused";
    "autojoin" "none, other or any", default "none", unit "",
    range "none, other, any", since "2.x", Each settings::autojoin,
    "Whether nodes that aren't named may join; in a haresources cluster none may.",
    bad "the file is refused";
    "cluster" "NAME", default "linux-ha", unit "",
    range "", since "2.x", Each settings::shown_only,
    "The cluster's name, for display.",
    bad "none";
    "quorum_server" "HOST", default "", unit "",
    range "", since "2.x", Each settings::quorum_server,
    "A quorum server; has no effect here.",
    bad "none";
    "crm" "BOOLEAN, respawn, minimal, manual, ccm-only or valgrind", default "", unit "",
    range "on, off, respawn, minimal, manual, ccm-only, valgrind", since "2.x", Whole settings::crm,
    "Resources are run by a CRM instead of haresources. This version runs haresources.",
    bad "the file is refused";
    "pacemaker" "BOOLEAN, respawn, minimal, manual, ccm-only or valgrind", default "false", unit "",
    range "on, off, respawn, minimal, manual, ccm-only, valgrind", since "3.x", Whole settings::crm,
    "The newer name of `crm`.",
    bad "the file is refused";
    "crm_daemon_dir" "DIRECTORY", default "", unit "",
    range "", since "3.x", Each settings::crm_daemon_dir,
    "Where Pacemaker's daemons are.",
    bad "a directory without them is refused";
    "crmd_spawns_pengine" "BOOLEAN", default "", unit "",
    range "on, off", since "3.x", Each settings::for_pacemaker,
    "Handed to Pacemaker.",
    bad "the file is refused";
    "record_config_changes" "BOOLEAN", default "on", unit "",
    range "on, off", since "2.x", Each settings::for_pacemaker,
    "Handed to Pacemaker.",
    bad "the file is refused";
    "record_pengine_inputs" "BOOLEAN", default "on", unit "",
    range "on, off", since "2.x", Each settings::for_pacemaker,
    "Handed to Pacemaker.",
    bad "the file is refused";
    "enable_config_writes" "BOOLEAN", default "on", unit "",
    range "on, off", since "2.x", Each settings::for_pacemaker,
    "Handed to Pacemaker.",
    bad "the file is refused";
    "coredumps" "BOOLEAN", default "true", unit "",
    range "on, off", since "2.x", Each settings::coredumps,
    "Whether a crash leaves a core file.",
    bad "the file is refused";
    "coreroot" "DIRECTORY", default "", unit "",
    range "", since "2.x", Each settings::coreroot,
    "Where core files go.",
    bad "not looked at until a crash";
    "memreserve" "KIB", default "6500", unit "KiB",
    range "more than 0", since "2.x", Each settings::memreserve,
    "Memory set aside at start. Memory is locked as it is used here, so the number has no \
     effect.",
    bad "the file is refused";
    "env" "NAME=VALUE...", default "", unit "",
    range "", since "2.x", Each programs::env,
    "Scripts and clients get HA_NAME=VALUE in their environment.",
    bad "a value without a name is refused";
    "use_apphbd" "BOOLEAN", default "", unit "",
    range "on, off", since "1.x", Each settings::use_apphbd,
    "Registers heartbeat with the application heartbeat daemon; has no effect here.",
    bad "the file is refused";
};

/// Directives that this build of Heartbeat doesn't know, and who did.
pub static FOREIGN: &[(&str, &str)] = &[
    (
        "hbaping",
        "Heartbeat 2.x, built with a fibre channel library, knew it; 3.0.6 as Debian has it doesn't",
    ),
    ("rds", "Heartbeat 3.x, built for RDS sockets, knew it; 3.0.6 as Debian has it doesn't"),
    ("tipc", "Heartbeat 2.1, built for TIPC, knew it; 3.0.6 as Debian has it doesn't"),
    ("openais", "Heartbeat 2.x, built with openais, knew it; 3.0.6 as Debian has it doesn't"),
    ("evms", "Heartbeat 2.x, built for EVMS, knew it; 3.0.6 as Debian has it doesn't"),
    (
        "normalpoll",
        "Heartbeat built with a debugging option knows it; 3.0.6 as Debian has it doesn't",
    ),
    ("ppp-udp", "Heartbeat 1.0 knew it; 3.0.6 doesn't"),
    ("totem", "it is a section of corosync.conf"),
    ("vrrp_instance", "it is a block of keepalived.conf"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_directive_has_two_rows() {
        let names: BTreeSet<_> = DIRECTIVES.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), DIRECTIVES.len());
        assert!(FOREIGN.iter().all(|(name, _)| !names.contains(name)));
    }

    #[test]
    fn every_row_explains_itself() {
        for row in DIRECTIVES {
            assert!(!row.takes.is_empty() && !row.bad.is_empty(), "{}", row.name);
            assert!(row.doc.ends_with('.'), "{}", row.name);
        }
    }
}
