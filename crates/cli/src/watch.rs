//! `handover watch` and `handover events`: what happened, one line each; live or once.

use crate::client::Client;
use crate::clock::Clock;
use crate::console::{Console, Paint, Stop};
use crate::exit::Exit;
use api::{Event, Level, Reply, Request};

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

/// Prints events until there are no more, or for ever with `follow`.
///
/// # Errors
/// When the daemon can't be asked or stdout can't be written.
pub(crate) fn run(
    client: &mut Client,
    options: Options,
    clock: &Clock,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    client.send(&Request::Events { after: options.after, follow: options.follow })?;
    loop {
        match client.receive()? {
            Some(Reply::Events { events }) => {
                for event in &events {
                    if let Some(line) = line(event, options, clock, console.colour) {
                        writeln!(console.out, "{line}")?;
                    }
                }
                console.out.flush()?;
            }
            Some(Reply::Refused { text }) => return Err(Stop::failed(text)),
            Some(other) => return Err(Stop::failed(format!("unexpected answer: {other:?}"))),
            None if options.follow => {
                return Err(Stop::failed("the daemon has stopped"));
            }
            None => return Ok(Exit::Done),
        }
        if !options.follow {
            return Ok(Exit::Done);
        }
    }
}

/// One event's line; nothing for those that were not asked for.
pub(crate) fn line(event: &Event, options: Options, clock: &Clock, colour: bool) -> Option<String> {
    if options.json {
        return serde_json::to_string(event).ok();
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
    Some(format!("{}  #{}  {sentence}{cause}", clock.time(event.wall), event.id))
}
