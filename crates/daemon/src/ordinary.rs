//! The ordinary thread of a worker, beside its real-time thread: everything that may wait.

use std::io;
use std::time::Duration;

/// Its stack; nothing in it recurses.
pub(crate) const STACK: usize = 512 << 10;
/// How long an idle thread for calls that wait stays.
const WAITING_THREAD_STAYS: Duration = Duration::from_secs(2);

/// Runs `work` and what it spawns on this thread, until `work` is done. Calls that wait (probes,
/// mail, disks) have at most `waiting_threads`, which end when idle.
///
/// # Errors
/// Those of `work`, or the kernel has nothing left.
pub(crate) fn run(
    waiting_threads: usize,
    work: impl Future<Output = io::Result<()>>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(waiting_threads)
        .thread_keep_alive(WAITING_THREAD_STAYS)
        .thread_stack_size(STACK)
        .build()?;
    let ended = tokio::task::LocalSet::new().block_on(&runtime, work);
    // A probe or a mail may still wait somewhere; nobody waits for it.
    runtime.shutdown_background();
    ended
}
