//! What the VRRP role answers on its control socket.

use super::hub::Hub;
use crate::api_server::Service;
use crate::frames::refusal;
use crate::journal::Journal;
use api::vrrp::VrrpReport;
use api::{Reply, Request};
use std::cell::RefCell;
use std::rc::Rc;
use vrrp::Input;

impl Service for Hub {
    async fn answer(self: Rc<Self>, request: Request) -> Reply {
        match request {
            Request::Status => match self.status().await {
                Some(status) => Reply::Vrrp(Box::new(VrrpReport {
                    node: self.settings().host.clone(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    now: linux::rt::now(),
                    wall: linux::rt::wall(),
                    status,
                    events: self.journal.borrow().latest(),
                })),
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
                self.stop(keep);
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
    /// Stops the role; with `keep` everything stays in place.
    pub(crate) fn stop(&self, keep: bool) {
        self.keep.set(keep);
        self.input(Input::Stop { keep });
    }
}
