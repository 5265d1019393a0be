//! From what checkers say to what is told: servers up and down, weights, the quorum, the kernel.

use crate::director::Director;
use crate::io::{Mail, Notification, Output};
use crate::probe;
use crate::real::Real;
use crate::server::{Server, Turn};
use crate::step::Step;
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
            news.push(quorum(step, server, turn));
        }
        // Most results change nothing; with thousands of servers comparing tables is not free.
        if reweighed || !news.is_empty() {
            self.bring(step, place);
        }
        step.out.extend(news.into_iter().map(Output::Notify));
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
        let text = format!("Weight of {name} of VS {server} changes from {before} to {weight}");
        let id = step.tell(Level::Info, EventKind::RealServer, subject(server, real), text);
        step.cause.get_or_insert(id);
    }
    before != weight
}

/// A real server came up or went down.
fn turn(step: &mut Step<'_>, server: &str, real: &mut Real) -> Option<Notification> {
    let up = real.is_well();
    if up == real.up {
        return None;
    }
    (real.up, real.since) = (up, step.now);
    let name = &real.name;
    let (level, text) = if up {
        (Level::Info, format!("Adding service {name} to VS {server}"))
    } else {
        (Level::Warning, format!("Removing service {name} from VS {server}"))
    };
    let id = step.tell(level, EventKind::RealServer, subject(server, real), text);
    step.cause = Some(id);
    Some(notification(server, real, up))
}

/// What others are told of a real server.
pub(crate) fn notification(server: &str, real: &Real, up: bool) -> Notification {
    let (name, word) = (&real.name, word(up));
    let body = || {
        let checker = real.complaint().or(real.checkers.last());
        let check = checker.map_or("TCP CHECK".to_owned(), |checker| {
            probe::keyword(&checker.config.kind).replace('_', " ")
        });
        let how = if up { "succeed" } else { "failed" };
        format!("=> {check} {how} on service <=")
    };
    Notification {
        subject: subject(server, real),
        up,
        command: if up { &real.config.notify_up } else { &real.config.notify_down }.clone(),
        line: format!("RS {name} {server} {word}"),
        mail: real.config.smtp_alert.then(|| Mail {
            subject: format!("Realserver {name} of virtual server {server} - {word}"),
            body: body(),
        }),
    }
}

fn quorum(step: &mut Step<'_>, server: &Server, turn: Turn) -> Notification {
    let subject = Subject::VirtualServer(server.name.clone());
    let level = if turn.up { Level::Info } else { Level::Error };
    let id = step.tell(level, EventKind::Quorum, subject, turn.words.clone());
    step.cause = Some(id);
    quorum_notification(server, turn.up, &turn.words)
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
