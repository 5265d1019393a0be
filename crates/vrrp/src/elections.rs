//! What an advert of another router means (RFC 9568 §6.4.2 and §6.4.3, with keepalived's ways:
//! docs/ancestors/keepalived.md §2.3).
//!
//! Only adverts that passed all checks come here, so that nothing refused moves a timer. (In
//! keepalived any packet re-arms a master's advert timer, and a flood silences it.)

use crate::io::What;
use crate::notify;
use crate::receive::Heard;
use crate::role::Role;
use crate::router::{Id, Router, State};
use crate::speak::GOODBYE;
use crate::step::Step;
use crate::timing::OWNER;
use api::{EventKind, Level, Subject};
use std::cmp::Ordering;
use std::fmt;

/// A master answers others of lower priority at most so often in one of its intervals, lest a
/// flood of right adverts make it flood as well. One answer is enough for a real one.
const ANSWERS_PER_INTERVAL: u32 = 10;

impl Role {
    /// Takes in an advert that counts.
    pub(crate) fn hear(&mut self, step: &mut Step<'_>, id: Id, heard: Heard) {
        let router = &mut self.routers[id];
        router.counters.advert_rcvd += 1;
        router.heard_at = Some(step.now);
        if heard.priority == GOODBYE {
            router.counters.pri_zero_rcvd += 1;
        }
        let state = router.state;
        match state {
            State::Backup { .. } => self.backup_hears(step, id, heard),
            // Packets are read before timers: it may have slept, and hears the next master now.
            State::Master { advert_at } if self.wakes_up(step, id, advert_at) => {
                self.backup_hears(step, id, heard);
            }
            State::Master { .. } => self.master_hears(step, id, heard),
            State::Init | State::Fault => {}
        }
    }

    fn backup_hears(&mut self, step: &mut Step<'_>, id: Id, heard: Heard) {
        if heard.priority == GOODBYE {
            return self.master_leaves(step, id, heard);
        }
        let router = &mut self.routers[id];
        let ours = router.effective;
        let rule = if heard.priority >= ours {
            router.preempt_at = None;
            format_args!("ours is {ours}")
        } else if !router.config.preempt {
            router.preempt_at = None;
            format_args!("lower than ours, {ours}, and stays because of nopreempt")
        } else if router.delays_preemption(step.now) {
            format_args!("lower than ours, {ours}, and stays as long as preempt_delay says")
        } else {
            let rule = format_args!("lower than ours, {ours}, and is not waited for");
            return router.meet_master(step, heard, rule);
        };
        router.meet_master(step, heard, rule);
        if router.learns_interval() {
            router.master_interval = heard.interval;
        }
        let down_at = step.now + router.master_down();
        self.set_state(step, id, State::Backup { down_at, wants: false, excused: false });
    }

    /// A master says goodbye: the best of those that listen takes over after its skew.
    fn master_leaves(&mut self, step: &mut Step<'_>, id: Id, heard: Heard) {
        let router = &mut self.routers[id];
        let text = format!("{}: the master {} leaves", router.config.name, heard.source);
        let subject = Subject::Router(router.config.name.clone());
        step.tell(Level::Info, EventKind::Election, subject, text);
        let down_at = step.now + router.skew();
        self.set_state(step, id, State::Backup { down_at, wants: false, excused: true });
    }

    fn master_hears(&mut self, step: &mut Step<'_>, id: Id, heard: Heard) {
        let router = &mut self.routers[id];
        if router.config.owner_ignore_adverts && router.effective == OWNER {
            return;
        }
        if heard.priority == GOODBYE {
            return self.advertise_now(step, id);
        }
        if heard.priority == OWNER && router.effective == OWNER {
            return self.contest(step, id, heard);
        }
        let rank = heard.priority.cmp(&router.effective);
        match rank
            .then_with(|| router.source.map_or(Ordering::Greater, |ours| heard.source.cmp(&ours)))
        {
            Ordering::Greater => self.yield_to(step, id, heard),
            Ordering::Less | Ordering::Equal => self.force_election(step, id, heard),
        }
    }

    /// Two owners: a mistake that only people can mend. Both count less from now on, and addresses
    /// decide between them: the one that stays says once more what it was, so that the other hears
    /// of the mistake as well and gives way at once.
    fn contest(&mut self, step: &mut Step<'_>, id: Id, heard: Heard) {
        let router = &mut self.routers[id];
        router.contested = true;
        let text = format!(
            "{}: {} says that it owns the addresses too; both have priority 255",
            router.config.name, heard.source
        );
        let subject = Subject::Router(router.config.name.clone());
        step.cause = Some(step.tell(Level::Critical, EventKind::Election, subject, text));
        let stays = router.source.is_some_and(|ours| ours > heard.source);
        if stays {
            self.advertise_now(step, id);
        }
        self.reprioritize(step, id, OWNER - 1);
        if !stays {
            self.yield_to(step, id, heard);
        }
    }

    /// A better master.
    fn yield_to(&mut self, step: &mut Step<'_>, id: Id, heard: Heard) {
        let router = &mut self.routers[id];
        if router.config.higher_prio_send_advert {
            router.advertise(step);
        }
        if router.learns_interval() {
            router.master_interval = heard.interval;
        }
        let wait = router.master_down();
        let why = format!(
            "{} is master with priority {}, ours is {}",
            heard.source, heard.priority, router.effective
        );
        self.step_down(step, id, wait, false, &why);
        self.routers[id].master = Some(heard.source);
    }

    /// A worse master: it hears of us at once, and so do the switches it misled.
    fn force_election(&mut self, step: &mut Step<'_>, id: Id, heard: Heard) {
        let router = &mut self.routers[id];
        let pause = router.config.advert_int / ANSWERS_PER_INTERVAL;
        if router.answered_at.is_some_and(|at| step.now.since(at) < pause) {
            return;
        }
        router.answered_at = Some(step.now);
        if router.elections.count(step.now, "lower_priority", heard.source).is_some() {
            let text = format!(
                "{}: {} is master too, with lower priority {}, ours {}: forcing new election",
                router.config.name, heard.source, heard.priority, router.effective
            );
            let subject = Subject::Router(router.config.name.clone());
            step.cause = Some(step.tell(Level::Warning, EventKind::Election, subject, text));
        }
        if !router.config.lower_prio_no_advert {
            self.advertise_now(step, id);
        }
        self.announce_after_election(step, id);
        notify::router(step, &self.routers[id], What::MasterRxLowerPri);
    }
}

impl Router {
    /// Notes who is master; if that is news, tells it with the rule that decided. Two masters that
    /// take turns are told once a minute.
    fn meet_master(&mut self, step: &mut Step<'_>, heard: Heard, rule: fmt::Arguments<'_>) {
        if self.master.replace(heard.source) == Some(heard.source)
            || self.elections.count(step.now, "another_master", heard.source).is_none()
        {
            return;
        }
        let Heard { source, priority, .. } = heard;
        let name = &self.config.name;
        let text = format!("{name}: {source} is master with priority {priority}, {rule}");
        step.tell(Level::Info, EventKind::Election, Subject::Router(name.clone()), text);
    }
}
