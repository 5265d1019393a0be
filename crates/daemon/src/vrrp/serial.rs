//! Work that may wait, in order for each name and side by side for different names.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::rc::Rc;
use tokio::sync::Notify;

/// A piece of work.
type Job = Pin<Box<dyn Future<Output = ()>>>;

/// Queues by name. Cheap to clone: all clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Serial {
    queues: Rc<RefCell<BTreeMap<String, VecDeque<Job>>>>,
    idle: Rc<Notify>,
}

impl Serial {
    /// Adds a job behind those of the same name. Say how many wait now, this one included.
    pub(crate) fn push(&self, name: &str, job: impl Future<Output = ()> + 'static) -> usize {
        let mut queues = self.queues.borrow_mut();
        if let Some(queue) = queues.get_mut(name) {
            queue.push_back(Box::pin(job));
            return queue.len();
        }
        queues.insert(name.to_owned(), VecDeque::from([Box::pin(job) as Job]));
        drop(queues);
        tokio::task::spawn_local(self.clone().work(name.to_owned()));
        1
    }

    /// Drops the oldest job of a name that has not begun; false when none waits.
    pub(crate) fn drop_oldest(&self, name: &str) -> bool {
        self.queues.borrow_mut().get_mut(name).is_some_and(|queue| queue.pop_front().is_some())
    }

    async fn work(self, name: String) {
        loop {
            let job = {
                let mut queues = self.queues.borrow_mut();
                let next = queues.get_mut(&name).and_then(VecDeque::pop_front);
                if next.is_none() {
                    queues.remove(&name);
                }
                next
            };
            let Some(job) = job else { break };
            job.await;
        }
        self.idle.notify_waiters();
    }

    /// Waits until all queues are empty.
    pub(crate) async fn drained(&self) {
        loop {
            let idle = self.idle.notified();
            if self.queues.borrow().is_empty() {
                return;
            }
            idle.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;
    use tokio::task::LocalSet;

    type Seen = Rc<RefCell<Vec<&'static str>>>;

    #[tokio::test]
    async fn jobs_of_one_name_run_in_order_and_those_of_others_beside_them() {
        let (seen, serial) = (Seen::default(), Serial::default());
        let (sender, receiver) = oneshot::channel::<()>();
        let note = |label: &'static str| {
            let seen = Rc::clone(&seen);
            async move { seen.borrow_mut().push(label) }
        };
        LocalSet::new()
            .run_until(async {
                let first = note("a1");
                serial.push("a", async move {
                    receiver.await.expect("b2 says so");
                    first.await;
                });
                serial.push("a", note("a2"));
                serial.push("b", note("b1"));
                let second = note("b2");
                serial.push("b", async move {
                    second.await;
                    sender.send(()).expect("a1 waits");
                });
                serial.drained().await;
            })
            .await;
        assert_eq!(*seen.borrow(), ["b1", "b2", "a1", "a2"]);
    }

    #[tokio::test]
    async fn the_oldest_that_waits_is_dropped_not_the_one_that_runs() {
        let (seen, serial) = (Seen::default(), Serial::default());
        let (sender, receiver) = oneshot::channel::<()>();
        let (begun, beginning) = oneshot::channel::<()>();
        let note = |label: &'static str| {
            let seen = Rc::clone(&seen);
            async move { seen.borrow_mut().push(label) }
        };
        LocalSet::new()
            .run_until(async {
                let first = note("1");
                serial.push("a", async move {
                    begun.send(()).expect("is waited for");
                    receiver.await.expect("goes on");
                    first.await;
                });
                beginning.await.expect("begins");
                serial.push("a", note("2"));
                serial.push("a", note("3"));
                assert!(serial.drop_oldest("a"));
                sender.send(()).expect("runs");
                serial.drained().await;
            })
            .await;
        assert_eq!(*seen.borrow(), ["1", "3"]);
        assert!(!serial.drop_oldest("a"));
    }
}
