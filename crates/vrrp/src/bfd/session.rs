//! One BFD session: what it hears, when it speaks, when it is down (RFC 5880 §6.8).

use super::{Output, Packet, Session};
use base::{Dice, Instant};
use std::time::Duration;
use wire::bfd::{Control, Diagnostic, State, micros};

/// A poll is answered no more often: a flood of them isn't answered one for one. A real poll is
/// sent again at its sender's pace until it is answered.
const ANSWER_EVERY: Duration = Duration::from_millis(1);
/// Regular packets come so much earlier than agreed, by chance, so that many sessions don't fall
/// into step (RFC 5880 §6.8.7): at most 25 %.
const JITTER: u32 = 25;
/// With a multiplier of 1 at least 10 %, because a packet on time would be late.
const JITTER_ALONE: u32 = 10;

/// What the other end told last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Remote {
    number: u32,
    state: State,
    min_tx: Duration,
    min_rx: Duration,
    multiplier: u32,
    demand: bool,
}

impl Remote {
    /// Nothing was told yet (RFC 5880 §6.8.1).
    const UNKNOWN: Self = Self {
        number: 0,
        state: State::Down,
        min_tx: Duration::ZERO,
        min_rx: Duration::from_micros(1),
        multiplier: 0,
        demand: false,
    };
}

/// A session at work.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) config: Session,
    /// Our discriminator.
    pub(super) number: u32,
    state: State,
    diagnostic: Diagnostic,
    remote: Remote,
    /// A poll of ours waits for its answer.
    polling: bool,
    /// The pace until it is answered: what was promised before still counts (§6.8.3).
    tx_in_force: Duration,
    rx_in_force: Duration,
    /// The next regular packet.
    send_at: Option<Instant>,
    /// The last one heard is too long ago then.
    expires_at: Option<Instant>,
    answered_at: Option<Instant>,
}

