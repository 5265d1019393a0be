//! `hb_standby`, `hb_takeover`, `hb_addnode` and `hb_delnode`: old names, and an answer
//! (`docs/ancestors/heartbeat.md §3.8, §6.7`).
//!
//! The old ones write to a FIFO and end at once with 0, whatever becomes of it. Ours wait for the
//! daemon's answer: 0 when it is done, otherwise one sentence and another code.

use crate::client::Ask;
use crate::console::{Console, Stop};
use crate::exit::Exit;
use crate::old::Voice;
use api::{Reply, Request, StandbySet};

/// Which way groups go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// `hb_standby`: from here to the peer.
    Give,
    /// `hb_takeover`: from the peer to here.
    Take,
}

impl Way {
    const fn program(self) -> &'static str {
        match self {
            Self::Give => "hb_standby",
            Self::Take => "hb_takeover",
        }
    }
}

/// Runs `hb_standby` or `hb_takeover` with an optional set; no word means all.
///
/// # Errors
/// When the daemon can't be asked.
pub(crate) fn run(
    way: Way,
    args: &[String],
    ask: &mut dyn Ask,
    voice: &Voice,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let word = args.first().map_or("all", String::as_str);
    let program = way.program();
    let Some(set) = StandbySet::parse(word) else {
        writeln!(console.out, "{program}: wrong resources({word}).\nusage:")?;
        writeln!(console.err, "{program} [all|foreign|local|failback]")?;
        return Ok(Exit::Failed);
    };
    let request = match way {
        Way::Give => {
            let date = voice.clock.syslog(crate::old::now());
            writeln!(console.err, "{date} Going standby [{}].", set.word())?;
            Request::Standby { set }
        }
        Way::Take => Request::Takeover { set },
    };
    answered(ask.ask(&request)?)
}

/// Runs `hb_addnode` or `hb_delnode`.
///
/// # Errors
/// When the daemon can't be asked.
pub(crate) fn nodes(
    add: bool,
    args: &[String],
    ask: &mut dyn Ask,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let program = if add { "hb_addnode" } else { "hb_delnode" };
    if args.is_empty() || args.iter().any(|arg| arg.starts_with('-')) {
        writeln!(console.out, "usage: {program} <node> <node> ...")?;
        return Ok(Exit::Failed);
    }
    let names = args.to_vec();
    let request = if add { Request::AddNodes { names } } else { Request::DeleteNodes { names } };
    answered(ask.ask(&request)?)
}

/// Done quietly, as the old ones; refused with the daemon's sentence.
fn answered(reply: Reply) -> Result<Exit, Stop> {
    match reply {
        Reply::Done { .. } => Ok(Exit::Done),
        Reply::Refused { text } => Err(Stop::failed(text)),
        other => Err(Stop::failed(format!("unexpected answer: {other:?}"))),
    }
}
