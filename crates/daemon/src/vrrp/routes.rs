//! Routes and rules that move with virtual routers: added, removed, and put back when somebody
//! else removes them (docs/ancestors/keepalived.md §2.3).

use super::addresses::tell;
use super::hub::Hub;
use api::{EventKind, Level};
use linux::netlink::Netlink;
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::io;
use vrrp::Input;
use vrrp::config::{Route, Rule};

/// What we have in place, by instance.
pub(crate) type Placed = BTreeMap<String, (Vec<Route>, Vec<Rule>)>;

/// Adds routes, then rules, in their order. What is there already is well.
pub(crate) fn add(hub: &Hub, instance: &str, routes: &[Route], rules: &[Rule]) {
    if routes.is_empty() && rules.is_empty() {
        return;
    }
    note(hub, instance, routes, rules);
    let added = hub.with_netlink(|netlink| {
        let routes = routes.iter().map(|route| (route.to_string(), netlink.put_route(route)));
        let mut ends: Vec<_> = routes.collect();
        ends.extend(rules.iter().map(|rule| (rule.to_string(), netlink.put_rule(rule))));
        ends
    });
    let is_well = |error: &io::Error| error.kind() == io::ErrorKind::AlreadyExists;
    complain(hub, instance, "added", added, is_well);
}

/// Removes rules, then routes, in reverse order. What is gone already is well, and what another
/// instance has too stays.
pub(crate) fn remove(hub: &Hub, instance: &str, routes: &[Route], rules: &[Rule]) {
    if routes.is_empty() && rules.is_empty() {
        return;
    }
    forget(hub, instance, routes, rules);
    let others = hub.routing.borrow().clone();
    let routes = routes.iter().filter(|one| !others.values().any(|(all, _)| all.contains(one)));
    let rules = rules.iter().filter(|one| !others.values().any(|(_, all)| all.contains(one)));
    let removed = hub.with_netlink(|netlink| {
        let rules = rules.rev().map(|rule| (rule.to_string(), netlink.delete_rule(rule)));
        let mut ends: Vec<_> = rules.collect();
        ends.extend(routes.rev().map(|route| (route.to_string(), netlink.delete_route(route))));
        ends
    });
    complain(hub, instance, "removed", removed, is_gone);
}

/// It, or its interface, is not there any more. Of what was never there some kernels say that it
/// can't be.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
        || matches!(Errno::from_io_error(error), Some(Errno::SRCH | Errno::NODEV | Errno::INVAL))
}

fn complain(
    hub: &Hub,
    instance: &str,
    verb: &str,
    ends: io::Result<Vec<(String, io::Result<()>)>>,
    is_well: impl Fn(&io::Error) -> bool,
) {
    let ends = ends.unwrap_or_else(|error| vec![("routes and rules".to_owned(), Err(error))]);
    for (what, end) in ends {
        if let Err(error) = end
            && !is_well(&error)
        {
            let text = format!("{instance}: {what} can't be {verb}: {error}");
            tell(hub, Level::Error, EventKind::AddressUp, instance, text);
        }
    }
}

fn note(hub: &Hub, instance: &str, routes: &[Route], rules: &[Rule]) {
    let mut all = hub.routing.borrow_mut();
    let (known_routes, known_rules) = all.entry(instance.to_owned()).or_default();
    known_routes.extend(routes.iter().filter(|route| route.tracked).cloned());
    known_rules.extend(rules.iter().filter(|rule| rule.tracked).cloned());
    dedup(known_routes);
    dedup(known_rules);
}

/// Each once; there are few.
fn dedup<T: PartialEq>(all: &mut Vec<T>) {
    let mut kept: Vec<T> = Vec::with_capacity(all.len());
    for one in all.drain(..) {
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    *all = kept;
}

fn forget(hub: &Hub, instance: &str, routes: &[Route], rules: &[Rule]) {
    let mut all = hub.routing.borrow_mut();
    let Some((known_routes, known_rules)) = all.get_mut(instance) else { return };
    known_routes.retain(|known| !routes.contains(known));
    known_rules.retain(|known| !rules.contains(known));
    if known_routes.is_empty() && known_rules.is_empty() {
        all.remove(instance);
    }
}

/// Adds what is missing of all that is watched, and tells the machine whose it was. Adding is how
/// the kernel is asked: it says when just this one is there.
pub(crate) fn look(hub: &Hub) {
    let all = hub.routing.borrow().clone();
    if all.is_empty() {
        return;
    }
    let lost = hub.with_netlink(|netlink| {
        let mut lost = Vec::new();
        for (instance, (routes, rules)) in &all {
            let missing = missing(netlink, routes, rules);
            lost.extend(missing.into_iter().map(|what| (instance.clone(), what)));
        }
        lost
    });
    for (instance, what) in lost.unwrap_or_default() {
        if instance.is_empty() {
            let text = format!("somebody removed {what}, which is always there; it is put back");
            hub.notice(Level::Warning, text);
        } else {
            hub.input(Input::RoutingLost { instance, what });
        }
    }
}

fn missing(netlink: &mut Netlink, routes: &[Route], rules: &[Rule]) -> Vec<String> {
    let mut missing = Vec::new();
    for route in routes {
        if netlink.put_route(route).is_ok() {
            missing.push(route.to_string());
        }
    }
    for rule in rules {
        if netlink.put_rule(rule).is_ok() {
            missing.push(rule.to_string());
        }
    }
    missing
}
