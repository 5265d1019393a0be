//! Why a resource is not on a node, and the smallest change that would allow it: each change is
//! tried on a copy of the document before it is named.

use std::fmt;

use cib::value::{Role, Score};
use cib::xml::{Document, Node, NodeId};

use super::{Circumstance, Effect, Placement, Reason, decided, instances_named, placement};
use crate::inject::{self, Event};
use crate::plan;
use crate::world::{Flags, RscIx, World};

/// No more changes than this are put together: who needs more should look at the whole
/// configuration.
const MOST_CHANGES: usize = 6;

/// Why a resource is not on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// True if it is there, or will be: nothing has to be changed.
    pub there: bool,
    /// What decides, in one sentence.
    pub because: String,
    /// The smallest change found that brings it there; none if no such change was found.
    pub remedies: Option<Vec<Remedy>>,
}

/// A change of the configuration or of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The node joins the cluster.
    Join(String),
    /// The node leaves standby.
    Online(String),
    /// The partition gets quorum.
    Quorum,
    /// A ticket is granted.
    Grant(String),
    /// A cluster option gets a value.
    Option(&'static str, &'static str),
    /// A meta attribute of a resource is taken away: the resource, the name and its value.
    Unset(String, String, String),
    /// The failures and the history of a resource on a node are forgotten.
    CleanUp(String, String),
    /// A constraint is removed.
    Remove(String),
    /// The resource is told to go to the node.
    Move(String, String),
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Join(node) => {
                write!(f, "bring {node} into the cluster (start it, or mend its links)")
            }
            Self::Online(node) => {
                write!(f, "end the standby of {node}: crm_standby --delete --node {node}")
            }
            Self::Quorum => f.write_str("give this partition quorum: bring more nodes in"),
            Self::Grant(ticket) => {
                write!(f, "grant the ticket {ticket}: crm_ticket --grant --ticket {ticket}")
            }
            Self::Option(name, value) => {
                write!(f, "set {name} to {value}: crm_attribute --name {name} --update {value}")
            }
            Self::Unset(resource, name, value) => write!(
                f,
                "take {name}={value} from {resource}: crm_resource --meta --resource {resource} \
                 --delete-parameter {name}"
            ),
            Self::CleanUp(resource, node) => write!(
                f,
                "mend what failed and clean up: crm_resource --cleanup --resource {resource} --node \
                 {node}"
            ),
            Self::Remove(id) => write!(
                f,
                "remove the constraint {id}: cibadmin --delete --xpath \"//*[@id='{id}']\""
            ),
            Self::Move(resource, node) => {
                write!(f, "tell it to: crm_resource --move --resource {resource} --node {node}")
            }
        }
    }
}

/// Why a resource is not on a node; none if there is no such resource or node.
pub fn why_not(cib: &Document, now: i64, resource: &str, node: &str) -> Option<Refusal> {
    let before = view(cib, now, resource, node)?;
    if before.there {
        let because = format!("{resource} is on {node} in the plan");
        return Some(Refusal { there: true, because, remedies: Some(Vec::new()) });
    }
    let because = before.deciding();
    Some(Refusal { there: false, because, remedies: search(cib, now, resource, node) })
}

/// Single changes first; else the deciding ones one after the other, and then without those that
/// are not needed.
fn search(cib: &Document, now: i64, resource: &str, node: &str) -> Option<Vec<Remedy>> {
    let helps = |remedies: &[Remedy]| {
        let mut changed = cib.clone();
        for remedy in remedies {
            apply(&mut changed, now, remedy);
        }
        view(&changed, now, resource, node).is_some_and(|view| view.there)
    };
    let mut taken: Vec<Remedy> = Vec::new();
    while taken.len() < MOST_CHANGES {
        let mut changed = cib.clone();
        for remedy in &taken {
            apply(&mut changed, now, remedy);
        }
        let mut candidates = view(&changed, now, resource, node)?.remedies();
        candidates.retain(|candidate| !taken.contains(candidate));
        let with = |one: &Remedy| [taken.as_slice(), std::slice::from_ref(one)].concat();
        if let Some(last) = candidates.iter().find(|candidate| helps(&with(candidate))) {
            taken.push(last.clone());
            return Some(without_needless(taken, helps));
        }
        taken.push(candidates.into_iter().next()?);
    }
    None
}

