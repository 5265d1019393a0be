//! What a router can be, and how much it is worth, from all it depends on.

use crate::config::Family;
use crate::io::What;
use crate::notify;
use crate::role::Role;
use crate::router::{Fault, Id, Standing, State};
use crate::step::Step;
use crate::timing::OWNER;
use api::{EventKind, Level, Subject};
use std::net::IpAddr;

impl Role {
    /// Looks at everything again: at the start, and after a reload.
    pub(crate) fn assess_all(&mut self, step: &mut Step<'_>) {
        let cause = step.cause;
        (0..self.groups.len()).for_each(|place| self.examine_group(place));
        for id in 0..self.routers.len() {
            self.examine(step, id);
        }
        for id in 0..self.routers.len() {
            step.cause = cause;
            self.follow(step, id);
        }
    }

    /// Looks at one router again; it follows, and its group with it.
    pub(crate) fn assess(&mut self, step: &mut Step<'_>, id: Id) {
        let group = self.routers[id].group;
        let before = group.map(|place| self.groups[place].standing());
        self.examine(step, id);
        match group {
            Some(place) if before != Some(self.groups[place].standing()) => {
                let cause = step.cause;
                for member in self.groups[place].members.clone() {
                    step.cause = cause;
                    self.follow(step, member);
                }
            }
            _ => self.follow(step, id),
        }
    }

    /// Notes what stands against a router and what it is worth, without a change of state.
    fn examine(&mut self, step: &mut Step<'_>, id: Id) {
        let config = std::sync::Arc::clone(&self.routers[id].config);
        let group = self.routers[id].group;
        let weighed = self.is_weighed(id);
        let mut verdict = self.trackers.judge(&config.tracks, weighed);
        let source = self.source_of(id);
        match source {
            Ok(_) if !config.dont_track_primary => {
                let down = config.interface.as_ref().filter(|name| !self.links.is_up(name));
                verdict.faults.extend(down.map(|name| Fault::InterfaceDown(name.clone())));
            }
            Ok(_) => {}
            Err(ref fault) => verdict.faults.push(fault.clone()),
        }
        let standing = verdict.standing();
        if let Some(place) = group {
            let counts = if self.is_absent(id) { Standing::Able } else { standing };
            self.groups[place].note(id, counts);
            verdict.weight += self.groups[place].weight;
        }
        let effective = self.effective(id, verdict.weight);
        let router = &mut self.routers[id];
        router.source = source.ok();
        (router.faults, router.standing) = (verdict.faults, standing);
        self.reprioritize(step, id, effective);
    }

    /// Whether the weights of what a router tracks itself count.
    pub(crate) fn is_weighed(&self, id: Id) -> bool {
        let router = &self.routers[id];
        router.group.is_none_or(|place| self.groups[place].config.tracking_weight)
            && router.config.priority != OWNER
    }

    /// The address a router speaks from, or why it has none.
    fn source_of(&self, id: Id) -> Result<IpAddr, Fault> {
        let config = &self.routers[id].config;
        if let Some(ip) = config.source {
            let here = self.sources.get(&ip).copied().unwrap_or(false);
            return if here || !config.track_source {
                Ok(ip)
            } else {
                Err(Fault::SourceMissing(ip))
            };
        }
        let name = config.interface.as_deref().unwrap_or_default();
        match self.links.source(name, config.family) {
            Some(ip) if Family::of(ip) == config.family => Ok(ip),
            _ if !self.links.is_up(name) && !config.dont_track_primary => {
                Err(Fault::InterfaceDown(name.to_owned()))
            }
            _ => Err(Fault::NoAddress(name.to_owned())),
        }
    }

    /// What stands against a router, its group counted in.
    pub(crate) fn standing(&self, id: Id) -> Standing {
        let router = &self.routers[id];
        let group = router.group.map_or(Standing::Able, |place| self.groups[place].standing());
        router.standing.max(group)
    }

    /// Everything that stands against a router, its group's troubles last.
    pub(crate) fn faults(&self, id: Id) -> Vec<Fault> {
        let router = &self.routers[id];
        let mut faults = router.faults.clone();
        if let Some(place) = router.group {
            let group = &self.groups[place];
            faults.extend(group.faults.iter().cloned());
            if faults.is_empty() && group.standing() == Standing::Faulty {
                faults.push(Fault::Group(group.config.name.clone()));
            }
        }
        faults
    }

    /// A router's priority changes. A backup that waits for its master waits as long as one of
    /// that priority would have from the beginning (measured: the deadline moves with the skew).
    pub(crate) fn reprioritize(&mut self, step: &mut Step<'_>, id: Id, effective: u8) {
        let router = &mut self.routers[id];
        if router.effective == effective {
            return;
        }
        let (before, skew) = (router.effective, router.skew());
        router.effective = effective;
        let what = match &mut router.state {
            State::Init | State::Fault => return,
            State::Master { .. } => What::MasterPriority,
            State::Backup { .. } => What::BackupPriority,
        };
        if let State::Backup { down_at, wants, excused } = router.state {
            let down_at = down_at - skew + router.skew();
            self.set_state(step, id, State::Backup { down_at, wants, excused });
        }
        let router = &self.routers[id];
        let name = &router.config.name;
        let text = format!("{name}: effective priority {before} becomes {effective}");
        let subject = Subject::Router(name.clone());
        step.tell(Level::Info, EventKind::RouterPriority, subject, text);
        if router.config.notify.priority_changes || self.config.notify_priority_changes {
            notify::router(step, router, what);
        }
    }
}