impl Live {
    pub(super) fn new(now: Instant, config: Session, number: u32, out: &mut Vec<Output>) -> Self {
        out.push(Output::Changed {
            name: config.name.clone(),
            up: false,
            why: format!("{} has not been heard yet", config.neighbor),
        });
        Self {
            number,
            state: State::Down,
            diagnostic: Diagnostic::NONE,
            remote: Remote::UNKNOWN,
            polling: false,
            tx_in_force: config.idle_tx,
            rx_in_force: config.min_rx,
            send_at: (!config.passive).then_some(now),
            expires_at: None,
            answered_at: None,
            config,
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.state == State::Up
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.send_at.into_iter().chain(self.expires_at).min()
    }

    /// A new configuration for the same path: both ends agree anew by a poll (§6.8.3).
    pub(super) fn reconfigure(
        &mut self,
        now: Instant,
        config: Session,
        dice: &mut Dice,
        out: &mut Vec<Output>,
    ) {
        out.push(Output::Changed {
            name: config.name.clone(),
            up: self.is_up(),
            why: "it goes on with the new configuration".to_owned(),
        });
        if config == self.config {
            return;
        }
        self.config = config;
        if self.is_up() {
            self.polling = true;
            self.tx_in_force = self.tx_in_force.min(self.desired_tx());
            self.rx_in_force = self.rx_in_force.max(self.config.min_rx);
            self.speak(now, dice, out);
        } else {
            (self.tx_in_force, self.rx_in_force) = (self.config.idle_tx, self.config.min_rx);
            self.schedule(now, dice);
        }
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: Instant, dice: &mut Dice, out: &mut Vec<Output>) {
        if self.expires_at.is_some_and(|at| now >= at) {
            self.expires_at = None;
            self.remote.number = 0;
            if matches!(self.state, State::Init | State::Up) {
                let silence = self.detection_time().as_millis();
                let why = format!("{} was not heard for {silence} ms", self.config.neighbor);
                self.go_down(Diagnostic::EXPIRED, why, out);
                self.speak(now, dice, out);
            }
        }
        if self.send_at.is_some_and(|at| now >= at) {
            self.speak(now, dice, out);
        }
    }

    /// A packet of this session that passed all checks.
    pub(super) fn hear(
        &mut self,
        now: Instant,
        control: &Control,
        dice: &mut Dice,
        out: &mut Vec<Output>,
    ) {
        let before = self.state;
        self.remote = Remote {
            number: control.mine,
            state: control.state,
            min_tx: Duration::from_micros(control.min_tx.into()),
            min_rx: Duration::from_micros(control.min_rx.into()),
            multiplier: control.multiplier.into(),
            demand: control.demand,
        };
        if self.polling && control.is_final {
            self.polling = false;
            (self.tx_in_force, self.rx_in_force) = (self.desired_tx(), self.config.min_rx);
        }
        self.follow(control, out);
        self.expires_at = Some(now + self.detection_time());
        let owed = control.poll && self.answered_at.is_none_or(|at| now.since(at) >= ANSWER_EVERY);
        if owed {
            self.answered_at = Some(now);
            out.push(self.packet(false, true));
        }
        if self.state != before {
            // Sooner than its turn, so that the other end knows as well (§6.8.7).
            self.speak(now, dice, out);
        } else if self.send_at.is_none() || self.is_sooner(now) {
            self.schedule(now, dice);
        }
    }

    /// The state that follows from the other end's (§6.8.6).
    fn follow(&mut self, control: &Control, out: &mut Vec<Output>) {
        match (self.state, control.state) {
            (State::Up, State::Down) | (State::Init | State::Up, State::AdminDown) => {
                let words = control.diagnostic.words();
                let why = format!("{} says it is down: {words}", self.config.neighbor);
                self.go_down(Diagnostic::NEIGHBOR_DOWN, why, out);
            }
            (State::Down, State::Down) => {
                self.state = State::Init;
                self.diagnostic = Diagnostic::NONE;
            }
            (State::Down, State::Init) | (State::Init, State::Init | State::Up) => self.go_up(out),
            (State::Down, State::AdminDown | State::Up)
            | (State::Init, State::Down)
            | (State::Up, State::Init | State::Up)
            | (State::AdminDown, _) => {}
        }
    }

    fn go_up(&mut self, out: &mut Vec<Output>) {
        self.state = State::Up;
        self.diagnostic = Diagnostic::NONE;
        // The pace changes from idle to the agreed one, which takes a poll (§6.8.3).
        self.polling = true;
        self.tx_in_force = self.desired_tx();
        self.told(format!("{} hears us", self.config.neighbor), out);
    }

    fn go_down(&mut self, diagnostic: Diagnostic, why: String, out: &mut Vec<Output>) {
        let was_up = self.is_up();
        self.state = State::Down;
        self.diagnostic = diagnostic;
        self.polling = false;
        (self.tx_in_force, self.rx_in_force) = (self.desired_tx(), self.config.min_rx);
        if was_up {
            self.told(why, out);
        }
    }

    fn told(&self, why: String, out: &mut Vec<Output>) {
        out.push(Output::Changed { name: self.config.name.clone(), up: self.is_up(), why });
    }

    /// How often we want to send: seldom while nobody is there (§6.8.3).
    fn desired_tx(&self) -> Duration {
        if self.is_up() { self.config.min_tx } else { self.config.idle_tx }
    }

    /// A silence of this length is the end (§6.8.4).
    fn detection_time(&self) -> Duration {
        self.rx_in_force.max(self.remote.min_tx).saturating_mul(self.remote.multiplier)
    }

    /// From one regular packet to the next, at most; `None`: none are sent (§6.8.7).
    fn interval(&self) -> Option<Duration> {
        let remote = &self.remote;
        let unknown = self.config.passive && remote.number == 0;
        let relieved = remote.demand && self.is_up() && remote.state == State::Up;
        if unknown || remote.min_rx.is_zero() || (relieved && !self.polling) {
            return None;
        }
        Some(self.tx_in_force.max(remote.min_rx))
    }

    /// The other end wants packets sooner than the next one is due.
    fn is_sooner(&self, now: Instant) -> bool {
        match (self.interval(), self.send_at) {
            (Some(interval), Some(at)) => now + interval < at,
            (None, Some(_)) => true,
            _ => false,
        }
    }

    /// Sends, and the next packet has its full time.
    fn speak(&mut self, now: Instant, dice: &mut Dice, out: &mut Vec<Output>) {
        if self.interval().is_some() {
            out.push(self.packet(self.polling, false));
        }
        self.schedule(now, dice);
    }

    fn schedule(&mut self, now: Instant, dice: &mut Dice) {
        let least = if self.config.multiplier == 1 { JITTER_ALONE } else { 0 };
        self.send_at = self.interval().map(|interval| {
            now + interval - dice.between(interval * least / 100, interval * JITTER / 100)
        });
    }

    /// The other end is told that we are gone for good.
    pub(super) fn end(&mut self, out: &mut Vec<Output>) {
        if self.remote.number == 0 {
            return;
        }
        self.state = State::AdminDown;
        self.diagnostic = Diagnostic::ADMIN_DOWN;
        out.push(self.packet(false, false));
    }

    fn packet(&self, poll: bool, is_final: bool) -> Output {
        let control = Control {
            diagnostic: self.diagnostic,
            state: self.state,
            poll,
            is_final,
            demand: false,
            multiplier: self.config.multiplier,
            mine: self.number,
            yours: self.remote.number,
            min_tx: micros(self.desired_tx()),
            min_rx: micros(self.config.min_rx),
            min_echo_rx: 0,
        };
        Output::Send(Packet {
            session: self.config.name.clone(),
            source: self.config.source,
            destination: self.config.neighbor,
            port: self.config.port(),
            ttl: self.config.ttl,
            bytes: control.encode(),
        })
    }
}
