//! An nftables table that keeps what the kernel says by itself off interfaces with a virtual MAC
//! address: reports of multicast listeners (RFC 3810 §5.2) leave from the base interface instead,
//! with its own MAC address, and routers are not asked for (RFC 4861 §4.1). A backup that spoke from
//! the virtual MAC address would make switches send it the master's traffic.

use super::message::{Expression, Hook, Transaction, Verdict};
use super::{Look, commit, open};
use std::io;

/// The chain.
const CHAIN: &str = "out";
/// Types of ICMPv6: a report of version 2, and a router solicitation.
const REPORT: u8 = 143;
const ROUTER_SOLICITATION: u8 = 133;

/// Puts the table in place for these interfaces, each with its base, by their numbers; one of that
/// name is replaced.
///
/// # Errors
/// `PermissionDenied`; `Unsupported` and the like when the kernel has no nftables or can't send a
/// packet elsewhere from it.
pub fn divert(look: &Look, interfaces: &[(u32, u32)]) -> io::Result<()> {
    let mut all = Transaction::ipv6(&look.table);
    all.add_table().delete_table().add_table();
    all.add_chain(CHAIN, Hook::Out, look.priority);
    for (interface, base) in interfaces {
        let on = |kind| {
            let mut rule = Expression::icmpv6(kind);
            rule.extend(Expression::leaves_by(*interface));
            rule.extend(look.counters.then(Expression::counter));
            rule
        };
        let mut report = on(REPORT);
        report.extend(Expression::copy_to(*base));
        report.push(Expression::verdict(Verdict::Drop));
        all.add_rule(CHAIN, &report);
        let mut solicitation = on(ROUTER_SOLICITATION);
        solicitation.push(Expression::verdict(Verdict::Drop));
        all.add_rule(CHAIN, &solicitation);
    }
    commit(&open()?, all)
}

/// Takes the table away. One that isn't there is well.
///
/// # Errors
/// Those of the kernel.
pub fn stop_diverting(look: &Look) -> io::Result<()> {
    let mut all = Transaction::ipv6(&look.table);
    all.delete_table();
    match commit(&open()?, all) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mac;
    use crate::testing::{in_new_network, with_neighbour};

    #[test]
    fn the_table_is_replaced_and_taken_away_as_often_as_wanted() {
        in_new_network(|netlink| {
            let _neighbour = with_neighbour(netlink);
            let base = netlink.interface("eth0").expect("eth0").index;
            netlink.create_macvlan("vrrp6.5", base, Mac([0, 0, 0x5e, 0, 2, 5])).expect("makes");
            let made = netlink.interface("vrrp6.5").expect("vrrp6.5").index;
            let look = |counters| Look { table: "keepalived".into(), priority: -1, counters };
            divert(&look(true), &[(made, base)]).expect("puts in place");
            divert(&look(false), &[(made, base)]).expect("replaces");
            stop_diverting(&look(false)).expect("takes away");
            stop_diverting(&look(false)).expect("is away");
        });
    }
}
