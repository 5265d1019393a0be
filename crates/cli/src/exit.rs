//! Exit codes: one list for every command of ours. What they mean is told in the manual's pages.

use std::process::ExitCode;

/// How a command of ours ended. The old names keep the codes they always had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// It did what was asked.
    Done,
    /// It could not, or the daemon refused; one sentence on stderr says why.
    Failed,
    /// The command line was not understood.
    Usage,
    /// The daemon does not run here (the number LSB gives to "not running").
    NotRunning,
    /// `status --strict`: something needs attention.
    Attention,
    /// The configuration has errors (the number Heartbeat gives to them).
    Configuration,
    /// A code that an old name owes to old scripts.
    Old(u8),
}

impl Exit {
    /// The number the caller sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotRunning => 3,
            Self::Attention => 4,
            Self::Configuration => 6,
            Self::Old(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
