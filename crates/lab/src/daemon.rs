//! The daemons of the lab's nodes: where each one's programs are, how it is started and stopped,
//! and which processes are its own.

use crate::peers::Peer;
use crate::world;
use sim::scenario::{Maker, Role};
use std::path::Path;

/// Whose daemon a node has, and which.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Daemon {
    /// What it does.
    pub(crate) role: Role,
    /// Who made it.
    pub(crate) maker: Maker,
}

/// Names our program is called by on a node of a Heartbeat cluster, as `handover install` would put
/// them.
const HEARTBEAT_NAMES: [&str; 9] = [
    "usr/sbin/heartbeat",
    "usr/libexec/heartbeat/heartbeat",
    "usr/bin/cl_status",
    "usr/bin/handover",
    "usr/share/heartbeat/hb_standby",
    "usr/share/heartbeat/hb_takeover",
    "usr/share/heartbeat/hb_addnode",
    "usr/share/heartbeat/hb_delnode",
    "usr/lib/heartbeat/ipfail",
];

/// And on a virtual router.
const KEEPALIVED_NAMES: [&str; 2] = ["usr/sbin/keepalived", "usr/bin/handover"];

/// Runs keepalived, whosever, with its log in a file: there is no syslog in a host.
const KEEPALIVED: &str =
    "setsid keepalived -n -l -D -G </dev/null >>/var/log/keepalived.log 2>&1 &";

/// Runs FRR's zebra, which vrrpd asks for interfaces, and vrrpd. That wants its interface with the
/// virtual hardware address and the address to stand there beforehand, and the host not to answer
/// for it elsewhere (measured: docs/ancestors/keepalived.md §7).
const FRR: &str = "\
    if ! ip link show vrrp4 >/dev/null 2>&1; then
        echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore
        ip link add vrrp4 link eth0 type macvlan mode bridge
        ip link set vrrp4 address 00:00:5e:00:01:33 up
        ip addr add 10.0.0.100/24 dev vrrp4
        mkdir -p /run/frr
        chown frr:frr /run/frr /var/log/frr
    fi
    for one in zebra vrrpd; do
        /usr/lib/frr/$one -d -f /etc/frr/frr.conf --log file:/var/log/frr/frr.log
    done
    cat /run/frr/vrrpd.pid >/run/keepalived.pid";

impl Daemon {
    /// Whose packages it needs; ours needs none.
    pub(crate) const fn peer(self) -> Option<Peer> {
        match (self.maker, self.role) {
            (Maker::Ours, _) => None,
            (Maker::Frr, _) => Some(Peer::Frr),
            (Maker::Real, Role::Heartbeat) => Some(Peer::Heartbeat),
            (Maker::Real, Role::Keepalived) => Some(Peer::Keepalived),
        }
    }

    /// The names our program has on such a node.
    pub(crate) const fn names(self) -> &'static [&'static str] {
        match (self.maker, self.role) {
            (Maker::Ours, Role::Heartbeat) => &HEARTBEAT_NAMES,
            (Maker::Ours, Role::Keepalived) => &KEEPALIVED_NAMES,
            _ => &[],
        }
    }

    /// Its log.
    pub(crate) const fn log(self) -> &'static str {
        match (self.maker, self.role) {
            (Maker::Frr, _) => "var/log/frr/frr.log",
            (_, Role::Heartbeat) => "var/log/ha-log",
            (_, Role::Keepalived) => "var/log/keepalived.log",
        }
    }

    /// Whether a process that runs this program with these words is one of it. The ancestors' run
    /// programs of their own. Ours run our program; so do the lab's own processes when the lab is
    /// part of it, but these say so in their first word.
    pub(crate) fn owns(self, program: &Path, words: &[u8]) -> bool {
        match (self.maker, self.role) {
            (Maker::Ours, _) => {
                let lab = words.split(|&byte| byte == 0).nth(1) == Some(b"lab");
                !lab && world::handover_program().is_ok_and(|ours| ours == program)
            }
            (Maker::Frr, _) => program == Path::new("/usr/lib/frr/vrrpd"),
            (Maker::Real, Role::Heartbeat) => program.starts_with("/usr/libexec/heartbeat"),
            (Maker::Real, Role::Keepalived) => program == Path::new("/usr/sbin/keepalived"),
        }
    }

    /// The `systemctl` of a virtual router's host, which has no systemd: it knows what an
    /// administrator and check scripts ask of keepalived and nginx.
    pub(crate) fn systemctl(self) -> String {
        let start = if self.maker == Maker::Frr { FRR } else { KEEPALIVED };
        format!(
            r#"#!/bin/sh
alive() {{ [ -s /run/keepalived.pid ] && kill -0 "$(cat /run/keepalived.pid)" 2>/dev/null; }}
await() {{ for i in $(seq 400); do "$@" && exit 0; sleep 0.02; done; exit 1; }}
gone() {{ ! kill -0 "$pid" 2>/dev/null; }}
case "$*" in
"start keepalived")
    alive && exit 0
    rm -f /run/keepalived.pid
    {start}
    await alive ;;
"stop keepalived")
    alive || exit 0
    pid=$(cat /run/keepalived.pid)
    kill "$pid"
    await gone ;;
"reload keepalived") alive && kill -HUP "$(cat /run/keepalived.pid)" ;;
"is-active keepalived") if alive; then echo active; else echo inactive; exit 3; fi ;;
"start nginx" | "stop nginx") exec /etc/init.d/nginx "$1" ;;
*)  echo "systemctl $*: unknown here"; exit 1 ;;
esac
"#
        )
    }
}
