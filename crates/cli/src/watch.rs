//! `handover watch` and `handover events`: what happened, one line each; live or once. Where both
//! roles run, their lines come together, each with its role's name.

use crate::args::Role;
use crate::client::{AskError, Client, KEEPALIVED_SOCKET, PATIENCE, SOCKET};
use crate::clock::Clock;
use crate::console::{Console, Paint, Stop};
use crate::exit::Exit;
use crate::roles::nobody;
use api::{Event, Level, Reply, Request};
use serde::Serialize;
use std::sync::mpsc;

/// Where each role answers.
pub(crate) const SOCKETS: [(Role, &str); 2] =
    [(Role::Heartbeat, SOCKET), (Role::Keepalived, KEEPALIVED_SOCKET)];

/// What to show and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Options {
    /// One JSON object a line, every event.
    pub json: bool,
    /// Show events that are only for those who debug us, too.
    pub all: bool,
    /// Stay and show what comes.
    pub follow: bool,
    /// Only events after this number.
    pub after: u64,
}

/// What a role's connection brings.
type News = (Role, Result<Option<Reply>, AskError>);

/// Prints events until there are no more, or for ever with `follow`.
///
/// # Errors
/// When no role runs, none can be asked, or stdout can't be written.
pub(crate) fn run(
    sockets: &[(Role, &'static str)],
    options: Options,
    clock: &Clock,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let mut clients = open(sockets, options)?;
    let both = clients.len() > 1;
    if options.follow {
        return follow(clients, options, both, clock, console);
    }
    let mut all: Vec<(Role, Event)> = Vec::new();
    for (role, client) in &mut clients {
        if let Some(events) = taken(client.receive()?)? {
            all.extend(events.into_iter().map(|event| (*role, event)));
        }
    }
    // One clock runs for both; the order within a role stays.
    all.sort_by_key(|(_, event)| event.at);
    for (role, event) in &all {
        print(event, both.then_some(*role), options, clock, console)?;
    }
    Ok(Exit::Done)
}

/// Asks every role that runs.
fn open(sockets: &[(Role, &'static str)], options: Options) -> Result<Vec<(Role, Client)>, Stop> {
    let mut clients = Vec::new();
    let mut absent = None;
    for (role, path) in sockets {
        // Events may be far apart.
        let patience = (!options.follow).then_some(PATIENCE);
        let mut client = Client::new(path, patience);
        let request = Request::Events { after: options.after, follow: options.follow };
        match client.send(&request) {
            Ok(()) => clients.push((*role, client)),
            Err(error @ AskError::NotRunning(_)) => absent = Some(error),
            Err(error) => return Err(error.into()),
        }
    }
    match absent {
        Some(_) if clients.is_empty() && sockets.len() > 1 => Err(nobody()),
        Some(error) if clients.is_empty() => Err(error.into()),
        _ => Ok(clients),
    }
}

/// Prints what comes from all of them, until the last has stopped.
fn follow(
    clients: Vec<(Role, Client)>,
    options: Options,
    both: bool,
    clock: &Clock,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let (sender, news) = mpsc::sync_channel::<News>(0);
    for (role, mut client) in clients {
        let sender = sender.clone();
        std::thread::spawn(move || {
            loop {
                let received = client.receive();
                let ends = !matches!(received, Ok(Some(_)));
                if sender.send((role, received)).is_err() || ends {
                    return;
                }
            }
        });
    }
    drop(sender);
    let mut last = Ok(Exit::Done);
    for (role, received) in news {
        if let Some(events) = taken(received?)? {
            for event in &events {
                print(event, both.then_some(role), options, clock, console)?;
            }
            console.out.flush()?;
        } else {
            let sentence = format!("{} has stopped", role.name());
            if both {
                writeln!(console.err, "{sentence}")?;
            }
            last = Err(Stop::failed(sentence));
        }
    }
    last
}

/// The events of a reply; `None` when the daemon closed the stream.
fn taken(reply: Option<Reply>) -> Result<Option<Vec<Event>>, Stop> {
    match reply {
        None => Ok(None),
        Some(Reply::Events { events }) => Ok(Some(events)),
        Some(Reply::Refused { text }) => Err(Stop::failed(text)),
        Some(other) => Err(Stop::failed(format!("unexpected answer: {other:?}"))),
    }
}

fn print(
    event: &Event,
    role: Option<Role>,
    options: Options,
    clock: &Clock,
    console: &mut Console<'_>,
) -> Result<(), Stop> {
    if let Some(line) = line(event, role, options, clock, console.colour) {
        writeln!(console.out, "{line}")?;
    }
    Ok(())
}

/// An event with the role it is of, where several run.
#[derive(Serialize)]
struct Named<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(flatten)]
    event: &'a Event,
}

/// One event's line; nothing for those that were not asked for.
fn line(
    event: &Event,
    role: Option<Role>,
    options: Options,
    clock: &Clock,
    colour: bool,
) -> Option<String> {
    if options.json {
        return serde_json::to_string(&Named { role: role.map(Role::name), event }).ok();
    }
    if event.level == Level::Debug && !options.all {
        return None;
    }
    let (mark, paint) = match event.level {
        Level::Critical => ("CRITICAL: ", Some(Paint::Bad)),
        Level::Error => ("ERROR: ", Some(Paint::Bad)),
        Level::Warning => ("warning: ", Some(Paint::Warn)),
        Level::Info => ("", None),
        Level::Debug => ("", Some(Paint::Faint)),
    };
    let sentence = format!("{mark}{}", event.text);
    let sentence = paint.map_or_else(|| sentence.clone(), |paint| paint.on(colour, &sentence));
    let cause = event.cause.map_or_else(String::new, |cause| format!(" (#{cause})"));
    let cause = Paint::Faint.on(colour, &cause);
    let role = role.map_or_else(String::new, |role| format!("{:<10}  ", role.name()));
    Some(format!("{}  {role}#{}  {sentence}{cause}", clock.time(event.wall), event.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::{EventKind, Subject};
    use base::{Instant, WallTime};

    fn event() -> Event {
        Event {
            id: 7,
            cause: Some(3),
            at: Instant::ZERO,
            wall: WallTime::from_millis(1_700_000_000_123),
            level: Level::Warning,
            kind: EventKind::Tracker,
            subject: Subject::Tracker("chk".into()),
            text: "script chk is not well: exit code 1".into(),
        }
    }

    fn shown(json: bool, role: Option<Role>) -> String {
        let options = Options { json, all: false, follow: false, after: 0 };
        line(&event(), role, options, &Clock::utc(), false).expect("a warning is shown")
    }

    #[test]
    fn the_role_is_named_only_where_both_run() {
        let alone = shown(false, None);
        assert_eq!(alone, "22:13:20.123  #7  warning: script chk is not well: exit code 1 (#3)");
        let both = shown(false, Some(Role::Keepalived));
        assert!(both.starts_with("22:13:20.123  keepalived  #7  warning"), "{both}");
        assert!(shown(true, Some(Role::Keepalived)).starts_with(r#"{"role":"keepalived","id":7"#));
        assert!(shown(true, None).starts_with(r#"{"id":7"#));
    }

    #[test]
    fn without_any_role_the_command_says_so() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::to_buffers(&mut out, &mut err);
        let options = Options { json: false, all: false, follow: true, after: 0 };
        let nowhere = [(Role::Heartbeat, "/nonexistent/heartbeat.sock")];
        let stop = run(&nowhere, options, &Clock::utc(), &mut console).expect_err("nobody");
        assert!(matches!(stop, Stop::Because(_, Exit::NotRunning)), "{stop:?}");
    }
}
