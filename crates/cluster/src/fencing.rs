//! The proof that a silent node runs nothing we would start a second time.
//!
//! [`Inheritance`] can only be made here: by a fence device's success, by the node's own word that
//! it gave everything up before it fell silent, or, where the administrator configured no device,
//! by that decision. Starting a dead node's groups costs one, and it can't be copied. Starting
//! anything else costs a [`Released`], which nobody gets while the other node is silent and unproved.

use crate::config::{Config, StonithDevice};
use crate::io::{Action, Outcome};
use crate::step::{self, Step};
use api::{EventId, EventKind, Level, Subject};
use base::{Instant, NodeName, OpId};
use std::collections::BTreeMap;
use std::time::Duration;

/// After a failed try the next one starts this much later (docs/ancestors/heartbeat.md §6.5).
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The right to start what `node` ran. Not `Clone`: one proof, one takeover.
#[derive(Debug, PartialEq)]
pub struct Inheritance {
    node: NodeName,
    how: Proof,
}

/// What makes an [`Inheritance`] safe.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Proof {
    /// A device switched it off and said so.
    Fenced,
    /// It had told us that it holds nothing.
    GaveUp,
    /// No device is configured: the administrator accepted the risk.
    NoDevice,
}

impl std::fmt::Display for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Fenced => "it was fenced",
            Self::GaveUp => "it had given everything up",
            Self::NoDevice => "it is silent, and no STONITH device could prove more",
        })
    }
}

impl Inheritance {
    /// Whose groups may be started.
    pub const fn node(&self) -> &NodeName {
        &self.node
    }

    /// Why that is safe.
    pub const fn proof(&self) -> Proof {
        self.how
    }
}

/// How it stands with the other node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// There is none.
    Alone,
    /// It speaks: what it doesn't answer for, it doesn't run.
    Speaks,
    /// It said goodbye, and was not heard since.
    Left,
    /// It fell silent, what it had was inherited, and it was not heard since.
    Inherited,
    /// It is silent, and there is no proof of anything.
    Silent,
}

/// The right to start what the other node doesn't answer for.
#[derive(Debug)]
pub(crate) struct Released {
    _only_made_here: (),
}

impl Released {
    /// `None` while the other node is silent without proof.
    pub(crate) const fn given(standing: Standing) -> Option<Self> {
        match standing {
            Standing::Alone | Standing::Speaks | Standing::Left | Standing::Inherited => {
                Some(Self { _only_made_here: () })
            }
            Standing::Silent => None,
        }
    }
}

/// The fences under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fencing {
    pending: BTreeMap<NodeName, Attempt>,
    /// Operations whose node came back before they ended.
    overtaken: BTreeMap<OpId, NodeName>,
    /// When such an operation succeeded: it may have reset a node that was just starting.
    reset_late: BTreeMap<NodeName, Instant>,
}

#[derive(Clone, Debug)]
struct Attempt {
    device: usize,
    state: AttemptState,
    cause: Option<EventId>,
}

#[derive(Clone, Copy, Debug)]
enum AttemptState {
    Running(OpId),
    RetryAt(Instant),
}

/// What a fence operation's end means.
pub(crate) enum Fence {
    /// The node is off.
    Proved(Inheritance),
    /// It failed; the next try is scheduled.
    Failed(NodeName),
}

impl Fencing {
    /// Asks for the right to inherit from `node`. `None`: a device was started and its success
    /// comes later through [`done`](Self::done).
    pub(crate) fn inherit(
        &mut self,
        step: &mut Step<'_>,
        config: &Config,
        node: &NodeName,
        gave_up: bool,
    ) -> Option<Inheritance> {
        let subject = Subject::Node(node.to_string());
        if gave_up {
            step.tell(
                Level::Info,
                EventKind::Fencing,
                subject,
                format!("{node} had given up its resources; no fencing is needed"),
            );
            return Some(Inheritance { node: node.clone(), how: Proof::GaveUp });
        }
        if config.stonith.is_empty() {
            step.tell(
                Level::Warning,
                EventKind::Fencing,
                subject,
                format!(
                    "no STONITH device is configured: {node} may still run; shared disks are \
                     not protected"
                ),
            );
            return Some(Inheritance { node: node.clone(), how: Proof::NoDevice });
        }
        if !self.pending.contains_key(node) {
            let boots_until = self.reset_late.remove(node).map(|at| at + config.timing.initdead);
            match boots_until.filter(|until| *until > step.now) {
                Some(until) => self.wait_for_boot(step, node, until),
                None => self.start(step, config, node, 0),
            }
        }
        None
    }

