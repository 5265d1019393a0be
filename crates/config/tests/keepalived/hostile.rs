//! No text makes the reading panic or grow without end; findings lie in their file.

use super::{Files, measured_host, read_with};
use config::File;
use config::keepalived::{directives, keepalived};
use proptest::prelude::*;

fn feed(text: &str) {
    let file = File::new("/etc/keepalived/keepalived.conf", text);
    let files = Files(vec![("/etc/keepalived/again", "include again\nvrrp_instance X {\n")]);
    let read = keepalived(&file, &measured_host(&files));
    for found in &read.findings {
        let file = read.files.iter().find(|file| file.path == found.file);
        let file = file.unwrap_or_else(|| panic!("no file {}", found.file));
        assert!(file.text.get(found.span.range()).is_some(), "{found:?}");
    }
    assert!(read.findings.len() <= 1100, "findings are limited");
}

fn words() -> impl Strategy<Value = String> {
    let names: Vec<&str> = directives().map(|row| row.name).collect();
    let further = vec![
        "{",
        "}",
        "{",
        "}",
        "\n",
        "\n",
        "\n",
        "\"",
        "'",
        "#",
        "!",
        "\\",
        "\\\n",
        "eth0",
        "lo",
        "0",
        "-1",
        "1",
        "255",
        "65536",
        "4294967296",
        "-9223372036854775808",
        "0.01",
        "1e9",
        "10.0.0.1",
        "10.0.0.1/24",
        "10.0.0.1-255",
        "::1",
        "fe80::1/64",
        "weight",
        "reverse",
        "dev",
        "label",
        "fwmark",
        "group",
        "$A=$A $A",
        "$A",
        "${A}",
        "${_RANDOM 5 1}",
        "~SEQ(n,1,1,20)",
        "~LST(n,a,b)",
        "@node1",
        "@^node1",
        "include again",
        "MASTER",
        "PASS",
        "\u{feff}",
        "é",
        "\u{a0}",
    ];
    let word = prop_oneof![proptest::sample::select(names), proptest::sample::select(further),];
    proptest::collection::vec(word, 0..80).prop_map(|words| words.join(" "))
}

#[test]
fn the_fuzzer_s_corpus_is_read_without_panic() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/keepalived");
    let mut files = 0;
    for entry in std::fs::read_dir(corpus).expect("a corpus") {
        #[expect(clippy::disallowed_methods, reason = "a test reads its corpus")]
        let bytes = std::fs::read(entry.expect("a directory entry").path()).expect("a file of it");
        feed(&String::from_utf8_lossy(&bytes));
        files += 1;
    }
    assert!(files > 50, "the corpus is there");
}

proptest! {
    #[test]
    fn arbitrary_text_is_read_without_panic(text in "\\PC{0,200}|[ -~\n\t\r]{0,300}") {
        feed(&text);
    }

    #[test]
    fn keywords_and_values_in_any_order_are_read_without_panic(text in words()) {
        feed(&text);
    }
}

#[test]
fn a_file_that_includes_itself_ends() {
    feed("include again\n");
}

#[test]
fn what_a_short_text_can_ask_for_has_a_limit() {
    for text in [
        "~SEQ(a,1,1,60000) ~SEQ(b,1,1,60000) x $a $b\n",
        "$A=${B}${B}\n$B=${C}${C}\n$C=${D}${D}\n$D=${A}${A}\n${A}\n",
        "~SEQ(a,1,1,65000) vrrp_instance V$a {\n",
    ] {
        feed(text);
    }
    let doubling: String = (0..60).fold(String::new(), |text, n| {
        let next = n + 1;
        text + &format!(
            "$V{n}=${{V{next}}} ${{V{next}}}
"
        )
    });
    feed(&format!("{doubling}$V0\n"));
    feed(&"{".repeat(100_000));
    feed(&"}\n".repeat(100_000));
    feed(&"x".repeat(1 << 20));
    feed(&"vrrp_instance A {\n".repeat(20_000));
}

#[test]
fn reading_thousands_of_instances_stays_quick() {
    let one = |n: usize| {
        format!(
            "vrrp_instance V{n} {{\n interface eth0\n virtual_router_id {}\n \
             virtual_ipaddress {{\n 10.0.{}.{}\n }}\n}}\n",
            n % 255 + 1,
            n / 250,
            n % 250
        )
    };
    let text: String = (0..4000).map(one).collect();
    let read = read_with(&text, &Files(Vec::new()));
    assert_eq!(read.vrrp.instances.len(), 255, "one for each number on the interface");
    assert_eq!(read.disabled.len(), 3745);
}
