//! BFD packets survive the way, and no bytes make their reader panic.
#![expect(clippy::disallowed_methods, reason = "a test reads its corpus from files")]

use proptest::prelude::*;
use wire::bfd::{Control, Diagnostic, State};

fn control() -> impl Strategy<Value = Control> {
    let state =
        prop_oneof![Just(State::AdminDown), Just(State::Down), Just(State::Init), Just(State::Up)];
    let flags = any::<[bool; 3]>();
    let numbers = any::<[u32; 3]>();
    (0..32_u8, state, flags, 1..=255_u8, 1..=u32::MAX, 1..=u32::MAX, numbers).prop_map(
        |(diagnostic, state, [poll, is_final, demand], multiplier, mine, yours, numbers)| {
            let [min_tx, min_rx, min_echo_rx] = numbers;
            let diagnostic = Diagnostic(diagnostic);
            Control {
                diagnostic,
                state,
                poll,
                is_final,
                demand,
                multiplier,
                mine,
                yours,
                min_tx,
                min_rx,
                min_echo_rx,
            }
        },
    )
}

/// What is accepted means the same after it was written and read again.
fn survive(bytes: &[u8]) {
    if let Ok(read) = Control::decode(bytes) {
        assert_eq!(Control::decode(&read.encode()), Ok(read));
    }
}

proptest! {
    #[test]
    fn packets_survive_the_way(control in control()) {
        prop_assert_eq!(Control::decode(&control.encode()), Ok(control));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        survive(&bytes);
        survive(&[&[0x20, 0x40, 3, 24], &bytes[..]].concat());
    }
}

#[test]
fn the_fuzz_corpus_is_survived() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/bfd");
    let mut seeds = 0;
    for file in std::fs::read_dir(corpus).expect("the corpus is committed") {
        survive(&std::fs::read(file.expect("an entry").path()).expect("reads"));
        seeds += 1;
    }
    assert!(seeds >= 4);
}
