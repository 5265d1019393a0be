//! What a seed decides about the routers: how many, how fast, how they are joined and tracked.

use base::Dice;
use std::fmt;
use std::time::Duration;

/// As many hosts as a network has routers for one address, at most: fault schedules with more
/// tell nothing new.
const HOSTS_MAX: u64 = 5;

/// Names of the virtual routers, by their place.
pub(crate) const NAMES: [&str; 2] = ["V1", "V2"];

/// Networks that the hosts are joined by.
pub(crate) const WIRES: [&str; 2] = ["eth0", "eth1"];

/// Intervals of version 3, in milliseconds.
const MILLIS: [u64; 9] = [10, 20, 50, 100, 200, 500, 1000, 2000, 4000];

/// How the virtual routers belong together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plan {
    /// One.
    One,
    /// Two on one network; the priorities of the second are those of the first in reverse.
    Mirrored,
    /// Two on two networks, in a sync group.
    Group,
}

/// When a backup takes over from a master of lower priority.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Preemption {
    /// As soon as it has missed better ones.
    Now,
    /// After this delay.
    After(Duration),
    /// Never.
    Never,
}

/// How adverts are authenticated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keys {
    /// Not at all.
    None,
    /// By a password.
    Pass,
    /// By an authentication header.
    Ah,
    /// By a signed trailer.
    Hmac,
}

/// What states and priorities depend on beside the own interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tracking {
    /// Nothing.
    Nothing,
    /// A script that runs every interval, with this weight.
    Script(i32),
    /// A process, with this weight.
    Process(i32),
    /// The other interface, with this weight.
    Interface(i32),
}

impl Tracking {
    /// The weight; `None` if nothing is tracked.
    pub const fn weight(self) -> Option<i32> {
        match self {
            Self::Nothing => None,
            Self::Script(weight) | Self::Process(weight) | Self::Interface(weight) => Some(weight),
        }
    }
}

/// The routers of one run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setup {
    /// Two to five.
    pub hosts: usize,
    /// 2 or 3.
    pub version: u8,
    /// Over IPv6.
    pub ipv6: bool,
    /// `advert_int` of each host; all alike in version 2.
    pub intervals: Vec<Duration>,
    /// `priority` of each host.
    pub priorities: Vec<u8>,
    /// Which hosts say `state MASTER`.
    pub masters: Vec<bool>,
    /// When a better backup takes over.
    pub preemption: Preemption,
    /// `down_timer_adverts`.
    pub down_timer: u8,
    /// How the virtual routers belong together.
    pub plan: Plan,
    /// Unicast to every other host, else multicast.
    pub unicast: bool,
    /// `track_src_ip` (unicast only): the source address is configured and watched.
    pub track_source: bool,
    /// How adverts are authenticated.
    pub keys: Keys,
    /// A host whose adverts the others must refuse, and whose own it refuses: another password,
    /// or another list of addresses.
    pub odd: Option<usize>,
    /// What is tracked.
    pub tracking: Tracking,
    /// `fall` and `rise` of the script.
    pub fall_rise: (u32, u32),
    /// `lower_prio_no_advert`.
    pub lower_prio_no_advert: bool,
    /// `higher_prio_send_advert`.
    pub higher_prio_send_advert: bool,
    /// An excluded address moves along.
    pub excluded: bool,
    /// `garp_master_delay` in seconds; 0: no second burst.
    pub garp_delay: u64,
    /// `vrrp_garp_interval`, `vrrp_gna_interval`.
    pub garp_pace: Duration,
    /// `vrrp_startup_delay`.
    pub startup_delay: Duration,
    /// `dont_track_primary`.
    pub dont_track_primary: bool,
}

impl Setup {
    /// Two hosts with keepalived's defaults, priorities 100 and 90.
    pub fn plain() -> Self {
        Self {
            hosts: 2,
            version: 2,
            ipv6: false,
            intervals: vec![Duration::from_secs(1); 2],
            priorities: vec![100, 90],
            masters: vec![true, false],
            preemption: Preemption::Now,
            down_timer: 3,
            plan: Plan::One,
            unicast: false,
            track_source: false,
            keys: Keys::None,
            odd: None,
            tracking: Tracking::Nothing,
            fall_rise: (1, 1),
            lower_prio_no_advert: false,
            higher_prio_send_advert: false,
            excluded: false,
            garp_delay: 5,
            garp_pace: Duration::ZERO,
            startup_delay: Duration::ZERO,
            dont_track_primary: false,
        }
    }

