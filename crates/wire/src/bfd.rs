//! BFD control packets (RFC 5880 §4.1), as they travel over UDP (RFC 5881 §4, RFC 5883 §5).
//!
//! [`Control::decode`] judges all that can be judged without knowing a session (RFC 5880 §6.8.6).
//! Authentication is not spoken: keepalived has none, and a packet that claims it is refused.

use std::time::Duration;

/// The UDP port of sessions with a neighbour on the same network (RFC 5881 §4).
pub const PORT: u16 = 3784;
/// The UDP port of sessions over several hops (RFC 5883 §5).
pub const PORT_MULTIHOP: u16 = 4784;
/// Source ports begin here (RFC 5881 §4).
pub const SOURCE_PORT_MIN: u16 = 49152;
/// TTL or hop limit of what is sent to a neighbour on the same network (RFC 5881 §5).
pub const TTL: u8 = 255;
/// The length of a control packet without authentication, in bytes.
pub const LENGTH: usize = 24;
/// The only version (RFC 5880 §4.1), as its three bits stand.
const VERSION: u8 = 1;

const POLL: u8 = 0x20;
const FINAL: u8 = 0x10;
const AUTHENTICATED: u8 = 0x04;
const DEMAND: u8 = 0x02;
const MULTIPOINT: u8 = 0x01;
/// Bits of the diagnostic in the first byte.
const DIAGNOSTIC: u8 = 0x1f;

/// What a session is (RFC 5880 §4.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum State {
    /// Held down by an administrator.
    AdminDown,
    /// The other end is not heard, or says it doesn't hear us.
    Down,
    /// The other end is heard; it is not known yet whether it hears us.
    Init,
    /// Both hear each other.
    Up,
}

impl State {
    const fn of(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::AdminDown,
            1 => Self::Down,
            2 => Self::Init,
            _ => Self::Up,
        }
    }

    const fn bits(self) -> u8 {
        match self {
            Self::AdminDown => 0,
            Self::Down => 1,
            Self::Init => 2,
            Self::Up => 3,
        }
    }
}

/// Why a session went down last, as its own end tells it: a number of RFC 5880 §4.1.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Diagnostic(pub u8);

impl Diagnostic {
    /// It never went down.
    pub const NONE: Self = Self(0);
    /// The other end was not heard for the detection time.
    pub const EXPIRED: Self = Self(1);
    /// The other end said that it is down.
    pub const NEIGHBOR_DOWN: Self = Self(3);
    /// An administrator took it down.
    pub const ADMIN_DOWN: Self = Self(7);

    /// In words.
    pub const fn words(self) -> &'static str {
        match self.0 {
            0 => "no diagnostic",
            1 => "detection time expired",
            2 => "echo failed",
            3 => "the neighbour said it is down",
            4 => "forwarding plane reset",
            5 => "path down",
            6 => "concatenated path down",
            7 => "administratively down",
            8 => "reverse concatenated path down",
            _ => "an unknown diagnostic",
        }
    }
}

/// A control packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Control {
    /// Why the sender's session went down last.
    pub diagnostic: Diagnostic,
    /// What the sender's session is.
    pub state: State,
    /// The sender asks for an answer with [`is_final`](Self::is_final) at once.
    pub poll: bool,
    /// The answer to a poll.
    pub is_final: bool,
    /// The sender wants no regular packets from us while both are up.
    pub demand: bool,
    /// So many of the sender's packets may be missing; never 0.
    pub multiplier: u8,
    /// The sender's number for the session; never 0.
    pub mine: u32,
    /// Our number for the session, as the sender learnt it; 0 while it hasn't.
    pub yours: u32,
    /// The sender wants to send no more often, in microseconds.
    pub min_tx: u32,
    /// The sender can receive no more often, in microseconds; 0: nothing regular at all.
    pub min_rx: u32,
    /// The sender would send echoes back no more often, in microseconds; 0: none.
    pub min_echo_rx: u32,
}

/// Why bytes are no control packet to be looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// Shorter than the fixed part, or than it says.
    #[error("{0} bytes are too short for a BFD packet")]
    TooShort(usize),
    /// It says a length no such packet has.
    #[error("a BFD packet says it is {0} bytes long")]
    Length(u8),
    /// A version other than 1.
    #[error("BFD version {0} is unknown")]
    Version(u8),
    /// A detection multiplier of 0: it would be down at once.
    #[error("a multiplier of 0")]
    Multiplier,
    /// The bit that must be 0.
    #[error("the multipoint bit is set")]
    Multipoint,
    /// It claims authentication, which no session here has.
    #[error("it is authenticated, the session isn't")]
    Authenticated,
    /// The sender's number is 0.
    #[error("no discriminator")]
    Discriminator,
    /// It doesn't know our number and is not down.
    #[error("it names no session of ours, and is not down")]
    Unnamed,
}

