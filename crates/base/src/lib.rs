//! What every crate shares: instants, names, dice, diagnostics, and [`Machine`].
//!
//! Pure: no I/O, no clock, no threads, no randomness of its own. Start reading at [`Machine`].
#![forbid(unsafe_code)]

mod diagnostic;
mod dice;
mod machine;
mod name;
mod time;

pub use diagnostic::{Diagnostic, Label, Severity, Span};
pub use dice::Dice;
pub use machine::Machine;
pub use name::{GroupKey, LinkId, LinkName, NodeName, OpId};
pub use time::{Instant, WallTime};
