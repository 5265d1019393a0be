//! The cluster's status as values, for tools that show it in their own ways.

mod history;

pub use history::{Failure, Operation, ResourceHistory};

use cib::value::{Role, Score};
use cib::xml::Document;

use crate::constraints::health::Color;
use crate::report::resources::{self, Show};
use crate::report::{details, status};
use crate::unpack::options::OLD_NAMES;
use crate::world::{Flags, Kind, NodeIx, NodeKind, RscIx, World};
use crate::{constraints, plan, unpack};

/// What is to be shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish<'a> {
    /// Resources that are not active, too.
    pub inactive: bool,
    /// Every instance of a clone by itself.
    pub detail: bool,
    /// Primitives without the node they are on.
    pub nameless: bool,
    /// Only what is on the node of this name.
    pub node: Option<&'a str>,
}

/// What a document says of the cluster.
#[derive(Clone, Debug)]
pub struct View {
    /// Nodes in list order.
    pub nodes: Vec<NodeView>,
    /// The lines of the list of nodes, indented by two blanks.
    pub node_list: String,
    /// Top-level resources in list order.
    pub resources: Vec<ResourceView>,
    /// Resource instances there are, disabled and blocked.
    pub counts: (usize, usize, usize),
    /// Name and id of the designated controller.
    pub controller: Option<(String, String)>,
    /// The cluster has quorum.
    pub quorate: bool,
    /// Cluster options as they are written, by name.
    pub options: Vec<(String, String)>,
    /// What failed, in the order in which it was read.
    pub failures: Vec<Failure>,
    /// Constraints that keep a resource off a node.
    pub bans: Vec<Ban>,
}

impl View {
    /// A cluster option as it is written, by its name in Pacemaker 2.
    pub fn option(&self, name: &str) -> Option<&str> {
        let name = OLD_NAMES.iter().find(|(_, old)| *old == name).map_or(name, |(new, _)| new);
        self.options.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }
}

/// A constraint that keeps a resource off a node.
#[derive(Clone, Debug)]
pub struct Ban {
    /// The constraint's id.
    pub id: String,
    /// The resource's id.
    pub resource: String,
    /// The node's name and id.
    pub node: (String, String),
    /// Its score, below 0.
    pub score: Score,
    /// It is about the promoted role only.
    pub promoted_only: bool,
}

/// A node.
#[derive(Clone, Debug)]
pub struct NodeView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How lines about it begin: `Node`, `RemoteNode` or `GuestNode`.
    pub title: &'static str,
    /// It is reached through a resource.
    pub remote: bool,
    /// The container of a guest.
    pub container: Option<String>,
    /// Its state in words, with its health.
    pub state: String,
    /// It is part of the cluster.
    pub online: bool,
    /// It takes no resources.
    pub standby: bool,
    /// The same because of a failure.
    pub standby_on_fail: bool,
    /// Its resources are left alone.
    pub maintenance: bool,
    /// It is joining.
    pub pending: bool,
    /// Its state is unknown.
    pub unclean: bool,
    /// `green`, `yellow` or `red`.
    pub health: &'static str,
    /// It is leaving.
    pub shutdown: bool,
    /// It should be part of the cluster.
    pub expected: bool,
    /// It is the designated controller.
    pub controller: bool,
    /// The feature set it told.
    pub feature_set: Option<String>,
    /// Attributes worth showing, by name.
    pub attributes: Vec<(String, String)>,
    /// The resources that run there, in the order in which they were found.
    pub running: Vec<ResourceView>,
    /// What was done there, by resource.
    pub history: Vec<ResourceHistory>,
}

/// What kind of resource one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceKind {
    /// A single resource.
    Primitive,
    /// Several in a row.
    Group,
    /// A resource on many nodes.
    Clone {
        /// Instances may be promoted.
        promotable: bool,
        /// Instances differ.
        unique: bool,
    },
    /// Containers.
    Bundle,
}

