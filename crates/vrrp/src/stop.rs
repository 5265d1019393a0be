//! The end: everything is given up in an orderly way, or left for a successor.

use crate::io::{Output, What};
use crate::notify;
use crate::role::Role;
use crate::step::Step;
use api::{EventKind, Level, Subject};

impl Role {
    /// Ends the role. All goodbyes go out before anything slower is asked for.
    pub(crate) fn stop(&mut self, step: &mut Step<'_>, keep: bool) {
        let text = if keep { "VRRP stops; addresses stay" } else { "VRRP stops" };
        step.cause = Some(step.tell(Level::Info, EventKind::Stopping, Subject::Cluster, text));
        if !keep && self.has_begun() {
            for router in self.routers.iter_mut().filter(|router| router.is_master()) {
                router.say_goodbye(step);
            }
            for id in 0..self.routers.len() {
                if self.routers[id].is_master() {
                    self.leave_master(step, id, false);
                }
                notify::router(step, &self.routers[id], What::Stop);
            }
            for group in &self.groups {
                notify::group(step, &group.config, What::Stop);
            }
        }
        step.tell(Level::Info, EventKind::Stopped, Subject::Cluster, "VRRP has stopped");
        step.out.push(Output::Exit);
        self.end();
    }
}
