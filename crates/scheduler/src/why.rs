//! Why a resource is where it is: what acts on it, in the order in which it acts, and what it
//! contributes to the score of each node.
//!
//! The contributions are written down by the stages themselves while they plan (`trace`), so that
//! folded in their order they give the scores that `crm_simulate --show-scores` prints.

mod circumstances;
mod not;

use std::fmt;

use cib::value::Score;
use cib::xml::Document;

use crate::constraints;
use crate::plan;
use crate::trace::{self, Cause, Trace};
use crate::unpack;
use crate::world::{NodeIx, RscIx, World};
pub use circumstances::Circumstance;
pub use not::{Refusal, Remedy, why_not};

/// Why a resource, and each resource in it, is where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The resource that was asked about, and the resources and instances in it.
    pub placements: Vec<Placement>,
}

/// Why one resource is where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The resource; of a clone with the instance's number.
    pub resource: String,
    /// True for what has no parts: it has a place of its own.
    pub primitive: bool,
    /// Where it runs now.
    pub runs_on: Vec<String>,
    /// Where it will run, and in which role; nowhere if there is none.
    pub goes_to: Option<(String, &'static str)>,
    /// What acts beside the scores: options, states, orderings.
    pub circumstances: Vec<Circumstance>,
    /// The nodes, best first.
    pub nodes: Vec<NodeScore>,
}

/// What speaks for and against one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeScore {
    /// The node.
    pub node: String,
    /// Why it can run nothing, if it cannot.
    pub unusable: Option<&'static str>,
    /// What acts on the score, in the order in which it acts.
    pub contributions: Vec<Contribution>,
    /// So many of the contributions stand behind the score that `crm_simulate` prints; the others
    /// act after it was printed.
    pub printed_after: usize,
}

impl NodeScore {
    /// The score `crm_simulate --show-scores` prints; none for a node the resource does not know.
    pub fn printed(&self) -> Option<Score> {
        fold(self.contributions.get(..self.printed_after).unwrap_or_default())
    }

    /// The score that decided.
    pub fn score(&self) -> Option<Score> {
        fold(&self.contributions)
    }
}

/// One thing that changed a node's score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// What it was.
    pub reason: Reason,
    /// What it did.
    pub effect: Effect,
}

/// What a contribution does to a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is added, as scores are added.
    Add(Score),
    /// The score is this from now on; none takes the node out of the list.
    Becomes(Option<Score>),
}

/// Folds contributions with the scores' arithmetic.
pub fn fold(contributions: &[Contribution]) -> Option<Score> {
    contributions.iter().fold(None, |have, one| match (one.effect, have) {
        (Effect::Add(score), Some(have)) => Some(have + score),
        (Effect::Add(score), None) => Some(score),
        (Effect::Becomes(score), _) => score,
    })
}

/// What changes scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The score every resource starts from on the node.
    Begin,
    /// A location constraint, by its id.
    Location(String),
    /// The node's health attributes.
    Health,
    /// `resource-stickiness`: it would rather stay where it runs.
    Stickiness,
    /// It failed as often as `migration-threshold` allows.
    FailedTooOften,
    /// A failure, or a stop that failed, keeps it away.
    Failure,
    /// It is not managed and runs there.
    Unmanaged,
    /// It is active on several nodes and its `multiple-active` lets it only stop.
    SeveralActive,
    /// A ticket the cluster does not hold: the constraint and the ticket.
    Ticket(String, String),
    /// Another location of it says `resource-discovery=exclusive`.
    ExclusiveDiscovery,
    /// `shutdown-lock`: it waits for the node it was stopped on.
    ShutdownLock,
    /// The node has not the capacity its `utilization` asks for.
    Capacity,
    /// The clone has its instances.
    CloneMax,
    /// The node has as many instances as it may have, or takes none.
    CloneNodeMax,
    /// The promotion score the agent has recorded.
    Promotion,
    /// It is to be stopped.
    Stopped,
    /// It lives inside a container.
    Container,
    /// Connections and fence devices don't run on remote nodes.
    NotOnRemote,
    /// It is no longer configured.
    Removed,
    /// It follows another: the constraint, or what made it, and the other.
    Follows(String, String),
    /// Another follows it, and has wishes: the constraint and the other.
    Wish(String, String),
    /// The cluster's own rules.
    Own,
}

