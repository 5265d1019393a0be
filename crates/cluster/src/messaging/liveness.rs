//! Silence: when a link, and when a node is dead; and when the silence may be our own.

use super::{Heard, Messaging, Node};
use crate::step::Step;
use api::{EventId, EventKind, Level, NodeKind, NodeState, Subject};
use base::Instant;
use std::time::Duration;

impl Messaging {
    /// When something may have to be judged, or asked for, about that node.
    pub(super) fn node_deadline(&self, node: &Node) -> Option<Instant> {
        if node.is_me {
            return None;
        }
        let (timing, comm_up) = (&self.config.timing, self.comm_up());
        let death =
            node.death_at(timing, comm_up).map(|at| node.grace_until.map_or(at, |g| g.max(at)));
        let limit = node.limit(timing, comm_up);
        let links = node.links.iter().filter(|link| link.up);
        let link = links.filter_map(|l| l.last_heard).map(|at| self.link_death(at + limit)).min();
        let request = if node.can_be_asked() { node.tracker.next_request() } else { None };
        [death, link, request].into_iter().flatten().min()
    }

    /// When a link that was to be dead at `death` is: up to a keepalive later while our own delay
    /// may be to blame.
    fn link_death(&self, death: Instant) -> Instant {
        if death < self.shaky_until {
            self.shaky_until.min(death + self.config.timing.keepalive)
        } else {
            death
        }
    }

    /// How late we may run before silence counts as our own: half a beat.
    fn tolerance(&self) -> Duration {
        self.config.timing.keepalive / 2
    }

    /// If this tick comes much too late, beats may lie unread: nobody is judged for one keepalive.
    pub(super) fn notice_own_delay(&mut self, step: &mut Step<'_>) {
        let Some(due) = self.beat_at else { return };
        let late = step.now.since(due);
        let keepalive = self.config.timing.keepalive;
        if late > self.tolerance() {
            self.shaky_until = step.now + keepalive;
        }
        if late > self.config.timing.warntime {
            let text = format!(
                "this node did not run for {:.1} s: its own beat is late; the machine was too \
                 busy or asleep",
                (late + keepalive).as_secs_f64()
            );
            let subject = Subject::Node(self.config.me.as_str().to_owned());
            step.tell(Level::Warning, EventKind::LateBeat, subject, text);
        }
    }

    /// Declares dead what has been silent for too long: links first, then nodes.
    pub(super) fn judge_silence(&mut self, step: &mut Step<'_>, up: &mut Vec<Heard>) {
        for index in 0..self.nodes.len() {
            self.nodes[index].waiting_since.get_or_insert(step.now);
            if self.nodes[index].is_me {
                self.forget_own_links(step.now, index);
                continue;
            }
            let cause = step.cause;
            step.cause = self.judge_links(step, index, up).or(cause);
            self.judge_node(step, index, up);
            step.cause = cause;
        }
        self.judged_at = step.now;
    }

    /// Our own packets come back only through broadcast; without them the link shows as dead.
    fn forget_own_links(&mut self, now: Instant, index: usize) {
        let limit = self.config.timing.deadtime;
        let silent = |at: Option<Instant>| at.is_none_or(|at| now.since(at) >= limit);
        let links = self.nodes[index].links.iter_mut();
        links.filter(|link| silent(link.last_heard)).for_each(|link| link.up = false);
    }

    /// Returns the event of the last link lost, if one was: what a node's death follows from.
    fn judge_links(
        &mut self,
        step: &mut Step<'_>,
        index: usize,
        up: &mut Vec<Heard>,
    ) -> Option<EventId> {
        let mut lost = None;
        let (timing, comm_up) = (self.config.timing, self.comm_up());
        let limit = self.nodes[index].limit(&timing, comm_up);
        let node = self.nodes[index].name.clone();
        for at in 0..self.nodes[index].links.len() {
            let life = &self.nodes[index].links[at];
            let (link, Some(heard)) = (life.id, life.last_heard) else { continue };
            if !life.up || step.now < self.link_death(heard + limit) {
                continue;
            }
            self.nodes[index].links[at].up = false;
            let silence = step.now.since(heard);
            let name = self.link_name(link);
            let text = format!(
                "{node}: link {name} dead: nothing heard for {:.1} s (limit {:.1} s)",
                silence.as_secs_f64(),
                limit.as_secs_f64()
            );
            let subject = Subject::Link(node.as_str().to_owned(), name);
            let because = step.tell(Level::Warning, EventKind::LinkDown, subject, text);
            up.push(Heard::Link { node: node.clone(), link, up: false, because });
            lost = Some(because);
        }
        lost
    }

    fn judge_node(&mut self, step: &mut Step<'_>, index: usize, up: &mut Vec<Heard>) {
        let comm_up = self.comm_up();
        let node = &self.nodes[index];
        let Some(death) = node.death_at(&self.config.timing, comm_up) else { return };
        if step.now < death {
            return;
        }
        if let Some(until) = node.grace_until {
            if step.now < until {
                return;
            }
        } else if step.now < self.shaky_until
            // A limit that became shorter is no delay of ours: only what passed since the last
            // judgement is.
            || step.now.since(death.max(self.judged_at)) > self.tolerance()
        {
            return self.grant_grace(step, index);
        }
        let text = self.obituary(step.now, index);
        let node = &mut self.nodes[index];
        let was = std::mem::replace(&mut node.state, NodeState::Dead);
        if was != NodeState::Unknown {
            node.before_death = was;
        }
        node.grace_until = None;
        node.tracker.forget();
        let name = node.name.clone();
        let subject = Subject::Node(name.as_str().to_owned());
        let because = step.tell(Level::Warning, EventKind::NodeDead, subject, text);
        up.push(Heard::Node { node: name, was, now: NodeState::Dead, because });
        self.watch_window(step);
    }

    /// We did not run for a while, so that beats of this node may lie unread: one keepalive more,
    /// once per silence.
    fn grant_grace(&mut self, step: &mut Step<'_>, index: usize) {
        let keepalive = self.config.timing.keepalive;
        let node = &mut self.nodes[index];
        node.grace_until = Some(step.now + keepalive);
        let name = node.name.as_str().to_owned();
        let text = format!(
            "{name}: silent for too long, but this node itself did not run in time: waiting \
             another {:.1} s",
            keepalive.as_secs_f64()
        );
        step.tell(Level::Warning, EventKind::Notice, Subject::Node(name), text);
    }

    fn obituary(&self, now: Instant, index: usize) -> String {
        let node = &self.nodes[index];
        let limit = node.limit(&self.config.timing, self.comm_up()).as_secs_f64();
        let Some(beat) = node.last_beat else {
            let waited = node.waiting_since.map_or(0.0, |since| now.since(since).as_secs_f64());
            let name = &node.name;
            return format!("{name}: dead: not heard in {waited:.1} s (initdead {limit:.1} s)");
        };
        let silence = now.since(beat).as_secs_f64();
        let last = node.last_link.map_or_else(String::new, |link| self.link_name(link));
        let on = if node.kind == NodeKind::Ping || last.is_empty() {
            String::new()
        } else {
            format!(", last on {last}")
        };
        format!("{}: dead: no beat for {silence:.1} s (limit {limit:.1} s){on}", node.name)
    }
}
