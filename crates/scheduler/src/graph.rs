//! The transition graph: what is to be done, and what each thing waits for.
//!
//! Everything is an index: texts are interned ([`Text`]), attributes, inputs and downed nodes lie
//! in arrays that synapses point into, so that a cold start of 32 nodes × 2000 resources (37 MB of
//! XML) takes a few megabytes. Filled with [`Graph::push`]; written as XML by [`write()`], read by
//! [`read()`], compared without regard to numbering by [`differences`].

mod compare;
mod dot;
mod read;
mod texts;
mod write;

pub use compare::{Differences, differences};
pub use dot::dot;
pub use read::{Error, read};
pub use texts::{Text, Texts};
pub use write::write;

/// The number of an action, unique in its graph. Inputs name actions by it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ActionId(pub u32);

/// Some entries of one of the graph's arrays; may be shared by several actions.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// How many entries.
    pub const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// True if it names nothing.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A primitive of the graph; every action of a resource names the same one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PrimitiveId(u32);

/// Who an action is about, as its executor is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Primitive {
    /// The id in the configuration; of an anonymous clone's instance that of the primitive.
    pub id: Text,
    /// The instance, where that differs from `id`.
    pub long_id: Option<Text>,
    /// The standard: `ocf`, `lsb`, `systemd`, `stonith`, …
    pub class: Text,
    /// The provider, where the standard has providers.
    pub provider: Option<Text>,
    /// The agent.
    pub agent: Text,
}

/// Who carries an action out; the XML's element.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// `rsc_op`: a node's executor, with an agent.
    Resource,
    /// `pseudo_event`: nobody; others wait for it.
    Pseudo,
    /// `crm_event`: the cluster itself (fencing, shutdown, forgetting failures).
    Cluster,
}

impl Kind {
    /// The element's name.
    pub const fn element(self) -> &'static str {
        match self {
            Self::Resource => "rsc_op",
            Self::Pseudo => "pseudo_event",
            Self::Cluster => "crm_event",
        }
    }
}

/// A node as actions name it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct OnNode {
    /// Its name.
    pub name: Text,
    /// Its id in the configuration.
    pub id: Text,
}

/// One thing to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Action {
    /// Its number.
    pub id: ActionId,
    /// Who carries it out.
    pub kind: Kind,
    /// `start`, `monitor`, `stonith`, …
    pub operation: Text,
    /// `RSC_OPERATION_INTERVAL`, with the name the resource has in the history.
    pub key: Text,
    /// The same with the instance's own name, where that differs.
    pub internal_key: Option<Text>,
    /// Where; none for most pseudo actions.
    pub node: Option<OnNode>,
    /// The cluster node that passes it on to a remote one.
    pub router: Option<Text>,
    /// When the resource was locked to its node (epoch seconds), if it is.
    pub shutdown_lock: Option<i64>,
    /// True for a change of the CIB only (`mode="cib"`).
    pub cib_only: bool,
    /// The resource, for those an executor gets.
    pub primitive: Option<PrimitiveId>,
    /// Parameters and `CRM_meta_*`, sorted by name.
    pub attributes: Span,
    /// Ids of the nodes it takes down.
    pub downed: Span,
    /// Remote nodes whose maintenance state it reports: (id, on).
    pub maintenance: Span,
}

/// One action and what must have been done before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Synapse {
    /// Fires even if the transition is aborted with a lower priority; 0 is none.
    pub priority: i32,
    /// What it does. Every synapse has exactly one action, though the format could hold more.
    pub action: Action,
    /// What it waits for.
    pub inputs: Span,
}

/// What the graph as a whole says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// `cluster-delay`, as configured.
    pub cluster_delay: String,
    /// `fencing-timeout`, as configured.
    pub fencing_timeout: String,
    /// `start-failure-is-fatal`: `failed-start-offset` is INFINITY, else 1.
    pub start_failure_is_fatal: bool,
    /// `batch-limit`, as configured; graphs of the corpus lack it.
    pub batch_limit: Option<String>,
    /// Which transition it is.
    pub transition_id: u32,
    /// `migration-limit`, if there is one.
    pub migration_limit: Option<String>,
    /// When a rule, an expiry or a lock will change the plan (epoch seconds).
    pub recheck_by: Option<i64>,
}

impl Default for Settings {
    /// What a cluster without options has.
    fn default() -> Self {
        Self {
            cluster_delay: "60s".to_owned(),
            fencing_timeout: "60s".to_owned(),
            start_failure_is_fatal: true,
            batch_limit: None,
            transition_id: 1,
            migration_limit: None,
            recheck_by: None,
        }
    }
}

/// A transition graph.
#[derive(Clone, Default, Debug)]
pub struct Graph {
    /// The attributes of its root.
    pub settings: Settings,
    /// Every text in it.
    pub texts: Texts,
    synapses: Vec<Synapse>,
    primitives: Vec<Primitive>,
    attributes: Vec<(Text, Text)>,
    inputs: Vec<ActionId>,
    downed: Vec<Text>,
    maintenance: Vec<(Text, bool)>,
}

