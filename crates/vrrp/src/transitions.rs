//! How a router becomes master, backup, or unable to be either, and what goes with it.

use crate::config::{Destination, Instance};
use crate::io::{Output, What};
use crate::notify;
use crate::role::{Key, Role};
use crate::router::{Announcing, Id, Standing, State};
use crate::step::Step;
use crate::timing::OWNER;
use api::vrrp::RouterState;
use api::{EventKind, Level, Subject};
use base::Instant;
use std::sync::Arc;
use std::time::Duration;

/// The shortest interval between adverts, whatever is configured (RFC 9568 §5.2.7: one hundredth
/// of a second; and none at all would never end).
const INTERVAL_MIN: Duration = Duration::from_millis(10);

/// The smallest skew there is: that of priority 255, in version 2.
const SKEW_MIN: Duration = Duration::from_micros(3_906);

impl Role {
    /// A router becomes what it can be now.
    pub(crate) fn follow(&mut self, step: &mut Step<'_>, id: Id) {
        if !self.has_begun() {
            return;
        }
        match (self.routers[id].state, self.standing(id)) {
            (State::Init | State::Fault, Standing::Able) if self.is_running() => {
                self.start(step, id);
            }
            // It goes on at once: others would take over while it waits for a script or a delay.
            (State::Init, Standing::Able | Standing::Waiting) if self.is_heir(id) => {
                self.start(step, id);
            }
            (State::Init, Standing::Faulty) if !self.is_running() && !self.is_heir(id) => {}
            (State::Init | State::Backup { .. } | State::Master { .. }, Standing::Faulty) => {
                self.enter_fault(step, id);
            }
            _ => {}
        }
    }

    /// Removes what a process that was killed may have left: nobody but a master holds the
    /// addresses. An owner's may be the host's own, and are left where they are
    /// (docs/ancestors/keepalived.md §2.3: keepalived removes those too, and is in fault then).
    pub(crate) fn clear_leftovers(&mut self, step: &mut Step<'_>, id: Id) {
        let config = &self.routers[id].config;
        if config.priority != OWNER && !self.inherited.contains_key(&config.name) {
            step.out.push(release(config));
        }
    }

    /// A router that could be nothing can be something: an owner and the heir of a master are
    /// masters at once, all others listen first.
    fn start(&mut self, step: &mut Step<'_>, id: Id) {
        let was_in_fault = self.routers[id].state == State::Fault;
        let owners = self.routers[id].is_owner()
            && self.siblings(id).iter().all(|sibling| self.routers[*sibling].is_owner());
        // Of a group all go on, or none.
        let together =
            self.siblings(id).iter().all(|s| self.is_heir(*s) || self.routers[*s].is_master());
        let name = self.routers[id].config.name.clone();
        let left = self.inherited.remove(&name);
        if left.is_some() && !together {
            step.out.push(release(&self.routers[id].config));
        }
        if let Some(left) = left.filter(|_| together) {
            let router = &mut self.routers[id];
            router.ah_sequence = router.ah_sequence.max(left.ah_sequence);
            self.enter_master(step, id, "its predecessor left it so");
        } else if owners {
            self.enter_master(step, id, "it owns the addresses");
        } else {
            let why = if was_in_fault { "nothing stands against it any more" } else { "it starts" };
            let router = &mut self.routers[id];
            router.forget_master();
            let wait = router.master_down();
            self.enter_backup(step, id, wait, why);
        }
        if was_in_fault && matches!(self.routers[id].config.destination, Destination::Unicast(_)) {
            self.announce_source(step, id);
        }
    }

    /// A predecessor left it as a master.
    fn is_heir(&self, id: Id) -> bool {
        self.inherited.contains_key(&self.routers[id].config.name)
    }

    /// A backup's patience is over.
    pub(crate) fn master_missed(&mut self, step: &mut Step<'_>, id: Id) {
        let router = &self.routers[id];
        let State::Backup { down_at, excused, .. } = router.state else { return };
        let late = step.now.since(down_at);
        let interval = router.master_interval.max(INTERVAL_MIN);
        if late > interval && !excused {
            // We slept: whoever is master is heard within an interval from now.
            let name = router.config.name.clone();
            let text =
                format!("{name}: a timer came {} ms late; it listens again", late.as_millis());
            step.tell(Level::Warning, EventKind::Notice, Subject::Router(name), text);
            let down_at = step.now + interval;
            return self.set_state(
                step,
                id,
                State::Backup { down_at, wants: false, excused: true },
            );
        }
        if !self.siblings_ready(id) {
            let down_at = step.now + interval + SKEW_MIN;
            return self.set_state(
                step,
                id,
                State::Backup { down_at, wants: true, excused: false },
            );
        }
        let why = match router.master {
            Some(master) => format!("its master {master} is no longer heard"),
            None => "no master is heard".to_owned(),
        };
        self.become_master(step, id, &why);
    }

    /// A router becomes master, and with it all of its group.
    fn become_master(&mut self, step: &mut Step<'_>, id: Id, why: &str) {
        self.enter_master(step, id, why);
        let cause = self.routers[id].because;
        let why = format!("{} of its sync group is", self.routers[id].config.name);
        for sibling in self.siblings(id) {
            if matches!(self.routers[sibling].state, State::Backup { .. }) {
                step.cause = cause;
                self.enter_master(step, sibling, &why);
            }
        }
    }

