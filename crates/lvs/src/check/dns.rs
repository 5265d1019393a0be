//! DNS_CHECK: one question; an answer without error is success
//! (docs/ancestors/keepalived.md §5; RFC 1035 §4.1).

use super::{Step, Verdict};

/// Length of a message's header.
const HEADER: usize = 12;
/// The longest label and name, in bytes (RFC 1035 §2.3.4).
const LABEL_MAX: usize = 63;
const NAME_MAX: usize = 255;
/// Recursion is desired.
const RECURSION: u16 = 0x0100;
/// It is a response.
const RESPONSE: u8 = 0x80;
/// The class of the internet.
const INTERNET: u16 = 1;

/// The conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Dns {
    id: u16,
    query: Vec<u8>,
}

impl Dns {
    pub(super) fn new(id: u16, kind: &str, name: &str) -> Result<Self, String> {
        let mut query = Vec::with_capacity(HEADER + name.len() + 6);
        for word in [id, RECURSION, 1, 0, 0, 0] {
            query.extend(word.to_be_bytes());
        }
        let labels = name.strip_suffix('.').unwrap_or(name);
        for label in labels.split('.').filter(|_| !labels.is_empty()) {
            let length = u8::try_from(label.len()).unwrap_or(u8::MAX);
            if length == 0 || usize::from(length) > LABEL_MAX {
                return Err(format!("{name:?} is no name of the domain name system"));
            }
            query.push(length);
            query.extend(label.bytes());
        }
        query.push(0);
        if query.len() - HEADER > NAME_MAX {
            return Err("the name is longer than 255 bytes".to_owned());
        }
        let kind = number(kind).ok_or_else(|| format!("{kind} can't be asked for"))?;
        query.extend(kind.to_be_bytes());
        query.extend(INTERNET.to_be_bytes());
        Ok(Self { id, query })
    }

    pub(super) fn connected(&self) -> Step {
        Step::Send(self.query.clone())
    }

    /// What is no answer to our question is not heard: anybody can send a datagram.
    pub(super) fn heard(&self, bytes: &[u8]) -> Step {
        let Some((&[a, b, flags, code, ..], _)) = bytes.split_first_chunk::<HEADER>() else {
            return Step::Wait;
        };
        if u16::from_be_bytes([a, b]) != self.id || flags & RESPONSE == 0 {
            return Step::Wait;
        }
        Step::Done(match code & 0x0f {
            0 => Verdict::Passed("it answered".to_owned()),
            error => Verdict::Failed(format!("it answered {}", error_name(error))),
        })
    }
}

/// The type's number (RFC 1035 §3.2.2, RFC 3596).
fn number(kind: &str) -> Option<u16> {
    Some(match kind {
        "A" => 1,
        "NS" => 2,
        "CNAME" => 5,
        "SOA" => 6,
        "MX" => 15,
        "TXT" => 16,
        "AAAA" => 28,
        _ => return None,
    })
}

/// The error's name (RFC 1035 §4.1.1).
fn error_name(code: u8) -> String {
    match code {
        1 => "FORMERR".to_owned(),
        2 => "SERVFAIL".to_owned(),
        3 => "NXDOMAIN".to_owned(),
        4 => "NOTIMP".to_owned(),
        5 => "REFUSED".to_owned(),
        other => format!("error {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(id: u16, flags: u8, code: u8) -> Vec<u8> {
        let [a, b] = id.to_be_bytes();
        [&[a, b, flags, code][..], &[0; 8]].concat()
    }

    #[test]
    fn the_question_is_encoded_with_labels() {
        let dns = Dns::new(0x1234, "AAAA", "a.example.").unwrap();
        let wanted = b"\x12\x34\x01\x00\0\x01\0\0\0\0\0\0\x01a\x07example\0\0\x1c\0\x01";
        assert_eq!(dns.query, wanted);
        let root = Dns::new(1, "SOA", ".").unwrap();
        assert_eq!(root.query[HEADER..], *b"\0\0\x06\0\x01");
    }

    #[test]
    fn names_that_do_not_fit_are_refused() {
        let long = ["x".repeat(63), "y".repeat(63), "z".repeat(63), "w".repeat(63)].join(".");
        for name in ["a..b", &"x".repeat(64), &"x".repeat(300), &long] {
            assert!(Dns::new(1, "A", name).is_err(), "{name}");
        }
        assert!(Dns::new(1, "PTR", "a").is_err());
    }

    #[test]
    fn an_answer_without_error_is_success_and_an_error_is_named() {
        let dns = Dns::new(7, "SOA", ".").unwrap();
        assert!(matches!(dns.heard(&answer(7, 0x81, 0x80)), Step::Done(Verdict::Passed(_))));
        let Step::Done(Verdict::Failed(words)) = dns.heard(&answer(7, 0x81, 0x82)) else {
            panic!("an error fails")
        };
        assert!(words.contains("SERVFAIL"), "{words}");
    }

    #[test]
    fn what_is_no_answer_to_the_question_is_not_heard() {
        let dns = Dns::new(7, "SOA", ".").unwrap();
        assert_eq!(dns.heard(&answer(8, 0x80, 0)), Step::Wait, "another question");
        assert_eq!(dns.heard(&answer(7, 0x01, 0)), Step::Wait, "a question");
        assert_eq!(dns.heard(b"\0\x07\x80"), Step::Wait, "cut off");
    }
}
