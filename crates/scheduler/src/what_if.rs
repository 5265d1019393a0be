//! What if: events in the words people use, how the cluster ends up, and what would not survive.

use crate::inject::Event;
use crate::plan;
use crate::simulate::{Request, Simulation, simulate};
use crate::unpack;
use cib::value::interval_ms;
use cib::xml::{Document, Node};
use std::collections::BTreeMap;

/// A cluster that has not come to rest after so many transitions does not: every one of them
/// changes something, and what needs more than three is not known.
pub const MOST_TRANSITIONS: usize = 10;

/// A failure more than this often is one that never ends.
const MOST_FAILURES: u32 = 100;

/// Reads events such as `kill node2; standby node3; fail web 2`.
///
/// # Errors
/// The event that cannot be read or cannot happen, and what can.
pub fn events(cib: &Document, now: i64, text: &str) -> Result<Vec<Event>, String> {
    let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
    let read: Result<Vec<_>, _> = parts.map(|part| event(cib, now, part)).collect();
    Ok(read?.concat())
}

fn event(cib: &Document, now: i64, text: &str) -> Result<Vec<Event>, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let name = |at: usize| words.get(at).map(|word| (*word).to_owned()).unwrap_or_default();
    Ok(vec![match words.as_slice() {
        ["kill", _] => Event::NodeFail(name(1)),
        ["stop", _] => Event::NodeDown(name(1)),
        ["start", _] => Event::NodeUp(name(1)),
        ["standby", _] => Event::NodeStandby(name(1)),
        ["online", _] => Event::NodeOnline(name(1)),
        ["grant", _] => Event::TicketGrant(name(1)),
        ["revoke", _] => Event::TicketRevoke(name(1)),
        ["quorum", "lost"] => Event::Quorum("0".to_owned()),
        ["quorum", "regained"] => Event::Quorum("1".to_owned()),
        ["fail", resource] => return failures(cib, now, resource, 1),
        ["fail", resource, count] => {
            let count = count.parse().ok().filter(|count| (1..=MOST_FAILURES).contains(count));
            let count = count
                .ok_or_else(|| format!("{text}: how often is a number up to {MOST_FAILURES}"))?;
            return failures(cib, now, resource, count);
        }
        _ => {
            return Err(format!(
                "{text}: an event is `kill`, `stop`, `start`, `standby` or `online` and a node, \
                 `fail` and a resource, `grant` or `revoke` and a ticket, `quorum lost` or \
                 `quorum regained`"
            ));
        }
    }])
}

/// The resource's monitor fails so often, where it runs.
fn failures(cib: &Document, now: i64, resource: &str, count: u32) -> Result<Vec<Event>, String> {
    let running = running(cib, now);
    let nodes = running.get(resource).filter(|nodes| !nodes.is_empty());
    let Some(node) = nodes.and_then(|nodes| nodes.first()) else {
        return Err(format!("{resource} is no running primitive"));
    };
    let interval = monitor_interval(cib, resource);
    let failure = format!("{resource}_monitor_{interval}@{node}=1");
    Ok((0..count).map(|_| Event::Operation(failure.clone())).collect())
}

/// The interval of the primitive's first recurring monitor in milliseconds; 0 if it has none.
fn monitor_interval(cib: &Document, resource: &str) -> u64 {
    let id = resource.split_once(':').map_or(resource, |(id, _)| id);
    let mut nodes = cib.root().descendants();
    let primitive = nodes.find(|node| node.is("primitive") && node.get("id") == Some(id));
    let operations = primitive.into_iter().flat_map(Node::descendants).filter(|op| op.is("op"));
    let monitors = operations.filter(|op| op.get("name") == Some("monitor"));
    let intervals = monitors.filter_map(|op| interval_ms(op.get("interval")?));
    intervals.filter(|interval| *interval > 0).min().unwrap_or(0)
}

/// Every primitive and the nodes on which it is active.
pub fn running(cib: &Document, now: i64) -> BTreeMap<String, Vec<String>> {
    let prepared = plan::prepared(cib);
    let world = unpack::world(&prepared, now);
    let primitives = world.resources.iter().filter(|resource| resource.is_primitive());
    let nodes = |resource: &crate::world::Resource<'_>| {
        resource.active.iter().map(|node| world[*node].name.to_owned()).collect()
    };
    primitives.map(|resource| (resource.id.clone(), nodes(resource))).collect()
}

/// Plans and carries out until nothing is left to do: every transition on the way.
pub fn settle(cib: Document, request: Request) -> Vec<Simulation> {
    let mut simulations = Vec::new();
    let mut next = Some((cib, Request { carry_out: true, ..request }));
    while let Some((document, request)) = next.take() {
        let simulation = simulate(document, &request);
        let idle = simulation.plan.graph.synapses().is_empty();
        if let (false, Some(after)) = (idle, &simulation.after)
            && simulations.len() + 1 < MOST_TRANSITIONS
        {
            let request = Request { events: Vec::new(), ..request };
            next = Some((after.document.clone(), request));
        }
        // A transition without actions says nothing, unless it is the only one.
        if !idle || simulations.is_empty() {
            simulations.push(simulation);
        }
    }
    simulations
}