fn without_needless(mut remedies: Vec<Remedy>, helps: impl Fn(&[Remedy]) -> bool) -> Vec<Remedy> {
    let mut at = 0;
    while at < remedies.len() && remedies.len() > 1 {
        let mut fewer = remedies.clone();
        fewer.remove(at);
        if helps(&fewer) {
            remedies = fewer;
        } else {
            at += 1;
        }
    }
    remedies
}

/// A resource and a node, as one plan has them.
struct View {
    resource: String,
    node: String,
    there: bool,
    unusable: Option<&'static str>,
    standby: bool,
    /// The resource's parts that are placed by themselves.
    parts: Vec<Placement>,
    /// Meta attributes that keep it from running: of which resource, name and value.
    holding: Vec<(String, String, String)>,
}

fn view(cib: &Document, now: i64, resource: &str, node: &str) -> Option<View> {
    let doc = plan::prepared(cib);
    let (w, trace) = decided(&doc, now, resource)?;
    let asked = *w.names.get(resource)?;
    let at = w.nodes.iter().position(|one| one.name == node)?;
    let at = crate::world::NodeIx(u32::try_from(at).ok()?);
    let mut leaves = Vec::new();
    for rsc in instances_named(&w, asked) {
        primitives(&w, rsc, &mut leaves);
    }
    let is_there = |rsc: &RscIx| {
        w[*rsc].assigned == Some(at)
            && w[*rsc].next_role > Role::Stopped
            && (w[*rsc].active.contains(&at) || starts(&w, *rsc))
    };
    Some(View {
        resource: resource.to_owned(),
        node: node.to_owned(),
        there: leaves.iter().any(is_there),
        unusable: super::circumstances::unusable(&w, at),
        standby: w[at].standby || w[at].standby_on_fail,
        parts: leaves.iter().map(|rsc| placement(&w, &trace, *rsc)).collect(),
        holding: holding(&w, asked),
    })
}

fn primitives(w: &World<'_>, rsc: RscIx, into: &mut Vec<RscIx>) {
    if w[rsc].is_primitive() {
        into.push(rsc);
    }
    for child in &w[rsc].children {
        primitives(w, *child, into);
    }
}

/// Whether a resource that has a node can start there.
pub(super) fn starts(w: &World<'_>, rsc: RscIx) -> bool {
    let start = crate::actions::newest(w, rsc, crate::world::Task::Start, w[rsc].assigned);
    start.is_none_or(|start| w[start].runnable())
}

/// Meta attributes of a resource, or of what it is in, that hold it.
fn holding(w: &World<'_>, rsc: RscIx) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for rsc in std::iter::successors(Some(rsc), |rsc| w[*rsc].parent) {
        for name in ["target-role", "is-managed", "maintenance"] {
            let Some(value) = w[rsc].meta(name) else { continue };
            let held = match name {
                "target-role" => Role::parse(value) == Some(Role::Stopped),
                "is-managed" => cib::value::boolean(value) == Some(false),
                _ => cib::value::boolean(value) == Some(true),
            };
            if held {
                found.push((w[rsc].base.to_owned(), name.to_owned(), value.to_owned()));
            }
        }
    }
    if w[rsc].is(Flags::MAINTENANCE) && w.options.maintenance {
        found.push((String::new(), "maintenance-mode".to_owned(), "true".to_owned()));
    }
    found
}

