//! Interfaces: what the kernel says of them, and from when on it counts.

use crate::config::{Config, Family, LinkDelay, Tracked};
use crate::io::Condition;
use crate::role::{Key, Role};
use crate::router::Id;
use crate::step::Step;
use api::{EventKind, Level, Subject};
use base::Instant;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// One interface.
#[derive(Clone, Debug, Default)]
pub(crate) struct Link {
    /// The kernel has told of it at some time.
    seen: bool,
    /// Up, as far as it counts.
    up: bool,
    /// The kernel says the contrary; from then on it counts.
    change_at: Option<Instant>,
    ipv4: Option<IpAddr>,
    ipv6: Option<IpAddr>,
    /// The routers that speak on it.
    routers: Vec<Id>,
}

/// All interfaces that were told or are needed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    by_name: BTreeMap<String, Link>,
    delays: BTreeMap<String, LinkDelay>,
}

impl Links {
    /// The interfaces of `config`, as far as known `before`.
    pub(crate) fn new(config: &Config, before: Self) -> Self {
        let mut by_name = before.by_name;
        for link in by_name.values_mut() {
            link.routers.clear();
        }
        for (id, instance) in config.instances.iter().enumerate() {
            if let Some(name) = &instance.interface {
                by_name.entry(name.clone()).or_default().routers.push(id);
            }
        }
        let delays = config.link_delays.iter().map(|d| (d.interface.clone(), d.clone())).collect();
        Self { by_name, delays }
    }

    /// Up, as far as it counts; one never told of is missing.
    pub(crate) fn is_up(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|link| link.up)
    }

    /// It was never there.
    pub(crate) fn was_never_there(&self, name: &str) -> bool {
        self.by_name.get(name).is_none_or(|link| !link.seen)
    }

    /// The address adverts leave from.
    pub(crate) fn source(&self, name: &str, family: Family) -> Option<IpAddr> {
        let link = self.by_name.get(name)?;
        match family {
            Family::V4 => link.ipv4,
            Family::V6 => link.ipv6,
        }
    }

    /// Forgets an interface that is gone and that nobody speaks on: containers leave one of a name
    /// of its own behind each time they end.
    fn drop_if_gone(&mut self, name: &str) {
        let is_gone = |link: &Link| {
            !link.up
                && link.change_at.is_none()
                && (link.ipv4, link.ipv6) == (None, None)
                && link.routers.is_empty()
        };
        if self.by_name.get(name).is_some_and(is_gone) {
            self.by_name.remove(name);
        }
    }

    fn delay(&self, name: &str, up: bool) -> Duration {
        self.delays.get(name).map_or(Duration::ZERO, |d| if up { d.up } else { d.down })
    }
}

impl Role {
    /// The kernel says something of an interface.
    pub(crate) fn link_told(
        &mut self,
        step: &mut Step<'_>,
        name: String,
        up: bool,
        (ipv4, ipv6): (Option<IpAddr>, Option<IpAddr>),
    ) {
        let delay = if self.has_begun() { self.links.delay(&name, up) } else { Duration::ZERO };
        let link = self.links.by_name.entry(name.clone()).or_default();
        let moved = (link.ipv4, link.ipv6) != (ipv4, ipv6) || !link.seen;
        link.seen = true;
        (link.ipv4, link.ipv6) = (ipv4, ipv6);
        if up == link.up {
            link.change_at = None;
        } else if delay > Duration::ZERO {
            link.change_at.get_or_insert(step.now + delay);
        }
        self.deadlines.set(Key::Link(name.clone()), link.change_at);
        if up != link.up && link.change_at.is_none() {
            self.link_turned(step, &name, up);
        } else if moved {
            self.assess_link(step, &name);
        }
        self.links.drop_if_gone(&name);
    }

    /// An interface has been otherwise for as long as its delay asks.
    pub(crate) fn link_delay_over(&mut self, step: &mut Step<'_>, name: &str) {
        let Some(link) = self.links.by_name.get_mut(name) else { return };
        if link.change_at.take().is_some() {
            let up = !link.up;
            self.link_turned(step, name, up);
            self.links.drop_if_gone(name);
        }
    }

    fn link_turned(&mut self, step: &mut Step<'_>, name: &str, up: bool) {
        let Some(link) = self.links.by_name.get_mut(name) else { return };
        link.up = up;
        let tracked = Tracked::Interface(name.to_owned());
        let used = !link.routers.is_empty() || self.trackers.get(&tracked).is_some();
        if !self.has_begun() {
            return;
        }
        if used {
            let (level, word) = if up { (Level::Info, "up") } else { (Level::Warning, "down") };
            let text = format!("interface {name} is {word}");
            let subject = Subject::Tracker(name.to_owned());
            step.cause = Some(step.tell(level, EventKind::Tracker, subject, text));
        }
        self.assess_link(step, name);
        let condition = if up { Condition::Good } else { Condition::Bad };
        self.tracker_changed(step, &tracked, condition);
    }

    fn assess_link(&mut self, step: &mut Step<'_>, name: &str) {
        let routers = self.links.by_name.get(name).map(|link| link.routers.clone());
        for id in routers.unwrap_or_default() {
            self.assess(step, id);
        }
    }

    /// Tells the trackers how the interfaces are that somebody tracks.
    pub(crate) fn learn_tracked_links(&mut self) {
        let names: Vec<String> =
            self.trackers
                .iter()
                .filter_map(|(what, _)| {
                    if let Tracked::Interface(name) = what { Some(name.clone()) } else { None }
                })
                .collect();
        for name in names {
            let up = self.links.is_up(&name);
            let condition = if up { Condition::Good } else { Condition::Bad };
            self.trackers.set(&Tracked::Interface(name), condition);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_is_gone_is_forgotten_unless_somebody_speaks_on_it() {
        let gone = Link::default();
        let kept = [
            Link { up: true, ..Link::default() },
            Link { ipv4: Some([192, 0, 2, 1].into()), ..Link::default() },
            Link { change_at: Some(Instant::ZERO), ..Link::default() },
            Link { routers: vec![0], ..Link::default() },
        ];
        for (link, stays) in kept.into_iter().map(|link| (link, true)).chain([(gone, false)]) {
            let mut links = Links::default();
            links.by_name.insert("veth0".into(), link);
            links.drop_if_gone("veth0");
            assert_eq!(links.by_name.contains_key("veth0"), stays, "{links:?}");
        }
    }
}
