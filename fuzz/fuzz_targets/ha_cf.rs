//! Any text as `ha.cf`: read or refused with a reason, never a panic.
#![no_main]

mod configuration;

use configuration::{Hostile, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| read(Hostile::HaCf, bytes));
