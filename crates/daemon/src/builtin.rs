//! The resources that need no script: addresses, announcements, source address, mail, file systems.

use crate::address::{self, AddressSpec};
use crate::addresses::{self, Place};
use crate::agents::Verb;
use crate::executor::Wanted;
use crate::filesystem::FilesystemSpec;
use crate::hub::Hub;
use crate::journal::Told;
use crate::{mail, perform, watch};
use api::{EventKind, Level, Subject};
use base::{GroupKey, Instant};
use cluster::Outcome;
use cluster::config::{DuplicateAddress, Resource};
use linux::Mac;
use linux::netlink::Netlink;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

/// How long we listen for another holder before an address is taken: a host on the same link
/// answers within a millisecond.
const PROBE: Duration = Duration::from_millis(20);
/// The same when it is not known whether the old holder is gone, and nobody waits.
const LONG_PROBE: Duration = Duration::from_millis(200);
/// An unanswered probe that is no older than this spares another.
const PROBE_FRESH: Duration = Duration::from_secs(3);
/// Somebody who still answers after this is ignored, unless the administrator says `wait`.
const PATIENCE: Duration = Duration::from_secs(3);
/// Between probes while somebody answers.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(200);
/// While held back, another line is logged this often.
const TELL_AGAIN_AFTER: Duration = Duration::from_mins(1);
/// How long mount(8) may take.
const MOUNT_TIMEOUT: Duration = Duration::from_hours(1);

/// Unanswered probes, by address.
pub(crate) type Probed = BTreeMap<IpAddr, Instant>;

/// True for the names that are built in.
pub(crate) fn is_built_in(name: &str) -> bool {
    matches!(
        name,
        "IPaddr" | "IPaddr2" | "IPv6addr" | "SendArp" | "IPsrcaddr" | "MailTo" | "Filesystem"
    )
}

/// True for resources that leave nothing in place: nobody can say whether they run.
pub(crate) fn leaves_no_trace(name: &str) -> bool {
    matches!(name, "SendArp" | "MailTo")
}

/// One verb on one built-in resource.
pub(crate) async fn operation(
    hub: &Rc<Hub>,
    group: &GroupKey,
    resource: &Resource,
    verb: Verb,
    planned: bool,
    environment: BTreeMap<String, String>,
) -> Outcome {
    let result = match resource.name.as_str() {
        "SendArp" => send_arp(hub, group, resource, verb),
        "IPsrcaddr" => source_address(resource, verb),
        "MailTo" => Ok(mail_to(hub, resource, verb)),
        "Filesystem" => filesystem(hub, resource, verb, environment).await,
        _ => match address::of_resource(&resource.name, &resource.args) {
            Some(Ok(spec)) => address(hub, group, resource, spec, verb, planned).await,
            // What can't be read was never put in place.
            Some(Err(_)) if verb == Verb::Stop => Ok(Outcome::Yes),
            Some(Err(why)) => Err(why),
            None => Err(format!("{} is not built in", resource.name)),
        },
    };
    result.unwrap_or_else(|why| Outcome::Failed { reason: format!("{}: {why}", resource.written) })
}

async fn address(
    hub: &Rc<Hub>,
    group: &GroupKey,
    resource: &Resource,
    spec: AddressSpec,
    verb: Verb,
    planned: bool,
) -> Result<Outcome, String> {
    let mut netlink = Netlink::open().map_err(|error| format!("netlink: {error}"))?;
    let standing = addresses::find(&mut netlink, &spec)
        .map_err(|e| format!("addresses can't be read: {e}"))?;
    match verb {
        Verb::Status => Ok(if standing.is_some() { Outcome::Yes } else { Outcome::No }),
        Verb::Stop => {
            watch::release(hub, spec.address);
            if addresses::remove(&mut netlink, &spec)? {
                tell(hub, group, Level::Info, EventKind::AddressDown, spec.address, "removed");
            }
            Ok(Outcome::Yes)
        }
        Verb::Start => {
            let place = addresses::place(&mut netlink, &spec)?;
            if standing.is_none() {
                clear_way(hub, group, &spec, &place, planned).await;
            }
            let with_label = resource.name == "IPaddr";
            addresses::add(&mut netlink, &spec, &place, with_label)?;
            let how = format!("up on {}, /{}", place.interface.name, place.prefix);
            tell(hub, group, Level::Info, EventKind::AddressUp, spec.address, &how);
            watch::hold(hub, group, &resource.written, spec, place, with_label);
            Ok(Outcome::Yes)
        }
    }
}

/// Takes an address that already stands under our watch: a predecessor of this process put it
/// there.
pub(crate) fn adopt(hub: &Rc<Hub>, group: &GroupKey, resource: &Resource) {
    let Some(Ok(spec)) = address::of_resource(&resource.name, &resource.args) else { return };
    if hub.settings().prefer_scripts.contains(&resource.name) {
        return;
    }
    if let Ok(mut netlink) = Netlink::open()
        && let Ok(place) = addresses::place(&mut netlink, &spec)
    {
        watch::hold(hub, group, &resource.written, spec, place, resource.name == "IPaddr");
    }
}

