//! What states and priorities depend on: conditions, and what they add up to.

use crate::config::{Config, Track, Tracked};
use crate::io::Condition;
use crate::router::{Fault, Id, Standing};
use api::vrrp::TrackEffect;
use std::collections::BTreeMap;
use std::fmt;

/// A tracked file that counts this much or less is a fault (docs/ancestors/keepalived.md §1.3).
const OUTWEIGHED: i64 = -254;

/// Something watched, and by whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    /// How it is; `None`: not known yet.
    pub(crate) condition: Option<Condition>,
    /// The routers that track it themselves.
    pub(crate) routers: Vec<Id>,
    /// The groups that track it for their members.
    pub(crate) groups: Vec<usize>,
}

/// What a list of tracks comes to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Verdict {
    /// What is not well, and has no weight.
    pub(crate) faults: Vec<Fault>,
    /// A first result without which nothing can be said is missing.
    pub(crate) waiting: bool,
    /// What is added to the priority.
    pub(crate) weight: i64,
}

impl Verdict {
    /// What the faults and missing results allow.
    pub(crate) fn standing(&self) -> Standing {
        if !self.faults.is_empty() {
            Standing::Faulty
        } else if self.waiting {
            Standing::Waiting
        } else {
            Standing::Able
        }
    }
}

/// Everything tracked by somebody.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trackers(BTreeMap<Tracked, Watch>);

impl Trackers {
    /// What `config` tracks, with the conditions known from `before`. What is new in a reload
    /// counts as well until it is known to be otherwise (docs/ancestors/keepalived.md §2.6).
    pub(crate) fn new(config: &Config, before: Option<&Self>) -> Self {
        let mut all: BTreeMap<Tracked, Watch> = BTreeMap::new();
        for (id, instance) in config.instances.iter().enumerate() {
            for track in &instance.tracks {
                let watch = all.entry(track.what.clone()).or_default();
                // The same thing may be listed twice; its router is asked once.
                if watch.routers.last() != Some(&id) {
                    watch.routers.push(id);
                }
            }
        }
        for (place, group) in config.groups.iter().enumerate() {
            for track in &group.tracks {
                let watch = all.entry(track.what.clone()).or_default();
                if watch.groups.last() != Some(&place) {
                    watch.groups.push(place);
                }
            }
        }
        if let Some(before) = before {
            for (what, watch) in &mut all {
                watch.condition = match before.0.get(what) {
                    Some(known) if known.condition.is_some() => known.condition,
                    _ => Some(Condition::Good),
                };
            }
        }
        Self(all)
    }

    /// Notes how something is; `Some` of its watch if that is news.
    pub(crate) fn set(&mut self, what: &Tracked, condition: Condition) -> Option<Watch> {
        let watch = self.0.get_mut(what)?;
        if watch.condition == Some(condition) {
            return None;
        }
        let before = watch.condition.replace(condition);
        Some(Watch { condition: before, ..watch.clone() })
    }

    /// One of them.
    pub(crate) fn get(&self, what: &Tracked) -> Option<&Watch> {
        self.0.get(what)
    }

    /// What is watched, sorted.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Tracked, &Watch)> {
        self.0.iter()
    }

    /// What `tracks` come to; without `weighed` those with a weight don't count.
    pub(crate) fn judge(&self, tracks: &[Track], weighed: bool) -> Verdict {
        let mut verdict = Verdict::default();
        for track in tracks {
            let condition = self.0.get(&track.what).and_then(|watch| watch.condition);
            match (condition, track.weight) {
                (None, 0) => verdict.waiting = true,
                (Some(condition), 0) if fails(condition, track) => {
                    verdict.faults.push(Fault::Tracker(track.what.clone()));
                }
                (_, 0) => {}
                (Some(condition), _) if weighed => {
                    let weight = weight(condition, track);
                    verdict.weight += weight;
                    if matches!(track.what, Tracked::File(_)) && weight <= OUTWEIGHED {
                        verdict.faults.push(Fault::Outweighed(track.what.clone()));
                    }
                }
                _ => {}
            }
        }
        verdict
    }
}