impl Control {
    /// Reads the payload of a UDP datagram; what stands behind the packet is not looked at.
    ///
    /// # Errors
    /// When every session would drop it (RFC 5880 §6.8.6).
    pub fn decode(bytes: &[u8]) -> Result<Self, Refusal> {
        let (words, _) = bytes.as_chunks::<4>();
        let &[[first, flags, multiplier, length], mine, yours, min_tx, min_rx, min_echo_rx, ..] =
            words
        else {
            return Err(Refusal::TooShort(bytes.len()));
        };
        let control = Self {
            diagnostic: Diagnostic(first & DIAGNOSTIC),
            state: State::of(flags >> 6),
            poll: flags & POLL != 0,
            is_final: flags & FINAL != 0,
            demand: flags & DEMAND != 0,
            multiplier,
            mine: u32::from_be_bytes(mine),
            yours: u32::from_be_bytes(yours),
            min_tx: u32::from_be_bytes(min_tx),
            min_rx: u32::from_be_bytes(min_rx),
            min_echo_rx: u32::from_be_bytes(min_echo_rx),
        };
        if first >> 5 != VERSION {
            return Err(Refusal::Version(first >> 5));
        }
        if usize::from(length) < LENGTH {
            return Err(Refusal::Length(length));
        }
        if usize::from(length) > bytes.len() {
            return Err(Refusal::TooShort(bytes.len()));
        }
        if flags & AUTHENTICATED != 0 {
            return Err(Refusal::Authenticated);
        }
        if flags & MULTIPOINT != 0 {
            return Err(Refusal::Multipoint);
        }
        if multiplier == 0 {
            return Err(Refusal::Multiplier);
        }
        if control.mine == 0 {
            return Err(Refusal::Discriminator);
        }
        if control.yours == 0 && !matches!(control.state, State::AdminDown | State::Down) {
            return Err(Refusal::Unnamed);
        }
        Ok(control)
    }

    /// The packet's bytes.
    pub fn encode(&self) -> [u8; LENGTH] {
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let flags = self.state.bits() << 6
            | flag(self.poll, POLL)
            | flag(self.is_final, FINAL)
            | flag(self.demand, DEMAND);
        let first = VERSION << 5 | self.diagnostic.0 & DIAGNOSTIC;
        let words = [
            [first, flags, self.multiplier, LENGTH as u8],
            self.mine.to_be_bytes(),
            self.yours.to_be_bytes(),
            self.min_tx.to_be_bytes(),
            self.min_rx.to_be_bytes(),
            self.min_echo_rx.to_be_bytes(),
        ];
        let mut bytes = [0; LENGTH];
        for (place, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *place = word;
        }
        bytes
    }
}

/// A duration as packets carry it: whole microseconds, at most 71 minutes.
pub fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first packet of keepalived 2.2.7 with `idle_tx 1500`, `min_rx 100`, `multiplier 4`.
    const DOWN: [u8; LENGTH] = [
        0x20, 0x40, 4, 24, 0x55, 0x90, 0x76, 0xda, 0, 0, 0, 0, 0, 0x16, 0xe3, 0x60, 0, 0x01, 0x86,
        0xa0, 0, 0, 0, 0,
    ];

    #[test]
    fn a_packet_of_keepalived_is_read_and_written_byte_for_byte() {
        let read = Control::decode(&DOWN).expect("a packet");
        let expected = Control {
            diagnostic: Diagnostic::NONE,
            state: State::Down,
            poll: false,
            is_final: false,
            demand: false,
            multiplier: 4,
            mine: 0x5590_76da,
            yours: 0,
            min_tx: 1_500_000,
            min_rx: 100_000,
            min_echo_rx: 0,
        };
        assert_eq!(read, expected);
        assert_eq!(read.encode(), DOWN);
        // The same session, up and asking for an answer.
        let up = Control { state: State::Up, poll: true, yours: 0xabcd, min_tx: 120_000, ..read };
        assert_eq!(up.encode()[..2], [0x20, 0xe0]);
        assert_eq!(Control::decode(&up.encode()), Ok(up));
    }

    #[test]
    fn what_every_session_would_drop_is_refused_by_name() {
        let with = |at: usize, byte: u8| {
            let mut bytes = DOWN;
            bytes[at] = byte;
            Control::decode(&bytes)
        };
        assert_eq!(Control::decode(&DOWN[..23]), Err(Refusal::TooShort(23)));
        assert_eq!(with(0, 0x40), Err(Refusal::Version(2)));
        assert_eq!(with(3, 23), Err(Refusal::Length(23)));
        assert_eq!(with(3, 25), Err(Refusal::TooShort(24)));
        assert_eq!(with(1, 0x44), Err(Refusal::Authenticated));
        assert_eq!(with(1, 0x41), Err(Refusal::Multipoint));
        assert_eq!(with(2, 0), Err(Refusal::Multiplier));
        assert_eq!(with(1, 0xc0), Err(Refusal::Unnamed), "up, and knows no number of ours");
        let mut nobody = DOWN;
        nobody[4..8].fill(0);
        assert_eq!(Control::decode(&nobody), Err(Refusal::Discriminator));
    }

    #[test]
    fn what_stands_behind_the_packet_is_not_looked_at() {
        let mut long = DOWN.to_vec();
        long.extend([1, 2, 3]);
        assert_eq!(Control::decode(&long), Control::decode(&DOWN));
    }

    #[test]
    fn times_beyond_the_field_are_the_longest() {
        assert_eq!(micros(Duration::from_millis(10)), 10_000);
        assert_eq!(micros(Duration::from_secs(5000)), u32::MAX);
    }
}
