//! Whatever a real server answers, no parser panics, and an answer means the same however it is
//! cut. The fuzz targets' corpora are replayed.
#![expect(clippy::disallowed_methods, reason = "a test reads its corpus from files")]

mod survive;

use proptest::prelude::*;
use std::path::Path;

/// Replays a corpus; there must be one.
fn replay(target: &str, survive: fn(&[u8])) {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus");
    let files = std::fs::read_dir(Path::new(corpus).join(target)).expect("it is committed");
    let mut count = 0;
    for file in files {
        survive(&std::fs::read(file.expect("an entry").path()).expect("readable"));
        count += 1;
    }
    assert!(count >= 4, "{count} files for {target}");
}

#[test]
fn the_fuzz_corpora_are_survived() {
    replay("check_page", survive::page);
    replay("check_mail", survive::mail);
    replay("check_name", survive::name);
    replay("check_datagram", survive::datagram);
    replay("check_echo", survive::echo);
    replay("check_pattern", survive::pattern);
}

/// Bytes that begin as an answer would.
fn after(starts: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    (prop::sample::select(starts), prop::collection::vec(any::<u8>(), 0..200))
        .prop_map(|(start, rest)| [start.as_bytes(), &rest].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_are_survived(
        bytes in after(&["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
            "HTTP/1.0 200 OK\r\n\r\nhello"])
    ) {
        survive::page(&bytes);
    }

    #[test]
    fn mail_servers_are_survived(bytes in after(&["", "220 ", "220-a\r\n220 b\r\n", "220 a\r\n250 b\r\n"])) {
        survive::mail(&bytes);
    }

    #[test]
    fn datagrams_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        survive::name(&bytes);
        survive::datagram(&bytes);
        survive::echo(&bytes);
    }

    #[test]
    fn patterns_are_survived(text in ".{0,40}") {
        survive::pattern(text.as_bytes());
    }
}
