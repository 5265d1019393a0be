//! Where commands talk: data to stdout, everything else to stderr, colour only where it is wanted.

use std::io::{self, IsTerminal, Write};

/// Calls with Heartbeat's view of the machine, for a node of that name.
pub type AskHeartbeat = fn(&str, &mut dyn FnMut(&config::Host<'_>));

/// Calls with keepalived's view of the machine.
pub type AskKeepalived = fn(&mut dyn FnMut(&config::keepalived::Host<'_>));

/// Answers for the machine we run on. They are the daemon's own answers, so that what `check` says
/// and what the daemon does can't differ.
#[derive(Clone, Copy)]
pub struct Machine {
    /// For ha.cf and what goes with it.
    pub heartbeat: AskHeartbeat,
    /// For keepalived.conf.
    pub keepalived: AskKeepalived,
}

/// What a command talks to. Tests hand in buffers.
pub struct Console<'a> {
    /// Data: what a script would read.
    pub out: &'a mut dyn Write,
    /// Talk: what a person should know.
    pub err: &'a mut dyn Write,
    /// Colour may be used on `out`. Nothing is said by colour alone.
    pub colour: bool,
    /// Who knows this machine's users, programs and interfaces.
    pub machine: Machine,
}

#[cfg(test)]
impl<'a> Console<'a> {
    /// Without colour; the machine is as every configuration wants it.
    pub(crate) fn to_buffers(out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        let machine = Machine {
            heartbeat: |name, ask| ask(&config::Host::assumed(name)),
            keepalived: |ask| ask(&config::keepalived::Host::assumed("localhost")),
        };
        Self { out, err, colour: false, machine }
    }
}

/// What can be coloured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paint {
    /// Headings.
    Bold,
    /// All is well.
    Good,
    /// Worth a look.
    Warn,
    /// Worth running.
    Bad,
    /// Less important.
    Faint,
}

impl Paint {
    /// `text` in this colour, or as it is when `colour` is off.
    pub fn on(self, colour: bool, text: &str) -> String {
        if !colour {
            return text.to_owned();
        }
        let code = match self {
            Self::Bold => "1",
            Self::Good => "32",
            Self::Warn => "33",
            Self::Bad => "1;31",
            Self::Faint => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Colour on stdout: a terminal, and `NO_COLOR` is unset or empty (no-color.org).
pub fn colour_wanted() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// What ended a command early.
#[derive(Debug)]
pub enum Stop {
    /// The reader of our output has gone (`handover events | head`): nothing to report.
    ReaderGone,
    /// One sentence for stderr, and the code.
    Because(String, crate::Exit),
}

impl Stop {
    /// A failure with its sentence.
    pub fn failed(sentence: impl Into<String>) -> Self {
        Self::Because(sentence.into(), crate::Exit::Failed)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ReaderGone
        } else {
            Self::failed(format!("cannot write: {error}"))
        }
    }
}