/// The id of the colocations of a group's members.
const GROUP: &str = "#group-members";

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin => f.write_str("the score it starts from"),
            Self::Location(id) => write!(f, "location {id}"),
            Self::Health => f.write_str("the node's health (node-health-strategy)"),
            Self::Stickiness => f.write_str("resource-stickiness: it runs there"),
            Self::FailedTooOften => f.write_str("it failed as often as migration-threshold allows"),
            Self::Failure => f.write_str("a failure that was not cleaned up"),
            Self::Unmanaged => f.write_str("it is not managed and runs there"),
            Self::SeveralActive => f.write_str("multiple-active=stop_only, and it is active twice"),
            Self::Ticket(id, ticket) => write!(f, "ticket {ticket} is not held ({id})"),
            Self::ExclusiveDiscovery => f.write_str("resource-discovery=exclusive for other nodes"),
            Self::ShutdownLock => f.write_str("shutdown-lock: it waits for the node it left"),
            Self::Capacity => f.write_str("the node has not the capacity (utilization)"),
            Self::CloneMax => f.write_str("there are clone-max instances already"),
            Self::CloneNodeMax => f.write_str("the node takes no further instance"),
            Self::Promotion => f.write_str("the promotion score its agent recorded"),
            Self::Stopped => f.write_str("it is to be stopped"),
            Self::Container => f.write_str("it lives inside a container elsewhere"),
            Self::NotOnRemote => f.write_str("it can't run on a remote node"),
            Self::Removed => f.write_str("it is no longer configured"),
            Self::Follows(id, other) if id == GROUP => write!(f, "its group: it is with {other}"),
            Self::Wish(id, other) if id == GROUP => write!(f, "its group: {other} is with it"),
            Self::Follows(id, other) => write!(f, "colocation {id}: it follows {other}"),
            Self::Wish(id, other) => write!(f, "colocation {id}: {other} follows it"),
            Self::Own => f.write_str("the cluster's own rules for such resources"),
        }
    }
}

/// Why a resource is where it is; none if there is no such resource.
pub fn why(cib: &Document, now: i64, resource: &str) -> Option<Why> {
    let doc = plan::prepared(cib);
    let (w, trace) = decided(&doc, now, resource)?;
    let asked = *w.names.get(resource)?;
    let mut placements = Vec::new();
    let of = instances_named(&w, asked);
    for rsc in of {
        collect(&w, &trace, rsc, &mut placements);
    }
    Some(Why { placements })
}

/// The world after everything is decided, with the record of one resource.
fn decided<'d>(doc: &'d Document, now: i64, resource: &str) -> Option<(World<'d>, Box<Trace>)> {
    let mut w = unpack::traced(doc, now, Some(resource));
    plan::decide(&mut w);
    let trace = trace::end(&mut w)?;
    Some((w, trace))
}

/// What a name means: of a primitive or group in a clone all its instances.
fn instances_named(w: &World<'_>, asked: RscIx) -> Vec<RscIx> {
    let top = unpack::operations::top(w, asked);
    if !w[top].has_instances() || w[asked].is(crate::world::Flags::UNIQUE) || top == asked {
        return vec![asked];
    }
    let base = w[asked].base;
    let all = (0..w.resources.len() as u32).map(RscIx);
    all.filter(|rsc| w[*rsc].base == base && unpack::operations::top(w, *rsc) == top).collect()
}

fn collect(w: &World<'_>, trace: &Trace, rsc: RscIx, into: &mut Vec<Placement>) {
    into.push(placement(w, trace, rsc));
    for child in &w[rsc].children {
        collect(w, trace, *child, into);
    }
}

