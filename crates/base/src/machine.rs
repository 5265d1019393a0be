//! The shape of everything that has a clock and a peer.

use crate::Instant;

/// A protocol as a value: fed with `(now, input)`, it pushes outputs and names its next deadline.
///
/// The rules of the shape: `now` never goes back. Nothing waits inside; whatever can fail or take
/// time is an output with an id, and its result a later input. The same inputs give the same
/// outputs, byte for byte, so a simulator and a recorded log drive the same code as production.
pub trait Machine {
    /// What the world tells the machine.
    type Input;
    /// What the machine asks of the world, in the order in which it must happen.
    type Output;

    /// Takes one input in and appends what follows from it to `out`.
    fn handle(&mut self, now: Instant, input: Self::Input, out: &mut Vec<Self::Output>);

    /// Call [`handle`](Self::handle) with a tick no later than this. `None`: only when there is
    /// news. A tick that comes early is harmless.
    fn next_deadline(&self) -> Option<Instant>;
}
