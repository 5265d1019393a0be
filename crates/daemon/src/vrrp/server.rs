//! What the VRRP role answers on its control socket.

use super::attention;
use super::hub::Hub;
use super::settings::Settings;
use crate::api_server::Service;
use crate::frames::refusal;
use crate::journal::Journal;
use api::lvs::LvsStatus;
use api::vrrp::{VrrpReport, VrrpStatus};
use api::{Reply, Request};
use std::cell::RefCell;
use std::rc::Rc;
use vrrp::Input;

impl Service for Hub {
    async fn answer(self: Rc<Self>, request: Request) -> Reply {
        match request {
            Request::Status => match self.status().await {
                Some(status) => {
                    let lvs = self.servers.status().await;
                    Reply::Vrrp(Box::new(self.report(status, lvs)))
                }
                None => refusal("the daemon is stopping"),
            },
            Request::Events { after, .. } => {
                Reply::Events { events: self.journal.borrow().after(after) }
            }
            Request::Reload => {
                self.reload.notify_one();
                Reply::Done { text: "the configuration is being read again; see the log".into() }
            }
            Request::Stop { keep } => {
                self.stop(keep, keep);
                Reply::Done { text: "stopping".into() }
            }
            Request::Standby { .. }
            | Request::Takeover { .. }
            | Request::Parameter { .. }
            | Request::ClientStatus { .. }
            | Request::AddNodes { .. }
            | Request::DeleteNodes { .. } => refusal("virtual routers have no such thing"),
        }
    }

    fn journal(&self) -> &RefCell<Journal> {
        &self.journal
    }
}

impl Hub {
    /// Everything a client is shown.
    fn report(&self, status: VrrpStatus, lvs: Option<LvsStatus>) -> VrrpReport {
        let settings = self.settings();
        let now = linux::rt::now();
        VrrpReport {
            node: settings.host.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            now,
            wall: linux::rt::wall(),
            warnings: attention::warnings(&status, lvs.as_ref(), &settings.disabled, now),
            sessions: self.sessions_of(&settings),
            disabled: settings.disabled.clone(),
            status,
            lvs,
            events: self.journal.borrow().latest(),
        }
    }

    /// The configured BFD sessions; one that was never told of is not up.
    fn sessions_of(&self, settings: &Settings) -> Vec<(String, bool)> {
        let known = self.sessions.borrow();
        let up = |name: &str| known.get(name).copied().unwrap_or(false);
        let all = settings.whole.bfd_sessions.iter();
        all.map(|of| (of.name.clone(), up(&of.name))).collect()
    }

    /// Stops the role; what routers hold stays with `keep`, what IPVS does with `keep_servers`.
    pub(crate) fn stop(&self, keep: bool, keep_servers: bool) {
        self.keep.set(keep);
        self.servers.stop(keep_servers);
        self.input(Input::Stop { keep });
    }
}
