//! The network between the hosts: what becomes of each datagram, and when.
//!
//! Pure: [`Network::fate`] decides, the world carries out. Every direction of every link is a
//! path of its own, so a cut may work one way only.

use base::Dice;
use std::time::Duration;

/// How the network behaves where it isn't cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Weather {
    /// Datagrams lost, in percent.
    pub loss: u32,
    /// Datagrams that arrive twice, in percent.
    pub duplicate: u32,
    /// Datagrams that are overtaken by later ones, in percent.
    pub straggle: u32,
    /// The shortest way.
    pub delay_min: Duration,
    /// The longest way of a datagram that doesn't straggle.
    pub delay_max: Duration,
    /// How much longer a straggler takes at most.
    pub straggle_max: Duration,
}

impl Weather {
    /// A quiet local network: nothing is lost, the way takes a tenth to one millisecond.
    pub const FAIR: Self = Self {
        loss: 0,
        duplicate: 0,
        straggle: 0,
        delay_min: Duration::from_micros(100),
        delay_max: Duration::from_millis(1),
        straggle_max: STRAGGLE_MAX,
    };
}

/// How much longer than [`Weather::delay_max`] a straggler takes at most between Heartbeat's nodes:
/// long enough that a retransmission (first asked for after 50 to 250 ms) overtakes it.
pub const STRAGGLE_MAX: Duration = Duration::from_millis(600);

/// How many datagrams wait behind a clogged path; the rest is lost, as in a full queue of an
/// interface.
pub const CLOG_MAX: u32 = 200;

/// What becomes of one datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// It is gone.
    Lost,
    /// It waits until the path is unclogged.
    Waits,
    /// It arrives after this time.
    Arrives(Duration),
    /// It arrives twice.
    Twice(Duration, Duration),
}

impl Fate {
    /// True for a datagram that is on its way and will be no later than `limit`.
    pub fn is_prompt(self, limit: Duration) -> bool {
        match self {
            Self::Lost | Self::Waits => false,
            Self::Arrives(after) => after <= limit,
            Self::Twice(first, second) => first.min(second) <= limit,
        }
    }
}

/// A network that joins the hosts, by its place in the list of distinct link names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Wire(pub usize);

/// One direction of one link between two hosts.
#[derive(Clone, Copy, Default, Debug)]
struct Path {
    cut: bool,
    clogged: bool,
    waiting: u32,
}

/// All paths, the weather on them, and the ways to the ping nodes.
#[derive(Clone, Debug)]
pub struct Network {
    hosts: usize,
    paths: Vec<Path>,
    ping_cut: Vec<bool>,
    weather: Weather,
    dice: Dice,
}

impl Network {
    /// A fair network of `hosts` hosts joined by `wires` wires.
    pub fn new(hosts: usize, wires: usize, dice: Dice) -> Self {
        Self {
            hosts,
            paths: vec![Path::default(); hosts * hosts * wires],
            ping_cut: vec![false; hosts],
            weather: Weather::FAIR,
            dice,
        }
    }

    fn index(&self, wire: Wire, from: usize, to: usize) -> usize {
        (wire.0 * self.hosts + from) * self.hosts + to
    }

    /// Cuts or heals one direction. What is already on its way arrives.
    pub fn set_cut(&mut self, wire: Wire, from: usize, to: usize, cut: bool) {
        let index = self.index(wire, from, to);
        if let Some(path) = self.paths.get_mut(index) {
            path.cut = cut;
        }
    }

    /// True if a direction is neither cut nor clogged.
    pub fn is_open(&self, wire: Wire, from: usize, to: usize) -> bool {
        let path = self.paths.get(self.index(wire, from, to));
        path.is_some_and(|path| !path.cut && !path.clogged)
    }

    /// Stops a direction from delivering without losing anything, or lets it flow again.
    pub fn set_clogged(&mut self, wire: Wire, from: usize, to: usize, clogged: bool) {
        let index = self.index(wire, from, to);
        if let Some(path) = self.paths.get_mut(index) {
            path.clogged = clogged;
            path.waiting = 0;
        }
    }

    /// Cuts or heals the way from a host to every ping node.
    pub fn set_ping_cut(&mut self, host: usize, cut: bool) {
        if let Some(flag) = self.ping_cut.get_mut(host) {
            *flag = cut;
        }
    }

    /// Changes the weather.
    pub fn set_weather(&mut self, weather: Weather) {
        self.weather = weather;
    }

