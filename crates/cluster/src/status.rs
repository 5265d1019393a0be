//! The node's state as `handover status` and `cl_status` show it.

use crate::node::Node;
use api::{GroupState, GroupStatus, Held, Level, NodeStatus, Placement, RoleStatus};
use base::Instant;
use wire::heartbeat::Method;

impl Node {
    /// Everything a client may see. The daemon adds the latest events.
    pub fn status(&self, now: Instant) -> RoleStatus {
        RoleStatus {
            node: self.config.me.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            now,
            wall: self.journal.wall(now),
            held: self.held,
            stable: self.is_settled(),
            auto_failback: self.config.auto_failback.word().to_owned(),
            nodes: self.node_statuses(),
            groups: self.groups.all().iter().map(|run| self.group_status(run)).collect(),
            warnings: self.warnings(),
            refused: self.messaging.refused().map(|(why, n)| (why.to_owned(), n)).collect(),
            events: Vec::new(),
        }
    }

    fn node_statuses(&self) -> Vec<NodeStatus> {
        let mut nodes: Vec<_> = self.messaging.nodes().collect();
        for node in &mut nodes {
            if node.is_me {
                node.holds = Some(self.held);
                node.is_handover = true;
            } else if let Some(peer) =
                self.peer.as_ref().filter(|p| p.name.as_str().eq_ignore_ascii_case(&node.name))
            {
                node.holds = peer.held;
                node.is_handover = peer.ours;
                node.config_differs =
                    peer.digest.as_ref().is_some_and(|digest| *digest != self.config.digest);
            }
        }
        nodes
    }

    fn group_status(&self, run: &crate::groups::GroupRun) -> GroupStatus {
        let key = &run.group.key;
        GroupStatus {
            key: key.to_string(),
            home: run.group.home.to_string(),
            resources: run.group.resources.iter().map(|r| r.written.clone()).collect(),
            state: run.state.clone(),
            placement: self.placement(run),
            because: run.because,
            failing_checks: self.checks.failing_for(key),
        }
    }

    fn placement(&self, run: &crate::groups::GroupRun) -> Placement {
        let key = &run.group.key;
        let half_there = |held: Held| if self.is_local(key) { held.foreign } else { held.local };
        let there = self.peer.as_ref().filter(|_| self.peer_alive()).and_then(|peer| {
            let holds = if peer.ours {
                peer.groups.contains(key)
            } else {
                peer.held.is_some_and(half_there)
            };
            holds.then(|| peer.name.to_string())
        });
        match (&run.state, there) {
            (GroupState::Running, None) => Placement::Here,
            (GroupState::Running, Some(_)) => Placement::Both,
            (GroupState::Starting | GroupState::Stopping, _) => Placement::Moving,
            (GroupState::Stopped | GroupState::Failed { .. }, Some(name)) => Placement::There(name),
            (GroupState::Stopped | GroupState::Failed { .. }, None) => Placement::Nowhere,
        }
    }

    /// What an administrator should look at, loudest first.
    fn warnings(&self) -> Vec<(Level, String)> {
        let mut warnings = Vec::new();
        for run in self.groups.all() {
            let key = &run.group.key;
            if let GroupState::Failed { resource, reason } = &run.state {
                warnings
                    .push((Level::Critical, format!("{key} can't run here: {resource}: {reason}")));
            }
            match self.placement(run) {
                Placement::Nowhere if self.is_settled() => {
                    warnings.push((Level::Critical, format!("{key} runs nowhere")));
                }
                Placement::Both => {
                    warnings.push((Level::Critical, format!("{key} is held by both nodes")));
                }
                _ => {}
            }
            for check in self.checks.failing_for(key) {
                warnings.push((Level::Error, format!("{key}: service check fails: {check}")));
            }
        }
        if let Some(peer) = &self.peer {
            let name = &peer.name;
            if self.fencing.is_pending(name) {
                let text = format!("{name} is being fenced; its groups wait for that");
                warnings.push((Level::Critical, text));
            }
            if !self.peer_alive() && self.messaging.is_comm_up() {
                warnings.push((Level::Error, format!("{name} is dead: nothing would take over")));
            }
            if peer.digest.as_ref().is_some_and(|digest| *digest != self.config.digest) {
                let text =
                    format!("{name} has another configuration: compare ha.cf and haresources");
                warnings.push((Level::Warning, text));
            }
        }
        let keys = &self.config.keys;
        if keys.active().method() == Method::Crc {
            let text = "authkeys uses crc, which is no authentication: use sha1";
            warnings.push((Level::Warning, text.to_owned()));
        }
        warnings.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
        warnings
    }
}
