//! The operation history: what an executor would record of an action.

use super::{History, NodeName, ORIGIN, Status, Task};
use cib::xml::NodeId;
use std::collections::BTreeMap;

/// The name every simulated transition has: nobody's.
const NOBODY: &str = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

/// An action that was carried out.
#[derive(Clone, Copy, Debug)]
pub struct Done<'a> {
    /// Where.
    pub node: NodeName<'a>,
    /// The instance's name; its entry is used if there is one.
    pub printed: &'a str,
    /// The name in the configuration; a new entry has it.
    pub id: &'a str,
    /// The standard.
    pub class: &'a str,
    /// The provider, where the standard has providers.
    pub provider: Option<&'a str>,
    /// The agent.
    pub agent: &'a str,
    /// The operation.
    pub operation: &'a str,
    /// Its interval; 0 for operations that are not repeated.
    pub interval_ms: u64,
    /// Of a notification: `pre` or `post`, and of which operation.
    pub notification: Option<(&'a str, &'a str)>,
    /// Of a migration: from where, to where.
    pub migration: Option<(&'a str, &'a str)>,
    /// The result that was wanted.
    pub wanted: i32,
    /// The result.
    pub result: i32,
    /// Why it failed; empty for what did not.
    pub reason: &'a str,
    /// The digest of its parameters.
    pub digest: Option<&'a str>,
    /// The feature set's version to tell.
    pub feature_set: &'a str,
    /// The moment (epoch seconds).
    pub now: i64,
}

impl Status<'_> {
    /// Records the action in its node's history. A failure has an entry of its own; that of a
    /// recurring operation has no other.
    pub fn record(&mut self, done: &Done<'_>) {
        let entry = self.entry(done);
        let resource = self.document.node(entry).get("id").unwrap_or(done.id).to_owned();
        let call = 1 + self.highest_call(entry);
        self.updates += 1;
        if done.result != done.wanted {
            self.write(entry, &format!("{resource}_last_failure_0"), &resource, call, done);
            if done.interval_ms > 0 {
                return;
            }
        }
        let id = match (done.notification, done.operation) {
            (Some((when, what)), _) => format!("{resource}_{when}_notify_{what}_0"),
            (None, "migrate_to" | "migrate_from") => format!("{resource}_{}_0", done.operation),
            (None, operation) if done.interval_ms > 0 => {
                format!("{resource}_{operation}_{}", done.interval_ms)
            }
            (None, _) => format!("{resource}_last_0"),
        };
        self.write(entry, &id, &resource, call, done);
    }

    /// The resource's entry on the node: one under the printed name, else under the configured
    /// one, else a new one.
    fn entry(&mut self, done: &Done<'_>) -> NodeId {
        let state = self.state(done.node);
        if !self.histories.contains_key(&state) {
            let history = self.open_history(state, done.node.id);
            self.histories.insert(state, history);
        }
        let document = &mut *self.document;
        let Some(history) = self.histories.get_mut(&state) else { return state };
        let held = history.resources.get(done.printed).or_else(|| history.resources.get(done.id));
        if let Some(entry) = held {
            return *entry;
        }
        let entry = document.append(history.list, "lrm_resource");
        document.set(entry, "id", done.id);
        document.set(entry, "class", done.class);
        if let Some(provider) = done.provider {
            document.set(entry, "provider", provider);
        }
        document.set(entry, "type", done.agent);
        history.resources.insert(done.id.to_owned(), entry);
        entry
    }

    fn open_history(&mut self, state: NodeId, id: &str) -> History {
        let lrm = self.child_or_new(state, "lrm", id);
        let held = self.document.node(lrm).child("lrm_resources").map(cib::xml::Node::id);
        let list = held.unwrap_or_else(|| self.document.append(lrm, "lrm_resources"));
        let mut resources = BTreeMap::new();
        let mut twice = Vec::new();
        for entry in self.document.node(list).children_named("lrm_resource") {
            if let Some(id) = entry.get("id")
                && resources.insert(id.to_owned(), entry.id()).is_some()
            {
                twice.push(id.to_owned());
            }
        }
        // Of two entries of one name none is used: what happens gets a third one.
        for id in twice {
            resources.remove(&id);
        }
        History { list, resources }
    }

    /// The highest call id of the resource on this node; 0 if nothing was done yet.
    fn highest_call(&self, entry: NodeId) -> i64 {
        let operations = self.document.node(entry).children_named("lrm_rsc_op");
        let calls = operations.filter_map(|op| op.get("call-id")?.parse::<i64>().ok());
        calls.max().unwrap_or(0).max(0)
    }

    /// Writes one operation of the history; one that is there keeps its place and the attributes
    /// that are not told anew.
    fn write(&mut self, entry: NodeId, id: &str, resource: &str, call: i64, done: &Done<'_>) {
        let held = self.document.node(entry).children_named("lrm_rsc_op");
        let held = held.into_iter().find(|op| op.get("id") == Some(id)).map(cib::xml::Node::id);
        let operation = held.unwrap_or_else(|| self.document.append(entry, "lrm_rsc_op"));
        let key = format!("{call}:-1:{}:{NOBODY}", done.wanted);
        let task = Task { resource, operation: done.operation, interval_ms: done.interval_ms };
        let operation_key = format!("{}_{}_{}", task.resource, task.operation, task.interval_ms);
        let [call, result, now] = [call, i64::from(done.result), done.now].map(|n| n.to_string());
        let interval = done.interval_ms.to_string();
        let magic = format!("0:{result};{key}");
        let mut attributes = vec![
            ("id", id),
            ("operation_key", &operation_key),
            ("operation", done.operation),
            ("crm-debug-origin", ORIGIN),
            ("crm_feature_set", done.feature_set),
            ("transition-key", &key),
            ("transition-magic", &magic),
            ("exit-reason", done.reason),
            ("call-id", &call),
            ("rc-code", &result),
            ("op-status", "0"),
            ("interval", &interval),
            ("last-rc-change", &now),
            ("exec-time", "0"),
            ("queue-time", "0"),
        ];
        if let Some((source, target)) = done.migration {
            attributes.extend([("migrate_source", source), ("migrate_target", target)]);
        }
        attributes.extend(done.digest.map(|digest| ("op-digest", digest)));
        for (name, value) in attributes {
            self.document.set(operation, name, value);
        }
    }
}
