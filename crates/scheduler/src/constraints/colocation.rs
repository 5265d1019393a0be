//! Colocations: which resources must, should or must not run together.

use cib::value::{self, Role, Score};
use cib::xml::Node;

use super::lists::add;
use super::names::{Meaning, Names};
use super::ordering::key;
use super::sets::{self, Set, role};
use crate::world::{Colocation, Order, Rel, RscIx, Side, Task, World};

/// What all pairs of one constraint share.
#[derive(Clone, Copy)]
struct Common<'d> {
    id: &'d str,
    score: Score,
    attribute: Option<&'d str>,
    influence: Option<bool>,
}

/// Reads a colocation.
pub(crate) fn unpack<'d>(w: &mut World<'d>, names: &Names<'d>, xml: Node<'d>) {
    let common = Common {
        id: xml.get("id").unwrap_or_default(),
        score: xml.get("score").and_then(|text| w.options.score(text)).unwrap_or(Score::ZERO),
        attribute: xml.get("node-attribute").filter(|name| *name != "#uname"),
        influence: xml.get("influence").and_then(value::boolean),
    };
    let listed: Vec<Node<'d>> = xml.children_named("resource_set").collect();
    if !listed.is_empty() {
        let all = listed.into_iter().map(|set| sets::unpack(w, names, set)).collect();
        unpack_sets(w, common, all);
        return;
    }
    let side = |w: &World<'d>, which: &str| names.meaning(w, xml.get(which)?);
    let (Some(dependent), Some(primary)) = (side(w, "rsc"), side(w, "with-rsc")) else { return };
    let roles = (role(xml.get("rsc-role")), role(xml.get("with-rsc-role")));
    let set = |members: Vec<RscIx>, role| {
        let mut set = sets::of_members(common.id, members);
        set.role = role;
        (!set.members.is_empty()).then_some(set)
    };
    let (dependent, primary) = match (dependent, primary) {
        (Meaning::One(dependent), Meaning::One(primary)) => {
            pair(w, common, common.score, (dependent, roles.0), (primary, roles.1));
            return;
        }
        (Meaning::Many(all), Meaning::One(primary)) => (all, vec![primary]),
        (Meaning::One(dependent), Meaning::Many(all)) => (vec![dependent], all),
        // One side at most may be a template or tag.
        (Meaning::Many(_), Meaning::Many(_)) => return,
    };
    let both = vec![set(dependent, roles.0), set(primary, roles.1)];
    unpack_sets(w, common, both);
}

fn pair<'d>(
    w: &mut World<'d>,
    common: Common<'d>,
    score: Score,
    dependent: (RscIx, Role),
    primary: (RscIx, Role),
) {
    if dependent.0 == primary.0 {
        return;
    }
    if score == Score::NEG_INF && common.attribute.is_none() {
        keep_apart(w, common.id, dependent, primary);
        keep_apart(w, common.id, primary, dependent);
    }
    add(
        w,
        Colocation {
            id: common.id,
            dependent: dependent.0,
            primary: primary.0,
            dependent_role: dependent.1,
            primary_role: primary.1,
            score,
            attribute: common.attribute,
            influence: common.influence,
            explicit: true,
        },
    );
}

/// Two resources that may never be on one node change places in order: stop before start.
fn keep_apart<'d>(w: &mut World<'d>, id: &'d str, first: (RscIx, Role), then: (RscIx, Role)) {
    let leaving: &[Task] = match first.1 {
        Role::Promoted => &[Task::Demote],
        Role::Unpromoted => &[Task::Stop, Task::Promote],
        _ => &[Task::Stop],
    };
    let coming: &[Task] = match then.1 {
        Role::Promoted => &[Task::Promote],
        Role::Unpromoted => &[Task::Start, Task::Demote],
        _ => &[Task::Start],
    };
    for first_task in leaving {
        for then_task in coming {
            w.orders.push(Order {
                id,
                first: Side::Key(key(first.0, *first_task)),
                then: Side::Key(key(then.0, *then_task)),
                rel: Rel::IF_REQUIRED_ON_SAME_NODE,
            });
        }
    }
}

fn unpack_sets<'d>(w: &mut World<'d>, common: Common<'d>, all: Vec<Option<Set<'d>>>) {
    let mut last: Option<Set<'d>> = None;
    for set in all {
        let Some(set) = set else { return };
        inside(w, common, &set);
        if let Some(last) = &last {
            consecutive(w, common, last, &set);
        }
        last = Some(set);
    }
}

/// The members of one set: each with the one before (or after, if the set says so).
fn inside<'d>(w: &mut World<'d>, common: Common<'d>, set: &Set<'d>) {
    let score = set.score.unwrap_or(common.score);
    if score == Score::ZERO || set.sequential == Some(false) {
        return;
    }
    let with_role = |rsc: RscIx| (rsc, set.role);
    if score > Score::ZERO {
        for members in set.members.windows(2) {
            let (one, other) =
                if set.listed { (members[0], members[1]) } else { (members[1], members[0]) };
            pair(w, common, score, with_role(one), with_role(other));
        }
    } else {
        for (at, later) in set.members.iter().enumerate() {
            for earlier in &set.members[..at] {
                pair(w, common, score, with_role(*later), with_role(*earlier));
            }
        }
    }
}

/// One set with the next.
fn consecutive<'d>(w: &mut World<'d>, common: Common<'d>, one: &Set<'d>, other: &Set<'d>) {
    let ends = |set: &Set<'d>, last: bool| -> Vec<RscIx> {
        if set.sequential == Some(false) {
            return set.members.clone();
        }
        let end = if last { set.members.last() } else { set.members.first() };
        end.into_iter().copied().collect()
    };
    let score = common.score;
    for dependent in ends(one, false) {
        for primary in ends(other, true) {
            pair(w, common, score, (dependent, one.role), (primary, other.role));
        }
    }
}