impl View {
    /// What decides, in one sentence.
    fn deciding(&self) -> String {
        let Self { resource, node, .. } = self;
        if let Some(state) = self.unusable {
            return format!("{node} is {state}");
        }
        let circumstances = self.parts.iter().flat_map(|part| &part.circumstances);
        if let Some(one) = circumstances.into_iter().next() {
            return format!("{resource}: {one}");
        }
        for part in &self.parts {
            let Some(here) = part.nodes.iter().find(|one| one.node == *node) else { continue };
            if here.score().is_none() {
                return format!(
                    "symmetric-cluster=false, and no location lets {} run on {node}",
                    part.resource
                );
            }
            if let Some(one) = forbidding(here) {
                return format!("{}: {} ({})", part.resource, one.reason, Score::NEG_INF);
            }
        }
        let lower = self.parts.iter().find_map(|part| {
            let here = part.nodes.iter().find(|one| one.node == *node)?.score()?;
            let (better, _) = part.goes_to.as_ref()?;
            let best = part.nodes.iter().find(|one| one.node == *better)?;
            let most = best
                .contributions
                .iter()
                .filter(|one| matches!(one.effect, Effect::Add(score) if score > Score::ZERO));
            let most = most.max_by_key(|one| match one.effect {
                Effect::Add(score) => score,
                Effect::Becomes(_) => Score::ZERO,
            });
            let most = most.map(|one| format!(", by {}", one.reason)).unwrap_or_default();
            let best = best.score()?;
            Some(if best > here {
                format!(
                    "{better} has a higher score for {}: {best} against {here}{most}",
                    part.resource
                )
            } else {
                format!(
                    "{better} has the same score for {}, and fewer resources or the better name",
                    part.resource
                )
            })
        });
        lower.unwrap_or_else(|| format!("{resource} has no place at all"))
    }

    /// Changes that could bring it there, the deciding ones first.
    fn remedies(&self) -> Vec<Remedy> {
        let Self { resource, node, .. } = self;
        let mut found = Vec::new();
        if self.standby {
            found.push(Remedy::Online(node.clone()));
        } else if self.unusable.is_some() {
            found.push(Remedy::Join(node.clone()));
        }
        for (rsc, name, value) in &self.holding {
            found.push(match name.as_str() {
                "maintenance-mode" => Remedy::Option("maintenance-mode", "false"),
                _ => Remedy::Unset(rsc.clone(), name.clone(), value.clone()),
            });
        }
        for part in &self.parts {
            found.extend(part.circumstances.iter().filter_map(|one| match one {
                Circumstance::StopAll => Some(Remedy::Option("stop-all-resources", "false")),
                Circumstance::NoQuorum => Some(Remedy::Quorum),
                Circumstance::NoFencing => Some(Remedy::Option("fencing-enabled", "false")),
                Circumstance::Blocked => Some(Remedy::CleanUp(base(part), node.clone())),
                Circumstance::WaitsFor(id, _) if !id.is_empty() => Some(Remedy::Remove(id.clone())),
                _ => None,
            }));
            for runs_on in
                part.runs_on.iter().filter(|_| part.circumstances.contains(&Circumstance::Blocked))
            {
                found.push(Remedy::CleanUp(base(part), runs_on.clone()));
            }
            for one in part.nodes.iter().filter(|one| one.node == *node) {
                found.extend(
                    one.contributions
                        .iter()
                        .filter_map(|one| against(&one.reason, one.effect, part, node)),
                );
            }
        }
        found.push(Remedy::Move(resource.clone(), node.clone()));
        let mut once: Vec<Remedy> = Vec::new();
        for one in found {
            if !once.contains(&one) {
                once.push(one);
            }
        }
        once
    }
}

/// The configured name of a part.
fn base(part: &Placement) -> String {
    part.resource.split(':').next().unwrap_or_default().to_owned()
}

/// What makes a score the lowest there is.
fn forbidding(here: &super::NodeScore) -> Option<&super::Contribution> {
    let lowest = |one: &&super::Contribution| {
        matches!(one.effect, Effect::Add(Score::NEG_INF) | Effect::Becomes(Some(Score::NEG_INF)))
    };
    (here.score() == Some(Score::NEG_INF)).then(|| here.contributions.iter().find(lowest))?
}

