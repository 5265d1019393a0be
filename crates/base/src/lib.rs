//! What every crate shares: instants, deadlines, names, dice, diagnostics, commands, and [`Machine`].
//!
//! Pure: no I/O, no clock, no threads, no randomness of its own. Start reading at [`Machine`].
#![forbid(unsafe_code)]

mod command;
mod deadlines;
mod diagnostic;
mod dice;
mod machine;
mod name;
mod places;
mod time;

pub use command::Command;
pub use deadlines::Deadlines;
pub use diagnostic::{Diagnostic, Label, Severity, Span};
pub use dice::Dice;
pub use machine::Machine;
pub use name::{GroupKey, LinkId, LinkName, NodeName, OpId};
pub use places::Places;
pub use time::{Instant, WallTime};
