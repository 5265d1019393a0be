//! No text makes a parser panic; spans always lie in the text.

use config::{File, Host, Sources, heartbeat};
use proptest::prelude::*;

/// Reads `text` as every kind of file at once and checks what the findings point at.
fn feed(text: &str) {
    let file = |name: &str| File::new(name, text);
    let sources = Sources {
        ha_cf: file("ha.cf"),
        authkeys: file("authkeys"),
        haresources: Some(file("haresources")),
        service_checks: Some(file("service_checks")),
        handover_toml: Some(file("handover.toml")),
    };
    let with_nodes = Sources {
        ha_cf: File::new("fixed", "bcast eth0\nnode node1 node2\nlogfacility daemon\n"),
        ..sources.clone()
    };
    for sources in [sources, with_nodes] {
        let (_, found) = heartbeat(&sources, &Host::assumed("node1"));
        for finding in found.iter().filter(|finding| finding.file != "fixed") {
            let span = finding.span;
            assert!(text.get(span.range()).is_some(), "{}: {span:?} of {text:?}", finding.code);
        }
    }
}

fn words() -> impl Strategy<Value = String> {
    let names: Vec<&str> = config::ha_cf::DIRECTIVES.iter().map(|row| row.name).collect();
    let word = prop_oneof![
        proptest::sample::select(names),
        proptest::sample::select(vec![
            "node1",
            "eth0",
            "1",
            "-1",
            "1s",
            "0.5",
            "::",
            "auth",
            "md5",
            "crc",
            "\\\n",
            "#",
            "\n",
            "uid=",
            "gid=a,b",
            "*",
            "\"",
            "tcp",
            "interval",
            "10.0.0.1/24",
            "[::1]:80",
            "é",
            "\r\n",
        ]),
    ];
    proptest::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn arbitrary_text_is_read_without_panic(text in "\\PC{0,200}|[ -~\n\t\r]{0,300}") {
        feed(&text);
    }

    #[test]
    fn words_of_the_formats_in_any_order_are_read_without_panic(text in words()) {
        feed(&text);
    }
}

#[test]
fn the_fuzzers_corpora_are_read_without_panic() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut files = 0;
    for target in ["ha_cf", "haresources", "authkeys"] {
        for entry in std::fs::read_dir(corpus.join(target)).expect("a corpus for each target") {
            let path = entry.expect("a directory entry").path();
            #[expect(clippy::disallowed_methods, reason = "a test reads its corpus")]
            let bytes = std::fs::read(path).expect("a file of the corpus");
            feed(&String::from_utf8_lossy(&bytes));
            files += 1;
        }
    }
    assert!(files > 10, "the corpora are there");
}

#[test]
fn a_line_of_megabytes_is_read_in_pieces() {
    feed(&"x".repeat(1 << 20));
    feed(&"node1 ".repeat(1 << 14));
}
