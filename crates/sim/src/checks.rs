//! The checkers: they watch hosts and wires from outside, at every step.
//!
//! Two hosts may hold an address only while they can't know of each other: one direction at least
//! doesn't deliver. A direction delivers from the first arrival of what was sent after a datagram was
//! lost, kept back or late, until the next such datagram. Once both directions deliver, the overlap must end
//! within [`HEAL_BOUND`], not counting the time scripts need; an overlap that begins while both
//! deliver is never right.

use crate::violation::{Sin, Violation};
use base::Instant;
use std::time::Duration;

/// How long two holders are tolerated after a cut healed.
pub const HEAL_BOUND: Duration = Duration::from_secs(1);

/// After the faults stopped and the bound has passed, an address may change hands (a failback) with
/// a gap of this length at most, scripts not counted: one exchange of messages, one of them lost.
const GAP_MAX: Duration = Duration::from_secs(3);

/// What one group looks like from outside.
#[derive(Clone, Debug, Default)]
struct Group {
    holders: Vec<bool>,
    overlap: Duration,
    gap: Duration,
    last_holder: Option<usize>,
    excused: bool,
}

/// All checkers' memory.
#[derive(Clone, Debug)]
pub struct Checks {
    hosts: usize,
    groups: Vec<Group>,
    /// Since when each direction delivers, by `from * hosts + to`.
    delivers: Vec<Option<Instant>>,
    /// When the last message was sent that didn't arrive in good time, likewise.
    failed_at: Vec<Option<Instant>>,
    /// Starts and stops on their way, by host.
    busy: Vec<u32>,
    stonith: bool,
    seen: Instant,
    calm: Option<Calm>,
    violation: Option<Violation>,
    muted: bool,
}

/// After the faults: how much time passed in which no script ran, and how much is allowed.
#[derive(Clone, Copy, Debug)]
struct Calm {
    passed: Duration,
    bound: Duration,
}

impl Checks {
    /// Nothing runs, nothing was sent.
    pub fn new(hosts: usize, groups: usize, stonith: bool) -> Self {
        let group = Group { holders: vec![false; hosts], ..Group::default() };
        Self {
            hosts,
            groups: vec![group; groups],
            delivers: vec![None; hosts * hosts],
            failed_at: vec![None; hosts * hosts],
            busy: vec![0; hosts],
            stonith,
            seen: Instant::ZERO,
            calm: None,
            violation: None,
            muted: false,
        }
    }

    /// The first thing that was wrong.
    pub const fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Sees everything and blames nobody: for a story that breaks promises on purpose, such as two
    /// nodes with different keys.
    pub fn mute(&mut self) {
        self.muted = true;
    }

    /// Notes a sin, unless one was noted before.
    pub fn blame(&mut self, what: Sin) {
        if self.muted {
            return;
        }
        let at = self.seen;
        self.violation.get_or_insert(Violation { at, what });
    }

    /// Who holds a group's address.
    pub fn holders(&self, group: usize) -> impl Iterator<Item = usize> {
        self.groups
            .get(group)
            .into_iter()
            .flat_map(|g| g.holders.iter().enumerate().filter(|(_, h)| **h).map(|(i, _)| i))
    }

    /// True if the group need not run anywhere, nor be released in time: a script of it failed.
    pub fn is_excused(&self, group: usize) -> bool {
        self.groups.get(group).is_some_and(|g| g.excused)
    }

    /// The faults have stopped: an address held by nobody is wrong once `bound` has passed.
    pub fn calm_down(&mut self, bound: Duration) {
        self.calm = Some(Calm { passed: Duration::ZERO, bound });
    }

