//! The end: what is ours is removed, and what was there before is put back
//! (docs/ancestors/keepalived.md §4.2).

use crate::config::Flush;
use crate::director::Director;
use crate::io::Output;
use crate::settle;
use crate::step::Step;
use api::{EventKind, Level, Subject};
use wire::ipvs::Command;

impl Director {
    pub(crate) fn stop(&mut self, step: &mut Step<'_>, keep: bool) {
        if self.is_running() {
            let text = if keep {
                "Load balancing stops; IPVS stays as it is"
            } else {
                "Load balancing stops"
            };
            step.cause = Some(step.tell(Level::Info, EventKind::Stopping, Subject::Cluster, text));
            let running: Vec<_> =
                self.places.iter().map(|(id, place)| (*id, self.checker(*place).run)).collect();
            for (id, run) in running {
                self.call_off(step, id, run);
            }
            if !keep {
                self.say_shutting_down(step);
                self.remove_all(step);
                self.say_goodbye(step);
            }
        }
        self.end();
        step.out.push(Output::Exit);
    }

    fn say_shutting_down(&self, step: &mut Step<'_>) {
        for server in &self.servers {
            for real in &server.real {
                let text = format!("Shutting down service {} from VS {}", real.name, server.name);
                let subject = Subject::RealServer(server.name.clone(), real.name.clone());
                step.tell(Level::Info, EventKind::RealServer, subject, text);
            }
        }
    }

    fn remove_all(&mut self, step: &mut Step<'_>) {
        if self.syncs {
            self.sync.end(step.out, &mut self.table);
        }
        let whole = self.config.ipvs.flush_on_stop;
        if whole == Flush::All {
            self.table.flush(step.out);
        }
        // One virtual server after the other, as they were added.
        for server in &self.servers {
            self.table.remove(&server.keys, whole == Flush::VirtualServers, step.out);
        }
        let others = self.table.keys();
        self.table.remove(&others, false, step.out);
        if let Some(own) = self.timeouts.filter(|own| *own != self.told_timeouts) {
            self.told_timeouts = own;
            self.table.tell(Command::SetTimeouts(own), step.out);
        }
    }

    /// `omega`: what came up is told to go down.
    fn say_goodbye(&self, step: &mut Step<'_>) {
        for server in self.servers.iter().filter(|server| server.config.omega) {
            for real in server.real.iter().filter(|real| real.up) {
                let told = settle::notification(&server.name, real, false);
                step.out.push(Output::Notify(told));
            }
            if server.up {
                let told = settle::quorum_notification(server, false, "Load balancing stops");
                step.out.push(Output::Notify(told));
            }
        }
    }
}
