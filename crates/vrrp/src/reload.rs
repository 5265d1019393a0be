//! A new configuration, by difference: what is not changed does not notice
//! (docs/ancestors/keepalived.md §2.6 and §8/9).

use crate::config::{Address, Config, Instance};
use crate::io::Output;
use crate::links::Links;
use crate::notify;
use crate::role::{Key, Role};
use crate::router::{Announcing, Id, Router, State};
use crate::scripts::Scripts;
use crate::step::Step;
use crate::tracking::Trackers;
use api::{EventKind, Level, Subject};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Whether a router goes on under a new configuration. With another number, interface, family or
/// version it would be another router to its peers.
fn is_same(before: &Instance, after: &Instance) -> bool {
    (before.vrid, &before.interface, before.family, before.version, &before.vmac)
        == (after.vrid, &after.interface, after.family, after.version, &after.vmac)
}

/// What is in `of` and not in `other`, in its order.
fn only_in<T: Clone + PartialEq>(of: &[T], other: &[T]) -> Vec<T> {
    of.iter().filter(|item| !other.contains(item)).cloned().collect()
}

fn all_addresses(of: &Instance) -> Vec<Address> {
    of.addresses.iter().chain(&of.excluded).cloned().collect()
}

/// A router with a new configuration and the memory of the old one.
fn carried(old: Router, config: &Arc<Instance>) -> Router {
    let mut new = Router::new(Arc::clone(config));
    let was = old.master_down();
    if new.learns_interval() && !old.is_master() {
        new.master_interval = old.master_interval;
    }
    new.effective = old.effective;
    new.state = match old.state {
        State::Backup { down_at, wants, excused } => {
            let down_at = down_at - was + new.master_down();
            State::Backup { down_at, wants, excused }
        }
        other => other,
    };
    let elsewhere = old.announcing.elsewhere.filter(|_| config.garp.elsewhere.is_some());
    Router {
        config: new.config,
        state: new.state,
        master_interval: new.master_interval,
        said: new.said,
        credentials: new.credentials,
        announcing: Announcing { elsewhere, ..old.announcing },
        contested: false,
        faults: Vec::new(),
        group: None,
        ..old
    }
}

impl Role {
    /// Lets every master be heard once more; its next advert is due when it was.
    pub(crate) fn speak_once_more(&mut self, step: &mut Step<'_>) {
        for router in self.routers.iter_mut().filter(|router| router.is_master()) {
            router.advertise(step);
        }
    }

    /// Puts a new configuration in place.
    pub(crate) fn reload(&mut self, step: &mut Step<'_>, config: Config) {
        if !self.has_begun() {
            return self.replace(config);
        }
        let text = "the configuration was read again";
        let because = step.tell(Level::Info, EventKind::Reloaded, Subject::Cluster, text);
        step.cause = Some(because);
        self.dismiss_removed(step, &config);
        let before = self.replace_running(config);
        let masters: Vec<Id> =
            (0..self.routers.len()).filter(|id| self.routers[*id].is_master()).collect();
        self.release_removed(step, &masters, &before);
        for id in 0..self.routers.len() {
            if !before.contains_key(&self.routers[id].config.name) {
                self.clear_leftovers(step, id);
            }
        }
        self.learn_tracked_links();
        self.start_scripts(step);
        step.cause = Some(because);
        self.assess_all(step);
        let masters: Vec<Id> =
            masters.into_iter().filter(|id| self.routers[*id].is_master()).collect();
        for &id in &masters {
            self.advertise_now(step, id);
        }
        step.cause = Some(because);
        self.take_added(step, &masters, &before);
    }

