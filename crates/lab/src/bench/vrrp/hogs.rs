//! Adverts every 10 ms beside two loops that never sleep and one that starts processes: whether
//! the backup ever takes the master for dead.

use super::ear::Ear;
use super::failover::configuration;
use super::host::{self, Host};
use super::net::{Net, Seat};
use super::rows::{Case, End};
use crate::bench::load::Load;
use crate::bench::sample::Sample;
use anyhow::{Context, Result};
use sim::scenario::Maker;
use std::thread::sleep;
use std::time::Duration;

/// Longest until A is master.
const PATIENCE: Duration = Duration::from_secs(15);
/// The pair comes to rest.
const REST: Duration = Duration::from_secs(2);
/// Adverts of B that are further apart belong to different failovers.
const APART: Duration = Duration::from_millis(100);

/// Counts false failovers in so long a time.
///
/// # Errors
/// When the pair does not start.
pub(super) fn run(maker: Maker, time: Duration) -> Result<()> {
    let net = Net::new(1)?;
    for (seat, priority) in [(Seat::A, 100), (Seat::B, 90)] {
        host::configure(seat, &configuration(Case::Hundredth, End::Killed, priority))?;
    }
    let ear = Ear::open(&net)?;
    let _a = Host::start(&net, Seat::A, maker)?;
    ear.next_of(Seat::A, PATIENCE).context("A is not master")?;
    let _b = Host::start(&net, Seat::B, maker)?;
    sleep(REST);
    ear.heard().clear();
    let load = Load::start()?;
    sleep(time);
    drop(load);
    let (mut count, mut last) = (0_u32, None);
    for one in ear.heard().iter().filter(|one| one.from == Seat::B) {
        let again = last.is_some_and(|last| one.at.since(last) < APART);
        count += u32::from(!again);
        last = Some(one.at);
    }
    Sample::print("hogs", f64::from(count));
    Ok(())
}
