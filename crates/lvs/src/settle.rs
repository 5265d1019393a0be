//! From what checkers say to what is told: servers up and down, weights, the quorum, the kernel.

use crate::config::CheckerKind;
use crate::director::Director;
use crate::io::{Mail, Notification, Output};
use crate::real::Real;
use crate::server::{Server, Turn};
use crate::step::Step;
use crate::{name, probe};
use api::{EventKind, Level, Subject};

impl Director {
    /// Compares a virtual server with what was told of it. The kernel comes first, whoever wants
    /// to know second.
    pub(crate) fn settle(&mut self, step: &mut Step<'_>, place: usize) {
        let server = &mut self.servers[place];
        let mut news = Vec::new();
        let mut reweighed = false;
        for real in &mut server.real {
            reweighed |= reweigh(step, &server.name, real);
            news.extend(turn(step, &server.name, real));
        }
        if let Some(turn) = server.judge(step.now) {
            news.push(quorum(step, server, &turn));
            tell_sorry(step, server);
        }
        // Most results change nothing; with thousands of servers comparing tables is not free.
        if reweighed || !news.is_empty() {
            self.bring(step, place);
        }
        step.out.extend(news.into_iter().map(Output::Notify));
    }

    /// Tells of a virtual server at the start: those that wait for it hear how it is; nothing is
    /// told of one that nobody serves yet (measured).
    pub(crate) fn tell_opening(&mut self, step: &mut Step<'_>, place: usize) {
        let server = &self.servers[place];
        let silent = !server.up && server.config.sorry.is_none();
        let told = (!silent).then(|| quorum(step, server, &server.opening()));
        if !server.up {
            tell_sorry(step, server);
        }
        self.bring(step, place);
        step.out.extend(told.map(Output::Notify));
    }

    /// Makes the kernel have what a virtual server is to have.
    pub(crate) fn bring(&mut self, step: &mut Step<'_>, place: usize) {
        let wanted = self.servers[place].wanted();
        self.table.bring(&wanted, step.out);
    }
}

fn subject(server: &str, real: &Real) -> Subject {
    Subject::RealServer(server.to_owned(), real.name.clone())
}

/// A real server's weight may have changed; true if it has.
fn reweigh(step: &mut Step<'_>, server: &str, real: &mut Real) -> bool {
    let weight = real.judged_weight();
    let before = std::mem::replace(&mut real.weight, weight);
    if before != weight {
        let name = &real.name;
        let active = if real.up { "active" } else { "inactive" };
        let text = format!(
            "Changing weight from {before} to {weight} for {active} service {name} of VS {server}"
        );
        let id = step.tell(Level::Info, EventKind::RealServer, subject(server, real), text);
        step.cause.get_or_insert(id);
    }
    before != weight
}

/// A real server came up or went down.
fn turn(step: &mut Step<'_>, server: &str, real: &mut Real) -> Option<Notification> {
    let up = real.is_well();
    if up == real.up {
        // One that never came up is told once, without a word in the log (measured).
        let failed = real.complaint().is_some_and(|checker| checker.failures > 0);
        let tell = real.untold && failed;
        real.untold &= !tell;
        return tell.then(|| notification(server, real, false));
    }
    (real.up, real.since, real.untold) = (up, step.now, false);
    let name = &real.name;
    let (level, text) = match (up, real.config.inhibit_on_failure) {
        (true, false) => (Level::Info, format!("Adding service {name} to VS {server}")),
        (true, true) => (Level::Info, format!("Enabling service {name} of VS {server}")),
        (false, false) => (Level::Warning, format!("Removing service {name} from VS {server}")),
        (false, true) => (Level::Warning, format!("Disabling service {name} of VS {server}")),
    };
    let id = step.tell(level, EventKind::RealServer, subject(server, real), text);
    step.cause = Some(id);
    Some(notification(server, real, up))
}

/// What others are told of a real server.
pub(crate) fn notification(server: &str, real: &Real, up: bool) -> Notification {
    let (name, word) = (&real.name, word(up));
    Notification {
        subject: subject(server, real),
        up,
        command: if up { &real.config.notify_up } else { &real.config.notify_down }.clone(),
        line: format!("RS {name} {server} {word}"),
        mail: real.config.smtp_alert.then(|| Mail {
            subject: format!("Realserver {name} of virtual server {server} - {word}"),
            body: body(real, up),
        }),
    }
}

/// The text of a mail about a real server (measured for TCP, HTTP, MISC and SMTP).
fn body(real: &Real, up: bool) -> String {
    let Some(checker) = real.complaint().or(real.checkers.last()) else {
        return "=> CHECK succeed on service <=".to_owned();
    };
    let (check, succeeded) = match &checker.config.kind {
        CheckerKind::Misc { .. } => ("MISC CHECK".to_owned(), "succeeded"),
        CheckerKind::Smtp { .. } | CheckerKind::Http(_) => ("CHECK".to_owned(), "succeed"),
        kind => (probe::keyword(kind).replace('_', " "), "succeed"),
    };
    let how = if up { succeeded } else { "failed" };
    let why = match &checker.config.kind {
        CheckerKind::Http(_) if !up => " : HTTP request failed",
        _ => "",
    };
    format!("=> {check} {how} on service{why} <=")
}

/// A virtual server's quorum changed, or is told at the start.
pub(crate) fn quorum(step: &mut Step<'_>, server: &Server, turn: &Turn) -> Notification {
    let name = &server.name;
    let subject = Subject::VirtualServer(name.clone());
    let level = if turn.up { Level::Info } else { Level::Error };
    let text = format!("{} for VS {name}", turn.words);
    step.cause = Some(step.tell(level, EventKind::Quorum, subject, text));
    quorum_notification(server, turn.up, &turn.mail)
}

/// Who serves instead, and who no longer does.
fn tell_sorry(step: &mut Step<'_>, server: &Server) {
    let Some(sorry) = &server.config.sorry else { return };
    let name = &server.name;
    let who = name::endpoint(sorry.ip, server.config.protocol, sorry.port);
    let texts = match (server.up, sorry.inhibit) {
        (false, false) => [format!("Adding sorry server {who} to VS {name}"), removing(name)],
        (false, true) => [format!("Enabling sorry server {who} to VS {name}"), removing(name)],
        (true, false) => [format!("Removing sorry server {who} from VS {name}"), adding(name)],
        (true, true) => [format!("Disabling sorry server {who} from VS {name}"), adding(name)],
    };
    for text in texts {
        let subject = Subject::VirtualServer(name.clone());
        step.tell(Level::Info, EventKind::Balancer, subject, text);
    }
}

fn removing(name: &str) -> String {
    format!("Removing alive servers from the pool for VS {name}")
}

fn adding(name: &str) -> String {
    format!("Adding alive servers to the pool for VS {name}")
}

/// What others are told of a virtual server.
pub(crate) fn quorum_notification(server: &Server, up: bool, words: &str) -> Notification {
    let (name, word) = (&server.name, word(up));
    let config = &server.config;
    Notification {
        subject: Subject::VirtualServer(name.clone()),
        up,
        command: if up { &config.quorum_up } else { &config.quorum_down }.clone(),
        line: format!("VS {name} {word}"),
        mail: config.smtp_alert.then(|| Mail {
            subject: format!("Virtualserver {name} - {word}"),
            body: format!("=> {words} <="),
        }),
    }
}

const fn word(up: bool) -> &'static str {
    if up { "UP" } else { "DOWN" }
}