    /// A master steps down and waits that long for another, and with it all of its group.
    /// `goodbye`: others are told that it leaves.
    pub(crate) fn step_down(
        &mut self,
        step: &mut Step<'_>,
        id: Id,
        wait: Duration,
        goodbye: bool,
        why: &str,
    ) {
        self.leave_master(step, id, goodbye);
        self.enter_backup(step, id, wait, why);
        let cause = self.routers[id].because;
        let why = format!("{} of its sync group is", self.routers[id].config.name);
        for sibling in self.siblings(id) {
            if self.routers[sibling].is_master() {
                step.cause = cause;
                self.leave_master(step, sibling, true);
                let router = &mut self.routers[sibling];
                router.forget_master();
                let wait = router.master_down();
                self.enter_backup(step, sibling, wait, &why);
            }
        }
    }

    fn enter_master(&mut self, step: &mut Step<'_>, id: Id, why: &str) {
        let router = &mut self.routers[id];
        router.counters.become_master += 1;
        router.forget_master();
        router.preempt_at = None;
        router.advertise(step);
        router.master = router.source;
        let advert_at = step.now + router.config.advert_int.max(INTERVAL_MIN);
        let config = Arc::clone(&router.config);
        self.set_state(step, id, State::Master { advert_at });
        step.out.push(Output::Take {
            instance: config.name.clone(),
            addresses: config.addresses.iter().chain(&config.excluded).cloned().collect(),
            routes: config.routes.clone(),
            rules: config.rules.clone(),
        });
        self.announce_new_master(step, id);
        self.told(step, id, RouterState::Master, why);
    }

    fn enter_backup(&mut self, step: &mut Step<'_>, id: Id, wait: Duration, why: &str) {
        self.routers[id].preempt_at = None;
        let down_at = step.now + wait;
        self.set_state(step, id, State::Backup { down_at, wants: false, excused: false });
        self.told(step, id, RouterState::Backup, why);
    }

    fn enter_fault(&mut self, step: &mut Step<'_>, id: Id) {
        // What a predecessor left in place is given up as well.
        let inherited = self.inherited.remove(&self.routers[id].config.name).is_some();
        if inherited || self.routers[id].is_master() {
            self.leave_master(step, id, true);
        }
        self.set_state(step, id, State::Fault);
        self.routers[id].master = None;
        let faults: Vec<_> = self.faults(id).iter().map(ToString::to_string).collect();
        self.told(step, id, RouterState::Fault, &faults.join(", "));
    }

    /// Gives up what a master has.
    pub(crate) fn leave_master(&mut self, step: &mut Step<'_>, id: Id, goodbye: bool) {
        let router = &mut self.routers[id];
        if goodbye {
            router.say_goodbye(step);
        }
        router.counters.release_master += 1;
        router.master = None;
        let last = router.announcing.last;
        router.announcing = Announcing { last, ..Announcing::default() };
        let config = Arc::clone(&router.config);
        self.deadlines.set(Key::Announce(id), None);
        step.out.push(release(&config));
    }

    /// A master's next advert is due.
    pub(crate) fn advert_due(&mut self, step: &mut Step<'_>, id: Id, due: Instant) {
        if self.wakes_up(step, id, due) {
            return;
        }
        let router = &mut self.routers[id];
        let interval = router.config.advert_int.max(INTERVAL_MIN);
        router.advertise(step);
        let cadence = due + interval;
        let advert_at = if cadence > step.now { cadence } else { step.now + interval };
        self.set_state(step, id, State::Master { advert_at });
    }

    /// A master that slept for so long that others gave it up is backup again: whoever took over
    /// is heard within an interval. True if it did.
    pub(crate) fn wakes_up(&mut self, step: &mut Step<'_>, id: Id, due: Instant) -> bool {
        let late = step.now.since(due);
        let router = &self.routers[id];
        let overslept = late > router.master_down() && router.effective != OWNER;
        if overslept {
            let interval = router.config.advert_int.max(INTERVAL_MIN);
            let why = format!("it slept for {} ms, and others took over", late.as_millis());
            self.step_down(step, id, interval, false, &why);
        }
        overslept
    }

    /// Sends an advert out of turn; the next follows an interval later.
    pub(crate) fn advertise_now(&mut self, step: &mut Step<'_>, id: Id) {
        let router = &mut self.routers[id];
        router.advertise(step);
        let advert_at = step.now + router.config.advert_int.max(INTERVAL_MIN);
        self.set_state(step, id, State::Master { advert_at });
    }

    /// Changes the state, and the deadline with it.
    pub(crate) fn set_state(&mut self, step: &Step<'_>, id: Id, state: State) {
        let router = &mut self.routers[id];
        if router.state.public() != state.public() {
            router.since = step.now;
            self.unsettled.extend(router.group);
        }
        router.state = state;
        self.deadlines.set(Key::Router(id), state.deadline());
    }

    /// Tells everybody what a router has become.
    fn told(&mut self, step: &mut Step<'_>, id: Id, state: RouterState, why: &str) {
        let router = &mut self.routers[id];
        let name = &router.config.name;
        let level = if state == RouterState::Fault { Level::Error } else { Level::Info };
        let text = format!("{name} is {}: {why}", state.word());
        let subject = Subject::Router(name.clone());
        let because = step.tell(level, EventKind::RouterState, subject, text);
        (router.because, step.cause) = (Some(because), Some(because));
        if let Some(what) = notify::what(state) {
            notify::router(step, router, what);
        }
    }

    /// Says goodbye, releases and tells that it is over, for a router that ceases to exist.
    pub(crate) fn dismiss(&mut self, step: &mut Step<'_>, id: Id, what: What) {
        if self.routers[id].is_master() {
            self.leave_master(step, id, true);
        }
        notify::router(step, &self.routers[id], what);
    }
}

/// Everything a master has, given up.
fn release(of: &Instance) -> Output {
    Output::Release {
        instance: of.name.clone(),
        addresses: of.addresses.iter().chain(&of.excluded).cloned().collect(),
        routes: of.routes.clone(),
        rules: of.rules.clone(),
    }
}