/// What only a bundle has.
#[derive(Clone, Debug, Default)]
pub struct BundleView {
    /// How its containers are run, as `docker`.
    pub agent: String,
    /// What is in the containers.
    pub image: String,
    /// Several replicas may be on one node.
    pub unique: bool,
    /// The resources each replica consists of.
    pub replicas: Vec<Vec<ResourceView>>,
}

/// A resource and those in it.
#[derive(Clone, Debug)]
pub struct ResourceView {
    /// The id, with its number for an instance.
    pub id: String,
    /// The id as it is configured.
    pub configured: String,
    /// The id to show: without a number if instances do not differ.
    pub shown: String,
    /// The kind.
    pub kind: ResourceKind,
    /// Its agent, as `class:provider:type`.
    pub agent: String,
    /// Its role, or what is being done to it.
    pub role: &'static str,
    /// The configured role.
    pub target_role: Option<String>,
    /// Names and ids of nodes it runs on.
    pub active: Vec<(String, String)>,
    /// It, or something in it, is active.
    pub any_active: bool,
    /// It, and all in it, is active.
    pub all_active: bool,
    /// Running, but not configured.
    pub removed: bool,
    /// Nothing is done with it after a failure.
    pub blocked: bool,
    /// The cluster cares for it.
    pub managed: bool,
    /// It failed.
    pub failed: bool,
    /// It failed, and that is ignored.
    pub failure_ignored: bool,
    /// Its target role keeps it stopped.
    pub disabled: bool,
    /// It is promoted.
    pub promoted: bool,
    /// The node it is locked to.
    pub locked_to: Option<String>,
    /// Of a bundle: its replicas.
    pub bundle: Option<BundleView>,
    /// What is in it.
    pub children: Vec<ResourceView>,
    /// A primitive's line; a group's first one.
    pub line: String,
    /// A primitive's line in a list of what one node runs.
    pub line_on_node: String,
    /// Of a top-level resource: its lines as a list, indented by two blanks.
    pub text: String,
}

impl ResourceView {
    /// It and all that is in it.
    pub fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        all.extend(self.children.iter().flat_map(Self::all));
        all
    }

    /// The primitives it consists of.
    pub fn primitives(&self) -> Vec<&Self> {
        let mut all = self.all();
        all.retain(|resource| resource.kind == ResourceKind::Primitive);
        all
    }
}

/// Reads a document's status as of a moment (seconds since 1970).
pub fn view(cib: &Document, now: i64, wish: Wish<'_>) -> View {
    let doc = plan::prepared(cib);
    let mut w = unpack::world(&doc, now);
    constraints::unpack(&mut w);
    let w = &w;
    let only = wish.node.map(|name| status::known(w).find(|node| w[*node].name == name));
    let mut show = Show {
        pending: true,
        inactive: wish.inactive,
        detail: wish.detail,
        names: !wish.nameless,
        maintenance: false,
        only: None,
    };
    let mut node_list = String::new();
    let mut nodes: Vec<NodeIx> = status::known(w).collect();
    if let Some(only) = only {
        nodes.retain(|node| Some(*node) == only);
        show.only = only;
    }
    if !nodes.is_empty() {
        status::nodes(w, 1, show.only, &mut node_list);
    }
    let present = |rsc: &&RscIx| !w[**rsc].is(Flags::REMOVED) || !w[**rsc].active.is_empty();
    let nobody = only == Some(None);
    let resources = w.top.iter().filter(present).map(|rsc| {
        let mut view = resource(w, *rsc, show);
        if !nobody {
            resources::write(w, *rsc, 1, show, &mut view.text);
        }
        view
    });
    let text = |text: &str| text.to_owned();
    View {
        node_list,
        resources: resources.collect(),
        counts: status::counts(w),
        controller: status::known(w)
            .find(|node| w[*node].is_dc)
            .map(|node| (text(w[node].name), text(w[node].id))),
        quorate: w.quorate,
        options: w.options.written.iter().map(|(name, v)| (text(name), text(v))).collect(),
        failures: history::failures(w),
        bans: bans(w),
        nodes: nodes.into_iter().map(|at| node(w, at, show)).collect(),
    }
}