impl Graph {
    /// An empty graph.
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Interns `text`.
    pub fn text(&mut self, text: &str) -> Text {
        self.texts.intern(text)
    }

    /// The text behind a number of this graph.
    pub fn str(&self, text: Text) -> &str {
        self.texts.get(text)
    }

    /// A resource that actions may name from now on.
    pub fn primitive(&mut self, primitive: Primitive) -> PrimitiveId {
        self.primitives.push(primitive);
        PrimitiveId(self.primitives.len() as u32 - 1)
    }

    /// The resource `id` stands for.
    pub fn primitive_of(&self, id: PrimitiveId) -> Primitive {
        self.primitives[id.0 as usize]
    }

    /// Attributes of an action, put in the order of their names. Of one name the first counts;
    /// names with '#' or ':' are no XML names and are left out.
    pub fn attributes(&mut self, pairs: impl IntoIterator<Item = (Text, Text)>) -> Span {
        let start = self.attributes.len();
        let (texts, all) = (&self.texts, &mut self.attributes);
        all.extend(pairs.into_iter().filter(|(name, _)| !texts.get(*name).contains(['#', ':'])));
        all[start..].sort_by(|a, b| texts.get(a.0).cmp(texts.get(b.0)));
        let mut end = start;
        for at in start..all.len() {
            if end == start || all[end - 1].0 != all[at].0 {
                all[end] = all[at];
                end += 1;
            }
        }
        all.truncate(end);
        Span { start: start as u32, end: end as u32 }
    }

    /// What a synapse waits for, in the order it will be written.
    pub fn inputs(&mut self, ids: impl IntoIterator<Item = ActionId>) -> Span {
        let start = self.inputs.len() as u32;
        self.inputs.extend(ids);
        Span { start, end: self.inputs.len() as u32 }
    }

    /// Ids of nodes that an action takes down.
    pub fn downed(&mut self, ids: impl IntoIterator<Item = Text>) -> Span {
        let start = self.downed.len() as u32;
        self.downed.extend(ids);
        Span { start, end: self.downed.len() as u32 }
    }

    /// Remote nodes and whether each is in maintenance.
    pub fn maintenance(&mut self, nodes: impl IntoIterator<Item = (Text, bool)>) -> Span {
        let start = self.maintenance.len() as u32;
        self.maintenance.extend(nodes);
        Span { start, end: self.maintenance.len() as u32 }
    }

    /// Adds the last synapse. Its inputs may name actions that are added later.
    pub fn push(&mut self, synapse: Synapse) {
        self.synapses.push(synapse);
    }

    /// All synapses, in the order in which they are offered to be fired.
    pub fn synapses(&self) -> &[Synapse] {
        &self.synapses
    }

    /// The attributes of an action, sorted by name.
    pub fn attributes_of(&self, action: &Action) -> &[(Text, Text)] {
        &self.attributes[action.attributes.range()]
    }

    /// One attribute of an action.
    pub fn attribute(&self, action: &Action, name: &str) -> Option<&str> {
        let pairs = self.attributes_of(action);
        let at = pairs.binary_search_by(|(n, _)| self.str(*n).cmp(name)).ok()?;
        Some(self.str(pairs[at].1))
    }

    /// What a synapse waits for.
    pub fn inputs_of(&self, synapse: &Synapse) -> &[ActionId] {
        &self.inputs[synapse.inputs.range()]
    }

    /// Ids of the nodes an action takes down.
    pub fn downed_by(&self, action: &Action) -> &[Text] {
        &self.downed[action.downed.range()]
    }

    /// Remote nodes whose maintenance state an action reports.
    pub fn maintenance_of(&self, action: &Action) -> &[(Text, bool)] {
        &self.maintenance[action.maintenance.range()]
    }

    /// Where each action's synapse stands, sorted by the action's number.
    pub fn positions(&self) -> Positions {
        let mut positions: Vec<(ActionId, u32)> =
            self.synapses.iter().zip(0..).map(|(s, at)| (s.action.id, at)).collect();
        positions.sort_unstable();
        Positions(positions)
    }
}

/// Finds an action's synapse by the action's number.
#[derive(Clone, Debug)]
pub struct Positions(Vec<(ActionId, u32)>);

