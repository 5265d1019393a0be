//! The files that signals ask for, as other people's exporters and checks read them: names and
//! keys are keepalived's (docs/ancestors/keepalived.md §2.6).

mod globals;
mod interfaces;
mod topology;
mod trackers;

use self::globals::About;
use super::addresses::home;
use super::hub::Hub;
use super::processes::Processes;
use super::settings::Settings;
use super::watch::World;
use api::Level;
use api::vrrp::{Counters, RouterState, RouterStatus, VrrpStatus};
use base::{Instant, WallTime};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use vrrp::config::{Address, Authentication, Broadcast, Garp, Instance, Tracked};

/// Where the state goes (SIGUSR1).
const DATA: &str = "/tmp/keepalived.data";
/// Where the statistics go (SIGUSR2).
const STATS: &str = "/tmp/keepalived.stats";
/// Where the state goes as JSON (signal 36).
const JSON: &str = "/tmp/keepalived.json";
/// Passwords may stand in them.
const MODE: u32 = 0o600;

/// Lines of a report.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    /// `KEY = VALUE`, if there is a value.
    fn named(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.line(&format!("{key} = {value}"));
        }
    }
}

/// The file of one part of the state: `part` is what keepalived calls the process it is about,
/// and empty for that of the virtual routers.
pub(crate) fn state_file(whole: &config::keepalived::Settings, part: &str) -> PathBuf {
    let usual = Path::new(whole.reports.state.as_deref().unwrap_or(DATA));
    let stem = usual.file_stem().unwrap_or_default().to_string_lossy();
    let part = if part.is_empty() { String::new() } else { format!("_{part}") };
    let instance = whole.instance.as_ref().filter(|_| whole.data_use_instance);
    let instance = instance.map_or(String::new(), |name| format!(".{name}"));
    let end = usual.extension().map_or(String::new(), |end| format!(".{}", end.to_string_lossy()));
    usual.with_file_name(format!("{stem}{part}{instance}{end}"))
}

/// Which file is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Everything, for people.
    Data,
    /// What was counted, for people.
    Stats,
    /// Both, for programs.
    Json,
}

/// What was counted before the statistics were begun anew, by instance.
pub(crate) type Baseline = Vec<(String, Counters)>;

/// Writes the files of a kind.
pub(crate) async fn write(hub: Rc<Hub>, kind: Kind) {
    let Some(status) = hub.status().await else { return };
    let files = {
        let settings = hub.settings();
        let mut processes = Processes::default();
        if kind == Kind::Data {
            processes.list(&settings.whole.track_processes);
        }
        let report = Report {
            settings: &settings,
            status: &status,
            baseline: &hub.baseline.borrow(),
            world: &hub.world.borrow(),
            sessions: &hub.sessions.borrow(),
            running: processes.counts(),
            now: (linux::rt::now(), linux::rt::wall()),
        };
        report.files(kind)
    };
    for (path, text) in files {
        let shown = path.display().to_string();
        let written =
            tokio::task::spawn_blocking(move || linux::file::replace(&path, text.as_bytes(), MODE));
        if let Ok(Err(error)) = written.await {
            hub.notice(Level::Warning, format!("{shown} can't be written: {error}"));
        }
    }
}

/// Begins the statistics anew.
pub(crate) async fn clear(hub: Rc<Hub>) {
    if let Some(status) = hub.status().await {
        *hub.baseline.borrow_mut() =
            status.routers.into_iter().map(|router| (router.name, router.counters)).collect();
    }
}

struct Report<'a> {
    settings: &'a Settings,
    status: &'a VrrpStatus,
    baseline: &'a Baseline,
    world: &'a World,
    /// BFD sessions, and whether they are up.
    sessions: &'a BTreeMap<String, bool>,
    /// How many of the tracked processes run, by name.
    running: BTreeMap<String, usize>,
    now: (Instant, WallTime),
}