fn placement(w: &World<'_>, trace: &Trace, rsc: RscIx) -> Placement {
    let known = (0..w.nodes.len() as u32).map(NodeIx);
    let mut nodes: Vec<NodeScore> = known.map(|node| node_score(w, trace, rsc, node)).collect();
    nodes.sort_by_key(|one| {
        let chosen = w[rsc].assigned.is_some_and(|node| w[node].name == one.node);
        std::cmp::Reverse((chosen, one.unusable.is_none(), one.score()))
    });
    let goes_to = w[rsc].assigned.filter(|node| {
        let there = w[rsc].active.contains(node) || not::starts(w, rsc);
        there && w[rsc].next_role > cib::value::Role::Stopped
    });
    Placement {
        resource: w[rsc].id.clone(),
        primitive: w[rsc].is_primitive(),
        runs_on: w[rsc].active.iter().map(|node| w[*node].name.to_owned()).collect(),
        goes_to: goes_to.map(|node| (w[node].name.to_owned(), w[rsc].next_role.name())),
        circumstances: circumstances::of(w, rsc),
        nodes,
    }
}

fn node_score(w: &World<'_>, trace: &Trace, rsc: RscIx, node: NodeIx) -> NodeScore {
    let printed = trace.printed.iter().find(|(other, _)| *other == rsc);
    let printed = printed.map_or(trace.changes.len(), |(_, at)| *at);
    let mut contributions = Vec::new();
    let mut printed_after = 0;
    for (at, change) in trace.changes.iter().enumerate() {
        if change.rsc == rsc && change.node == node {
            let effect = effect(change.before, change.after);
            contributions.push(Contribution { reason: reason(w, change.cause), effect });
            if at < printed {
                printed_after = contributions.len();
            }
        }
    }
    NodeScore {
        node: w[node].name.to_owned(),
        unusable: circumstances::unusable(w, node),
        contributions,
        printed_after,
    }
}

/// What leads from one score to the next.
fn effect(before: Option<Score>, after: Option<Score>) -> Effect {
    let (Some(before), Some(after)) = (before, after) else { return Effect::Becomes(after) };
    let difference = i64::from(after.get()) - i64::from(before.get());
    let added = if after.is_infinite() { after } else { Score::new(difference) };
    if before + added == after { Effect::Add(added) } else { Effect::Becomes(Some(after)) }
}

fn reason(w: &World<'_>, cause: Cause) -> Reason {
    let colocation = |at: u32, follows: bool| {
        let one = &w.colocations[at as usize];
        let other = if follows { one.primary } else { one.dependent };
        (one.id.to_owned(), w[other].id.clone())
    };
    match cause {
        Cause::Own => Reason::Own,
        Cause::Begin => Reason::Begin,
        Cause::Location(at) => match w.locations[at as usize].id {
            constraints::health::ID => Reason::Health,
            id => Reason::Location(id.to_owned()),
        },
        Cause::Follows(at) => {
            let (id, other) = colocation(at, true);
            Reason::Follows(id, other)
        }
        Cause::Wish(at) => {
            let (id, other) = colocation(at, false);
            Reason::Wish(id, other)
        }
        Cause::Ticket(at) => {
            let one = &w.ticket_constraints[at as usize];
            Reason::Ticket(one.id.to_owned(), one.ticket.to_owned())
        }
        Cause::SeveralActive => Reason::SeveralActive,
        Cause::Stickiness => Reason::Stickiness,
        Cause::Threshold => Reason::FailedTooOften,
        Cause::Failure => Reason::Failure,
        Cause::Unmanaged => Reason::Unmanaged,
        Cause::ExclusiveDiscovery => Reason::ExclusiveDiscovery,
        Cause::ShutdownLock => Reason::ShutdownLock,
        Cause::Capacity => Reason::Capacity,
        Cause::CloneMax => Reason::CloneMax,
        Cause::CloneNodeMax => Reason::CloneNodeMax,
        Cause::Promotion => Reason::Promotion,
        Cause::Stopped => Reason::Stopped,
        Cause::Container => Reason::Container,
        Cause::NotOnRemote => Reason::NotOnRemote,
        Cause::Removed => Reason::Removed,
    }
}
