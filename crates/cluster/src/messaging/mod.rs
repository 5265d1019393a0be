//! The messaging layer: who is there, what they said, and in which order it was meant.
//!
//! Takes datagrams and ticks; authenticates, orders, retransmits, acknowledges; tells the layer
//! above what was [`Heard`]. It never decides about resources.

use api::{EventId, NodeState};
use base::{LinkId, NodeName};
use wire::heartbeat::Message;

/// What the messaging layer tells the layer above.
#[derive(Clone, PartialEq, Debug)]
pub enum Heard {
    /// An authenticated message for this node or for all, once each; also our own messages to
    /// all (`from` is then our own name), and every status message after it was accounted for.
    Message {
        /// The originator.
        from: NodeName,
        /// The message with all its fields.
        message: Message,
    },
    /// A node's state changed.
    Node {
        /// Which (also ping nodes).
        node: NodeName,
        /// Before.
        was: NodeState,
        /// Now.
        now: NodeState,
        /// The event that told it.
        because: EventId,
    },
    /// A link to a node changed.
    Link {
        /// Which node.
        node: NodeName,
        /// Which link.
        link: LinkId,
        /// True: heard again.
        up: bool,
        /// The event that told it.
        because: EventId,
    },
    /// Every configured node was heard or given up, and the node list agreed: resources may be
    /// handled. Told once.
    CommunicationUp,
    /// A node that counted as alive speaks with a higher generation: it restarted in between.
    Restarted {
        /// Which.
        node: NodeName,
        /// The event that told it.
        because: EventId,
    },
    /// A node that counted as dead speaks with the generation it had: it never died, we were cut
    /// off from each other. It counts as alive again; we don't restart as the ancestor does.
    Healed {
        /// Which.
        node: NodeName,
        /// The event that told it.
        because: EventId,
    },
}