impl Report<'_> {
    fn files(&self, kind: Kind) -> Vec<(PathBuf, String)> {
        let whole = &self.settings.whole;
        let path =
            |own: &Option<String>, usual: &str| PathBuf::from(own.as_deref().unwrap_or(usual));
        match kind {
            Kind::Data => {
                let mut files = vec![
                    (state_file(whole, ""), self.vrrp_data()),
                    (state_file(whole, "parent"), self.parent_data()),
                ];
                if !whole.bfd_sessions.is_empty() {
                    files.push((state_file(whole, "bfd"), self.bfd_data()));
                }
                files
            }
            Kind::Stats => vec![(path(&whole.reports.stats, STATS), self.stats())],
            Kind::Json => vec![(path(&whole.reports.json, JSON), self.json())],
        }
    }

    fn routers(&self) -> impl Iterator<Item = (&Instance, &RouterStatus)> {
        self.settings.vrrp.instances.iter().filter_map(|instance| {
            let status = self.status.routers.iter().find(|status| status.name == instance.name)?;
            Some((&**instance, status))
        })
    }

    fn counters(&self, router: &RouterStatus) -> Vec<(&'static str, u64)> {
        let base = self.baseline.iter().find(|(name, _)| *name == router.name);
        let base = base.map(|(_, counters)| numbers(counters));
        let now = numbers(&router.counters);
        match base {
            None => now,
            Some(base) => now
                .into_iter()
                .zip(base)
                .map(|((key, now), (_, base))| (key, now.saturating_sub(base)))
                .collect(),
        }
    }

    /// Seconds since 1970 of a moment of the boot clock.
    fn wall(&self, at: Instant) -> f64 {
        let (now, wall) = self.now;
        wall.as_millis() as f64 / 1000.0 - now.since(at).as_secs_f64()
    }

    fn json(&self) -> String {
        let all: Vec<Value> = self
            .routers()
            .map(|(instance, status)| {
                let stats: Map<String, Value> = self
                    .counters(status)
                    .into_iter()
                    .map(|(key, number)| (key.to_owned(), number.into()))
                    .collect();
                json!({ "data": self.data_of(instance, status), "stats": stats })
            })
            .collect();
        let whole = match self.settings.whole.json_version {
            2 => json!({ "version": 2, "vrrp": all }),
            _ => Value::Array(all),
        };
        format!("{whole}\n")
    }

    fn data_of(&self, instance: &Instance, status: &RouterStatus) -> Value {
        let number = |flag: bool| u8::from(flag);
        let master = status.state == RouterState::Master;
        let vmac = instance.vmac.as_ref().map_or("", |vmac| &vmac.name);
        let Garp { master_repeat, refresh_repeat, lower_prio_repeat, .. } = instance.garp;
        let mut data = json!({
            "iname": instance.name,
            "dont_track_primary": number(instance.dont_track_primary),
            "skip_check_adv_addr": number(instance.skip_check_adv_addr),
            "strict_mode": number(instance.strict),
            "vmac_ifname": vmac,
            "ifp_ifname": instance.interface.as_deref().unwrap_or_default(),
            "master_priority": 0,
            "last_transition": self.wall(status.since),
            "garp_delay": whole(instance.garp.master_delay),
            "garp_refresh": whole(instance.garp.refresh),
            "garp_rep": master_repeat,
            "garp_refresh_rep": refresh_repeat,
            "garp_lower_prio_delay": whole(instance.garp.lower_prio_delay),
            "garp_lower_prio_rep": lower_prio_repeat,
            "lower_prio_no_advert": number(instance.lower_prio_no_advert),
            "higher_prio_send_advert": number(instance.higher_prio_send_advert),
            "vrid": instance.vrid.0,
            "base_priority": status.base_priority,
            "effective_priority": status.effective_priority,
            "vipset": master,
            "promote_secondaries": false,
            "adver_int": seconds(instance.advert_int),
            "master_adver_int": seconds(Duration::from_micros(status.master_interval_us)),
            "accept": number(instance.accept),
            "nopreempt": !instance.preempt,
            "preempt_delay": seconds(instance.preempt_delay),
            "state": status.state as u8,
            "wantstate": status.state as u8,
            "version": status.version,
            "smtp_alert": instance.smtp_alert,
            "notify_deleted": instance.notify.deleted.is_some(),
        });
        let more = [
            ("vips", addresses(instance, &instance.addresses, master)),
            ("evips", addresses(instance, &instance.excluded, master)),
            ("vroutes", instance.routes.iter().map(ToString::to_string).collect()),
            ("vrules", instance.rules.iter().map(ToString::to_string).collect()),
            ("track_ifp", tracked(instance, |what| matches!(what, Tracked::Interface(_)))),
            ("track_script", self.scripts(instance)),
        ];
        if let Some(object) = data.as_object_mut() {
            for (key, list) in more.into_iter().filter(|(_, list)| !list.is_empty()) {
                object.insert(key.into(), list.into());
            }
            let notify = &instance.notify;
            for (key, command) in [
                ("script_backup", &notify.backup),
                ("script_master", &notify.master),
                ("script_fault", &notify.fault),
                ("script_stop", &notify.stop),
                ("script", &notify.any),
                ("script_master_rx_lower_pri", &notify.rx_lower_priority),
            ] {
                if let Some(command) = command {
                    object.insert(key.into(), globals::quoted(&command.argv).into());
                }
            }
            let (kind, secret) = match &instance.authentication {
                Authentication::None | Authentication::Hmac(_) => (0, None),
                Authentication::Pass(secret) => (1, Some(secret)),
                Authentication::Ah(secret) => (2, Some(secret)),
            };
            object.insert("auth_type".into(), kind.into());
            if let Some(secret) = secret {
                let text = String::from_utf8_lossy(secret);
                object.insert("auth_data".into(), text.trim_end_matches('\0').into());
            }
        }
        data
    }

    fn scripts(&self, instance: &Instance) -> Vec<String> {
        let find = |name: &str| self.settings.vrrp.scripts.iter().find(|s| s.name == name);
        instance
            .tracks
            .iter()
            .filter_map(|track| match &track.what {
                Tracked::Script(name) => Some(globals::quoted(&find(name)?.command.argv)),
                _ => None,
            })
            .collect()
    }

    fn stats(&self) -> String {
        let mut text = String::new();
        for (instance, status) in self.routers() {
            let counters = self.counters(status);
            let of = |key: &str| {
                counters.iter().find(|(known, _)| *known == key).map_or(0, |(_, number)| *number)
            };
            let _ = writeln!(text, "VRRP Instance: {}", instance.name);
            for line in STATS_LINES {
                let _ = match *line {
                    (head, "") => writeln!(text, "{head}:"),
                    (head, key) => writeln!(text, "{head}: {}", of(key)),
                };
            }
        }
        text
    }

    fn vrrp_data(&self) -> String {
        let mut out = Lines::default();
        globals::write(&mut out, self.settings, About::Routers);
        self.statics(&mut out);
        self.topology(&mut out);
        self.sockets(&mut out);
        self.groups(&mut out);
        self.tracked(&mut out);
        self.interfaces(&mut out);
        out.0
    }

    fn parent_data(&self) -> String {
        let mut out = Lines::default();
        globals::write(&mut out, self.settings, About::Others);
        out.0
    }

    fn bfd_data(&self) -> String {
        let mut out = Lines::default();
        self.bfd(&mut out);
        out.0
    }
}

