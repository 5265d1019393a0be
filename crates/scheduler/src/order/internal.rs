//! Orderings and colocations that follow from what resources are: a stop before a start, members
//! of a group one after the other, instances inside their clone.

use cib::value::{Role, Score};

use crate::constraints::lists::add;
use crate::constraints::ordering::order;
use crate::trace::{Cause, during};
use crate::world::{Colocation, Flags, Kind, Rel, RscIx, Task, World};

/// What must be runnable before, and makes the next thing needed.
pub(crate) const CHAIN: u32 = Rel::FIRST_IMPLIES_THEN | Rel::UNRUNNABLE_FIRST_BLOCKS;
/// A member's start before its collective's completion.
const COMPLETES: u32 = CHAIN | Rel::FIRST_IMPLIES_THEN_GRAPHED;

/// Makes the internal constraints of all resources.
pub(crate) fn create_all(w: &mut World<'_>) {
    for rsc in w.top.clone() {
        create(w, rsc);
    }
}

pub(crate) fn create(w: &mut World<'_>, rsc: RscIx) {
    match &w[rsc].kind {
        Kind::Primitive => primitive(w, rsc),
        Kind::Group(group) => {
            let (ordered, colocated) = (group.ordered, group.colocated);
            create_group(w, rsc, ordered, colocated);
        }
        Kind::Clone(clone) => {
            let (ordered, promotable) = (clone.ordered, clone.promotable);
            create_clone(w, rsc, ordered, promotable);
        }
        Kind::Bundle(bundle) => {
            let (replicas, child) = (bundle.replicas.clone(), bundle.child);
            super::bundles::create(w, rsc, &replicas, child);
        }
    }
}

fn top_promotable(w: &World<'_>, rsc: RscIx) -> bool {
    std::iter::successors(Some(rsc), |r| w[*r].parent).any(|r| w[r].is_promotable())
}

pub(crate) fn primitive(w: &mut World<'_>, rsc: RscIx) {
    if !w[rsc].is(Flags::MANAGED) {
        return;
    }
    let restart = Rel::ORDERED | Rel::FIRST_IMPLIES_THEN | Rel::INTERMEDIATE_STOP;
    order(w, "", rsc, Task::Stop, rsc, Task::Start, restart);
    if top_promotable(w, rsc) || w[rsc].role > Role::Unpromoted {
        order(w, "", rsc, Task::Demote, rsc, Task::Stop, Rel::PROMOTED_THEN_IMPLIES_FIRST);
        order(w, "", rsc, Task::Start, rsc, Task::Promote, Rel::UNRUNNABLE_FIRST_BLOCKS);
    }
    let rel = Rel::IF_ON_SAME_NODE | Rel::THEN_CANCELS_FIRST;
    order(w, "", rsc, Task::Delete, rsc, Task::Monitor, rel);
    crate::place::utilization::order_load(w, rsc);
    if let Some(container) = w[rsc].container {
        in_container(w, rsc, container);
    }
    if w[rsc].is(Flags::CONNECTION) || w[rsc].is(Flags::FENCE_DEVICE) {
        avoid_remote_nodes(w, rsc);
    }
}

fn avoid_remote_nodes(w: &mut World<'_>, rsc: RscIx) {
    for node in w[rsc].allowed.nodes() {
        if w[node].is_remote() && w[node].connection.is_some() {
            during(w, Cause::NotOnRemote, |w| w[rsc].allowed.set(node, Score::NEG_INF));
        }
    }
}

fn in_container(w: &mut World<'_>, rsc: RscIx, container: RscIx) {
    let guest = w[rsc].is(Flags::CONNECTION);
    let mut remote = None;
    if guest {
        if !w[rsc].is(Flags::REPLICA) {
            avoid_remote_nodes(w, container);
        }
        order(w, "", container, Task::Monitor, rsc, Task::Stop, Rel::ORDERED);
    } else if w[container].remote_node.is_some() {
        remote = w[container].remote_node;
    } else {
        let fillers = w[container].fillers.iter();
        remote = fillers.into_iter().find_map(|filler| w[*filler].remote_node);
    }
    if let Some(remote) = remote {
        for node in w[rsc].allowed.nodes() {
            if node != remote {
                during(w, Cause::Container, |w| w[rsc].allowed.set(node, Score::NEG_INF));
            }
        }
        return;
    }
    order(w, "", container, Task::Start, rsc, Task::Start, CHAIN);
    order(w, "", rsc, Task::Stop, container, Task::Stop, Rel::THEN_IMPLIES_FIRST);
    let nested = w[rsc].is(Flags::REPLICA) && w[container].is(Flags::REPLICA);
    let score = if nested { Score::new(10_000) } else { Score::INF };
    colocate(w, "#resource-with-container", rsc, container, score, true);
}

