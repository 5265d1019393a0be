//! Runs many cases on all cores. A case that panics or takes too long fails alone.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// How the work on one item ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End<T> {
    /// It returned.
    Done(T),
    /// It panicked, with these words.
    Panicked(String),
    /// It did not return in time; its thread is left behind.
    TooLong,
}

/// Calls `work` on every item, each within `limit`; results in the order of the items.
pub fn all<I, T>(
    items: Vec<I>,
    limit: Duration,
    work: impl Fn(&I) -> T + Send + Sync + 'static,
) -> Vec<End<T>>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
{
    let count = items.len();
    let next = Arc::new(AtomicUsize::new(0));
    let (items, work) = (Arc::new(items), Arc::new(work));
    let results: Arc<Mutex<Vec<Option<End<T>>>>> =
        Arc::new(Mutex::new((0..count).map(|_| None).collect()));
    let workers = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let one = |at: usize| {
        let (items, work) = (Arc::clone(&items), Arc::clone(&work));
        move || work(&items[at])
    };
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        return;
                    }
                    let end = within(limit, one(at));
                    if let Ok(mut results) = results.lock() {
                        results[at] = Some(end);
                    }
                }
            });
        }
    });
    let mut results =
        results.lock().map_or_else(|_| Vec::new(), |mut all| std::mem::take(&mut *all));
    results.drain(..).map(|end| end.unwrap_or(End::TooLong)).collect()
}

/// Runs `work` in a thread of its own, for at most `limit`.
fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> End<T> {
    let (sender, receiver) = mpsc::channel();
    let builder = thread::Builder::new().name(WORKER.to_owned()).stack_size(STACK_BYTES);
    let started = builder.spawn(move || {
        let result = catch_unwind(AssertUnwindSafe(work));
        sender.send(result.map_err(|words| said(&*words))).ok();
    });
    if let Err(error) = started {
        return End::Panicked(format!("no thread: {error}"));
    }
    match receiver.recv_timeout(limit) {
        Ok(Ok(value)) => End::Done(value),
        Ok(Err(words)) => End::Panicked(words),
        Err(_) => End::TooLong,
    }
}

/// The name of threads whose panics are results.
const WORKER: &str = "case";
/// As much as a main thread has.
const STACK_BYTES: usize = 8 << 20;

thread_local! {
    /// Where this thread panicked.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    PLACE.with_borrow(|place| format!("{}{place}", text.unwrap_or_default()))
}

/// From now on panics of cases print nothing; they are reported with their case.
pub fn keep_panics_quiet() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if thread::current().name() != Some(WORKER) {
            usual(info);
        } else if let Some(place) = info.location() {
            PLACE.set(format!(" ({}:{})", place.file(), place.line()));
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_and_a_hang_cost_one_case_each() {
        keep_panics_quiet();
        let ends = all(vec![1, 2, 3, 4], Duration::from_millis(300), |n| match n {
            2 => panic!("two"),
            3 => loop {
                thread::sleep(Duration::from_secs(1));
            },
            n => n * 10,
        });
        assert_eq!(ends[0], End::Done(10));
        assert!(matches!(&ends[1], End::Panicked(words) if words.starts_with("two (")));
        assert_eq!(ends[2..], [End::TooLong, End::Done(40)]);
    }
}