/// One failure, and what it would cost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Loss {
    /// The event, in the words of [`events`].
    pub event: String,
    /// Primitives that run now and would run nowhere.
    pub lost: Vec<String>,
}

/// Tries the failure of every node and of every running primitive, each by itself.
pub fn sweep(cib: &Document, request: &Request) -> Vec<Loss> {
    let now = request.moment.as_ref().map(|(moment, _)| *moment).or(plan::moment(cib));
    let now = now.unwrap_or(request.wall);
    let before = running(cib, now);
    let nodes = cib.root().child("configuration").and_then(|part| part.child("nodes"));
    let nodes = nodes.into_iter().flat_map(Node::children).filter_map(|node| node.get("uname"));
    let kills = nodes.map(|name| format!("kill {name}"));
    let active = before.iter().filter(|(_, nodes)| !nodes.is_empty());
    let fails = active.clone().map(|(id, _)| format!("fail {id}"));
    let mut losses = Vec::new();
    for event in kills.chain(fails) {
        let Ok(events) = events(cib, now, &event) else { continue };
        let simulations = settle(cib.clone(), Request { events, ..request.clone() });
        let Some(after) = simulations.last().and_then(|last| last.after.as_ref()) else { continue };
        let after = running(&after.document, now);
        let gone = |id: &&String| after.get(*id).is_none_or(Vec::is_empty);
        let lost = active.clone().map(|(id, _)| id).filter(gone).cloned().collect();
        losses.push(Loss { event, lost });
    }
    losses
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIB: &str = "<cib have-quorum=\"1\" dc-uuid=\"1\"><configuration><crm_config>\
        <cluster_property_set id=\"o\"><nvpair id=\"f\" name=\"stonith-enabled\" value=\"false\"/>\
        </cluster_property_set></crm_config><nodes><node id=\"1\" uname=\"n1\"/><node id=\"2\" uname=\"n2\"/>\
        </nodes><resources><primitive id=\"a\" class=\"ocf\" provider=\"p\" type=\"t\">\
        <operations><op id=\"m\" name=\"monitor\" interval=\"10s\"/></operations></primitive></resources>\
        <constraints/></configuration><status>\
        <node_state id=\"1\" uname=\"n1\" crmd=\"online\" join=\"member\" expected=\"member\" in_ccm=\"true\"/>\
        <node_state id=\"2\" uname=\"n2\" crmd=\"online\" join=\"member\" expected=\"member\" in_ccm=\"true\"/>\
        </status></cib>";

    fn settled() -> Document {
        let cib = Document::parse(CIB).expect("a CIB");
        let mut simulations = settle(cib, Request::default());
        simulations.pop().and_then(|last| last.after).expect("carried out").document
    }

    #[test]
    fn a_cluster_comes_to_rest_and_then_has_nothing_to_do() {
        let again = settle(settled(), Request::default());
        assert_eq!(again.len(), 1);
        assert!(again[0].plan.graph.synapses().is_empty(), "{}", again[0].text());
        assert_eq!(running(&settled(), 0)["a"].len(), 1);
    }

    #[test]
    fn a_failure_happens_where_the_resource_runs() {
        let cib = settled();
        let node = running(&cib, 0)["a"][0].clone();
        let failure = Event::Operation(format!("a_monitor_10000@{node}=1"));
        assert_eq!(
            events(&cib, 0, "fail a 2; stop n2"),
            Ok(vec![failure.clone(), failure, Event::NodeDown("n2".to_owned())])
        );
        assert_eq!(events(&cib, 0, "fail b"), Err("b is no running primitive".to_owned()));
        assert!(events(&cib, 0, "dance").is_err());
    }

    #[test]
    fn a_node_that_stops_or_stands_by_gives_its_resources_to_the_other() {
        let cib = settled();
        let node = running(&cib, 0)["a"][0].clone();
        for word in ["stop", "standby"] {
            let events = events(&cib, 0, &format!("{word} {node}")).expect("events");
            let request = Request { events, ..Request::default() };
            let simulations = settle(cib.clone(), request);
            let after = simulations.last().and_then(|last| last.after.as_ref()).expect("an end");
            let nodes = &running(&after.document, 0)["a"];
            assert!(nodes.len() == 1 && nodes[0] != node, "{word}: {nodes:?}");
        }
    }

    #[test]
    fn a_sweep_finds_what_one_failure_would_end() {
        let losses = sweep(&settled(), &Request::default());
        let events: Vec<&str> = losses.iter().map(|loss| loss.event.as_str()).collect();
        assert_eq!(events, ["kill n1", "kill n2", "fail a"]);
        assert!(losses[2].lost.is_empty(), "it is restarted");
    }
}
