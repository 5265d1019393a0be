//! What results of checks mean, and how keepalived would log them
//! (docs/ancestors/keepalived.md §5).

use crate::check::Verdict;
use crate::checker::Checker;
use crate::config::CheckerKind;
use crate::io::Outcome;
use crate::probe;

/// The exit code of a script that failed, with `misc_dynamic`; higher ones are a weight and 2.
const FAILED: i32 = 1;
/// A file that takes this much away takes the server away. keepalived 2.2.7 keeps it with weight
/// 0 at -120000 (measured); this is the least number it knows.
const FAULT: i64 = -2_147_483_647;
/// The highest exit code of a program.
const EXIT_MAX: i32 = 255;

/// A result: what it says of the server, and of its weight.
pub(crate) fn result(kind: &CheckerKind, outcome: Outcome) -> (Verdict, Option<i64>) {
    let failed = |words: String| (Verdict::Failed(words), None);
    match outcome {
        Outcome::Said(verdict) => (verdict, None),
        Outcome::Refused(words) | Outcome::NotRun(words) => failed(words),
        Outcome::TimedOut => failed("nothing came in time".to_owned()),
        Outcome::Killed(signal) => failed(format!("ended by signal {signal}")),
        Outcome::Exited(code) => exit(kind, code),
    }
}

/// Exit 0 is success, with the configured weight (measured). With `misc_dynamic` so are 2 to 255,
/// which set the weight to 0 to 253.
fn exit(kind: &CheckerKind, code: i32) -> (Verdict, Option<i64>) {
    let dynamic = matches!(kind, CheckerKind::Misc { dynamic: true, .. });
    match code {
        0 => (Verdict::Passed("exited with status 0".to_owned()), None),
        code if dynamic && code > FAILED && code <= EXIT_MAX => {
            let weight = i64::from(code - FAILED - 1);
            (Verdict::Passed(format!("exited with status {code}: weight {weight}")), Some(weight))
        }
        code => (Verdict::Failed(format!("exited with status {code}")), None),
    }
}

/// What a tracked file says: the server is up, and what is added to its weight. Without weight
/// the number must be 0 (or must not, with `reverse`); a file that can't be read says nothing.
pub(crate) fn file(value: Option<i32>, weight: i32, reverse: bool) -> (bool, i64) {
    let Some(value) = value else { return (true, 0) };
    if weight == 0 {
        return ((value == 0) != reverse, 0);
    }
    let added = i64::from(value) * i64::from(weight) * if reverse { -1 } else { 1 };
    if added <= FAULT { (false, 0) } else { (true, added) }
}

/// A result in one sentence, in keepalived's form where it has one (measured): those of TCP name
/// the real server, whatever they connect to. `last`: nothing is tried again.
pub(crate) fn sentence(
    checker: &Checker,
    real: &str,
    server: &str,
    verdict: &Verdict,
    last: bool,
) -> String {
    let (kind, target) = (probe::keyword(&checker.config.kind), probe::target(checker));
    let failures = match checker.failures.saturating_sub(1) {
        0 => String::new(),
        retries => format!(" after {retries} retries"),
    };
    match (&checker.config.kind, verdict) {
        (CheckerKind::Tcp, Verdict::Passed(_)) => format!("TCP connection to {real} success."),
        (CheckerKind::Tcp, Verdict::Failed(words)) if last => {
            format!("TCP_CHECK on service {real} failed{failures}: {words}.")
        }
        (CheckerKind::Tcp, Verdict::Failed(words)) => {
            format!("TCP connection to {real} failed: {words}.")
        }
        (CheckerKind::Http(_), Verdict::Passed(_)) => {
            format!("Remote Web server {target} succeed on service.")
        }
        (CheckerKind::Http(_), Verdict::Failed(words)) if last => {
            format!("HTTP_CHECK on service {target} failed{failures}: {words}.")
        }
        (CheckerKind::Misc { .. }, Verdict::Passed(words)) => {
            format!("Misc check for [{real} VS {server}] by [{target}] succeeded ({words}).")
        }
        (CheckerKind::Misc { .. }, Verdict::Failed(words)) => {
            let failures = match (checker.config.pace.retry, last) {
                (0, true) => " with retry disabled",
                _ => failures.as_str(),
            };
            format!("Misc check for [{real} VS {server}] by [{target}] failed{failures} ({words}).")
        }
        (_, Verdict::Passed(words)) => format!("{kind} on service {target} success: {words}."),
        (_, Verdict::Failed(words)) => {
            format!("{kind} on service {target} failed{failures}: {words}.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Command;
    use std::time::Duration;

    fn misc(dynamic: bool) -> CheckerKind {
        let command = Command { argv: vec!["/check".into()], user: None, group: None };
        CheckerKind::Misc { command, timeout: Duration::from_secs(1), dynamic }
    }

    fn passes(kind: &CheckerKind, code: i32) -> (bool, Option<i64>) {
        let (verdict, weight) = result(kind, Outcome::Exited(code));
        (matches!(verdict, Verdict::Passed(_)), weight)
    }

    #[test]
    fn only_exit_zero_is_success() {
        let all = [0, 1, 2, 255].map(|code| passes(&misc(false), code));
        assert_eq!(all, [(true, None), (false, None), (false, None), (false, None)]);
    }

    #[test]
    fn with_misc_dynamic_higher_codes_set_the_weight() {
        let all = [0, 1, 2, 12, 255].map(|code| passes(&misc(true), code));
        let weights = [(true, None), (false, None), (true, Some(0)), (true, Some(10))];
        assert_eq!(all[..4], weights);
        assert_eq!(all[4], (true, Some(253)));
    }

    #[test]
    fn a_killed_script_and_one_that_could_not_run_failed() {
        for outcome in [Outcome::Killed(15), Outcome::NotRun("no such file".into())] {
            assert!(matches!(result(&misc(true), outcome).0, Verdict::Failed(_)));
        }
    }

    #[test]
    fn a_files_number_times_its_weight_is_added() {
        assert_eq!(file(Some(5), -3, false), (true, -15));
        assert_eq!(file(Some(5), 2, false), (true, 10));
        assert_eq!(file(Some(5), 2, true), (true, -10));
        assert_eq!(file(None, 2, false), (true, 0));
    }

    #[test]
    fn a_file_that_takes_more_than_any_weight_takes_the_server() {
        assert_eq!(file(Some(-1), i32::MAX, false), (false, 0));
        assert!(!file(Some(i32::MIN), i32::MAX, false).0);
        assert_eq!(file(Some(-40_000), 3, false), (true, -120_000));
    }

    #[test]
    fn without_weight_a_files_number_must_be_zero() {
        assert_eq!((file(Some(0), 0, false).0, file(Some(1), 0, false).0), (true, false));
        assert_eq!((file(Some(0), 0, true).0, file(Some(1), 0, true).0), (false, true));
    }
}
