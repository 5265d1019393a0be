//! UDP_CHECK: one datagram; no error may come back, or an answer must
//! (docs/ancestors/keepalived.md §5).

use super::{Step, Verdict};

/// What is sent unless `payload` says otherwise (measured).
pub const USUAL_PAYLOAD: &[u8; 32] = b"keepalived check - keepalived ch";

/// The conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Udp {
    payload: Vec<u8>,
    /// Each byte with the bits that count; `None`: no answer is needed.
    reply: Option<Vec<(u8, u8)>>,
    least: usize,
    most: usize,
}

impl Udp {
    pub(super) const fn new(
        payload: Vec<u8>,
        reply: Option<Vec<(u8, u8)>>,
        (least, most): (u16, u16),
    ) -> Self {
        Self { payload, reply, least: least as usize, most: most as usize }
    }

    pub(super) fn connected(&self) -> Step {
        Step::Send(self.payload.clone())
    }

    /// Without `require_reply` whatever comes shows that somebody is there.
    pub(super) fn heard(&self, bytes: &[u8]) -> Step {
        let Some(wanted) = &self.reply else {
            return Step::Done(Verdict::Passed("an answer came".to_owned()));
        };
        let length = bytes.len();
        if length < self.least || length > self.most {
            let (least, most) = (self.least, self.most);
            let words = format!("the answer has {length} bytes, not {least} to {most}");
            return Step::Done(Verdict::Failed(words));
        }
        let differs = |((wanted, mask), byte): (&(u8, u8), &u8)| wanted & mask != byte & mask;
        let wrong = wanted.iter().zip(bytes).position(differs);
        let wrong = wrong.or((length < wanted.len()).then_some(length));
        Step::Done(match wrong {
            Some(place) => Verdict::Failed(format!("the answer differs at byte {}", place + 1)),
            None => Verdict::Passed("the answer is as wanted".to_owned()),
        })
    }

    pub(super) fn silent(&self) -> Verdict {
        match self.reply {
            Some(_) => Verdict::Failed("no answer came in time".to_owned()),
            None => Verdict::Passed("no error came back".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(reply: Option<Vec<(u8, u8)>>, lengths: (u16, u16)) -> Udp {
        Udp::new(USUAL_PAYLOAD.to_vec(), reply, lengths)
    }

    fn passes(step: Step) -> bool {
        matches!(step, Step::Done(Verdict::Passed(_)))
    }

    #[test]
    fn silence_is_success_unless_an_answer_is_required() {
        assert!(matches!(asking(None, (0, 255)).silent(), Verdict::Passed(_)));
        assert!(matches!(asking(Some(Vec::new()), (0, 255)).silent(), Verdict::Failed(_)));
    }

    #[test]
    fn any_answer_is_success_when_none_is_required() {
        assert!(passes(asking(None, (5, 5)).heard(b"")));
    }

    #[test]
    fn an_answer_must_have_a_length_within_bounds() {
        let udp = asking(Some(Vec::new()), (2, 3));
        let passed: Vec<bool> =
            [&b"a"[..], b"ab", b"abc", b"abcd"].map(|bytes| passes(udp.heard(bytes))).into();
        assert_eq!(passed, [false, true, true, false]);
    }

    #[test]
    fn only_the_bits_that_count_are_compared() {
        let udp = asking(Some(vec![(0xa0, 0xf0), (0x42, 0xff)]), (0, 255));
        assert!(passes(udp.heard(&[0xaf, 0x42])));
        assert!(passes(udp.heard(&[0xa0, 0x42, 9])), "what follows does not count");
        assert!(!passes(udp.heard(&[0xb0, 0x42])));
        assert!(!passes(udp.heard(&[0xa0])), "shorter than what is wanted");
    }
}
