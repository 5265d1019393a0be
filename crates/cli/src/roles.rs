//! The roles that run on this machine: heartbeat, keepalived or both, asked in one go.

use crate::client::{Ask, AskError};
use crate::clock::Clock;
use crate::console::{Console, Stop};
use crate::exit::Exit;
use crate::{print_json, status, story, vrrp};
use api::vrrp::VrrpReport;
use api::{Event, Reply, Request, RoleStatus};
use serde::Serialize;

/// What the roles that run say of themselves. As JSON a field for each of them, `null` for one
/// that doesn't run.
#[derive(Serialize)]
pub(crate) struct Roles {
    heartbeat: Option<Box<RoleStatus>>,
    keepalived: Option<Box<VrrpReport>>,
}

/// The two doors.
pub(crate) struct Doors<'a> {
    /// To heartbeat.
    pub(crate) heartbeat: &'a mut dyn Ask,
    /// To keepalived.
    pub(crate) keepalived: &'a mut dyn Ask,
}

/// A question to a role: `None` when it doesn't run.
fn ask(door: &mut dyn Ask, request: &Request) -> Result<Option<Reply>, Stop> {
    match door.ask(request) {
        Ok(Reply::Refused { text }) => Err(Stop::failed(text)),
        Ok(reply) => Ok(Some(reply)),
        Err(AskError::NotRunning(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Nobody listens.
pub(crate) fn nobody() -> Stop {
    let text = "neither heartbeat nor keepalived runs on this machine; start one with: \
                systemctl start heartbeat, or: systemctl start keepalived";
    Stop::Because(text.to_owned(), Exit::NotRunning)
}

fn unexpected(reply: &Reply) -> Stop {
    Stop::failed(format!("unexpected answer: {reply:?}"))
}

impl Roles {
    /// Asks both for their state.
    pub(crate) fn ask(doors: &mut Doors<'_>) -> Result<Self, Stop> {
        let heartbeat = match ask(doors.heartbeat, &Request::Status)? {
            None => None,
            Some(Reply::Status(status)) => Some(status),
            Some(other) => return Err(unexpected(&other)),
        };
        let keepalived = match ask(doors.keepalived, &Request::Status)? {
            None => None,
            Some(Reply::Vrrp(report)) => Some(report),
            Some(other) => return Err(unexpected(&other)),
        };
        if heartbeat.is_none() && keepalived.is_none() {
            return Err(nobody());
        }
        Ok(Self { heartbeat, keepalived })
    }

    /// The status carries the latest events only; a story may reach further back.
    fn with_all_events(mut self, doors: &mut Doors<'_>) -> Result<Self, Stop> {
        if let Some(role) = &mut self.heartbeat {
            events(doors.heartbeat, &mut role.events)?;
        }
        if let Some(role) = &mut self.keepalived {
            events(doors.keepalived, &mut role.events)?;
        }
        Ok(self)
    }

    fn needs_attention(&self) -> bool {
        self.heartbeat.iter().any(|role| status::needs_attention(&role.warnings))
            || self.keepalived.iter().any(|role| status::needs_attention(&role.warnings))
    }
}

fn events(door: &mut dyn Ask, into: &mut Vec<Event>) -> Result<(), Stop> {
    if let Some(Reply::Events { events }) = ask(door, &Request::Events { after: 0, follow: false })?
    {
        *into = events;
    }
    Ok(())
}

/// `handover status`.
///
/// # Errors
/// When no role runs, or one can't be asked.
pub(crate) fn show(
    doors: &mut Doors<'_>,
    json: bool,
    strict: bool,
    clock: &Clock,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let roles = Roles::ask(doors)?;
    if json {
        print_json(&roles, console)?;
    } else {
        if let Some(role) = &roles.heartbeat {
            write!(console.out, "{}", status::render(role, clock, console.colour))?;
        }
        if roles.heartbeat.is_some() && roles.keepalived.is_some() {
            writeln!(console.out)?;
        }
        if let Some(role) = &roles.keepalived {
            write!(console.out, "{}", vrrp::status::render(role, clock, console.colour))?;
        }
    }
    Ok(if strict && roles.needs_attention() { Exit::Attention } else { Exit::Done })
}

/// `handover why NAME`: whichever role knows the name tells; both, where both do.
///
/// # Errors
/// When nothing is called so, no role runs, or one can't be asked.
pub(crate) fn why(
    doors: &mut Doors<'_>,
    name: &str,
    json: bool,
    clock: &Clock,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let roles = Roles::ask(doors)?.with_all_events(doors)?;
    let of_cluster = roles.heartbeat.as_deref().map(|role| (role, story::topic(role, name)));
    let of_routers = roles.keepalived.as_deref().map(|role| (role, vrrp::story::topic(role, name)));
    let mut found = Vec::new();
    let mut told = String::new();
    if let Some((role, Ok(topic))) = &of_cluster {
        found.extend(story::walk(&role.events, *topic));
        told.push_str(&story::tell(role, *topic, clock, console.colour));
    }
    if let Some((role, Ok(topic))) = &of_routers {
        found.extend(vrrp::story::walk(&role.events, *topic));
        if !told.is_empty() {
            told.push('\n');
        }
        told.push_str(&vrrp::story::tell(role, *topic, clock, console.colour));
    }
    if told.is_empty() {
        return Err(Stop::failed(match (of_cluster, of_routers) {
            (Some((_, Err(sentence))), None) => sentence,
            (cluster, routers) => {
                let mut known = cluster.map_or_else(Vec::new, |(role, _)| story::names(role));
                known.extend(routers.and_then(|(_, topic)| topic.err()).unwrap_or_default());
                vrrp::story::unknown(name, &known)
            }
        }));
    }
    if json {
        print_json(&found, console)?;
    } else {
        write!(console.out, "{told}")?;
    }
    Ok(Exit::Done)
}
