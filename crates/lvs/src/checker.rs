//! One check of a real server: when it is made, and when its results count
//! (docs/ancestors/keepalived.md §5).

use crate::check::Verdict;
use crate::config::{self, CheckerKind};
use base::Instant;
use std::time::Duration;

/// Tells a checker from all others, also across reloads.
pub(crate) type CheckerId = u64;

/// The shortest pause between two checks: a result never leads to the next check within one step.
const PAUSE_MIN: Duration = Duration::from_millis(1);

/// A checker at work.
#[derive(Clone, Debug)]
pub(crate) struct Checker {
    pub(crate) id: CheckerId,
    pub(crate) config: config::Checker,
    /// What it says of its server.
    pub(crate) up: bool,
    /// Since when it says so.
    pub(crate) since: Instant,
    /// It succeeded at least once; before, one failure is enough.
    proven: bool,
    /// Failures in a row.
    pub(crate) failures: u32,
    /// Which page is asked for next.
    page: usize,
    /// How many of them passed in a row while it is down, or not proven.
    passed: usize,
    /// The number of the check that runs.
    pub(crate) run: Option<u64>,
    /// When it began.
    pub(crate) run_since: Instant,
    /// What it did so far.
    pub(crate) done: Done,
    /// The last result.
    pub(crate) last: Option<(Instant, String)>,
    /// What a script (the weight) or a file (what is added to it) says.
    pub(crate) weight: Option<i64>,
}

/// Checks that came to a verdict.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Done {
    /// All of them.
    pub(crate) count: u64,
    /// Those that failed.
    pub(crate) failed: u64,
    /// How long all of them took together.
    pub(crate) time: Duration,
    /// How long the last one took.
    pub(crate) last: Duration,
}

impl Done {
    fn add(&mut self, failed: bool, time: Duration) {
        self.count = self.count.saturating_add(1);
        self.failed = self.failed.saturating_add(u64::from(failed));
        self.time = self.time.saturating_add(time);
        self.last = time;
    }
}

/// What follows from a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ruling {
    /// The next check comes after this.
    pub(crate) pause: Duration,
    /// It says something else of its server now, or said it for the first time.
    pub(crate) is_news: bool,
}

impl Checker {
    pub(crate) fn new(id: CheckerId, config: config::Checker, now: Instant) -> Self {
        Self {
            id,
            up: !config.pace.alpha,
            config,
            since: now,
            proven: false,
            failures: 0,
            page: 0,
            passed: 0,
            run: None,
            run_since: now,
            done: Done::default(),
            last: None,
            weight: None,
        }
    }

    /// It goes on under a new configuration of the same check.
    pub(crate) fn carried(self, config: config::Checker) -> Self {
        Self { config, ..self }
    }

    /// A check of it begins.
    pub(crate) const fn begins(&mut self, now: Instant, run: u64) {
        self.run = Some(run);
        self.run_since = now;
    }

    /// The check that ran came to a verdict.
    pub(crate) fn ended(&mut self, now: Instant, verdict: &Verdict) {
        let failed = matches!(verdict, Verdict::Failed(_));
        self.done.add(failed, now.since(self.run_since));
    }

    /// It checks by itself; others are told.
    pub(crate) const fn is_active(&self) -> bool {
        !matches!(self.config.kind, CheckerKind::File { .. } | CheckerKind::Bfd { .. })
    }

    /// The page that is asked for next.
    pub(crate) const fn page(&self) -> usize {
        self.page
    }

    /// How many pages must pass.
    fn pages(&self) -> usize {
        match &self.config.kind {
            CheckerKind::Http(http) => http.urls.len().max(1),
            _ => 1,
        }
    }

    /// Counts a result.
    pub(crate) fn rule(&mut self, now: Instant, verdict: &Verdict) -> Ruling {
        let was = (self.up, self.proven);
        let pause = match verdict {
            Verdict::Passed(_) => self.passed(),
            Verdict::Failed(_) => self.failed(),
        };
        if self.up != was.0 {
            self.since = now;
        }
        Ruling { pause: pause.max(PAUSE_MIN), is_news: (self.up, self.proven) != was }
    }

    fn passed(&mut self) -> Duration {
        self.failures = 0;
        let is_well = self.up && self.proven;
        // The page that failed is well again: now all of them, from the first (measured).
        let from_the_first = !is_well && self.passed == 0 && self.page != 0;
        let next = if self.page + 1 >= self.pages() { 0 } else { self.page + 1 };
        self.page = if from_the_first { 0 } else { next };
        if !is_well && !from_the_first {
            self.passed += 1;
        }
        if self.passed >= self.pages() {
            (self.up, self.proven, self.passed) = (true, true, 0);
        }
        let fast = matches!(&self.config.kind, CheckerKind::Http(http) if http.fast_recovery);
        let at_once = fast && (self.passed > 0 || from_the_first);
        if at_once { Duration::ZERO } else { self.config.pace.delay_loop }
    }

    fn failed(&mut self) -> Duration {
        let pace = &self.config.pace;
        let again = self.up && self.proven && self.failures < pace.retry;
        self.failures = self.failures.saturating_add(1);
        self.passed = 0;
        if again {
            return pace.delay_before_retry;
        }
        self.up = false;
        pace.delay_loop
    }

    /// What it is told decides, without retries.
    pub(crate) fn set(&mut self, now: Instant, up: bool) -> bool {
        let turned = up != self.up;
        if turned {
            (self.up, self.since) = (up, now);
        }
        self.proven |= up;
        self.failures = u32::from(!up);
        turned
    }

    /// A predecessor judged it so: found in the kernel at the start.
    pub(crate) fn adopt(&mut self, up: bool) {
        self.up = up;
    }
}
