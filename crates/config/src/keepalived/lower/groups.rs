//! `vrrp_sync_group` (docs/ancestors/keepalived.md §2.1).

use super::Lowering;
use super::global::text;
use super::tracking::Placed;
use crate::keepalived::findings::Place;
use crate::keepalived::tree::Node;
use crate::keepalived::values;
use crate::text::quote;
use std::collections::BTreeSet;
use vrrp::config::{Instance, Notify, SyncGroup, Track};

/// A group as written.
pub(super) struct GroupDraft {
    pub group: SyncGroup,
    pub place: Place,
    pub tracks: Vec<Placed>,
}

impl Lowering<'_> {
    pub(super) fn group(&mut self, block: &Node) {
        let name = text(block).unwrap_or_default();
        if self.groups.iter().any(|group| group.group.name == name) {
            let what = format!("the group {} is there already", quote(&name));
            let then = ["this one is ignored", "keepalived does the same", "rename one"];
            self.found.complain(block.place(), "given-twice", what, then);
            return;
        }
        let mut group = SyncGroup {
            name,
            members: Vec::new(),
            tracks: Vec::new(),
            tracking_weight: false,
            notify: Notify::default(),
            smtp_alert: self.settings.mail.vrrp,
        };
        let mut tracks = Vec::new();
        for node in block.nodes() {
            match node.name() {
                "group" => {
                    let names = node.entries().iter().flatten().map(|word| word.text.clone());
                    group.members.extend(names);
                }
                "sync_group_tracking_weight" => group.tracking_weight = true,
                "smtp_alert" => {
                    let usual = group.smtp_alert;
                    group.smtp_alert = values::switch(node, self.found).unwrap_or(usual);
                }
                "notify_priority_changes" => {
                    group.notify.priority_changes =
                        values::switch(node, self.found).unwrap_or(false);
                }
                _ if self.notify(node, &mut group.notify) => {}
                _ => {
                    self.tracks(node, &mut tracks);
                }
            }
        }
        self.groups.push(GroupDraft { group, place: block.place(), tracks });
    }

    /// The groups that have members, with members that are there.
    pub(super) fn groups(&mut self, instances: &mut [Instance]) -> Vec<SyncGroup> {
        let mut done = Vec::new();
        let mut grouped = BTreeSet::new();
        for mut draft in std::mem::take(&mut self.groups) {
            let members = std::mem::take(&mut draft.group.members);
            for member in members {
                if !instances.iter().any(|instance| instance.name == member) {
                    self.no_member(&draft, &member);
                } else if grouped.insert(member.clone()) {
                    draft.group.members.push(member);
                } else {
                    let what = format!("{} is in another group as well", quote(&member));
                    let effect = "it stays in the first";
                    self.about(&draft, "two-groups", what, effect, "remove it from one of them");
                }
            }
            match draft.group.members.len() {
                0 => {
                    let what = format!("the group {} has no members", quote(&draft.group.name));
                    let effect = "the group is removed";
                    self.about(&draft, "empty-group", what, effect, "add `group { NAMES }`");
                    continue;
                }
                1 => {
                    let what = format!("the group {} has one member", quote(&draft.group.name));
                    let effect = "it does nothing beside telling";
                    self.about(&draft, "small-group", what, effect, "add the other members");
                }
                _ => {}
            }
            draft.group.tracks = self.group_tracks(&mut draft);
            done.push(draft.group);
        }
        done
    }

    fn no_member(&mut self, draft: &GroupDraft, member: &str) {
        let (why, cure) = if self.disabled.iter().any(|name| name == member) {
            ("is disabled", "look at what is said about it")
        } else {
            ("isn't there", "correct the name")
        };
        let what = format!("the member {} of a sync group {why}", quote(member));
        self.about(draft, "no-member", what, "the group goes without it", cure);
    }

    fn about(&mut self, draft: &GroupDraft, code: &str, what: String, effect: &str, cure: &str) {
        let then = [effect, "keepalived does the same", cure];
        self.found.complain(draft.place, code, what, then);
    }

    fn group_tracks(&mut self, draft: &mut GroupDraft) -> Vec<Track> {
        let mut kept = Vec::new();
        for (track, at) in std::mem::take(&mut draft.tracks) {
            if track.weight == 0 || draft.group.tracking_weight {
                kept.push(track);
                continue;
            }
            let what = "weights don't count in a sync group".to_owned();
            let then = [
                "this is not tracked",
                "keepalived does the same",
                "write `sync_group_tracking_weight` into the group, or weight 0",
            ];
            self.found.complain(at, "weight-in-group", what, then);
        }
        kept
    }
}