    /// Time passes up to `now`, with everything as it was noted last.
    pub fn advance(&mut self, now: Instant) {
        let passed = now.since(self.seen);
        if passed.is_zero() {
            return;
        }
        let idle = self.busy.iter().all(|n| *n == 0);
        let since = self.all_deliver_since();
        for index in 0..self.groups.len() {
            let group = &mut self.groups[index];
            let holders = group.holders.iter().filter(|h| **h).count();
            group.overlap = match since {
                Some(since) if holders > 1 && idle => group.overlap + passed.min(now.since(since)),
                Some(_) if holders > 1 => group.overlap,
                _ => Duration::ZERO,
            };
            if holders > 0 {
                group.gap = Duration::ZERO;
            } else if idle {
                group.gap += passed;
            }
            let (overlap, gap, excused) = (group.overlap, group.gap, group.excused);
            if overlap > HEAL_BOUND && !excused {
                self.blame(Sin::TwoHolders { group: index });
            }
            let late = self.calm.is_some_and(|c| c.passed > c.bound);
            if late && gap > GAP_MAX && !excused {
                self.blame(Sin::NoHolder { group: index });
            }
        }
        if let (Some(calm), true) = (&mut self.calm, idle) {
            calm.passed += passed;
        }
        self.seen = now;
    }

    /// Since when every direction delivers. For the pairs this simulator runs, "every direction"
    /// is the two between the holders.
    fn all_deliver_since(&self) -> Option<Instant> {
        let mut latest = Instant::ZERO;
        for from in 0..self.hosts {
            for to in (0..self.hosts).filter(|to| *to != from) {
                latest = latest.max(self.delivers[from * self.hosts + to]?);
            }
        }
        Some(latest)
    }

    /// A message went out; `prompt` says whether it will arrive in good time on one wire at least.
    pub fn sent(&mut self, from: usize, to: usize, prompt: bool) {
        if !prompt {
            let way = from * self.hosts + to;
            (self.delivers[way], self.failed_at[way]) = (None, Some(self.seen));
        }
    }

    /// A datagram sent at `sent` that shows its sender alive was taken in.
    pub fn arrived(&mut self, from: usize, to: usize, sent: Instant) {
        let (now, way) = (self.seen, from * self.hosts + to);
        if self.failed_at[way].is_none_or(|failed| failed < sent) {
            self.delivers[way].get_or_insert(now);
        }
    }

    /// A host neither hears nor speaks: it is off, paused, or its daemon is dead.
    pub fn deaf(&mut self, host: usize) {
        for other in 0..self.hosts {
            self.delivers[host * self.hosts + other] = None;
            self.delivers[other * self.hosts + host] = None;
        }
    }

    /// A start of a resource was ordered.
    pub fn start_ordered(&mut self, by: usize, group: usize) {
        let last = self.groups.get(group).and_then(|g| g.last_holder);
        if self.stonith && last.is_some_and(|last| last != by) {
            self.blame(Sin::NotFenced { group, by });
        }
    }

    /// A start or stop is on its way on this host.
    pub fn begins(&mut self, host: usize) {
        self.busy[host] += 1;
    }

    /// It ended.
    pub fn ends(&mut self, host: usize) {
        self.busy[host] = self.busy[host].saturating_sub(1);
    }

    /// A script of this group failed: retries and their pauses are its own time.
    pub fn excuse(&mut self, group: usize) {
        if let Some(group) = self.groups.get_mut(group) {
            group.excused = true;
        }
    }

    /// A script failed to stop: retries and their pauses are its own time, and the other groups
    /// wait for it.
    pub fn excuse_all(&mut self) {
        self.groups.iter_mut().for_each(|group| group.excused = true);
    }

    /// A host holds a group's address now, by an operation begun at `begun`.
    pub fn took(&mut self, host: usize, index: usize, begun: Instant) {
        let since = self.all_deliver_since();
        let Some(group) = self.groups.get_mut(index) else { return };
        group.holders[host] = true;
        group.last_holder = Some(host);
        let shared = group.holders.iter().filter(|h| **h).count() > 1;
        let knowing = since.is_some_and(|since| begun > since + HEAL_BOUND);
        if shared && (knowing || self.stonith) {
            self.blame(Sin::TwoHolders { group: index });
        }
    }

    /// A host doesn't hold a group's address any more.
    pub fn released(&mut self, host: usize, group: usize) {
        let Some(group) = self.groups.get_mut(group) else { return };
        group.holders[host] = false;
        if group.last_holder == Some(host) {
            group.last_holder = None;
        }
    }

    /// A host lost its power: it holds nothing, but nobody has proof of that.
    pub fn powered_off(&mut self, host: usize) {
        self.busy[host] = 0;
        for group in &mut self.groups {
            group.holders[host] = false;
        }
        self.deaf(host);
    }