impl Positions {
    /// The index in [`Graph::synapses`] of the synapse that has this action.
    pub fn of(&self, id: ActionId) -> Option<usize> {
        let at = self.0.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(self.0[at].1 as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two actions, numbered as told; the stop waits for the pseudo action.
    fn graph(ids: [u32; 2]) -> Graph {
        let mut graph = Graph::new(Settings::default());
        let ids = ids.map(ActionId);
        let pseudo = Action {
            id: ids[0],
            kind: Kind::Pseudo,
            operation: graph.text("stop"),
            key: graph.text("g_stop_0"),
            internal_key: None,
            node: None,
            router: None,
            shutdown_lock: None,
            cib_only: false,
            primitive: None,
            attributes: Span::default(),
            downed: Span::default(),
            maintenance: Span::default(),
        };
        let (id, class, agent) = (graph.text("a"), graph.text("lsb"), graph.text("<a>"));
        let primitive =
            graph.primitive(Primitive { id, long_id: None, class, provider: None, agent });
        let name = graph.text("n1");
        let pairs = [("b", "2"), ("a", "\""), ("1", "digit"), ("x:y", "gone"), ("a", "late")];
        let pairs = pairs.map(|(name, value)| (graph.text(name), graph.text(value)));
        let stop = Action {
            id: ids[1],
            kind: Kind::Resource,
            key: graph.text("a_stop_0"),
            node: Some(OnNode { name, id: name }),
            primitive: Some(primitive),
            attributes: graph.attributes(pairs),
            downed: graph.downed([name]),
            maintenance: graph.maintenance([(name, true)]),
            ..pseudo
        };
        let inputs = graph.inputs([ids[0]]);
        graph.push(Synapse { priority: 0, action: pseudo, inputs: Span::default() });
        graph.push(Synapse { priority: 1_000_000, action: stop, inputs });
        graph
    }

    #[test]
    fn a_graph_is_written_as_its_readers_expect_it() {
        let mut text = String::new();
        write(&graph([4, 2]), &mut text);
        let expected = r#"<transition_graph cluster-delay="60s" fencing-timeout="60s" failed-stop-offset="INFINITY" failed-start-offset="INFINITY" transition_id="1">
  <synapse id="0">
    <action_set>
      <pseudo_event id="4" operation="stop" operation_key="g_stop_0">
        <attributes/>
      </pseudo_event>
    </action_set>
    <inputs/>
  </synapse>
  <synapse id="1" priority="1000000">
    <action_set>
      <rsc_op id="2" operation="stop" operation_key="a_stop_0" on_node="n1" on_node_uuid="n1">
        <primitive id="a" class="lsb" type="&lt;a&gt;"/>
        <attributes a="&quot;" b="2">
          <param name="1" value="digit"/>
        </attributes>
        <downed>
          <node id="n1"/>
        </downed>
        <maintenance>
          <node id="n1" maintenance="1"/>
        </maintenance>
      </rsc_op>
    </action_set>
    <inputs>
      <trigger>
        <pseudo_event id="4" operation="stop" operation_key="g_stop_0"/>
      </trigger>
    </inputs>
  </synapse>
</transition_graph>
"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn a_drawing_names_actions_and_what_they_wait_for() {
        let mut text = String::new();
        dot(&graph([1, 2]), &mut text);
        let expected = concat!(
            " digraph \"g\" {\n",
            "\"a_stop_0 n1\" [ style=bold color=\"green\" fontcolor=\"black\"]\n",
            "\"g_stop_0\" [ style=bold color=\"green\" fontcolor=\"orange\"]\n",
            "\"g_stop_0\" -> \"a_stop_0 n1\" [ style = bold]\n",
            "}\n"
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn a_graph_without_synapses_is_one_element() {
        let mut text = String::new();
        write(&Graph::default(), &mut text);
        assert!(text.ends_with("transition_id=\"1\"/>\n"), "{text}");
    }

    #[test]
    fn what_is_written_is_read_again() {
        let whole = graph([4, 2]);
        let mut text = String::new();
        write(&whole, &mut text);
        let read = read(&text).expect("our own text");
        assert!(differences(&whole, &read).is_empty());
        assert_eq!(read.settings, whole.settings);
        let mut again = String::new();
        write(&read, &mut again);
        assert_eq!(again, text);
    }

    #[test]
    fn what_no_graph_has_is_refused() {
        let mut text = String::new();
        write(&graph([4, 2]), &mut text);
        let said = |from: &str, to: &str| {
            read(&text.replace(from, to)).map(|_| ()).map_err(|e| e.to_string())
        };
        assert_eq!(said("id=\"4\"", "id=\"2\""), Err("two actions have one id".to_owned()));
        assert_eq!(
            said(
                "<pseudo_event id=\"4\" operation=\"stop\" operation_key=\"g_stop_0\"/>",
                "<rsc_op id=\"5\"/>"
            ),
            Err("input 5 is no action of this graph".to_owned())
        );
        assert_eq!(
            said("lsb\"", "lsb\" color=\"red\""),
            Err("<primitive> cannot have color=\"red\"".to_owned())
        );
        assert_eq!(
            said("maintenance=\"1\"", "maintenance=\"x\""),
            Err("<node> cannot have maintenance=\"x\"".to_owned())
        );
    }

    #[test]
    fn numbers_do_not_count() {
        assert!(differences(&graph([1, 2]), &graph([7, 3])).is_empty());
    }

    #[test]
    fn a_missing_input_a_priority_and_a_whole_synapse_are_seen() {
        let whole = graph([1, 2]);
        let mut other = graph([1, 2]);
        other.synapses[1].inputs = Span::default();
        other.synapses[1].priority = 0;
        let text = differences(&whole, &other).to_string();
        let expected = "differs  rsc_op a_stop_0 (stop) on n1\n           - priority 1000000\n           \
                        + priority 0\n           - after pseudo_event g_stop_0 (stop)\n";
        assert_eq!(text, expected);
        other.synapses.pop();
        assert_eq!(differences(&whole, &other).missing.len(), 1);
        assert_eq!(differences(&other, &whole).extra.len(), 1);
    }
}