impl Trackers {
    /// What each of `tracks` does now; without `weighed` weights don't count.
    pub(crate) fn effects(&self, tracks: &[Track], weighed: bool) -> Vec<TrackEffect> {
        let effect = |track: &Track| {
            let condition = self.0.get(&track.what).and_then(|watch| watch.condition);
            let verdict = self.judge(std::slice::from_ref(track), weighed);
            let (kind, name) = track.what.words();
            TrackEffect {
                kind: kind.to_owned(),
                name: name.to_owned(),
                weight: track.weight,
                reverse: track.reverse,
                adds: condition.map_or(0, |_| verdict.weight),
                is_fault: !verdict.faults.is_empty(),
            }
        };
        tracks.iter().map(effect).collect()
    }
}

/// Whether a track without weight makes a fault.
fn fails(condition: Condition, track: &Track) -> bool {
    is_bad(condition) != track.reverse
}

fn is_bad(condition: Condition) -> bool {
    match condition {
        Condition::Good => false,
        Condition::Bad => true,
        Condition::Value(number) => number != 0,
    }
}

/// What a track adds to the priority: the table of docs/ancestors/keepalived.md §2.3.
fn weight(condition: Condition, track: &Track) -> i64 {
    let weight = i64::from(track.weight);
    let plain = match (&track.what, condition) {
        (Tracked::File(_), Condition::Value(number)) => i64::from(number) * weight,
        // A file that can't be read has no number.
        (Tracked::File(_), _) => 0,
        (_, condition) if is_bad(condition) => weight.min(0),
        _ => weight.max(0),
    };
    if track.reverse { -plain } else { plain }
}

impl fmt::Display for Tracked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, name) = self.words();
        match self {
            Self::Bfd(_) => write!(f, "BFD session {name}"),
            _ => write!(f, "{kind} {name}"),
        }
    }
}

impl Tracked {
    /// What kind of thing it is, and its name.
    pub fn words(&self) -> (&'static str, &str) {
        match self {
            Self::Script(name) => ("script", name),
            Self::Interface(name) => ("interface", name),
            Self::File(name) => ("file", name),
            Self::Process(name) => ("process", name),
            Self::Bfd(name) => ("bfd", name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(what: Tracked, weight: i32, reverse: bool) -> Track {
        Track { what, weight, reverse }
    }

    #[test]
    fn weights_add_up_as_in_keepalived() {
        use Condition::{Bad, Good};
        let script = || Tracked::Script("s".into());
        for (weight_written, reverse, condition, added) in [
            (10, false, Good, 10),
            (10, false, Bad, 0),
            (-10, false, Good, 0),
            (-10, false, Bad, -10),
            (10, true, Good, -10),
            (10, true, Bad, 0),
            (-10, true, Good, 0),
            (-10, true, Bad, 10),
        ] {
            let track = track(script(), weight_written, reverse);
            assert_eq!(weight(condition, &track), added, "{track:?} {condition:?}");
        }
        assert!(fails(Bad, &track(script(), 0, false)) && !fails(Good, &track(script(), 0, false)));
        assert!(fails(Good, &track(script(), 0, true)) && !fails(Bad, &track(script(), 0, true)));
    }

    #[test]
    fn a_files_number_is_multiplied_and_without_weight_must_be_zero() {
        let file = || Tracked::File("f".into());
        assert_eq!(weight(Condition::Value(7), &track(file(), -3, false)), -21);
        assert_eq!(weight(Condition::Value(7), &track(file(), -3, true)), 21);
        assert_eq!(weight(Condition::Bad, &track(file(), -3, false)), 0);
        assert!(fails(Condition::Value(1), &track(file(), 0, false)));
        assert!(!fails(Condition::Value(0), &track(file(), 0, false)));
    }
}
