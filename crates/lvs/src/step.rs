//! One step of the machine.

use crate::io::Output;

/// Everything that happens inside one `handle`.
pub(crate) type Step<'a> = api::Step<'a, Output>;