/// What takes a contribution against a node away.
fn against(reason: &Reason, effect: Effect, part: &Placement, node: &str) -> Option<Remedy> {
    let negative = match effect {
        Effect::Add(score) => score < Score::ZERO,
        Effect::Becomes(score) => score.is_none_or(|score| score < Score::ZERO),
    };
    if !negative {
        return None;
    }
    match reason {
        Reason::Location(id) | Reason::Follows(id, _) | Reason::Wish(id, _)
            if !id.starts_with('#') =>
        {
            Some(Remedy::Remove(id.clone()))
        }
        Reason::Health => Some(Remedy::Option("node-health-strategy", "none")),
        Reason::Ticket(_, ticket) => Some(Remedy::Grant(ticket.clone())),
        Reason::FailedTooOften | Reason::Failure => {
            Some(Remedy::CleanUp(base(part), node.to_owned()))
        }
        Reason::Capacity => Some(Remedy::Option("placement-strategy", "default")),
        Reason::ShutdownLock => Some(Remedy::Option("shutdown-lock", "false")),
        _ => None,
    }
}

/// Makes a change in a document, as the command that is named for it would.
fn apply(doc: &mut Document, now: i64, remedy: &Remedy) {
    let event = match remedy {
        Remedy::Join(node) => Event::NodeUp(node.clone()),
        Remedy::Online(node) => Event::NodeOnline(node.clone()),
        Remedy::Quorum => Event::Quorum("1".to_owned()),
        Remedy::Grant(ticket) => Event::TicketGrant(ticket.clone()),
        Remedy::Option(name, value) => {
            inject::set_option(doc, name, value);
            return;
        }
        Remedy::Unset(resource, name, _) => {
            unset(doc, resource, name);
            return;
        }
        Remedy::CleanUp(resource, node) => {
            clean_up(doc, resource, node);
            return;
        }
        Remedy::Remove(id) => {
            if let Some(id) = doc.by_id(id) {
                doc.remove(id);
            }
            return;
        }
        Remedy::Move(resource, node) => {
            prefer(doc, resource, node);
            return;
        }
    };
    inject::inject(doc, &[event], now);
}

fn unset(doc: &mut Document, resource: &str, name: &str) {
    let Some(id) = doc.by_id(resource) else { return };
    let blocks = doc.node(id).children_named("meta_attributes");
    let pairs = blocks.flat_map(|block| block.children_named("nvpair"));
    let named: Vec<NodeId> =
        pairs.filter(|pair| pair.get("name") == Some(name)).map(Node::id).collect();
    for pair in named {
        doc.remove(pair);
    }
}

/// Forgets a resource's history and failures on a node.
fn clean_up(doc: &mut Document, resource: &str, node: &str) {
    let Some(status) = doc.root().child("status") else { return };
    let states = status.children_named("node_state");
    let Some(state) = states.into_iter().find(|state| state.get("uname") == Some(node)) else {
        return;
    };
    let of = |text: &str| {
        text == resource || text.strip_prefix(resource).is_some_and(|rest| rest.starts_with(':'))
    };
    let counts = |name: &str| {
        ["fail-count-", "last-failure-"].iter().any(|prefix| {
            let rest = name.strip_prefix(prefix);
            rest.is_some_and(|rest| of(rest.split('#').next().unwrap_or_default()))
        })
    };
    let gone = state.descendants().filter(|one| {
        (one.is("lrm_resource") && one.get("id").is_some_and(of))
            || (one.is("nvpair") && one.get("name").is_some_and(counts))
    });
    for id in gone.map(Node::id).collect::<Vec<_>>() {
        doc.remove(id);
    }
}

/// The location `crm_resource --move` writes.
fn prefer(doc: &mut Document, resource: &str, node: &str) {
    let constraints = inject::part(doc, "constraints");
    let location = doc.append(constraints, "rsc_location");
    for (name, value) in [
        ("id", format!("cli-prefer-{resource}").as_str()),
        ("rsc", resource),
        ("role", "Started"),
        ("node", node),
        ("score", "INFINITY"),
    ] {
        doc.set(location, name, value);
    }
}
