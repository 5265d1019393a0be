//! Orderings: which action must come before which.

use cib::value::{self, Score};
use cib::xml::Node;

use super::names::{Meaning, Names};
use super::sets::{self, Set};
use crate::world::{ActFlags, ActIx, Key, Order, Rel, RscIx, Side, Task, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Optional,
    Mandatory,
    Serialize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symmetry {
    Asymmetric,
    Symmetric,
    /// The other way round of a symmetric ordering.
    Inverse,
}

/// Reads an ordering.
pub(crate) fn unpack<'d>(w: &mut World<'d>, names: &Names<'d>, xml: Node<'d>) {
    let kind = kind(xml.get("kind"), xml.get("score"));
    let symmetric = xml.get("symmetrical").and_then(value::boolean);
    let id = xml.get("id").unwrap_or_default();
    let listed: Vec<Node<'d>> = xml.children_named("resource_set").collect();
    if !listed.is_empty() {
        let all = listed.into_iter().map(|set| sets::unpack(w, names, set)).collect();
        unpack_sets(w, all, kind, symmetric);
        return;
    }
    let side = |w: &World<'d>, which: &str| names.meaning(w, xml.get(which)?);
    let (Some(first), Some(then)) = (side(w, "first"), side(w, "then")) else { return };
    let first_action = xml.get("first-action").map_or(Some(Task::Start), sets::action);
    let then_action = xml.get("then-action").map_or(first_action, sets::action);
    let (Some(first_action), Some(then_action)) = (first_action, then_action) else { return };
    match (first, then) {
        (Meaning::One(first), Meaning::One(then)) => {
            let pair = Pair { first, first_action, then, then_action };
            let min = minimum(w, xml, first);
            unpack_pair(w, id, pair, kind, symmetry(symmetric, kind), min);
        }
        (first, then) => {
            let set = |side: Meaning, action| {
                let members = match side {
                    Meaning::One(rsc) => vec![rsc],
                    Meaning::Many(all) => all,
                };
                let mut set = sets::of_members(id, members);
                set.action = Some(action);
                (!set.members.is_empty()).then_some(set)
            };
            let both = vec![set(first, first_action), set(then, then_action)];
            unpack_sets(w, both, kind, symmetric);
        }
    }
}

fn kind(kind: Option<&str>, score: Option<&str>) -> Kind {
    match kind {
        Some("Optional") => Kind::Optional,
        Some("Serialize") => Kind::Serialize,
        Some(_) => Kind::Mandatory,
        None => match score.and_then(Score::parse) {
            Some(Score::ZERO) => Kind::Optional,
            _ => Kind::Mandatory,
        },
    }
}

fn symmetry(asked: Option<bool>, kind: Kind) -> Symmetry {
    match (asked, kind) {
        (_, Kind::Serialize) | (Some(false), _) => Symmetry::Asymmetric,
        _ => Symmetry::Symmetric,
    }
}

/// How an ordering of a kind binds.
fn relation(kind: Kind, first: Task, symmetry: Symmetry) -> u32 {
    match (kind, symmetry) {
        (Kind::Optional, _) => Rel::ORDERED,
        (Kind::Serialize, _) => Rel::SERIALIZE,
        (Kind::Mandatory, Symmetry::Asymmetric) => Rel::ORDERED | Rel::ASYMMETRIC,
        (Kind::Mandatory, Symmetry::Inverse) => Rel::ORDERED | Rel::THEN_IMPLIES_FIRST,
        (Kind::Mandatory, Symmetry::Symmetric) => {
            let blocks = matches!(first, Task::Start | Task::Promote);
            let blocks = if blocks { Rel::UNRUNNABLE_FIRST_BLOCKS } else { 0 };
            Rel::ORDERED | Rel::FIRST_IMPLIES_THEN | blocks
        }
    }
}

fn inverse(task: Task) -> Task {
    match task {
        Task::Start => Task::Stop,
        Task::Stop => Task::Start,
        Task::Promote => Task::Demote,
        Task::Demote => Task::Promote,
        other => other,
    }
}

#[derive(Clone, Copy)]
struct Pair {
    first: RscIx,
    first_action: Task,
    then: RscIx,
    then_action: Task,
}

/// How many instances of a clone must be runnable; none if all.
fn minimum(w: &World<'_>, xml: Node<'_>, first: RscIx) -> Option<u32> {
    let clone = w[first].clone_kind()?;
    if clone.min > 0 {
        return u32::try_from(clone.min).ok();
    }
    let all = xml.get("require-all").and_then(value::boolean).unwrap_or(true);
    (!all).then_some(1)
}

fn unpack_pair<'d>(
    w: &mut World<'d>,
    id: &'d str,
    pair: Pair,
    kind: Kind,
    symmetry: Symmetry,
    minimum: Option<u32>,
) {
    let rel = relation(kind, pair.first_action, symmetry);
    let starts = matches!(pair.first_action, Task::Start | Task::Promote);
    let minimum = minimum.filter(|_| starts);
    match minimum {
        Some(minimum) => at_least(w, id, pair, rel, minimum),
        None => order(w, id, pair.first, pair.first_action, pair.then, pair.then_action, rel),
    }
    if symmetry == Symmetry::Symmetric {
        let (first, then) = (inverse(pair.then_action), inverse(pair.first_action));
        // While enough instances stay, nothing that depends on them must stop.
        let rel = match minimum {
            Some(_) => Rel::ORDERED,
            None => relation(kind, first, Symmetry::Inverse),
        };
        order(w, id, pair.then, first, pair.first, then, rel);
    }
}