    /// Turns every knob.
    pub fn random(dice: &mut Dice) -> Self {
        let hosts = 2 + dice.below(HOSTS_MAX - 1) as usize;
        let version = if dice.percent(45) { 2 } else { 3 };
        let ipv6 = dice.percent(30);
        let interval = Duration::from_millis(match version {
            2 => 1000 * (1 + dice.below(3)),
            _ => MILLIS[dice.below(MILLIS.len() as u64) as usize],
        });
        let mut intervals = vec![interval; hosts];
        if version == 3 && dice.percent(15) {
            intervals[dice.below(hosts as u64) as usize] = interval * 2;
        }
        let plan = match dice.below(10) {
            0..=4 => Plan::One,
            5..=6 => Plan::Mirrored,
            _ => Plan::Group,
        };
        let unicast = dice.percent(30);
        let keys = keys(dice, version, ipv6);
        let tracking = tracking(dice, plan);
        let preemption = match dice.below(10) {
            0..=4 => Preemption::Now,
            5..=7 => Preemption::Never,
            _ => Preemption::After(interval * (1 + dice.below(8) as u32)),
        };
        Self {
            hosts,
            version,
            ipv6,
            priorities: priorities(dice, hosts, plan, preemption, tracking),
            masters: (0..hosts).map(|_| dice.percent(30)).collect(),
            preemption,
            down_timer: if dice.percent(80) { 3 } else { 2 + dice.below(4) as u8 },
            plan,
            unicast,
            track_source: unicast && dice.percent(30),
            keys,
            odd: dice.percent(5).then(|| dice.below(hosts as u64) as usize),
            tracking,
            fall_rise: (1 + dice.below(3) as u32, 1 + dice.below(3) as u32),
            lower_prio_no_advert: dice.percent(10),
            higher_prio_send_advert: dice.percent(10),
            excluded: dice.percent(20),
            garp_delay: dice.below(6),
            garp_pace: if dice.percent(15) { interval / 20 } else { Duration::ZERO },
            startup_delay: if dice.percent(10) { interval * 2 } else { Duration::ZERO },
            dont_track_primary: dice.percent(8),
            intervals,
        }
    }

    /// The longest interval between adverts.
    pub fn interval_max(&self) -> Duration {
        self.intervals.iter().max().copied().unwrap_or_default()
    }

    /// The shortest one.
    pub fn interval_min(&self) -> Duration {
        self.intervals.iter().min().copied().unwrap_or_default()
    }

    /// How much longer than its betters a backup of that priority waits
    /// (docs/ancestors/keepalived.md §2.3).
    pub fn skew(&self, priority: u8) -> Duration {
        let whole = if self.version == 2 { Duration::from_secs(1) } else { self.interval_max() };
        whole * (256 - u32::from(priority)) / 256
    }

    /// After so long a silence a backup of that priority takes over, at the latest.
    pub fn master_down(&self, priority: u8) -> Duration {
        self.interval_max() * u32::from(self.down_timer) + self.skew(priority)
    }

    /// The longest such silence there is.
    pub fn master_down_max(&self) -> Duration {
        self.master_down(0)
    }

    /// How many virtual routers each host has.
    pub const fn routers(&self) -> usize {
        if matches!(self.plan, Plan::One) { 1 } else { 2 }
    }

    /// The network that a virtual router speaks on.
    pub const fn wire_of(&self, router: usize) -> usize {
        if matches!(self.plan, Plan::Group) { router } else { 0 }
    }

    /// Whether two hosts are made to understand each other.
    pub fn compatible(&self, a: usize, b: usize) -> bool {
        a == b || (self.odd != Some(a) && self.odd != Some(b))
    }

    /// The priority that `router` of `host` is configured with, when the host's own is that.
    pub fn priority_of(&self, host: usize, router: usize, own: &[u8]) -> u8 {
        match (self.plan, router) {
            (Plan::Mirrored, 1) => own[self.hosts - 1 - host],
            _ => own[host],
        }
    }

    /// The routers say `nopreempt`; one with priority 255 may not.
    pub const fn never_preempts(&self, priority: u8) -> bool {
        matches!(self.preemption, Preemption::Never) && priority != 255
    }

    /// How long preemption is delayed; not with priority 255.
    pub const fn preempt_delay(&self) -> Duration {
        match self.preemption {
            Preemption::After(delay) => delay,
            _ => Duration::ZERO,
        }
    }
}

fn keys(dice: &mut Dice, version: u8, ipv6: bool) -> Keys {
    match (version, ipv6, dice.below(10)) {
        (2, _, 0..=3) => Keys::Pass,
        (2, false, 4..=5) => Keys::Ah,
        (3, _, 0) => Keys::Hmac,
        _ => Keys::None,
    }
}

fn tracking(dice: &mut Dice, plan: Plan) -> Tracking {
    // Weights of members count only with `sync_group_tracking_weight`, which is written then.
    let weight = [0, 0, 30, -30][dice.below(4) as usize];
    match dice.below(10) {
        0..=2 => Tracking::Script(weight),
        3 => Tracking::Process(weight),
        4 if plan != Plan::Group => Tracking::Interface(weight),
        _ => Tracking::Nothing,
    }
}

fn priorities(
    dice: &mut Dice,
    hosts: usize,
    plan: Plan,
    preemption: Preemption,
    tracking: Tracking,
) -> Vec<u8> {
    let mut all: Vec<u8> = (0..hosts).map(|_| 1 + dice.below(254) as u8).collect();
    if dice.percent(25) {
        let equal = all[0];
        all.fill(equal);
    }
    // A weighted tracker and a delay have no meaning for an owner.
    let meaningful = preemption == Preemption::Now && tracking.weight().is_none_or(|w| w == 0);
    if meaningful && dice.percent(15) {
        all[dice.below(hosts as u64) as usize] = 255;
        // Members of a group that find out about two owners at different times disagree for ever.
        if plan != Plan::Group && dice.percent(15) {
            all[dice.below(hosts as u64) as usize] = 255;
        }
    }
    all
}

/// One line for people.
impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = if self.ipv6 { "IPv6" } else { "IPv4" };
        write!(
            f,
            "{} hosts, VRRPv{} over {family}, advert_int {:?}, priorities {:?}, {:?}, {:?}, {:?}",
            self.hosts,
            self.version,
            self.interval_min(),
            self.priorities,
            self.plan,
            self.preemption,
            self.tracking,
        )?;
        if let Some(odd) = self.odd {
            write!(f, "; node{} is configured otherwise than the others", odd + 1)?;
        }
        Ok(())
    }
}
