//! What an idle daemon takes: memory, CPU time, packets.

use crate::host::Host;
use anyhow::{Context, Result};
use std::fs;
use std::time::Duration;

/// What a node's daemon has used so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Usage {
    /// Time on a CPU, of all its threads.
    pub(crate) cpu: Duration,
    /// Packets that left the host; loopback's are not counted.
    pub(crate) packets: u64,
    /// Resident memory of all its processes, in KiB.
    pub(crate) resident: u64,
}

/// Looks at a host whose daemon runs.
///
/// # Errors
/// When the host is off, or a process ends while it is looked at.
pub(crate) fn usage(host: &Host) -> Result<Usage> {
    let first = host.pid().context("the host is off")?;
    let mut usage = Usage { cpu: Duration::ZERO, packets: packets(first)?, resident: 0 };
    for pid in host.daemon_processes()? {
        usage.cpu += cpu(pid)?;
        usage.resident += resident(pid)?;
    }
    Ok(usage)
}

/// The first field of every thread's `schedstat`: nanoseconds on a CPU.
pub(crate) fn cpu(pid: u32) -> Result<Duration> {
    let mut sum = Duration::ZERO;
    for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(entry?.path().join("schedstat"))?;
        let time = text.split_whitespace().next().and_then(|word| word.parse().ok());
        sum += Duration::from_nanos(time.context("schedstat without a time")?);
    }
    Ok(sum)
}

/// `Rss` of `smaps_rollup`, which counts pages and not what a CPU has not yet reported.
pub(crate) fn resident(pid: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:"));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.context("smaps_rollup without Rss")
}

fn packets(pid: u32) -> Result<u64> {
    Ok(sent(&fs::read_to_string(format!("/proc/{pid}/net/dev"))?))
}

/// The packets sent in `/proc/net/dev`: the tenth number after an interface's name.
fn sent(table: &str) -> u64 {
    let lines = table.lines().filter_map(|line| line.split_once(':'));
    let others = lines.filter(|(name, _)| name.trim() != "lo");
    others.filter_map(|(_, rest)| rest.split_whitespace().nth(9)?.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_all_interfaces_but_loopback_are_summed() {
        let table = "Inter-| Receive | Transmit\n face |bytes packets\n\
                     lo: 1 2 3 4 5 6 7 8 9 100 11 12 13 14 15 16\n\
                     eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n\
                     eth1: 1 2 3 4 5 6 7 8 9 7 11 12 13 14 15 16\n";
        assert_eq!(sent(table), 17);
    }
}
