//! Datagrams that no node may believe: real ones heard before, damaged ones, and noise.

use base::Dice;
use std::collections::VecDeque;

/// How many kinds there are.
pub(super) const KINDS: usize = 4;

/// What is wrong with a datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// No message at all, or one whose lengths lie.
    Malformed,
    /// A message without signature, or changed after it was signed.
    Unsigned,
    /// A real message, once more.
    Replayed,
    /// As long as datagrams get, so that it comes in dozens of fragments.
    Oversized,
}

/// One in so many is oversized.
const OVERSIZED_EVERY: u64 = 100;

/// The longest datagram of UDP over IPv4.
const LONGEST: usize = 65_507;

/// Oversized ones are at most so much shorter than the longest.
const SHORTER_MAX: u64 = 8192;

/// Most bytes of a datagram of noise: what fits a frame.
const NOISE_MAX: u64 = 1400;

/// Real messages kept: those of a minute and more.
const HEARD_MAX: usize = 256;

/// Half of what is replayed is as new as this: the last beats, which are the most credible.
const LATEST: u64 = 4;

const HEAD: &[u8] = b"###\n";
const TAIL: &[u8] = b"%%%\n";

/// A signature of the right form that no key made.
const WRONG_TRAILER: &[u8] = b"34:1 00000000000000000000000000000000,";

/// Messages that are wrong in a few bytes.
const SHORT: [&[u8]; 6] = [
    b"",
    b"###\n",
    b"###\n%%%\n",
    b"###\n0:,%%%\n",
    b"###\n-1:(0)t=status,%%%\n",
    b"###\n99999999999999999999:(0)t=status,%%%\n",
];

impl Kind {
    /// The kind of the datagram of that number.
    pub(super) const fn of(number: u64) -> Self {
        match number {
            number if number % OVERSIZED_EVERY == 0 => Self::Oversized,
            number if number % 3 == 0 => Self::Malformed,
            number if number % 3 == 1 => Self::Unsigned,
            _ => Self::Replayed,
        }
    }
}

/// Makes datagrams.
pub(super) struct Datagrams {
    dice: Dice,
    /// What the nodes said, oldest first.
    heard: VecDeque<Vec<u8>>,
    noise: Vec<u8>,
    /// The datagram that is made.
    made: Vec<u8>,
}

