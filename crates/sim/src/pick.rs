//! Choosing what happens next by hand, for the exhaustive search: the queue's order doesn't count.

use crate::host::{Due, Entry};
use crate::subject::Subject;
use crate::world::{PROMPT, World};

impl<S: Subject> World<S> {
    fn oldest(&self, is: impl Fn(&Due) -> bool) -> Option<&Entry> {
        self.queue.iter().filter(|entry| is(&entry.due)).max()
    }

    fn take_oldest(&mut self, is: impl Fn(&Due) -> bool) -> Option<Due> {
        let order = self.oldest(is)?.order;
        let mut entries = std::mem::take(&mut self.queue).into_vec();
        let index = entries.iter().position(|entry| entry.order == order)?;
        let due = entries.swap_remove(index).due;
        self.queue = entries.into();
        Some(due)
    }

    /// True if a datagram is on its way in this direction.
    pub fn has_datagram(&self, from: usize, to: usize) -> bool {
        self.oldest(is_datagram(from, to)).is_some()
    }

    /// True if an operation is on its way on this host.
    pub fn has_job(&self, host: usize) -> bool {
        let life = self.hosts[host].life;
        self.oldest(is_job(host, life)).is_some()
    }

    /// The oldest datagram of this direction arrives now.
    pub fn deliver_next(&mut self, from: usize, to: usize) {
        if let Some(due) = self.take_oldest(is_datagram(from, to)) {
            self.happen(due);
        }
    }

    /// It is lost.
    pub fn lose_next(&mut self, from: usize, to: usize) {
        if self.take_oldest(is_datagram(from, to)).is_some() {
            self.checks.sent(from, to, false);
        }
    }

    /// The oldest operation of a host ends now.
    pub fn finish_next(&mut self, host: usize) {
        let life = self.hosts[host].life;
        if let Some(due) = self.take_oldest(is_job(host, life)) {
            self.happen(due);
        }
    }

    /// The clock moves to the next timer of a daemon or its shell, which runs; what is on its way
    /// is late from then on.
    pub fn next_timer(&mut self) {
        let shell = self
            .oldest(|due| !matches!(due, Due::Datagram { .. } | Due::Job { .. }))
            .map(|entry| entry.at);
        let daemon = self.next_deadline();
        match (shell, daemon) {
            (Some(at), daemon) if daemon.is_none_or(|(d, _)| at <= d) => {
                self.advance(at);
                let due =
                    self.take_oldest(|due| !matches!(due, Due::Datagram { .. } | Due::Job { .. }));
                if let Some(due) = due {
                    self.happen(due);
                }
            }
            (_, Some((at, host))) => {
                self.advance(at);
                self.tick(host);
            }
            (_, None) => {}
        }
        let late: Vec<(usize, usize)> = self
            .queue
            .iter()
            .filter(|entry| entry.at + PROMPT < self.now)
            .filter_map(|entry| match entry.due {
                Due::Datagram { from, to, .. } => Some((from, to)),
                _ => None,
            })
            .collect();
        for (from, to) in late {
            self.checks.sent(from, to, false);
        }
    }
}

fn is_datagram(from: usize, to: usize) -> impl Fn(&Due) -> bool {
    move |due| matches!(due, Due::Datagram { from: f, to: t, .. } if (*f, *t) == (from, to))
}

fn is_job(host: usize, life: u32) -> impl Fn(&Due) -> bool {
    move |due| matches!(due, Due::Job { host: h, life: l, .. } if (*h, *l) == (host, life))
}
