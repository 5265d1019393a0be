//! Telling others: commands, FIFO and mail (docs/ancestors/keepalived.md §2.5).

use crate::config::{Command, Notify};
use crate::io::{Notification, Output, Subject, What};
use crate::router::Router;
use crate::step::Step;
use api::vrrp::RouterState;

/// What becoming that is called.
pub(crate) const fn what(state: RouterState) -> Option<What> {
    match state {
        RouterState::Init => None,
        RouterState::Backup => Some(What::Backup),
        RouterState::Master => Some(What::Master),
        RouterState::Fault => Some(What::Fault),
    }
}

/// The commands to run: the special one, then the general one.
fn commands(of: &Notify, what: What) -> Vec<Command> {
    let special = match what {
        What::Master => &of.master,
        What::Backup => &of.backup,
        What::Fault => &of.fault,
        What::Stop => &of.stop,
        What::Deleted => &of.deleted,
        What::MasterRxLowerPri => &of.rx_lower_priority,
        What::MasterPriority | What::BackupPriority => &None,
    };
    let general = match what {
        What::Master | What::Backup | What::Fault | What::Stop | What::Deleted => &of.any,
        What::MasterRxLowerPri | What::MasterPriority | What::BackupPriority => &None,
    };
    special.iter().chain(general).cloned().collect()
}

/// What goes out by mail; a stop does not (docs/ancestors/keepalived.md §2.5).
const fn is_mailed(what: What) -> bool {
    matches!(what, What::Master | What::Backup | What::Fault)
}

/// Tells others about an instance.
pub(crate) fn router(step: &mut Step<'_>, router: &Router, what: What) {
    let config = &router.config;
    step.out.push(Output::Notify(Notification {
        of: Subject::Instance(config.name.clone()),
        what,
        priority: router.effective,
        commands: commands(&config.notify, what),
        mail: config.smtp_alert && is_mailed(what),
    }));
}

/// Tells others about a sync group.
pub(crate) fn group(step: &mut Step<'_>, of: &crate::config::SyncGroup, what: What) {
    step.out.push(Output::Notify(Notification {
        of: Subject::Group(of.name.clone()),
        what,
        priority: 0,
        commands: commands(&of.notify, what),
        mail: of.smtp_alert && is_mailed(what),
    }));
}

/// How the removal of something is told: as a fault, unless `notify_deleted` was written.
pub(crate) const fn removal(of: &Notify) -> What {
    if of.deleted.is_some() { What::Deleted } else { What::Fault }
}
