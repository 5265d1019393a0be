//! PING_CHECK: one echo request (docs/ancestors/keepalived.md §5; RFC 792, RFC 4443 §4).

use super::{Step, Verdict};

/// Length of an echo message's header: type, code, checksum, identifier, sequence number.
const HEADER: usize = 8;
/// Types of a request and its answer, in ICMP and ICMPv6.
const ECHO: (u8, u8) = (8, 0);
const ECHO6: (u8, u8) = (128, 129);

/// The conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Ping {
    types: (u8, u8),
    token: [u8; 8],
}

impl Ping {
    /// `token` tells our answer from others'.
    pub(super) const fn new(ipv6: bool, token: u64) -> Self {
        Self { types: if ipv6 { ECHO6 } else { ECHO }, token: token.to_be_bytes() }
    }

    /// Checksum and identifier are the kernel's to fill.
    pub(super) fn connected(&self) -> Step {
        let header = [self.types.0, 0, 0, 0, 0, 0, 0, 1];
        Step::Send([&header[..], &self.token].concat())
    }

    pub(super) fn heard(&self, bytes: &[u8]) -> Step {
        match bytes.split_first_chunk::<HEADER>() {
            Some((&[kind, 0, ..], data)) if kind == self.types.1 && data == self.token => {
                Step::Done(Verdict::Passed("it answered".to_owned()))
            }
            _ => Step::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_carries_what_was_sent() {
        for ipv6 in [false, true] {
            let ping = Ping::new(ipv6, 77);
            let Step::Send(mut bytes) = ping.connected() else { panic!("a request is sent") };
            assert_eq!(ping.heard(&bytes), Step::Wait, "our own request is no answer");
            bytes[0] = if ipv6 { 129 } else { 0 };
            assert!(matches!(ping.heard(&bytes), Step::Done(Verdict::Passed(_))));
        }
    }

    #[test]
    fn an_answer_to_another_request_is_not_heard() {
        let Step::Send(mut bytes) = Ping::new(false, 1).connected() else { panic!() };
        bytes[0] = 0;
        assert_eq!(Ping::new(false, 2).heard(&bytes), Step::Wait);
        assert_eq!(Ping::new(false, 1).heard(&bytes[..4]), Step::Wait);
    }
}
