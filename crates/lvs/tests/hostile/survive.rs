//! Answers as others may send them, read in every way; shared by tests and fuzz targets.

use lvs::check::{BODY_MAX, Conversation, DATAGRAM_MAX, Pattern, Step, Verdict};
use lvs::config::{Connection, Http, Regex, Url};
use std::time::Duration;

fn regex(pattern: &str) -> Regex {
    Regex {
        pattern: pattern.to_owned(),
        inverted: false,
        options: vec!["caseless".to_owned()],
        min_offset: 1,
        max_offset: Some(9),
    }
}

fn connection() -> Connection {
    Connection {
        ip: [10, 0, 0, 1].into(),
        port: 80,
        bind: None,
        bind_port: None,
        bind_interface: None,
        mark: None,
        timeout: Duration::from_secs(5),
    }
}

/// Says all of it in pieces of `size`; the verdict, or what it ends with.
fn told(mut conversation: Conversation, bytes: &[u8], size: usize) -> Verdict {
    conversation.connected();
    for piece in bytes.chunks(size) {
        match conversation.heard(piece) {
            Step::Done(verdict) => return verdict,
            Step::Wait => {}
            Step::Send(bytes) => assert!(bytes.len() < 1024, "{} bytes", bytes.len()),
        }
    }
    conversation.closed()
}

/// However an answer is cut, it means the same.
fn cut_anywhere(conversation: &Conversation, bytes: &[u8]) {
    let whole = told(conversation.clone(), bytes, usize::MAX);
    for size in [1, 2, 3, 7, 64] {
        assert_eq!(told(conversation.clone(), bytes, size), whole, "pieces of {size}");
    }
}

/// An answer of HTTP: for its status alone, and for digest and pattern.
pub(crate) fn page(bytes: &[u8]) {
    let http = Http {
        tls: false,
        sni: false,
        sni_name: None,
        protocol: "1.1".to_owned(),
        fast_recovery: false,
        host: None,
        urls: Vec::new(),
    };
    let plain = Url {
        path: "/".to_owned(),
        host: None,
        digest: None,
        status: vec![(200, 299)],
        regex: None,
    };
    let sum = Some("5d41402abc4b2a76b9719d911017c592".to_owned());
    let strict = Url { digest: sum, regex: Some(regex("l+o")), ..plain.clone() };
    assert!((bytes.len() as u64) < BODY_MAX, "the fuzzer's inputs are short");
    for url in [plain, strict] {
        let page = Conversation::page(&http, &url, &connection()).expect("a sound pattern");
        cut_anywhere(&page, bytes);
    }
}

/// Replies of a mail server.
pub(crate) fn mail(bytes: &[u8]) {
    cut_anywhere(&Conversation::smtp("check.example"), bytes);
}

fn heard_once(mut conversation: Conversation, bytes: &[u8]) -> Step {
    assert!(bytes.len() <= DATAGRAM_MAX || bytes.len() < 1 << 20);
    conversation.connected();
    conversation.heard(bytes)
}

/// A datagram of a name server.
pub(crate) fn name(bytes: &[u8]) {
    let asked = Conversation::dns(0x1234, "A", "a.example").expect("a name");
    let step = heard_once(asked, bytes);
    let ours = bytes.starts_with(&[0x12, 0x34]) && bytes.len() >= 12;
    assert!(ours || step == Step::Wait, "somebody else's datagram counted");
    // As a name it is asked for, or refused.
    if let Ok(name) = std::str::from_utf8(bytes) {
        let _ = Conversation::dns(1, "A", name);
    }
}

/// A datagram of anybody.
pub(crate) fn datagram(bytes: &[u8]) {
    let wanted = Some(vec![(0xa0, 0xf0), (0x42, 0xff)]);
    let step = heard_once(Conversation::udp(vec![1], wanted, (1, 9)), bytes);
    if matches!(step, Step::Done(Verdict::Passed(_))) {
        assert!(matches!(bytes, [first, 0x42, ..] if first & 0xf0 == 0xa0));
    }
}

/// An ICMP message of anybody.
pub(crate) fn echo(bytes: &[u8]) {
    for ipv6 in [false, true] {
        let step = heard_once(Conversation::ping(ipv6, 77), bytes);
        assert!(step == Step::Wait || bytes.ends_with(&77_u64.to_be_bytes()));
    }
}

/// A pattern of a configuration, matched with itself.
pub(crate) fn pattern(bytes: &[u8]) {
    let pattern = std::str::from_utf8(bytes).map(|text| Pattern::new(&regex(text)));
    if let Ok(Ok(pattern)) = pattern {
        let _ = pattern.judge(bytes);
    }
}
