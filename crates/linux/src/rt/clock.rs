//! The two clocks and the load, read from the kernel.

use base::{Instant, WallTime};
use rustix::time::{ClockId, clock_gettime};
use std::io::{self, Read};

/// The moment it is, on the clock that also counts suspended time (`CLOCK_BOOTTIME`): a node
/// that slept must notice.
pub fn now() -> Instant {
    let time = clock_gettime(ClockId::Boottime);
    Instant::from_nanos(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64)
}

/// The time on the wall (`CLOCK_REALTIME`); a clock set before 1970 reads as 1970.
pub fn wall() -> WallTime {
    let time = clock_gettime(ClockId::Realtime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    WallTime::from_millis(seconds * 1_000 + time.tv_nsec as u64 / 1_000_000)
}

/// The first line of `/proc/loadavg` without its line end, as Heartbeat sends it in `ld`
/// (docs/ancestors/heartbeat.md §1.4).
///
/// # Errors
/// Those of opening and reading the file.
pub fn load_average() -> io::Result<String> {
    // The kernel's text has five numbers; the bound only guards against a file put over it.
    const LIMIT: u64 = 128;
    let mut text = String::new();
    std::fs::File::open("/proc/loadavg")?.take(LIMIT).read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_run_and_the_load_has_five_words() {
        let before = now();
        assert!(now() >= before && before > Instant::ZERO);
        assert!(wall().as_secs() > 1_700_000_000);
        assert_eq!(load_average().expect("proc").split(' ').count(), 5);
    }
}