/// Returns when nobody else answers for the address, or when we shall take it all the same.
async fn clear_way(
    hub: &Rc<Hub>,
    group: &GroupKey,
    spec: &AddressSpec,
    place: &Place,
    planned: bool,
) {
    let began = linux::rt::now();
    let probed = hub.probed.borrow_mut().remove(&spec.address);
    if !planned && probed.is_some_and(|at| began.since(at) < PROBE_FRESH) {
        return;
    }
    let mut window = if planned { PROBE } else { LONG_PROBE };
    let mut told_at: Option<Instant> = None;
    while let Some(holder) = ask(place.interface.name.clone(), spec.address, window).await {
        window = PROBE;
        let now = linux::rt::now();
        let waits = hub.settings().cluster.duplicate_address == DuplicateAddress::Wait;
        let over = now.since(began) >= PATIENCE && !waits;
        if over || told_at.is_none_or(|at| now.since(at) >= TELL_AGAIN_AFTER) {
            told_at = Some(now);
            let what = match (over, waits) {
                (true, _) => "taken all the same",
                (false, true) => "held back until it falls silent",
                (false, false) => "asking again for up to 3 s",
            };
            let text = format!("{holder} answers for it on {}; {what}", place.interface.name);
            tell(hub, group, Level::Warning, EventKind::DuplicateAddress, spec.address, &text);
        }
        if over {
            return;
        }
        tokio::time::sleep(ASK_AGAIN_AFTER).await;
    }
}

async fn ask(interface: String, address: IpAddr, window: Duration) -> Option<Mac> {
    tokio::task::spawn_blocking(move || addresses::probe(&interface, address, window))
        .await
        .ok()
        .flatten()
}

/// Probes the addresses of these resources and remembers which nobody answered for.
pub(crate) async fn probe_ahead(hub: &Rc<Hub>, resources: &[Resource]) {
    for resource in resources {
        let Some(Ok(spec)) = address::of_resource(&resource.name, &resource.args) else { continue };
        let placed = Netlink::open()
            .map_err(|error| error.to_string())
            .and_then(|mut netlink| addresses::place(&mut netlink, &spec));
        let Ok(place) = placed else { continue };
        if ask(place.interface.name, spec.address, PROBE).await.is_none() {
            hub.probed.borrow_mut().insert(spec.address, linux::rt::now());
        }
    }
}

fn tell(hub: &Hub, group: &GroupKey, level: Level, kind: EventKind, address: IpAddr, text: &str) {
    hub.tell(Told {
        level,
        kind,
        subject: Subject::Address(address.to_string()),
        group: Some(group.to_string()),
        text: format!("{address}: {text}"),
    });
}

/// `SendArp address[/…] [interface]`: announces without holding.
fn send_arp(
    hub: &Hub,
    group: &GroupKey,
    resource: &Resource,
    verb: Verb,
) -> Result<Outcome, String> {
    match verb {
        Verb::Status => return Ok(Outcome::No),
        Verb::Stop => return Ok(Outcome::Yes),
        Verb::Start => {}
    }
    let first = resource.args.first().ok_or("SendArp needs an address")?;
    let mut spec = address::ipv4(first)?;
    if let Some(interface) = resource.args.get(1) {
        spec.interface = Some(interface.clone());
    }
    let mut netlink = Netlink::open().map_err(|error| format!("netlink: {error}"))?;
    let place = addresses::place(&mut netlink, &spec)?;
    watch::announce(hub, group, spec.address, &place.interface.name);
    Ok(Outcome::Yes)
}

fn source_address(resource: &Resource, verb: Verb) -> Result<Outcome, String> {
    let first = resource.args.first().ok_or("IPsrcaddr needs an address")?;
    let plain = first.split('/').next().unwrap_or_default();
    let address: IpAddr = plain.parse().map_err(|_| format!("`{plain}` is not an address"))?;
    let mut netlink = Netlink::open().map_err(|error| format!("netlink: {error}"))?;
    match verb {
        Verb::Status => {
            let is = addresses::is_source(&mut netlink, address)
                .map_err(|error| format!("routes can't be read: {error}"))?;
            return Ok(if is { Outcome::Yes } else { Outcome::No });
        }
        Verb::Start => addresses::set_source(&mut netlink, address, true)?,
        Verb::Stop => addresses::set_source(&mut netlink, address, false)?,
    }
    Ok(Outcome::Yes)
}

/// Mail goes out beside everything else: a mail server must not delay a takeover.
fn mail_to(hub: &Rc<Hub>, resource: &Resource, verb: Verb) -> Outcome {
    let news = match verb {
        Verb::Status => return Outcome::No,
        Verb::Start => "is being taken over",
        Verb::Stop => "is being given up",
    };
    let args = resource.args.clone();
    let host = hub.settings().cluster.me.to_string();
    let hub = Rc::clone(hub);
    tokio::task::spawn_local(async move {
        let sent = tokio::task::spawn_blocking(move || mail::send(&args, &host, news)).await;
        if let Ok(Err(why)) = sent {
            hub.notice(Level::Warning, why);
        }
    });
    Outcome::Yes
}

async fn filesystem(
    hub: &Hub,
    resource: &Resource,
    verb: Verb,
    environment: BTreeMap<String, String>,
) -> Result<Outcome, String> {
    let spec = FilesystemSpec::parse(&resource.args)?;
    let mounted = spec.is_mounted().map_err(|error| format!("mounts can't be read: {error}"))?;
    match verb {
        Verb::Status => Ok(if mounted { Outcome::Yes } else { Outcome::No }),
        Verb::Start if mounted => Ok(Outcome::Yes),
        Verb::Start => match spec.command() {
            Some(argv) => {
                let wanted = Wanted { argv, environment, timeout: MOUNT_TIMEOUT };
                let end = hub.executor.run(wanted).await;
                let words = crate::agents::last_words(&end.output).unwrap_or_default();
                if end.code == Some(0) {
                    Ok(Outcome::Yes)
                } else {
                    Err(format!("mount {}: {words}", perform::ended(&end)))
                }
            }
            None => blocking(move || spec.mount()).await,
        },
        Verb::Stop => blocking(move || spec.unmount()).await,
    }
}

async fn blocking(
    work: impl FnOnce() -> Result<(), String> + Send + 'static,
) -> Result<Outcome, String> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| error.to_string())?
        .map(|()| Outcome::Yes)
}
