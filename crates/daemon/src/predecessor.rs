//! What an earlier worker left in place: taken over if it is all there, else taken away.

use crate::agents::Verb;
use crate::builtin;
use crate::hub::Hub;
use crate::perform::resource_operation;
use api::{Held, Level};
use cluster::config::Group;
use cluster::{Outcome, Predecessor};
use std::rc::Rc;

/// Examines what the note says or, without one, what the command line says is `held`. Meanwhile no beat goes out, so only questions of `status` are
/// asked here, and as many as half the dead time allows; what was not asked counts as in place.
pub(crate) async fn examine(hub: &Rc<Hub>, held: Option<Held>) -> Option<Predecessor> {
    let settings = hub.settings();
    let me = settings.cluster.me.folded();
    let note = hub.store.left().filter(|left| !left.groups.is_empty());
    let held = note.as_ref().map(|note| note.held).or(held)?;
    let is_noted = |group: &&Group| match &note {
        Some(note) => note.groups.contains(&group.key),
        None if group.home.folded() == me => held.local,
        None => held.foreign,
    };
    let noted: Vec<&Group> = settings.cluster.groups.iter().filter(is_noted).collect();
    let limit = settings.cluster.timing.deadtime / 2;
    let until = tokio::time::Instant::now() + limit;
    let mut groups = Vec::new();
    for group in noted {
        let whole = tokio::time::timeout_at(until, is_whole(hub, group)).await.unwrap_or(true);
        if whole {
            hub.notice(Level::Info, format!("{}: still in place; taken over", group.key));
            group.resources.iter().for_each(|r| builtin::adopt(hub, &group.key, r));
            groups.push(group.key.clone());
        } else {
            hub.notice(
                Level::Warning,
                format!("{}: only partly in place after a crash; removed", group.key),
            );
            remove(hub, group).await;
        }
    }
    (!groups.is_empty()).then_some(Predecessor { held, groups })
}

async fn is_whole(hub: &Rc<Hub>, group: &Group) -> bool {
    for resource in group.resources.iter().filter(|r| !builtin::leaves_no_trace(&r.name)) {
        let environment = hub.settings().environment.clone();
        let asked =
            resource_operation(hub, &group.key, resource, Verb::Status, false, environment).await;
        if asked != Outcome::Yes {
            return false;
        }
    }
    true
}

/// Stops from right to left. What can't be stopped is started over by the group's next start.
async fn remove(hub: &Rc<Hub>, group: &Group) {
    for resource in group.resources.iter().rev() {
        let environment = hub.settings().environment.clone();
        let stopped =
            resource_operation(hub, &group.key, resource, Verb::Stop, false, environment).await;
        if let Outcome::Failed { reason } = stopped {
            hub.notice(Level::Error, reason);
        }
    }
}