    /// Our own last fence reset the node while it started; fencing it again at once would go on
    /// like that for ever.
    fn wait_for_boot(&mut self, step: &mut Step<'_>, node: &NodeName, until: Instant) {
        let text = format!(
            "{node} was reset while it started: it has {:.0} s to come back before it is fenced \
             again",
            until.since(step.now).as_secs_f64()
        );
        let subject = Subject::Node(node.to_string());
        let cause = Some(step.tell(Level::Warning, EventKind::Fencing, subject, text));
        let state = AttemptState::RetryAt(until);
        self.pending.insert(node.clone(), Attempt { device: 0, state, cause });
    }

    /// The node is back and speaks for itself: its fencing is no longer wanted.
    pub(crate) fn forget(&mut self, node: &NodeName) {
        let attempt = self.pending.remove(node);
        if let Some(Attempt { state: AttemptState::Running(op), .. }) = attempt {
            self.overtaken.insert(op, node.clone());
        }
        self.reset_late.remove(node);
    }

    /// True while a fence for `node` runs or waits for its next try.
    pub(crate) fn is_pending(&self, node: &NodeName) -> bool {
        self.pending.contains_key(node)
    }

    /// Takes the end of an operation in; `None` if it isn't one of ours.
    pub(crate) fn done(
        &mut self,
        step: &mut Step<'_>,
        config: &Config,
        op: OpId,
        outcome: &Outcome,
    ) -> Option<Fence> {
        if let Some(node) = self.overtaken.remove(&op) {
            if *outcome == Outcome::Yes {
                self.reset_late.insert(node, step.now);
            }
            return None;
        }
        let node = self.pending.iter().find_map(|(node, attempt)| {
            matches!(attempt.state, AttemptState::Running(running) if running == op)
                .then(|| node.clone())
        })?;
        let attempt = self.pending.remove(&node)?;
        step.cause = attempt.cause;
        let subject = Subject::Node(node.to_string());
        if *outcome == Outcome::Yes {
            let text = format!("{node} was fenced: it is off");
            step.cause = Some(step.tell(Level::Info, EventKind::Fencing, subject, text));
            return Some(Fence::Proved(Inheritance { node, how: Proof::Fenced }));
        }
        let why = match outcome {
            Outcome::Failed { reason } => reason.as_str(),
            _ => "the device doesn't know this host",
        };
        step.tell(
            Level::Critical,
            EventKind::Fencing,
            subject,
            format!(
                "fencing {node} failed ({why}); its groups stay down until it works; next try in \
                 {} s",
                RETRY_AFTER.as_secs()
            ),
        );
        let device = (attempt.device + 1) % config.stonith.len().max(1);
        let state = AttemptState::RetryAt(step.now + RETRY_AFTER);
        self.pending.insert(node.clone(), Attempt { device, state, cause: attempt.cause });
        Some(Fence::Failed(node))
    }

    /// Starts the tries that are due. Where a reload took the last device away, that decision of
    /// the administrator is the answer.
    pub(crate) fn tick(&mut self, step: &mut Step<'_>, config: &Config) -> Option<Inheritance> {
        let due: Vec<_> = self
            .pending
            .iter()
            .filter_map(|(node, attempt)| match attempt.state {
                AttemptState::RetryAt(at) if at <= step.now => {
                    Some((node.clone(), attempt.device, attempt.cause))
                }
                _ => None,
            })
            .collect();
        for (node, device, cause) in due {
            step.cause = cause;
            if config.stonith.is_empty() {
                self.pending.remove(&node);
                return self.inherit(step, config, &node, false);
            }
            self.start(step, config, &node, device);
        }
        None
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.pending
            .values()
            .filter_map(|attempt| match attempt.state {
                AttemptState::RetryAt(at) => Some(at),
                AttemptState::Running(_) => None,
            })
            .min()
    }

    fn start(&mut self, step: &mut Step<'_>, config: &Config, node: &NodeName, device: usize) {
        let Some(chosen) = config.stonith.get(device).or_else(|| config.stonith.first()) else {
            return;
        };
        let StonithDevice { kind, .. } = chosen;
        let id = step.tell(
            Level::Warning,
            EventKind::Fencing,
            Subject::Node(node.to_string()),
            format!("fencing {node} with {kind} before its groups are taken over"),
        );
        let action = Action::Fence { target: node.clone(), device: chosen.clone() };
        let op = step::run(step, action, BTreeMap::new());
        self.pending.insert(
            node.clone(),
            Attempt { device, state: AttemptState::Running(op), cause: Some(id) },
        );
    }
}