fn bans(w: &World<'_>) -> Vec<Ban> {
    let mut bans = Vec::new();
    for location in &w.locations {
        for (node, score) in location.nodes.iter().filter(|(_, score)| *score < Score::ZERO) {
            bans.push(Ban {
                id: location.id.to_owned(),
                resource: w[location.rsc].id.clone(),
                node: (w[*node].name.to_owned(), w[*node].id.to_owned()),
                score: *score,
                promoted_only: location.role == Role::Promoted,
            });
        }
    }
    bans
}

fn node(w: &World<'_>, at: NodeIx, show: Show) -> NodeView {
    let on = &w[at];
    let shown = on.attributes.iter().filter(|(name, _)| details::is_shown(name));
    NodeView {
        id: on.id.to_owned(),
        name: on.name.to_owned(),
        title: status::kind(w, at),
        remote: on.kind != NodeKind::Member,
        container: on.container.map(|rsc| w[rsc].id.clone()),
        state: status::state_and_health(w, at),
        online: on.online,
        standby: on.standby,
        standby_on_fail: on.standby_on_fail,
        maintenance: on.maintenance,
        pending: on.pending,
        unclean: on.unclean,
        health: match status::health(w, at) {
            Color::Green => "green",
            Color::Yellow => "yellow",
            Color::Red => "red",
        },
        shutdown: on.shutdown,
        expected: on.state.is_some_and(|state| state.get("expected") == Some("member")),
        controller: on.is_dc,
        feature_set: on.attribute("#feature-set").map(str::to_owned),
        attributes: shown.map(|(name, v)| ((*name).to_owned(), (*v).to_owned())).collect(),
        running: on.running.iter().map(|rsc| resource(w, *rsc, show)).collect(),
        history: history::of_node(w, at),
    }
}

fn resource(w: &World<'_>, rsc: RscIx, show: Show) -> ResourceView {
    let on = &w[rsc];
    let agent = match (on.provider, on.is_primitive()) {
        (_, false) => String::new(),
        (Some(provider), _) => format!("{}:{provider}:{}", on.class, on.agent),
        (None, _) => format!("{}:{}", on.class, on.agent),
    };
    let (line, line_on_node) = match &on.kind {
        Kind::Primitive => (resources::line(w, rsc, show), resources::line_on_node(w, rsc, show)),
        Kind::Group(_) => (resources::group_title(w, rsc, show), String::new()),
        _ => Default::default(),
    };
    let children: Vec<ResourceView> =
        on.children.iter().map(|child| resource(w, *child, show)).collect();
    let any_active = resources::any_active(w, rsc);
    let named = |node: &NodeIx| (w[*node].name.to_owned(), w[*node].id.to_owned());
    ResourceView {
        id: on.id.clone(),
        configured: on.base.to_owned(),
        shown: resources::name(w, rsc).to_owned(),
        kind: match &on.kind {
            Kind::Primitive => ResourceKind::Primitive,
            Kind::Group(_) => ResourceKind::Group,
            Kind::Clone(kind) => {
                ResourceKind::Clone { promotable: kind.promotable, unique: kind.unique }
            }
            Kind::Bundle(_) => ResourceKind::Bundle,
        },
        agent,
        role: resources::shown_role(w, rsc, show),
        target_role: on.meta("target-role").map(str::to_owned),
        active: on.active.iter().map(named).collect(),
        any_active,
        all_active: any_active && children.iter().all(|child| child.all_active),
        removed: on.is(Flags::REMOVED),
        blocked: on.is(Flags::BLOCKED),
        managed: on.is(Flags::MANAGED),
        failed: on.is(Flags::FAILED),
        failure_ignored: on.is(Flags::FAILURE_IGNORED),
        disabled: status::target_role(w, rsc) == Some(Role::Stopped),
        promoted: on.role == Role::Promoted,
        locked_to: on.lock_node.map(|node| w[node].name.to_owned()),
        bundle: bundle(w, rsc, show),
        children,
        line,
        line_on_node,
        text: String::new(),
    }
}

