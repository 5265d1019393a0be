//! From a configuration that runs to another, without a gap for what is in both.

use super::hub::Hub;
use super::real_time::ToRole;
use super::running::{self, Words};
use super::settings::{self, Settings};
use super::worker::{notice_all, statics, tell_sessions};
use super::{KeepalivedOptions, addresses, barrier, fifo, notify, saved, vmac, watch};
use crate::lvs;
use api::Level;
use api::vrrp::RouterState;
use linux::netlink::Netlink;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use vrrp::{Input, Notification, Subject, What};

/// `reload_file` without a name.
pub(super) const USUAL_MARKER: &str = "/run/keepalived.reload";
/// The same with `use_pid_dir`.
const MARKER_IN_DIRECTORY: &str = "/run/keepalived/keepalived.reload";

/// Reads the configuration again when asked. One with anything fatal in it changes nothing.
pub(crate) async fn when_asked(hub: Rc<Hub>, options: KeepalivedOptions) {
    let pid_file = options.checkers_pid_file.clone().unwrap_or_else(lvs::usual_pid_file);
    loop {
        hub.reload.notified().await;
        hub.input(Input::Reloading);
        let options = options.clone();
        let marker = Marker::set(&hub);
        let strictly = hub.settings().whole.reload.check.is_some();
        let read = tokio::task::spawn_blocking(move || settings::reload(&options, strictly));
        let read = read.await;
        drop(marker);
        let Ok(loaded) = read else {
            continue;
        };
        match loaded {
            Ok(loaded) => {
                notice_all(&hub, &loaded.findings);
                let new = loaded.settings.copied(Some(&hub.settings()));
                install(&hub, Rc::new(new), &loaded.words).await;
                saved::save(&hub, &loaded.words).await;
                drop(loaded);
                hub.role.send(ToRole::GiveBack);
                lvs::install(&hub, &pid_file).await;
            }
            Err(refused) => {
                notice_all(&hub, &refused.findings);
                hub.notice(Level::Error, "the configuration is wrong; everything stays as it was");
            }
        }
    }
}

/// `reload_file`: there while the files are read, so that nobody changes them meanwhile.
struct Marker(Option<PathBuf>);

impl Marker {
    /// Creates it, or empties one that is there.
    fn set(hub: &Hub) -> Self {
        let settings = hub.settings();
        let whole = &settings.whole;
        let Some(path) = &whole.reload.marker else { return Self(None) };
        let usual = if whole.use_pid_dir { MARKER_IN_DIRECTORY } else { USUAL_MARKER };
        let path = PathBuf::from(path.as_deref().unwrap_or(usual));
        if let Err(error) = fs::write(&path, "") {
            let text = format!("reload_file {} can't be written: {error}", path.display());
            hub.notice(Level::Warning, text);
        }
        Self(Some(path))
    }
}

impl Drop for Marker {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}

async fn install(hub: &Rc<Hub>, new: Rc<Settings>, words: &Words) {
    let old = hub.settings();
    if let Ok(mut netlink) = Netlink::open() {
        for text in vmac::settle(&mut netlink, &new) {
            hub.notice(Level::Error, text);
        }
    }
    watch::lend(hub, &new, &hub.world.borrow());
    fifo::install(hub, &new).await;
    // From here to the next wait nothing comes between: source addresses that are new to the
    // machine are told before what needs them, trackers after what names them.
    hub.install(Rc::clone(&new));
    hub.reloaded.notify_one();
    watch::tell(hub);
    hub.role.send(ToRole::Reload(Box::new(new.vrrp.clone())));
    // A file is written; nobody's adverts wait for it.
    running::note_for_successor(hub, words);
    tell_sessions(hub);
    barrier::configure(hub);
    if statics(&old) != statics(&new) {
        addresses::release(hub, statics(&old).without(&statics(&new)));
        addresses::take(hub, statics(&new).without(&statics(&old)));
    }
    // The answer comes after everything that followed from the new configuration was done.
    let Some(status) = hub.status().await else { return };
    if let Ok(mut netlink) = Netlink::open() {
        vmac::remove(&mut netlink, &old, Some(&new));
    }
    if new.whole.fifo_states_on_reload {
        let states = status.routers.iter().filter_map(|router| {
            let what = state_told(router.state)?;
            let of = Subject::Instance(router.name.clone());
            let (priority, commands) = (router.effective_priority, Vec::new());
            Some(Notification { of, what, priority, commands, mail: false })
        });
        states.for_each(|told| notify::tell(hub, told));
    }
}

/// What a FIFO is told of a state.
const fn state_told(state: RouterState) -> Option<What> {
    match state {
        RouterState::Init => None,
        RouterState::Backup => Some(What::Backup),
        RouterState::Master => Some(What::Master),
        RouterState::Fault => Some(What::Fault),
    }
}
