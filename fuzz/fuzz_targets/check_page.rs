//! HTTP_GET and SSL_GET: answers of servers are read without panic, within their limits, and the same
//! however they are cut.
#![no_main]

#[expect(dead_code, reason = "each target reads one kind of answer")]
#[path = "../../crates/lvs/tests/hostile/survive.rs"]
mod survive;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| survive::page(bytes));
