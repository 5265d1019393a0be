//! BFD control packets: nothing panics, and what is accepted means the same after it was written
//! and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::bfd::Control;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = Control::decode(bytes) {
        assert_eq!(Control::decode(&read.encode()), Ok(read));
    }
});
