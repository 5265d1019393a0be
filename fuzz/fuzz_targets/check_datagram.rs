//! UDP_CHECK: datagrams of anybody are read without panic.
#![no_main]

#[expect(dead_code, reason = "each target reads one kind of answer")]
#[path = "../../crates/lvs/tests/hostile/survive.rs"]
mod survive;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| survive::datagram(bytes));