/// The lines of the statistics of one instance, with the counter of each.
const STATS_LINES: &[(&str, &str)] = &[
    ("  Advertisements", ""),
    ("    Received", "advert_rcvd"),
    ("    Sent", "advert_sent"),
    ("  Became master", "become_master"),
    ("  Released master", "release_master"),
    ("  Packet Errors", ""),
    ("    Length", "packet_len_err"),
    ("    TTL", "ip_ttl_err"),
    ("    Invalid Type", "invalid_type_rcvd"),
    ("    Advertisement Interval", "advert_interval_err"),
    ("    Address List", "addr_list_err"),
    ("  Authentication Errors", ""),
    ("    Invalid Type", "invalid_authtype"),
    ("    Type Mismatch", "authtype_mismatch"),
    ("    Failure", "auth_failure"),
    ("  Priority Zero", ""),
    ("    Received", "pri_zero_rcvd"),
    ("    Sent", "pri_zero_sent"),
];

/// Counters in the order of the JSON file.
fn numbers(counters: &Counters) -> Vec<(&'static str, u64)> {
    vec![
        ("advert_rcvd", counters.advert_rcvd),
        ("advert_sent", counters.advert_sent),
        ("become_master", counters.become_master),
        ("release_master", counters.release_master),
        ("packet_len_err", counters.packet_len_err),
        ("advert_interval_err", counters.advert_interval_err),
        ("ip_ttl_err", counters.ip_ttl_err),
        ("invalid_type_rcvd", counters.invalid_type_rcvd),
        ("addr_list_err", counters.addr_list_err),
        ("invalid_authtype", counters.invalid_authtype),
        ("authtype_mismatch", counters.authtype_mismatch),
        ("auth_failure", counters.auth_failure),
        ("pri_zero_rcvd", counters.pri_zero_rcvd),
        ("pri_zero_sent", counters.pri_zero_sent),
    ]
}

