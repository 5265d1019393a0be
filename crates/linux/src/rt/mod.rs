//! What a thread that must never be late asks of the kernel: scheduling, memory, clocks, waiting.
//!
//! A request that is refused comes back as a value: it is the caller who knows how loudly to say
//! so. Real-time scheduling may be refused even to root (a control group without a real-time
//! budget, measured), so there is a second best to fall back to.

mod clock;
mod poller;

pub use clock::{load_average, now, wall};
pub use poller::{Poller, Ready, Waker};

use rustix::mm::MlockAllFlags;
use std::io;

/// Makes children and new threads start with ordinary scheduling (`sched(7)`).
const SCHED_RESET_ON_FORK: libc::c_int = 0x4000_0000;

/// The nice value used where real-time scheduling is refused: the best there is.
const FALLBACK_NICE: i32 = -20;

/// How the calling thread is scheduled after [`schedule`].
#[derive(Debug)]
pub enum Scheduling {
    /// `SCHED_RR` at this priority (1 to 99), as asked.
    RoundRobin(u8),
    /// Real time was refused; the thread runs at nice -20 instead.
    Nice {
        /// Why real time was refused.
        refused: io::Error,
    },
    /// Both were refused; the thread is scheduled like any other.
    Ordinary {
        /// Why real time was refused.
        refused: io::Error,
        /// Why nice -20 was refused.
        nice_refused: io::Error,
    },
}

/// Gives the calling thread `SCHED_RR` at `priority` (Heartbeat's default is 1, `rtprio`;
/// docs/ancestors/heartbeat.md §3.10), or nice -20 if that is refused.
///
/// What the thread starts later, threads and processes, begins with ordinary scheduling.
pub fn schedule(priority: u8) -> Scheduling {
    let Err(refused) = set_policy(libc::SCHED_RR, i32::from(priority)) else {
        return Scheduling::RoundRobin(priority);
    };
    // The kernel resets a negative nice value at fork only if the flag is set here too.
    let nice = set_policy(libc::SCHED_OTHER, 0)
        .and_then(|()| Ok(rustix::process::setpriority_process(None, FALLBACK_NICE)?));
    match nice {
        Ok(()) => Scheduling::Nice { refused },
        Err(nice_refused) => Scheduling::Ordinary { refused, nice_refused },
    }
}

fn set_policy(policy: libc::c_int, priority: libc::c_int) -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: priority };
    // SAFETY: `parameters` lives through the call, and pid 0 is the calling thread.
    let rc =
        unsafe { libc::sched_setscheduler(0, policy | SCHED_RESET_ON_FORK, &raw const parameters) };
    if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Keeps all memory of the process in RAM, present and future, as it is first touched.
///
/// Without `ONFAULT` the thread stacks would count in full (measured: 2.1 against 11.7 MB).
///
/// # Errors
/// `PermissionDenied` or `OutOfMemory` where the memory-lock limit is too small and the process
/// has no `CAP_IPC_LOCK`.
pub fn lock_memory() -> io::Result<()> {
    let flags = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    Ok(rustix::mm::mlockall(flags)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scheduling_says_what_it_got_and_children_get_none_of_it() {
        std::thread::spawn(|| {
            let got = schedule(1);
            // SAFETY: a plain query about the calling thread.
            let policy = unsafe { libc::sched_getscheduler(0) };
            let expected = match got {
                Scheduling::RoundRobin(_) => libc::SCHED_RR,
                Scheduling::Nice { .. } | Scheduling::Ordinary { .. } => libc::SCHED_OTHER,
            };
            assert_eq!(policy & !SCHED_RESET_ON_FORK, expected, "{got:?}");
            let child = std::thread::spawn(|| {
                // SAFETY: a plain query about the calling thread.
                let policy = unsafe { libc::sched_getscheduler(0) };
                (policy, rustix::process::getpriority_process(None))
            });
            assert_eq!(child.join().expect("joins"), (libc::SCHED_OTHER, Ok(0)));
        })
        .join()
        .expect("joins");
    }

    #[test]
    fn an_impossible_priority_falls_back_with_its_reason() {
        std::thread::spawn(|| match schedule(200) {
            Scheduling::RoundRobin(_) => panic!("priority 200 does not exist"),
            Scheduling::Nice { refused } | Scheduling::Ordinary { refused, .. } => {
                assert_eq!(refused.raw_os_error(), Some(libc::EINVAL));
            }
        })
        .join()
        .expect("joins");
    }
}