fn bundle(w: &World<'_>, rsc: RscIx, show: Show) -> Option<BundleView> {
    let Kind::Bundle(kind) = &w[rsc].kind else { return None };
    let replicas = kind.replicas.iter().map(|replica| {
        let parts = [replica.ip, replica.child, Some(replica.container), replica.remote];
        parts.into_iter().flatten().map(|part| resource(w, part, show)).collect()
    });
    let agents = ["docker", "podman", "rkt"];
    let agent = agents.into_iter().find(|agent| w[rsc].xml.child(agent).is_some());
    Some(BundleView {
        agent: agent.unwrap_or("unknown").to_owned(),
        image: kind.image.clone(),
        unique: w[rsc].is(Flags::UNIQUE),
        replicas: replicas.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIB: &str = "<cib have-quorum=\"1\" dc-uuid=\"1\"><configuration><crm_config>\
        <cluster_property_set id=\"o\"><nvpair id=\"f\" name=\"stonith-enabled\" value=\"false\"/>\
        </cluster_property_set></crm_config><nodes><node id=\"1\" uname=\"n1\"/>\
        <node id=\"2\" uname=\"n2\"/></nodes><resources><group id=\"g\">\
        <primitive id=\"a\" class=\"ocf\" provider=\"p\" type=\"t\"/>\
        <primitive id=\"b\" class=\"ocf\" provider=\"p\" type=\"t\"/></group></resources>\
        <constraints><rsc_location id=\"l\" rsc=\"g\" node=\"n2\" score=\"-5\"/></constraints>\
        </configuration><status><node_state id=\"1\" uname=\"n1\" crmd=\"online\" join=\"member\" \
        expected=\"member\" in_ccm=\"true\"><lrm id=\"1\"><lrm_resources><lrm_resource id=\"a\" \
        class=\"ocf\" provider=\"p\" type=\"t\"><lrm_rsc_op id=\"a_last_0\" operation_key=\"a_start_0\" \
        operation=\"start\" transition-key=\"1:1:0:x\" transition-magic=\"0:1;1:1:0:x\" call-id=\"3\" \
        rc-code=\"1\" op-status=\"0\" interval=\"0\" exit-reason=\"broke\"/></lrm_resource>\
        </lrm_resources></lrm></node_state></status></cib>";

    fn seen(wish: Wish<'_>) -> View {
        view(&Document::parse(CIB).expect("a CIB"), 0, wish)
    }

    #[test]
    fn a_failed_operation_is_told_with_what_the_agent_said() {
        let view = seen(Wish::default());
        let [failure] = &view.failures[..] else { panic!("{:?}", view.failures) };
        assert_eq!((failure.resource.as_str(), failure.node.as_str()), ("a", "n1"));
        assert_eq!(failure.operation.reason.as_deref(), Some("broke"));
        assert_eq!(view.option("stonith-enabled"), Some("false"));
    }

    #[test]
    fn a_group_counts_the_members_that_are_not_shown() {
        let view = seen(Wish::default());
        let expected =
            "  * Resource Group: g (1 member inactive):\n    * a\t(ocf:p:t):\t FAILED n1\n";
        assert_eq!(view.resources[0].text, expected);
        let all = seen(Wish { inactive: true, ..Wish::default() });
        assert!(all.resources[0].text.ends_with("    * b\t(ocf:p:t):\t Stopped\n"));
    }

    #[test]
    fn a_negative_location_is_a_ban() {
        let view = seen(Wish::default());
        assert_eq!(view.bans.len(), 1);
        assert_eq!((view.bans[0].node.0.as_str(), view.bans[0].score.get()), ("n2", -5));
        assert_eq!(view.controller, Some(("n1".to_owned(), "1".to_owned())));
    }
}