fn addresses(instance: &Instance, all: &[Address], set: bool) -> Vec<String> {
    all.iter().map(|address| described(Some(instance), address, set)).collect()
}

/// An address as keepalived describes it.
fn described(instance: Option<&Instance>, address: &Address, set: bool) -> String {
    let full = if address.ip.is_ipv4() { 32 } else { 128 };
    let mut text = address.ip.to_string();
    if address.prefix != full {
        let _ = write!(text, "/{}", address.prefix);
    }
    if let Some(broadcast) = broadcast(address) {
        let _ = write!(text, " brd {broadcast}");
    }
    let device = address.device.as_deref().or_else(|| instance.and_then(home));
    if let Some(device) = device {
        let _ = write!(text, " dev {device}");
    }
    let scope = match address.scope {
        0 => "global",
        200 => "site",
        253 => "link",
        254 => "host",
        _ => "nowhere",
    };
    let _ = write!(text, " scope {scope}");
    if let Some(label) = &address.label {
        let _ = write!(text, " label {label}");
    }
    if address.no_track {
        text.push_str(" no_track");
    }
    match address.preferred_lifetime {
        Some(time) if time.is_zero() => text.push_str(" deprecated"),
        Some(time) => {
            let _ = write!(text, " preferred_lft {}", time.as_secs());
        }
        None if !address.ip.is_ipv4() => text.push_str(" preferred_lft forever"),
        None => {}
    }
    if set {
        text.push_str(" set");
    }
    text
}

/// The broadcast address that goes with an address, if one does.
fn broadcast(address: &Address) -> Option<IpAddr> {
    let IpAddr::V4(ip) = address.ip else { return None };
    let hosts = u32::MAX.checked_shr(address.prefix.into()).unwrap_or(0);
    match address.broadcast {
        Broadcast::Unset => None,
        Broadcast::Highest => Some(Ipv4Addr::from(u32::from(ip) | hosts).into()),
        Broadcast::Lowest => Some(Ipv4Addr::from(u32::from(ip) & !hosts).into()),
        Broadcast::Is(ip) => Some(ip),
    }
}

fn tracked(instance: &Instance, wanted: impl Fn(&Tracked) -> bool) -> Vec<String> {
    let names = instance.tracks.iter().map(|track| &track.what).filter(|what| wanted(what));
    names.map(|what| what.words().1.to_owned()).collect()
}

/// Whole seconds, 0 for what is off.
fn whole(duration: Option<Duration>) -> u64 {
    duration.map_or(0, |duration| duration.as_secs())
}

/// Seconds, without a point where they are whole.
fn seconds(duration: Duration) -> Value {
    if duration.subsec_nanos() == 0 {
        duration.as_secs().into()
    } else {
        duration.as_secs_f64().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_an_instance_are_named_as_keepalived_names_them() {
        let mut whole = config::keepalived::Settings::default();
        let path = |whole: &_, part| state_file(whole, part).display().to_string();
        assert_eq!(path(&whole, ""), "/tmp/keepalived.data");
        assert_eq!(path(&whole, "parent"), "/tmp/keepalived_parent.data");
        whole.instance = Some("foo".into());
        assert_eq!(path(&whole, "check"), "/tmp/keepalived_check.data");
        whole.data_use_instance = true;
        assert_eq!(path(&whole, ""), "/tmp/keepalived.foo.data");
        assert_eq!(path(&whole, "parent"), "/tmp/keepalived_parent.foo.data");
        whole.reports.state = Some("/var/tmp/state".into());
        assert_eq!(path(&whole, "bfd"), "/var/tmp/state_bfd.foo");
    }
}
