//! What an instance or group depends on (docs/ancestors/keepalived.md §1.3, §2.1).

use super::Lowering;
use super::addresses::Lacking;
use crate::keepalived::findings::Place;
use crate::keepalived::lexer::Word;
use crate::keepalived::tree::Node;
use crate::keepalived::values;
use crate::text::quote;
use vrrp::config::{Track, Tracked};

/// Weights of trackers lie in this range (measured: "must be between [-253..253]").
const WEIGHT_MAX: i64 = 253;
/// Weights of tracked files are factors and may be larger.
const FACTOR_MAX: i64 = i32::MAX as i64;

/// A tracker, and where it stands.
pub(super) type Placed = (Track, Place);

impl Lowering<'_> {
    /// Adds the entries of a `track_…` block; what can't be tracked at all is returned.
    pub(super) fn tracks(&mut self, node: &Node, into: &mut Vec<Placed>) -> Lacking {
        let mut lacking = None;
        for entry in node.entries() {
            let Some(first) = entry.first() else { continue };
            let Some((what, weight, reverse)) = self.tracked(node.name(), first) else {
                if node.name() == "track_interface" {
                    lacking = Some((first.place, first.text.clone()));
                }
                continue;
            };
            if into.iter().any(|(track, _)| track.what == what) {
                self.twice(first);
                continue;
            }
            let limit = if matches!(what, Tracked::File(_)) { FACTOR_MAX } else { WEIGHT_MAX };
            let written = self.written_weight(entry, limit);
            let (weight, reverse) = match written {
                Some((written, flag)) => (written, flag.unwrap_or(reverse)),
                None => (weight, reverse),
            };
            into.push((Track { what, weight, reverse }, first.place));
        }
        lacking
    }

    /// What a name stands for, with its own weight; `None`, with a finding, if for nothing.
    fn tracked(&mut self, keyword: &str, name: &Word) -> Option<(Tracked, i32, bool)> {
        let text = name.text.clone();
        let known = match keyword {
            "track_interface" => {
                self.awaited(&text, name.place, "a tracked interface");
                return Some((Tracked::Interface(text), 0, false));
            }
            "track_script" => self
                .scripts
                .iter()
                .find(|script| script.script.name == text)
                .map(|script| (Tracked::Script(text), script.weight, script.reverse)),
            "track_file" => self
                .settings
                .track_files
                .iter()
                .find(|file| file.name == text)
                .map(|file| (Tracked::File(text), file.weight, file.reverse)),
            "track_process" => self
                .settings
                .track_processes
                .iter()
                .find(|process| process.name == text)
                .map(|process| (Tracked::Process(text), process.weight, process.reverse)),
            _ => self
                .session(&text)
                .map(|session| (session.weight, session.reverse))
                .map(|(weight, reverse)| (Tracked::Bfd(text), weight, reverse)),
        };
        if known.is_none() {
            self.unknown(keyword, name);
        }
        known
    }

    fn unknown(&mut self, keyword: &str, name: &Word) {
        let kind = keyword.strip_prefix("track_").unwrap_or(keyword);
        let what = format!("no {kind} {} stands before this line", quote(&name.text));
        let then = [
            "it is not tracked: its failure changes nothing",
            "keepalived ignores the line as well",
            "define it above the instances that track it",
        ];
        self.found.complain(name.place, "unknown-tracker", what, then);
    }

    fn twice(&mut self, name: &Word) {
        let what = format!("{} is tracked twice", quote(&name.text));
        let then = ["the second line is ignored", "keepalived does the same", "remove it"];
        self.found.complain(name.place, "tracked-twice", what, then);
    }

    /// The weight behind a name; `None` if there is none, or, with a finding, no sound one.
    fn written_weight(&mut self, entry: &[Word], limit: i64) -> Option<(i32, Option<bool>)> {
        let at = entry.iter().position(|word| word.text == "weight")?;
        let weight = values::weight(entry, at.saturating_add(1));
        let sound = weight.filter(|(value, _)| value.unsigned_abs() <= limit.unsigned_abs());
        if sound.is_none() {
            let word = entry.get(at.saturating_add(1)).or_else(|| entry.get(at))?;
            let what = format!("{} is no weight", quote(&word.text));
            let cure = format!("allowed: -{limit} to {limit}");
            let then = [
                "the number is ignored; the tracked thing's own weight counts, without one a \
                 failure is a FAULT",
                "keepalived does the same",
                cure.as_str(),
            ];
            self.found.complain(word.place, "bad-weight", what, then);
        }
        sound.map(|(value, reverse)| (value as i32, reverse))
    }
}