    /// A host's daemon was killed: what its scripts were at is given up, what runs stays.
    pub fn killed(&mut self, host: usize) {
        self.busy[host] = 0;
    }

    /// There is proof that a host holds nothing: it was fenced, or it booted anew.
    pub fn proven_clean(&mut self, host: usize) {
        for group in self.groups.iter_mut().filter(|g| g.last_holder == Some(host)) {
            group.last_holder = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    fn connected() -> Checks {
        let mut checks = Checks::new(2, 1, false);
        checks.arrived(0, 1, checks.seen);
        checks.arrived(1, 0, checks.seen);
        checks
    }

    fn sin(checks: &Checks) -> Option<&Sin> {
        checks.violation().map(|v| &v.what)
    }

    #[test]
    fn a_second_holder_is_wrong_at_once_when_both_directions_deliver() {
        let mut checks = connected();
        checks.took(0, 0, at(0));
        checks.advance(at(5_000));
        checks.took(1, 0, at(4_900));
        assert_eq!(sin(&checks), Some(&Sin::TwoHolders { group: 0 }));
    }

    #[test]
    fn two_holders_are_tolerated_while_one_direction_is_cut_and_a_second_longer() {
        let mut checks = connected();
        checks.took(0, 0, at(0));
        checks.advance(at(1_000));
        checks.sent(0, 1, false);
        checks.advance(at(9_000));
        checks.took(1, 0, at(8_000));
        checks.advance(at(20_000));
        checks.arrived(0, 1, checks.seen);
        checks.advance(at(21_000));
        assert_eq!(sin(&checks), None);
        checks.advance(at(21_001));
        assert_eq!(sin(&checks), Some(&Sin::TwoHolders { group: 0 }));
    }

    #[test]
    fn what_was_sent_before_a_loss_and_arrives_after_it_shows_nothing() {
        let mut checks = connected();
        checks.took(0, 0, at(0));
        checks.took(1, 0, at(0));
        checks.advance(at(500));
        checks.sent(0, 1, false);
        checks.advance(at(600));
        checks.arrived(0, 1, at(400));
        checks.advance(at(5_000));
        assert_eq!(sin(&checks), None);
    }

    #[test]
    fn the_time_of_scripts_is_not_counted_after_a_heal() {
        let mut checks = connected();
        checks.deaf(1);
        checks.took(0, 0, at(0));
        checks.took(1, 0, at(0));
        checks.advance(at(10_000));
        checks.arrived(0, 1, checks.seen);
        checks.arrived(1, 0, checks.seen);
        checks.begins(0);
        checks.advance(at(15_000));
        checks.released(0, 0);
        checks.ends(0);
        checks.advance(at(30_000));
        assert_eq!(sin(&checks), None);
    }

    #[test]
    fn nobody_holding_is_wrong_only_after_the_bound() {
        let mut checks = connected();
        checks.advance(at(50_000));
        checks.calm_down(Duration::from_secs(8));
        checks.advance(at(58_000));
        assert_eq!(sin(&checks), None);
        checks.advance(at(58_500));
        checks.advance(at(59_000));
        assert_eq!(sin(&checks), Some(&Sin::NoHolder { group: 0 }));
    }

    #[test]
    fn a_group_whose_script_failed_may_run_nowhere() {
        let mut checks = connected();
        checks.excuse(0);
        checks.calm_down(Duration::from_secs(1));
        checks.advance(at(50_000));
        checks.advance(at(60_000));
        assert_eq!(sin(&checks), None);
    }

    #[test]
    fn with_a_fence_device_a_dead_holder_must_be_fenced_first() {
        let mut checks = Checks::new(2, 1, true);
        checks.took(0, 0, at(0));
        checks.powered_off(0);
        let mut fenced = checks.clone();
        checks.start_ordered(1, 0);
        assert_eq!(sin(&checks), Some(&Sin::NotFenced { group: 0, by: 1 }));
        fenced.proven_clean(0);
        fenced.start_ordered(1, 0);
        assert_eq!(sin(&fenced), None);
    }

    #[test]
    fn a_holder_that_released_need_not_be_fenced() {
        let mut checks = Checks::new(2, 1, true);
        checks.took(0, 0, at(0));
        checks.released(0, 0);
        checks.start_ordered(1, 0);
        assert_eq!(sin(&checks), None);
    }
}