    /// Says goodbye for routers that cease to exist, or become others.
    fn dismiss_removed(&mut self, step: &mut Step<'_>, config: &Config) {
        let kept: BTreeMap<_, _> = config.instances.iter().map(|i| (i.name.as_str(), i)).collect();
        for id in 0..self.routers.len() {
            let old = Arc::clone(&self.routers[id].config);
            match kept.get(old.name.as_str()) {
                Some(new) if is_same(&old, new) => {}
                Some(_) => {
                    if self.routers[id].is_master() {
                        self.leave_master(step, id, true);
                    }
                }
                None => {
                    let text = format!("{} is removed", old.name);
                    let subject = Subject::Router(old.name.clone());
                    step.tell(Level::Info, EventKind::RouterState, subject, text);
                    self.dismiss(step, id, notify::removal(&old.notify));
                }
            }
        }
        let kept: BTreeSet<_> = config.groups.iter().map(|group| group.name.as_str()).collect();
        for group in self.groups.iter().filter(|g| !kept.contains(g.config.name.as_str())) {
            notify::group(step, &group.config, notify::removal(&group.config.notify));
        }
    }

    /// Before the first tick there is nothing to keep but what the kernel said.
    fn replace(&mut self, config: Config) {
        self.trackers = Trackers::new(&config, None);
        self.scripts = Scripts::new(&config, Scripts::default());
        self.links = Links::new(&config, std::mem::take(&mut self.links));
        self.install(config, |instance| Router::new(Arc::clone(instance)));
    }

    /// Swaps the configuration under running routers, and returns what was configured before.
    fn replace_running(&mut self, config: Config) -> BTreeMap<String, Arc<Instance>> {
        let mut old = BTreeMap::new();
        for (id, router) in std::mem::take(&mut self.routers).into_iter().enumerate() {
            self.deadlines.set(Key::Router(id), None);
            self.deadlines.set(Key::Announce(id), None);
            old.insert(router.config.name.clone(), router);
        }
        let before = old.iter().map(|(name, r)| (name.clone(), Arc::clone(&r.config))).collect();
        let states: BTreeMap<_, _> =
            self.groups.iter().map(|g| (g.config.name.clone(), g.state)).collect();
        self.trackers = Trackers::new(&config, Some(&self.trackers));
        self.scripts = Scripts::new(&config, std::mem::take(&mut self.scripts));
        self.links = Links::new(&config, std::mem::take(&mut self.links));
        self.install(config, |instance| match old.remove(&instance.name) {
            Some(router) if is_same(&router.config, instance) => carried(router, instance),
            _ => Router::new(Arc::clone(instance)),
        });
        for (place, group) in self.groups.iter_mut().enumerate() {
            if let Some(state) = states.get(&group.config.name) {
                group.state = *state;
            }
            self.unsettled.insert(place);
        }
        for (id, router) in self.routers.iter().enumerate() {
            self.deadlines.set(Key::Router(id), router.state.deadline());
            self.deadlines.set(Key::Announce(id), router.announcing.deadline());
        }
        before
    }

    /// Removes from masters what the new configuration no longer gives them.
    fn release_removed(
        &mut self,
        step: &mut Step<'_>,
        masters: &[Id],
        before: &BTreeMap<String, Arc<Instance>>,
    ) {
        for &id in masters {
            let new = &self.routers[id].config;
            let Some(old) = before.get(&new.name) else { continue };
            let addresses = only_in(&all_addresses(old), &all_addresses(new));
            let routes = only_in(&old.routes, &new.routes);
            let rules = only_in(&old.rules, &new.rules);
            if !(addresses.is_empty() && routes.is_empty() && rules.is_empty()) {
                let instance = new.name.clone();
                step.out.push(Output::Release { instance, addresses, routes, rules });
            }
        }
    }

    /// Gives masters what is new for them; with a new address all are announced.
    fn take_added(
        &mut self,
        step: &mut Step<'_>,
        masters: &[Id],
        before: &BTreeMap<String, Arc<Instance>>,
    ) {
        for &id in masters {
            let new = Arc::clone(&self.routers[id].config);
            let Some(old) = before.get(&new.name) else { continue };
            let addresses = only_in(&all_addresses(&new), &all_addresses(old));
            let routes = only_in(&new.routes, &old.routes);
            let rules = only_in(&new.rules, &old.rules);
            let announced = !addresses.is_empty();
            if announced || !(routes.is_empty() && rules.is_empty()) {
                let instance = new.name.clone();
                step.out.push(Output::Take { instance, addresses, routes, rules });
            }
            if announced {
                self.announce_new_master(step, id);
            }
        }
    }
}
