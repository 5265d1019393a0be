//! How long a silence means that the master is gone. Whole microseconds, as measured:
//! docs/ancestors/keepalived.md §2.3.

use crate::config::Version;
use std::time::Duration;

/// The priority of a router that owns the addresses (RFC 9568 §6.1).
pub(crate) const OWNER: u8 = 255;

/// What a router is worth while it can't be an owner; keepalived's clamp.
const HIGHEST: i64 = 254;

/// The skew between an owner and nobody is cut into so many parts (RFC 9568 §6.1).
const SKEW_PARTS: u64 = 256;

/// How much longer a router of `priority` waits than one of 256 would. Version 2: of one second,
/// whatever the interval is; version 3: of the master's interval.
pub(crate) fn skew(version: Version, priority: u8, master_interval: Duration) -> Duration {
    let whole = match version {
        Version::V2 => 1_000_000,
        Version::V3 => u64::try_from(master_interval.as_micros()).unwrap_or(u64::MAX),
    };
    let parts = SKEW_PARTS - u64::from(priority);
    Duration::from_micros(parts.saturating_mul(whole) / SKEW_PARTS)
}

/// After so long a silence the master is gone.
pub(crate) fn master_down(
    version: Version,
    priority: u8,
    master_interval: Duration,
    down_timer_adverts: u8,
) -> Duration {
    master_interval * u32::from(down_timer_adverts) + skew(version, priority, master_interval)
}

/// The priority in adverts: an owner's stays, another's moves between 1 and 254.
pub(crate) fn effective(base: u8, weights: i64) -> u8 {
    if base == OWNER {
        return OWNER;
    }
    i64::from(base).saturating_add(weights).clamp(1, HIGHEST) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn version_2_skews_by_the_second_whatever_the_interval_is() {
        assert_eq!(master_down(Version::V2, 100, SECOND, 3), Duration::from_micros(3_609_375));
        assert_eq!(skew(Version::V2, 90, SECOND), Duration::from_micros(648_437));
        assert_eq!(skew(Version::V2, 90, SECOND * 10), Duration::from_micros(648_437));
    }

    #[test]
    fn version_3_skews_by_the_masters_interval() {
        let centisecond = Duration::from_millis(10);
        assert_eq!(skew(Version::V3, 90, centisecond), Duration::from_micros(6_484));
        assert_eq!(master_down(Version::V3, 90, centisecond, 3), Duration::from_micros(36_484));
    }

    #[test]
    fn an_owner_stays_an_owner_and_nobody_else_becomes_one() {
        assert_eq!(effective(255, -100), 255);
        assert_eq!(effective(100, -20), 80);
        assert_eq!(effective(100, 300), 254);
        assert_eq!(effective(100, -300), 1);
    }
}