impl Datagrams {
    /// The same ones for the same seed and the same messages.
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let noise = (0..LONGEST.div_ceil(4)).flat_map(|_| dice.next_u64().to_le_bytes()).collect();
        Self { dice, heard: VecDeque::new(), noise, made: Vec::with_capacity(LONGEST) }
    }

    /// Keeps a message of a node.
    pub(super) fn heard(&mut self, bytes: &[u8]) {
        if self.heard.len() == HEARD_MAX {
            self.heard.pop_front();
        }
        self.heard.push_back(bytes.to_vec());
    }

    /// The next datagram of a kind.
    pub(super) fn make(&mut self, kind: Kind) -> &[u8] {
        self.made.clear();
        match kind {
            Kind::Malformed => self.malformed(),
            Kind::Unsigned => self.unsigned(),
            Kind::Replayed => self.replayed(),
            Kind::Oversized => self.oversized(),
        }
        &self.made
    }

    fn malformed(&mut self) {
        match self.dice.below(4) {
            0 => {
                let length = self.dice.below(NOISE_MAX) as usize;
                self.add_noise(length);
            }
            1 => {
                self.replayed();
                let length = self.dice.below(self.made.len() as u64) as usize;
                self.made.truncate(length);
            }
            2 => {
                self.replayed();
                // The first digit of the first length.
                if let Some(digit) = self.made.get_mut(HEAD.len()) {
                    *digit = if *digit == b'9' { b'8' } else { b'9' };
                }
            }
            _ => {
                let which = self.dice.below(SHORT.len() as u64) as usize;
                self.made.extend_from_slice(SHORT[which]);
            }
        }
    }

    fn unsigned(&mut self) {
        self.replayed();
        let trailer = find(&self.made, TAIL).map_or(self.made.len(), |at| at + TAIL.len());
        match self.dice.below(5) {
            0 => self.made.truncate(trailer),
            1 => {
                self.made.truncate(trailer);
                self.made.extend_from_slice(WRONG_TRAILER);
            }
            2 => {
                // The key's number, behind the trailer's length.
                if let Some(at) = find(&self.made[trailer..], b":") {
                    self.made[trailer + at + 1] = b'7';
                }
            }
            3 => {
                // Lengths stay as they are: a text ends at its first NUL.
                if let Some(at) = find(&self.made, b"active") {
                    self.made[at..at + 6].copy_from_slice(b"dead\0\0");
                } else {
                    self.change_a_bit(trailer);
                }
            }
            _ => self.change_a_bit(trailer),
        }
    }

    /// Changes one bit of what is signed.
    fn change_a_bit(&mut self, end: usize) {
        let at = self.dice.below(end as u64) as usize;
        self.made[at] ^= 1 << self.dice.below(8);
    }

    fn replayed(&mut self) {
        let all = self.heard.len() as u64;
        let among = if self.dice.percent(50) { all.min(LATEST) } else { all };
        let age = self.dice.below(among);
        if let Some(message) = self.heard.get((all - 1 - age) as usize) {
            self.made.extend_from_slice(message);
        }
    }

    fn oversized(&mut self) {
        let length = LONGEST - self.dice.below(SHORTER_MAX) as usize;
        match self.dice.below(3) {
            0 => self.add_noise(length),
            1 => {
                // One field that is right in form, so that all of it has to be digested.
                let field = format!("{}:(0)t=", length - 100);
                self.made.extend_from_slice(HEAD);
                self.made.extend_from_slice(field.as_bytes());
                self.add_noise(length - 100 - b"(0)t=".len());
                self.made.push(b',');
                self.finish();
            }
            _ => {
                // As many fields as there can be.
                self.made.extend_from_slice(HEAD);
                while self.made.len() < length - 100 {
                    self.made.extend_from_slice(b"1:a,");
                }
                self.finish();
            }
        }
    }

    fn finish(&mut self) {
        self.made.extend_from_slice(TAIL);
        self.made.extend_from_slice(WRONG_TRAILER);
    }

    fn add_noise(&mut self, length: usize) {
        let at = self.dice.below((self.noise.len() - length) as u64) as usize;
        self.made.extend_from_slice(&self.noise[at..at + length]);
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: &[u8] = b"###\n11:(0)t=status,12:(0)st=active,%%%\n\
                          34:1 0123456789abcdef0123456789abcdef,";

    fn datagrams() -> Datagrams {
        let mut datagrams = Datagrams::new(1);
        datagrams.heard(REAL);
        datagrams
    }

    #[test]
    fn one_datagram_in_a_hundred_is_oversized_and_the_others_are_of_all_kinds() {
        let count = |kind| (0..30_000).filter(|&number| Kind::of(number) == kind).count();
        assert_eq!(count(Kind::Oversized), 300);
        for kind in [Kind::Malformed, Kind::Unsigned, Kind::Replayed] {
            assert_eq!(count(kind), 9_900, "{kind:?}");
        }
    }

    #[test]
    fn what_is_not_replayed_is_never_what_a_node_said() {
        let mut datagrams = datagrams();
        for kind in [Kind::Malformed, Kind::Unsigned, Kind::Oversized] {
            for _ in 0..2_000 {
                assert_ne!(datagrams.make(kind), REAL, "{kind:?}");
            }
        }
        assert_eq!(datagrams.make(Kind::Replayed), REAL);
    }

    #[test]
    fn oversized_datagrams_are_sent_in_fragments_and_fit_udp() {
        let mut datagrams = datagrams();
        for _ in 0..300 {
            assert!((50_000..=LONGEST).contains(&datagrams.make(Kind::Oversized).len()));
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_datagrams() {
        let all = || {
            let mut datagrams = datagrams();
            (0..1_000).map(|n| datagrams.make(Kind::of(n)).to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(all(), all());
    }
}
