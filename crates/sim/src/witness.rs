//! Reads what a host sends, from outside, and holds it to the order it began.
//!
//! On the wire a field stands as `NAME=VALUE` after a `)` (netstring form) or a line's begin
//! (classic form); docs/ancestors/heartbeat.md §1.1–1.2. Messages without `seq` have no order.

use crate::violation::Sin;
use cluster::Input;

/// What one host has sent so far.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    generation: u64,
    highest: u64,
    /// Digest of the message sent under each number of this generation, from number 1.
    bodies: Vec<u64>,
}

/// How many messages of one generation are remembered: more than a run of minutes sends.
const BODIES_MAX: usize = 10_000;

impl Witness {
    /// Takes in one packet of `host`; returns what is wrong with it.
    pub fn sees(&mut self, host: usize, packet: &[u8]) -> Option<Sin> {
        let generation = field(packet, b"hg=")?;
        let sequence = field(packet, b"seq=")?;
        if generation < self.generation {
            return Some(Sin::GenerationBack { host });
        }
        if generation > self.generation {
            *self = Self { generation, ..Self::default() };
        }
        let body = digest(packet);
        let index = usize::try_from(sequence).unwrap_or(usize::MAX).saturating_sub(1);
        if let Some(known) = self.bodies.get(index).filter(|known| **known != 0) {
            return (*known != body).then_some(Sin::SequenceBack { host, sequence });
        }
        if sequence < self.highest {
            return Some(Sin::SequenceBack { host, sequence });
        }
        self.highest = sequence;
        if index < BODIES_MAX {
            self.bodies.resize(index.max(self.bodies.len()), 0);
            self.bodies.push(body);
        }
        None
    }

    /// Nothing is left on the host to count by: whatever it sends now begins anew.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

fn field(packet: &[u8], name: &[u8]) -> Option<u64> {
    let starts = packet.windows(name.len() + 1);
    let at = starts.enumerate().find(|(_, w)| matches!(w[0], b')' | b'\n') && w[1..] == *name)?.0;
    let value = &packet[at + 1 + name.len()..];
    let end = value.iter().position(|b| !b.is_ascii_hexdigit()).unwrap_or(value.len());
    u64::from_str_radix(std::str::from_utf8(&value[..end]).ok()?, 16).ok()
}

/// FNV-1a; never 0, which stands for "not seen".
fn digest(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash | 1
}

/// Acknowledgements and requests to repeat have no number: they could be replayed, so they prove to
/// nobody that their sender lives.
pub(crate) fn is_service(input: &Input) -> bool {
    const MARK: &[u8] = b"t=NS_";
    matches!(input, Input::Datagram { bytes, .. }
        if bytes.windows(MARK.len()).take(40).any(|window| window == MARK))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(generation: u64, sequence: u64, text: &str) -> Vec<u8> {
        format!(">>>\nt=status\nackseq=9\nseq={sequence:x}\nhg={generation:x}\nx={text}\n<<<\n")
            .into_bytes()
    }

    #[test]
    fn numbers_that_count_up_are_in_order_and_may_be_sent_again() {
        let mut witness = Witness::default();
        for sequence in [1, 2, 3, 2, 1, 4] {
            assert_eq!(witness.sees(0, &packet(5, sequence, "a")), None);
        }
        assert_eq!(witness.sees(0, &packet(6, 1, "b")), None);
    }

    #[test]
    fn another_message_under_a_used_number_is_seen() {
        let mut witness = Witness::default();
        assert_eq!(witness.sees(0, &packet(5, 1, "a")), None);
        let sin = Some(Sin::SequenceBack { host: 0, sequence: 1 });
        assert_eq!(witness.sees(0, &packet(5, 1, "b")), sin);
    }

    #[test]
    fn a_generation_that_goes_back_is_seen_unless_everything_was_lost() {
        let mut witness = Witness::default();
        assert_eq!(witness.sees(1, &packet(5, 1, "a")), None);
        assert_eq!(witness.sees(1, &packet(4, 1, "a")), Some(Sin::GenerationBack { host: 1 }));
        witness.forget();
        assert_eq!(witness.sees(1, &packet(4, 1, "a")), None);
    }

    #[test]
    fn netstring_fields_are_read_too() {
        let packet = b"###\n10:(0)t=status,9:(0)seq=1f,8:(0)hg=5,%%%";
        assert_eq!((field(packet, b"seq="), field(packet, b"hg=")), (Some(0x1f), Some(5)));
    }
}
