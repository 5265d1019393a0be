//! Tracked scripts: when they run, and what their results come to.

use crate::config::{Config, Script, Tracked};
use crate::io::{Condition, Output};
use crate::role::{Key, Role};
use crate::step::Step;
use std::collections::BTreeMap;
use std::time::Duration;

/// The shortest interval scripts are run in, whatever is configured: newer keepalived takes
/// milliseconds, and none at all would never end.
const INTERVAL_MIN: Duration = Duration::from_millis(10);

/// One script.
#[derive(Clone, Debug)]
pub(crate) struct Runner {
    config: Script,
    /// It was started and has not ended. It is never started twice
    /// (docs/ancestors/keepalived.md §2.2).
    pub(crate) running: bool,
    /// Its next start has a deadline.
    scheduled: bool,
    /// The verdict; `None`: no result yet, and the first decides alone
    /// (docs/ancestors/keepalived.md, fact 3).
    good: Option<bool>,
    /// Results in a row that speak against the verdict.
    against: u32,
    /// How it last ended, in words.
    pub(crate) said: String,
}

impl Runner {
    fn new(config: Script) -> Self {
        let said = String::new();
        Self { config, running: false, scheduled: false, good: None, against: 0, said }
    }

    /// Takes a result in and returns the verdict.
    fn result(&mut self, success: bool) -> bool {
        self.running = false;
        let Some(good) = self.good else {
            self.good = Some(success);
            return success;
        };
        if success == good {
            self.against = 0;
            return good;
        }
        self.against += 1;
        let needed = if success { self.config.rise } else { self.config.fall };
        if self.against >= needed {
            (self.good, self.against) = (Some(success), 0);
        }
        self.good.unwrap_or(success)
    }
}

/// All of them, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scripts(BTreeMap<String, Runner>);

impl Scripts {
    /// Those of `config`; results and runs of those known before are kept.
    pub(crate) fn new(config: &Config, mut before: Self) -> Self {
        let mut runner = |script: &Script| match before.0.remove(&script.name) {
            Some(known) => Runner { config: script.clone(), ..known },
            None => Runner::new(script.clone()),
        };
        Self(config.scripts.iter().map(|s| (s.name.clone(), runner(s))).collect())
    }

    /// One, by its name.
    pub(crate) fn get(&self, name: &str) -> Option<&Runner> {
        self.0.get(name)
    }

    fn unscheduled(&self) -> Vec<String> {
        self.0.iter().filter(|(_, s)| !s.scheduled).map(|(name, _)| name.clone()).collect()
    }
}

impl Role {
    /// Starts every script that never was.
    pub(crate) fn start_scripts(&mut self, step: &mut Step<'_>) {
        for name in self.scripts.unscheduled() {
            self.run_script(step, &name);
        }
    }

    /// A script's time has come.
    pub(crate) fn run_script(&mut self, step: &mut Step<'_>, name: &str) {
        let Some(script) = self.scripts.0.get_mut(name) else { return };
        let next = step.now + script.config.interval.max(INTERVAL_MIN);
        script.scheduled = true;
        if !script.running {
            script.running = true;
            step.out.push(Output::Run { name: name.to_owned() });
        }
        self.deadlines.set(Key::Script(name.to_owned()), Some(next));
    }

    /// A script ended.
    pub(crate) fn script_done(
        &mut self,
        step: &mut Step<'_>,
        name: &str,
        success: bool,
        how: String,
    ) {
        let Some(script) = self.scripts.0.get_mut(name) else { return };
        script.said = how;
        let good = script.result(success);
        let condition = if good { Condition::Good } else { Condition::Bad };
        self.tracker_changed(step, &Tracked::Script(name.to_owned()), condition);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Command;

    fn script(rise: u32, fall: u32) -> Runner {
        let command = Command { argv: vec!["/bin/true".into()], user: None, group: None };
        let second = Duration::from_secs(1);
        Runner::new(Script {
            name: "s".into(),
            command,
            interval: second,
            timeout: second,
            fall,
            rise,
        })
    }

    #[test]
    fn the_first_result_decides_alone_whatever_rise_and_fall_say() {
        assert!(!script(3, 3).result(false));
        assert!(script(3, 3).result(true));
    }

    #[test]
    fn later_only_so_many_in_a_row_count() {
        let mut script = script(2, 3);
        let verdicts: Vec<_> = [true, false, false, true, false, false, false, true, true]
            .map(|r| script.result(r))
            .into();
        assert_eq!(verdicts, [true, true, true, true, true, true, false, false, true]);
    }
}
