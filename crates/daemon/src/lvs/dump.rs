//! The file that SIGUSR1 asks for beside that of the routers: virtual servers as they are, for
//! people (docs/ancestors/keepalived.md §2.6).

use api::lvs::{CheckerStatus, LvsStatus, RealServerStatus, VirtualServerStatus};
use base::Instant;
use std::fmt::Write as _;

/// What keepalived calls the process it is about, in the file's name.
pub(super) const PART: &str = "check";
/// Its mode: what scripts are called with is nobody else's business.
pub(super) const MODE: u32 = 0o600;

/// The file's text.
pub(super) fn text(status: &LvsStatus, now: Instant) -> String {
    let mut out = String::from("------< LVS Topology >------\n");
    // Writing into a string can't fail.
    if let Some(problem) = &status.problem {
        // Nothing is checked then, so that no state of a server means anything.
        let _ = writeln!(out, " IPVS = {problem}");
        for server in &status.servers {
            let _ = writeln!(out, " VS {}: not served", server.name);
        }
        return out;
    }
    for half in &status.sync {
        let _ = writeln!(out, " Sync daemon = {half}");
    }
    for server in &status.servers {
        virtual_server(&mut out, server, now);
    }
    out
}

fn virtual_server(out: &mut String, server: &VirtualServerStatus, now: Instant) {
    let _ = writeln!(out, " VS {}", server.name);
    let _ = writeln!(out, "   services = {}", server.services.join(", "));
    let _ = writeln!(out, "   lb_algo = {}", server.scheduler);
    let _ = writeln!(out, "   state = {}", state(server.up, server.since, now));
    let _ = writeln!(out, "   quorum = {}, hysteresis = {}", server.quorum, server.hysteresis);
    let _ = writeln!(out, "   weight up = {}", server.weight);
    if server.suspended {
        let _ = writeln!(out, "   suspended: its address isn't on this host");
    }
    if let Some(problem) = &server.problem {
        let _ = writeln!(out, "   problem = {problem}");
    }
    if let Some(sorry) = &server.sorry {
        let used = if sorry.in_use { "in use" } else { "waiting" };
        let _ = writeln!(out, "   sorry server = {}, {used}", sorry.name);
    }
    for real in &server.real {
        real_server(out, real, now);
    }
}

fn real_server(out: &mut String, real: &RealServerStatus, now: Instant) {
    let _ = writeln!(out, "   RS {}", real.name);
    let _ = writeln!(out, "     lb_kind = {}", real.forward);
    let _ = writeln!(out, "     state = {}", state(real.up, real.since, now));
    let _ = writeln!(out, "     weight = {} (configured {})", real.weight, real.base_weight);
    let kernel = real.in_kernel.map_or("not there".to_owned(), |weight| weight.to_string());
    let _ = writeln!(out, "     weight in IPVS = {kernel}");
    for checker in &real.checkers {
        check(out, checker, now);
    }
}

fn check(out: &mut String, checker: &CheckerStatus, now: Instant) {
    let state = state(checker.up, checker.since, now);
    let _ = writeln!(out, "     {} {} = {state}", checker.kind, checker.target);
    if let Some(last) = &checker.last {
        let ago = checker.last_at.map_or(0, |at| now.since(at).as_secs());
        let _ = writeln!(out, "       last, {ago} s ago: {last}");
    }
    if checker.failures > 0 {
        let _ = writeln!(out, "       failures in a row = {}", checker.failures);
    }
}

fn state(up: bool, since: Instant, now: Instant) -> String {
    format!("{} for {} s", if up { "UP" } else { "DOWN" }, now.since(since).as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_file_says_who_serves_and_what_the_last_check_found() {
        let start = Instant::from_nanos(0);
        let checker = CheckerStatus {
            kind: "TCP_CHECK".into(),
            target: "10.0.0.2:80".into(),
            up: false,
            since: start,
            last: Some("Connection refused".into()),
            last_at: Some(start),
            next_at: None,
            failures: 3,
            done: 20,
            failed: 3,
            time_us: 1_500_000,
            last_us: Some(2_500),
        };
        let real = RealServerStatus {
            name: "[10.0.0.2]:tcp:80".into(),
            ip: [10, 0, 0, 2].into(),
            port: 80,
            forward: "DR".into(),
            up: false,
            since: start,
            base_weight: 1,
            weight: 1,
            in_kernel: None,
            checkers: vec![checker],
        };
        let server = VirtualServerStatus {
            name: "[10.0.0.100]:tcp:80".into(),
            services: vec!["[10.0.0.100]:tcp:80".into()],
            scheduler: "rr".into(),
            up: false,
            since: start,
            quorum: 1,
            hysteresis: 0,
            weight: 0,
            suspended: false,
            sorry: None,
            problem: Some("rr: No such file or directory".into()),
            real: vec![real],
        };
        let mut status = LvsStatus { servers: vec![server], ..LvsStatus::default() };
        let text_at = |status: &LvsStatus| text(status, start + Duration::from_secs(9));
        let text = text_at(&status);
        for line in [
            " VS [10.0.0.100]:tcp:80\n",
            "   problem = rr: No such file or directory\n",
            "   RS [10.0.0.2]:tcp:80\n     lb_kind = DR\n     state = DOWN for 9 s\n",
            "     weight in IPVS = not there\n",
            "     TCP_CHECK 10.0.0.2:80 = DOWN for 9 s\n       last, 9 s ago: Connection refused\n",
            "       failures in a row = 3\n",
        ] {
            assert!(text.contains(line), "{line:?} is not in {text}");
        }
        status.problem = Some("the kernel has no IPVS".into());
        let expected = "------< LVS Topology >------\n IPVS = the kernel has no IPVS\n \
                        VS [10.0.0.100]:tcp:80: not served\n";
        assert_eq!(text_at(&status), expected);
    }
}
