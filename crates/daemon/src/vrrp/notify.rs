//! Telling others that something changed: FIFOs at once, commands in order, mail when it can be
//! sent (docs/ancestors/keepalived.md §2.5).

use super::fifo::About;
use super::hub::{Hub, Wanted};
use super::mail;
use crate::agents::last_words;
use crate::journal::Told;
use api::{EventKind, Level, Subject as EventSubject};
use std::rc::Rc;
use std::time::Duration;
use vrrp::config::Command;
use vrrp::{Notification, Subject, What};

/// How long a notify command may take: those of one instance wait for each other. Moving an
/// address in a cloud takes a minute.
const TIMEOUT: Duration = Duration::from_mins(5);
/// Notifications of one instance that wait for earlier ones; of more the oldest is left out,
/// for the latest state matters.
const WAITING_MAX: usize = 32;

/// Tells everybody who is to be told.
pub(crate) fn tell(hub: &Rc<Hub>, told: Notification) {
    write_line(hub, About::Routers, &line(&told));
    if told.mail {
        mail::send(hub, &told);
    }
    if told.commands.is_empty() {
        return;
    }
    let name = key(&told.of);
    let (here, commands) = (Rc::clone(hub), told.commands.clone());
    let subject = subject(&told.of);
    let general = is_general(told.what) && hub.has_general(&told.of);
    queue(hub, &name, async move {
        let special = commands.len() - usize::from(general);
        for (place, command) in commands.iter().enumerate() {
            let more = if place < special { Vec::new() } else { details(&told) };
            run(&here, &subject, command, &more).await;
        }
    });
}

/// Writes a line, which has its end, into the FIFOs that are told of such things.
pub(crate) fn write_line(hub: &Hub, about: About, line: &str) {
    let troubles = hub.fifos.borrow_mut().write(about, line);
    for text in troubles {
        hub.notice(Level::Warning, text);
    }
}

/// Runs the command of a virtual or real server, after those of the same that still run.
pub(crate) fn command(hub: &Rc<Hub>, subject: EventSubject, command: Command) {
    let name = match &subject {
        EventSubject::RealServer(of, name) => format!("{of} {name}"),
        EventSubject::VirtualServer(name) => name.clone(),
        _ => String::new(),
    };
    let here = Rc::clone(hub);
    queue(hub, &name, async move { run(&here, &subject, &command, &[]).await });
}

fn queue(hub: &Hub, name: &str, job: impl Future<Output = ()> + 'static) {
    let waiting = hub.notified.push(name, job);
    if waiting > WAITING_MAX && hub.notified.drop_oldest(name) {
        let text = format!("notifications of {name} are late: the oldest that waits is left out");
        hub.notice(Level::Warning, text);
    }
}

async fn run(hub: &Hub, subject: &EventSubject, command: &Command, arguments: &[String]) {
    let wanted = Wanted::configured(command, arguments, Some(TIMEOUT), &hub.settings());
    let program = wanted.argv.join(" ");
    let end = hub.run(wanted).await;
    if end.code != Some(0) {
        let said = last_words(&end.output).map(|said| format!(": {said}")).unwrap_or_default();
        let text = format!("{program}: {}{said}", end.how);
        let (level, kind) = (Level::Warning, EventKind::ScriptFailed);
        hub.tell(Told { level, kind, subject: subject.clone(), group: None, text });
    }
}

/// What the general command is told (docs/ancestors/keepalived.md §2.5).
fn details(told: &Notification) -> Vec<String> {
    let (kind, name) = words(&told.of);
    vec![kind.into(), name.into(), told.what.word().into(), told.priority.to_string()]
}

/// True for what the general command is run for, as the last one.
const fn is_general(what: What) -> bool {
    matches!(what, What::Master | What::Backup | What::Fault | What::Stop | What::Deleted)
}

/// The line of a FIFO, with its end.
pub(crate) fn line(told: &Notification) -> String {
    let (kind, name) = words(&told.of);
    format!("{kind} \"{name}\" {} {}\n", told.what.word(), told.priority)
}

fn words(of: &Subject) -> (&'static str, &str) {
    match of {
        Subject::Instance(name) => ("INSTANCE", name),
        Subject::Group(name) => ("GROUP", name),
    }
}

fn key(of: &Subject) -> String {
    let (kind, name) = words(of);
    format!("{kind} {name}")
}

fn subject(of: &Subject) -> EventSubject {
    match of {
        Subject::Instance(name) => EventSubject::Router(name.clone()),
        Subject::Group(name) => EventSubject::SyncGroup(name.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_arguments_have_the_ancestors_form() {
        let instance = Notification {
            of: Subject::Instance("VI_1".into()),
            what: What::Master,
            priority: 100,
            commands: Vec::new(),
            mail: false,
        };
        assert_eq!(line(&instance), "INSTANCE \"VI_1\" MASTER 100\n");
        assert_eq!(details(&instance), ["INSTANCE", "VI_1", "MASTER", "100"]);
        let group = Notification {
            of: Subject::Group("G".into()),
            what: What::Fault,
            priority: 0,
            ..instance
        };
        assert_eq!(line(&group), "GROUP \"G\" FAULT 0\n");
    }
}