    /// Heals and unclogs everything, under a fair sky.
    pub fn repair(&mut self) {
        self.paths.fill(Path::default());
        self.ping_cut.fill(false);
        self.weather = Weather::FAIR;
    }

    /// Decides about one datagram.
    pub fn fate(&mut self, wire: Wire, from: usize, to: usize) -> Fate {
        let index = self.index(wire, from, to);
        let Some(path) = self.paths.get_mut(index) else { return Fate::Lost };
        if path.cut {
            return Fate::Lost;
        }
        if path.clogged {
            if path.waiting >= CLOG_MAX {
                return Fate::Lost;
            }
            path.waiting += 1;
            return Fate::Waits;
        }
        if self.dice.percent(self.weather.loss) {
            return Fate::Lost;
        }
        let first = self.way();
        if self.dice.percent(self.weather.duplicate) {
            let second = self.way();
            return Fate::Twice(first, second);
        }
        Fate::Arrives(first)
    }

    /// How long a datagram takes on an open path.
    pub fn way(&mut self) -> Duration {
        let way = self.dice.between(self.weather.delay_min, self.weather.delay_max);
        if self.dice.percent(self.weather.straggle) {
            return way + self.dice.between(Duration::ZERO, self.weather.straggle_max);
        }
        way
    }

    /// How long an echo from a ping node takes; `None` if none comes.
    pub fn echo(&mut self, host: usize) -> Option<Duration> {
        if self.ping_cut.get(host).copied().unwrap_or(true) {
            return None;
        }
        let lost = self.dice.percent(self.weather.loss);
        let way = self.way() + self.way();
        (!lost).then_some(way)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ETH0: Wire = Wire(0);
    const ETH1: Wire = Wire(1);

    fn network() -> Network {
        Network::new(2, 2, Dice::new(1))
    }

    #[test]
    fn a_cut_works_on_one_link_and_in_one_direction() {
        let mut network = network();
        network.set_cut(ETH0, 0, 1, true);
        assert_eq!(network.fate(ETH0, 0, 1), Fate::Lost);
        assert_ne!(network.fate(ETH0, 1, 0), Fate::Lost);
        assert_ne!(network.fate(ETH1, 0, 1), Fate::Lost);
        network.set_cut(ETH0, 0, 1, false);
        assert_ne!(network.fate(ETH0, 0, 1), Fate::Lost);
    }

    #[test]
    fn a_clogged_path_keeps_a_bounded_number() {
        let mut network = network();
        network.set_clogged(ETH0, 0, 1, true);
        assert!((0..CLOG_MAX).all(|_| network.fate(ETH0, 0, 1) == Fate::Waits));
        assert_eq!(network.fate(ETH0, 0, 1), Fate::Lost);
    }

    #[test]
    fn the_weather_loses_and_doubles_about_as_many_as_it_says() {
        let mut network = network();
        network.set_weather(Weather { loss: 20, duplicate: 50, ..Weather::FAIR });
        let fates: Vec<Fate> = (0..10_000).map(|_| network.fate(ETH0, 0, 1)).collect();
        let lost = fates.iter().filter(|f| **f == Fate::Lost).count();
        let twice = fates.iter().filter(|f| matches!(f, Fate::Twice(..))).count();
        assert!((1_800..2_200).contains(&lost), "{lost} lost");
        assert!((3_700..4_300).contains(&twice), "{twice} twice");
    }

    #[test]
    fn stragglers_are_overtaken() {
        let mut network = network();
        network.set_weather(Weather { straggle: 30, ..Weather::FAIR });
        let late = (0..1_000).filter(|_| network.way() > Weather::FAIR.delay_max).count();
        assert!((200..400).contains(&late), "{late} late");
    }

    #[test]
    fn one_seed_gives_one_network() {
        let fates = |seed| {
            let mut network = Network::new(2, 1, Dice::new(seed));
            network.set_weather(Weather { loss: 30, duplicate: 30, ..Weather::FAIR });
            (0..100).map(|_| network.fate(ETH0, 0, 1)).collect::<Vec<_>>()
        };
        assert_eq!(fates(3), fates(3));
        assert_ne!(fates(3), fates(4));
    }

    #[test]
    fn a_ping_node_that_is_cut_off_does_not_echo() {
        let mut network = network();
        assert!(network.echo(0).is_some());
        network.set_ping_cut(0, true);
        assert_eq!((network.echo(0), network.echo(1).is_some()), (None, true));
        network.repair();
        assert!(network.echo(0).is_some());
    }
}
