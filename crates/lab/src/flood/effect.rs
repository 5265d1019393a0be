//! What a flood does to a node: what it says and uses before and after.

use super::sender::{PORT, Reached};
use crate::events;
use crate::footprint::{Usage, usage};
use crate::host::Host;
use anyhow::{Context, Result};
use api::EventKind;
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// A node's memory may grow by less than this, in KiB: by what allocators keep, and not by
/// anything that is kept of datagrams.
const GROWTH_MAX: u64 = 2048;

/// Each reason for a refusal may be told once in this time.
const TOLD_EVERY: Duration = Duration::from_mins(1);

/// What a node says and uses.
pub(super) struct State {
    usage: Usage,
    /// Datagrams that its kernel dropped because nobody had read those before.
    dropped: u64,
    log_lines: usize,
    /// What only a node of ours tells.
    told: Option<Told>,
}

struct Told {
    last_event: u64,
    refused: BTreeMap<String, u64>,
}

impl State {
    /// Looks at a node whose daemon runs.
    ///
    /// # Errors
    /// When it doesn't answer.
    pub(super) fn of(host: &Host) -> Result<Self> {
        let told = if host.is_ours() { Some(told(host)?) } else { None };
        Ok(Self {
            usage: usage(host)?,
            dropped: dropped(host)?,
            log_lines: host.log().lines().count(),
            told,
        })
    }

    /// What the time between cost, for people.
    pub(super) fn sentence(&self, before: &Self) -> String {
        let refused: Vec<String> = self
            .refused_since(before)
            .iter()
            .map(|(reason, count)| format!("{count} {reason}"))
            .collect();
        format!(
            "refused {}; {} dropped by the kernel, {} log lines, {:.1} s of CPU, {} KiB resident \
             after {} KiB",
            if refused.is_empty() { "nothing".into() } else { refused.join(", ") },
            self.dropped.saturating_sub(before.dropped),
            self.log_lines.saturating_sub(before.log_lines),
            self.usage.cpu.saturating_sub(before.usage.cpu).as_secs_f64(),
            self.usage.resident,
            before.usage.resident
        )
    }

    /// What should not be, of a node of ours, after all that was sent to it. Everything false has
    /// to be refused; of what is replayed the node may pass over what it said itself, and a beat
    /// of its peer while that may still come over another medium.
    ///
    /// # Errors
    /// When it doesn't answer.
    pub(super) fn faults(
        &self,
        before: &Self,
        sent: Reached,
        took: Duration,
        host: &Host,
    ) -> Result<Vec<String>> {
        let Some(told) = &before.told else { return Ok(Vec::new()) };
        let refused = self.refused_since(before);
        let lines_max =
            refused.len() * (1 + took.as_secs() as usize / TOLD_EVERY.as_secs() as usize);
        let (mut faults, mut refusals) = (Vec::new(), 0);
        let name = host.name();
        for event in events::events(host)?.into_iter().filter(|event| event.id > told.last_event) {
            if event.kind == EventKind::PacketsRefused {
                refusals += 1;
            } else {
                faults.push(format!("{name} told: {}", event.text));
            }
        }
        let lines = self.log_lines.saturating_sub(before.log_lines);
        if refusals == 0 || refusals > lines_max || lines > lines_max {
            let kinds = refused.len();
            faults.push(format!(
                "{name} told {refusals} times, and in {lines} lines, of {kinds} kinds of refusals"
            ));
        }
        let count: u64 = refused.values().sum();
        if count <= sent.false_ones || count > sent.false_ones + sent.replayed {
            faults.push(format!("{name} counted {count} refusals of {sent:?}"));
        }
        let dropped = self.dropped.saturating_sub(before.dropped);
        if dropped > 0 {
            faults.push(format!("{name} left {dropped} datagrams unread, beats perhaps"));
        }
        let grown = self.usage.resident.saturating_sub(before.usage.resident);
        if grown >= GROWTH_MAX {
            faults.push(format!("{name} grew by {grown} KiB"));
        }
        Ok(faults)
    }

    /// The reasons for which something was refused since, with how often.
    fn refused_since(&self, before: &Self) -> BTreeMap<&str, u64> {
        let (Some(now), Some(then)) = (&self.told, &before.told) else { return BTreeMap::new() };
        let since = now.refused.iter().map(|(reason, count)| {
            (reason.as_str(), count - then.refused.get(reason).copied().unwrap_or(0))
        });
        since.filter(|(_, count)| *count > 0).collect()
    }
}

fn told(host: &Host) -> Result<Told> {
    let refused = events::status(host)?.refused.into_iter().collect();
    let last_event = events::events(host)?.last().map_or(0, |event| event.id);
    Ok(Told { last_event, refused })
}

fn dropped(host: &Host) -> Result<u64> {
    let pid = host.pid().context("the host is off")?;
    Ok(dropped_at(&fs::read_to_string(format!("/proc/{pid}/net/udp"))?, PORT))
}

/// The last column of `/proc/net/udp`, of all sockets of that port.
fn dropped_at(table: &str, port: u16) -> u64 {
    let port = format!(":{port:04X}");
    let ours = table.lines().filter(|line| {
        line.split_whitespace().nth(1).is_some_and(|address| address.ends_with(&port))
    });
    ours.filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_of_the_port_are_summed_and_no_others() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue drops\n\
                     1: 00000000:02B6 00000000:0000 07 00000000:00000000 00:00 0 0 0 77 2 0 5\n\
                     2: 00000000:02B6 00000000:0000 07 00000000:00000000 00:00 0 0 0 78 2 0 2\n\
                     3: 00000000:0007 00000000:0000 07 00000000:00000000 00:00 0 0 0 79 2 0 9\n";
        assert_eq!(dropped_at(table, 694), 7);
    }
}
