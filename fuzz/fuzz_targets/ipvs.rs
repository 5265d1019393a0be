//! Messages of the kernel's load balancer: nothing panics, and what is accepted means the same
//! after it was written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::ipvs::{Command, Family, Message, Reply, family_of, messages};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(command) = Command::decode(bytes) {
        assert_eq!(Command::decode(&command.encode()), Ok(command));
    }
    answered(bytes);
    for message in messages(bytes).flatten() {
        if let Message::Answer { payload, .. } = message {
            answered(payload);
        }
    }
});

fn answered(payload: &[u8]) {
    for family in [Family::V4, Family::V6] {
        let _ = Reply::decode(payload, family);
    }
    let _ = family_of(payload);
}
