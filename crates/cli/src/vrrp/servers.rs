//! Virtual servers on the screen: quorum arithmetic, real servers, what each checker last said.

use crate::clock::span;
use crate::console::Paint;
use api::lvs::{CheckerStatus, LvsStatus, RealServerStatus, VirtualServerStatus};
use base::Instant;
use std::fmt::Write as _;

/// All of them, with a heading.
pub(crate) fn render(text: &mut String, lvs: &LvsStatus, now: Instant, colour: bool) {
    if lvs.servers.is_empty() && lvs.problem.is_none() && lvs.sync.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", Paint::Bold.on(colour, "Virtual servers"));
    if let Some(problem) = &lvs.problem {
        let _ = writeln!(text, "  {}", Paint::Bad.on(colour, problem));
    }
    for server in &lvs.servers {
        for line in lines(server, now, colour) {
            let _ = writeln!(text, "  {line}");
        }
    }
    if !lvs.sync.is_empty() {
        let _ = writeln!(text, "  sync daemon: {}", lvs.sync.join(", "));
    }
}

/// UP or DOWN, painted.
fn word(up: bool, colour: bool) -> String {
    if up { Paint::Good.on(colour, "UP") } else { Paint::Bad.on(colour, "DOWN") }
}

/// One virtual server with everything below it.
pub(crate) fn lines(server: &VirtualServerStatus, now: Instant, colour: bool) -> Vec<String> {
    let mut lines = vec![format!(
        "{}  {}  for {}; {}, {}",
        server.name,
        word(server.up, colour),
        span(now.since(server.since)),
        server.scheduler,
        quorum(server),
    )];
    if server.suspended {
        lines.push("    not checked: its address is not on this host (ha_suspend)".to_owned());
    }
    lines.extend(server.problem.iter().map(|why| format!("    {}", Paint::Bad.on(colour, why))));
    for real in &server.real {
        lines.push(format!("    {}", real_server(real, now, colour)));
        lines.extend(real.checkers.iter().map(|of| format!("        {}", checker(of, now))));
    }
    if let Some(sorry) = &server.sorry {
        let used = if sorry.in_use { "in use" } else { "not needed" };
        lines.push(format!("    sorry server {}: {used}", sorry.name));
    }
    lines
}

/// The weights that decide: `weight 3 of quorum 2 + 1`.
pub(crate) fn quorum(server: &VirtualServerStatus) -> String {
    let VirtualServerStatus { weight, quorum, hysteresis, .. } = server;
    match (*hysteresis, server.up) {
        (0, _) => format!("weight {weight} of quorum {quorum}"),
        (hysteresis, true) => format!(
            "weight {weight} of quorum {quorum}; down below {}",
            quorum.saturating_sub(hysteresis)
        ),
        (hysteresis, false) => format!(
            "weight {weight} of quorum {quorum}; up at {}",
            quorum.saturating_add(hysteresis)
        ),
    }
}

fn real_server(real: &RealServerStatus, now: Instant, colour: bool) -> String {
    let weight = if real.weight == real.base_weight {
        format!("weight {}", real.weight)
    } else {
        format!("weight {} (configured {})", real.weight, real.base_weight)
    };
    let kernel = match real.in_kernel {
        Some(kernel) if kernel == real.weight => String::new(),
        Some(kernel) => format!(", {kernel} in IPVS"),
        None => ", not in IPVS".to_owned(),
    };
    let (state, since) = (word(real.up, colour), span(now.since(real.since)));
    format!("{}  {state}  for {since}; {}, {weight}{kernel}", real.name, real.forward)
}

/// One checker's last sentence.
pub(crate) fn checker(of: &CheckerStatus, now: Instant) -> String {
    let verdict = if of.up { "passes" } else { "FAILS" };
    let last = match (&of.last, of.last_at) {
        (Some(last), Some(at)) => format!(": {last}, {} ago", span(now.since(at))),
        (Some(last), None) => format!(": {last}"),
        (None, _) => ": no result yet".to_owned(),
    };
    let failures = match of.failures {
        0 => String::new(),
        failures => format!("; {failures} in a row failed"),
    };
    format!("{} of {} {verdict}{last}{failures}", of.kind, of.target)
}
