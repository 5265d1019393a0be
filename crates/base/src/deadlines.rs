//! One clockwork for many things: what is due, earliest first.

use crate::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// At most one deadline for each key. Setting, removing and finding the earliest cost the
/// logarithm of their number, so that thousands of things share one.
#[derive(Clone, Debug)]
pub struct Deadlines<K> {
    by_time: BTreeSet<(Instant, K)>,
    by_key: BTreeMap<K, Instant>,
}

impl<K> Default for Deadlines<K> {
    fn default() -> Self {
        Self { by_time: BTreeSet::new(), by_key: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Deadlines<K> {
    /// Replaces the deadline of `key`; `None` removes it.
    pub fn set(&mut self, key: K, at: Option<Instant>) {
        let before = match at {
            Some(at) => self.by_key.insert(key.clone(), at),
            None => self.by_key.remove(&key),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.by_time.remove(&(before, key.clone()));
        }
        if let Some(at) = at {
            self.by_time.insert((at, key));
        }
    }

    /// Takes out the earliest deadline that is not after `now`.
    pub fn pop_due(&mut self, now: Instant) -> Option<K> {
        if self.first()? > now {
            return None;
        }
        let (_, key) = self.by_time.pop_first()?;
        self.by_key.remove(&key);
        Some(key)
    }

    /// The earliest deadline.
    pub fn first(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    #[test]
    fn the_earliest_comes_first_and_only_when_it_is_due() {
        let mut all = Deadlines::default();
        for (key, nanos) in [("b", 20), ("a", 30), ("c", 10)] {
            all.set(key, Some(at(nanos)));
        }
        all.set("c", Some(at(25)));
        all.set("a", None);
        assert_eq!(all.first(), Some(at(20)));
        assert_eq!(all.pop_due(at(19)), None);
        let due: Vec<_> = std::iter::from_fn(|| all.pop_due(at(25))).collect();
        assert_eq!(due, ["b", "c"]);
        assert_eq!(all.first(), None);
    }
}