/// A pseudo action stands between: it needs so many instances of the first.
fn at_least<'d>(w: &mut World<'d>, id: &'d str, pair: Pair, rel: u32, minimum: u32) {
    let met = crate::actions::named(w, &format!("clone-one-or-more:{id}"));
    w[met].required_runnable = minimum;
    w[met].flags.set(ActFlags::MIN_RUNNABLE);
    for instance in w[pair.first].children.clone() {
        let first = Side::Key(key(instance, pair.first_action));
        let rel = Rel::MIN_RUNNABLE | Rel::FIRST_IMPLIES_THEN_GRAPHED;
        w.orders.push(Order { id, first, then: Side::Action(met), rel });
    }
    after_met(w, id, met, pair.then, pair.then_action, rel);
}

fn after_met<'d>(w: &mut World<'d>, id: &'d str, met: ActIx, then: RscIx, task: Task, rel: u32) {
    let rel = rel | Rel::UNRUNNABLE_FIRST_BLOCKS;
    let then = Side::Key(key(then, task));
    w.orders.push(Order { id, first: Side::Action(met), then, rel });
}

/// The actions of a task that does not recur.
pub(crate) fn key(rsc: RscIx, task: Task) -> Key {
    Key { rsc, task, interval: 0 }
}

/// Orders two resources' actions.
pub(crate) fn order<'d>(
    w: &mut World<'d>,
    id: &'d str,
    first: RscIx,
    first_task: Task,
    then: RscIx,
    then_task: Task,
    rel: u32,
) {
    w.orders.push(Order {
        id,
        first: Side::Key(key(first, first_task)),
        then: Side::Key(key(then, then_task)),
        rel,
    });
}

fn unpack_sets<'d>(
    w: &mut World<'d>,
    all: Vec<Option<Set<'d>>>,
    parent: Kind,
    symmetric: Option<bool>,
) {
    let mut last: Option<Set<'d>> = None;
    let between = symmetry(symmetric, parent);
    for set in all {
        let Some(set) = set else { return };
        inside(w, &set, parent, symmetric);
        if let Some(last) = &last {
            if between == Symmetry::Asymmetric {
                consecutive(w, last, &set, parent, Symmetry::Asymmetric);
            } else {
                consecutive(w, last, &set, parent, Symmetry::Symmetric);
                consecutive(w, &set, last, parent, Symmetry::Inverse);
            }
        }
        last = Some(set);
    }
}

/// The members of one set.
fn inside<'d>(w: &mut World<'d>, set: &Set<'d>, parent: Kind, symmetric: Option<bool>) {
    let own = set.kind.map_or(parent, |text| kind(Some(text), None));
    let symmetry = symmetry(set.symmetrical.or(symmetric), own);
    let sequential = set.sequential.unwrap_or(true);
    let action = set.action.unwrap_or(Task::Start);
    let rel = relation(own, action, symmetry);
    if own == Kind::Serialize {
        for (at, first) in set.members.iter().enumerate() {
            for then in &set.members[at + 1..] {
                order(w, set.id, *first, action, *then, action, rel);
            }
        }
        return;
    }
    if !sequential {
        return;
    }
    for pair in set.members.windows(2) {
        order(w, set.id, pair[0], action, pair[1], action, rel);
    }
    if symmetry == Symmetry::Asymmetric {
        return;
    }
    let action = inverse(action);
    let rel = relation(own, action, Symmetry::Inverse);
    for pair in set.members.windows(2) {
        order(w, set.id, pair[1], action, pair[0], action, rel);
    }
}

/// Two sets, one after the other.
fn consecutive<'d>(
    w: &mut World<'d>,
    first: &Set<'d>,
    then: &Set<'d>,
    kind: Kind,
    symmetry: Symmetry,
) {
    let back = symmetry == Symmetry::Inverse;
    let turn = |task: Task| if back { inverse(task) } else { task };
    let first_task = turn(first.action.unwrap_or(Task::Start));
    let then_task = turn(then.action.unwrap_or(Task::Start));
    let all = first.require_all || matches!(first_task, Task::Stop | Task::Demote);
    let rel = relation(kind, first_task, symmetry);
    if !all {
        one_or_more(w, first, then, first_task, then_task);
        return;
    }
    let one_end = |set: &Set<'d>, last: bool| -> Vec<RscIx> {
        if set.sequential != Some(true) {
            return set.members.clone();
        }
        let end = if last { set.members.last() } else { set.members.first() };
        end.into_iter().copied().collect()
    };
    for one in one_end(first, !back) {
        for other in one_end(then, back) {
            order(w, first.id, one, first_task, other, then_task, rel);
        }
    }
}

fn one_or_more<'d>(
    w: &mut World<'d>,
    first: &Set<'d>,
    then: &Set<'d>,
    first_task: Task,
    then_task: Task,
) {
    let met = crate::actions::named(w, &format!("one-or-more:{}", first.id));
    w[met].required_runnable = 1;
    w[met].flags.set(ActFlags::MIN_RUNNABLE);
    for rsc in &first.members {
        let rel = Rel::MIN_RUNNABLE | Rel::FIRST_IMPLIES_THEN_GRAPHED;
        let first_side = Side::Key(key(*rsc, first_task));
        w.orders.push(Order { id: first.id, first: first_side, then: Side::Action(met), rel });
    }
    for rsc in &then.members {
        after_met(w, first.id, met, *rsc, then_task, 0);
    }
}