/// Makes a colocation of the scheduler's own.
pub(crate) fn colocate(
    w: &mut World<'_>,
    id: &'static str,
    dependent: RscIx,
    primary: RscIx,
    score: Score,
    influence: bool,
) {
    add(
        w,
        Colocation {
            id,
            dependent,
            primary,
            dependent_role: Role::Unknown,
            primary_role: Role::Unknown,
            score,
            attribute: None,
            influence: Some(influence),
            explicit: false,
        },
    );
}

fn create_group(w: &mut World<'_>, group: RscIx, ordered: bool, colocated: bool) {
    order(w, "", group, Task::Stop, group, Task::Stopped, Rel::UNRUNNABLE_FIRST_BLOCKS);
    order(w, "", group, Task::Stopped, group, Task::Start, Rel::ORDERED);
    order(w, "", group, Task::Start, group, Task::Running, Rel::UNRUNNABLE_FIRST_BLOCKS);
    let promotable = top_promotable(w, group);
    let mut previous = None;
    let mut last_active = None;
    for member in w[group].children.clone() {
        primitive(w, member);
        let mut down = Rel::THEN_IMPLIES_FIRST_GRAPHED;
        let mut after_down = Rel::FIRST_IMPLIES_THEN_GRAPHED;
        match previous {
            None if ordered => {
                down |= Rel::ORDERED;
                after_down = Rel::FIRST_IMPLIES_THEN;
            }
            Some(previous) if colocated => {
                let influence = w[member].is(Flags::CRITICAL);
                colocate(w, "#group-members", member, previous, Score::INF, influence);
            }
            _ => {}
        }
        if promotable {
            order(w, "", group, Task::Demote, member, Task::Demote, down);
            order(w, "", member, Task::Demote, group, Task::Demoted, after_down);
            order(w, "", member, Task::Promote, group, Task::Promoted, COMPLETES);
            let graphed = Rel::THEN_IMPLIES_FIRST_GRAPHED;
            order(w, "", group, Task::Promote, member, Task::Promote, graphed);
        }
        order(w, "", group, Task::Stop, member, Task::Stop, down);
        order(w, "", member, Task::Stop, group, Task::Stopped, after_down);
        let graphed = Rel::THEN_IMPLIES_FIRST_GRAPHED;
        order(w, "", group, Task::Start, member, Task::Start, graphed);
        order(w, "", member, Task::Start, group, Task::Running, COMPLETES);
        let pair = Pair { group, member, previous, last_active, ordered, promotable };
        pair.in_sequence(w);
        if !w[member].active.is_empty() {
            last_active = Some(member);
        }
        previous = Some(member);
    }
}

/// A member of a group and those before it.
struct Pair {
    group: RscIx,
    member: RscIx,
    previous: Option<RscIx>,
    last_active: Option<RscIx>,
    ordered: bool,
    promotable: bool,
}

impl Pair {
    fn in_sequence(&self, w: &mut World<'_>) {
        let member = self.member;
        if !self.ordered {
            let rel = Rel::ORDERED | Rel::UNRUNNABLE_FIRST_BLOCKS | Rel::THEN_IMPLIES_FIRST_GRAPHED;
            order(w, "", self.group, Task::Start, member, Task::Start, rel);
            if self.promotable {
                order(w, "", self.group, Task::Promote, member, Task::Promote, rel);
            }
            return;
        }
        let Some(previous) = self.previous else { return };
        order(w, "", previous, Task::Start, member, Task::Start, CHAIN);
        let stops = Rel::ORDERED | Rel::INTERMEDIATE_STOP;
        order(w, "", member, Task::Stop, previous, Task::Stop, stops);
        let up = !w[member].active.is_empty();
        if up && w[previous].active.is_empty() {
            let rel = Rel::THEN_IMPLIES_FIRST | Rel::UNRUNNABLE_FIRST_BLOCKS;
            order(w, "", member, Task::Stop, previous, Task::Start, rel);
        }
        if self.promotable {
            order(w, "", previous, Task::Promote, member, Task::Promote, CHAIN);
            order(w, "", member, Task::Demote, previous, Task::Demote, Rel::ORDERED);
        }
        if let Some(last) = self.last_active.filter(|_| up && w[previous].active.is_empty()) {
            order(w, "", member, Task::Stop, last, Task::Stop, Rel::ORDERED);
        }
    }
}

fn create_clone(w: &mut World<'_>, clone: RscIx, ordered: bool, promotable: bool) {
    order(w, "", clone, Task::Stopped, clone, Task::Start, Rel::ORDERED);
    order(w, "", clone, Task::Start, clone, Task::Running, Rel::UNRUNNABLE_FIRST_BLOCKS);
    order(w, "", clone, Task::Stop, clone, Task::Stopped, Rel::UNRUNNABLE_FIRST_BLOCKS);
    if promotable {
        order(w, "", clone, Task::Demoted, clone, Task::Stop, Rel::ORDERED);
        order(w, "", clone, Task::Running, clone, Task::Promote, Rel::UNRUNNABLE_FIRST_BLOCKS);
    }
    let mut earlier: Vec<RscIx> = Vec::new();
    let mut instances = w[clone].children.clone();
    if ordered {
        instances.sort_by_key(|instance| w[*instance].number);
    }
    for instance in instances {
        create(w, instance);
        order(w, "", clone, Task::Start, instance, Task::Start, Rel::THEN_IMPLIES_FIRST_GRAPHED);
        let rel = Rel::FIRST_IMPLIES_THEN_GRAPHED;
        order(w, "", instance, Task::Start, clone, Task::Running, rel);
        order(w, "", clone, Task::Stop, instance, Task::Stop, Rel::THEN_IMPLIES_FIRST_GRAPHED);
        order(w, "", instance, Task::Stop, clone, Task::Stopped, rel);
        for one in &earlier {
            order(w, "", *one, Task::Start, instance, Task::Start, Rel::ORDERED);
            order(w, "", instance, Task::Stop, *one, Task::Stop, Rel::ORDERED);
        }
        if ordered {
            earlier.push(instance);
        }
    }
    if promotable {
        promotable_clone(w, clone, ordered);
    }
}

/// Everything goes down before anything goes up again.
pub(crate) fn promotable_restart(w: &mut World<'_>, rsc: RscIx) {
    order(w, "", rsc, Task::Stopped, rsc, Task::Promote, Rel::ORDERED);
    order(w, "", rsc, Task::Demoted, rsc, Task::Start, Rel::ORDERED);
    order(w, "", rsc, Task::Demote, rsc, Task::Demoted, Rel::ORDERED);
    order(w, "", rsc, Task::Demoted, rsc, Task::Promote, Rel::ORDERED);
}

fn promotable_clone(w: &mut World<'_>, clone: RscIx, ordered: bool) {
    promotable_restart(w, clone);
    let mut previous: Option<RscIx> = None;
    for instance in w[clone].children.clone() {
        order(w, "", instance, Task::Demote, instance, Task::Promote, Rel::ORDERED);
        let graphed = Rel::THEN_IMPLIES_FIRST_GRAPHED;
        order(w, "", clone, Task::Promote, instance, Task::Promote, graphed);
        let rel = Rel::FIRST_IMPLIES_THEN_GRAPHED;
        order(w, "", instance, Task::Promote, clone, Task::Promoted, rel);
        order(w, "", clone, Task::Demote, instance, Task::Demote, graphed);
        order(w, "", instance, Task::Demote, clone, Task::Demoted, rel);
        if let Some(previous) = previous.filter(|_| ordered) {
            order(w, "", previous, Task::Promote, instance, Task::Promote, Rel::ORDERED);
            order(w, "", instance, Task::Demote, previous, Task::Demote, Rel::ORDERED);
        }
        previous = Some(instance);
    }
}
