//! The files that signals ask for, as other people's exporters and checks read them: names and
//! keys are keepalived's (docs/ancestors/keepalived.md §2.6).

use super::addresses::home;
use super::hub::Hub;
use super::settings::Settings;
use api::Level;
use api::vrrp::{Counters, RouterState, RouterStatus, VrrpStatus};
use base::{Instant, WallTime};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;
use vrrp::config::{Address, Authentication, Destination, Garp, Instance, Tracked, Version};

/// Where the state goes (SIGUSR1).
pub(crate) const DATA: &str = "/tmp/keepalived.data";
/// Where the statistics go (SIGUSR2).
pub(crate) const STATS: &str = "/tmp/keepalived.stats";
/// Where the state goes as JSON (signal 36).
pub(crate) const JSON: &str = "/tmp/keepalived.json";

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

/// Writes one of the files.
pub(crate) async fn write(hub: Rc<Hub>, kind: Kind) {
    let Some(status) = hub.status().await else { return };
    let (path, text) = {
        let report = Report {
            settings: &hub.settings(),
            status: &status,
            baseline: &hub.baseline.borrow(),
            now: (linux::rt::now(), linux::rt::wall()),
        };
        match kind {
            Kind::Data => (DATA, report.data()),
            Kind::Stats => (STATS, report.stats()),
            Kind::Json => (JSON, report.json()),
        }
    };
    let written = tokio::task::spawn_blocking(move || {
        linux::file::replace(Path::new(path), text.as_bytes(), 0o600)
    });
    if let Ok(Err(error)) = written.await {
        hub.notice(Level::Warning, format!("{path} can't be written: {error}"));
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
    now: (Instant, WallTime),
}

impl Report<'_> {
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
        let quoted = |words: &[String]| {
            words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ")
        };
        instance
            .tracks
            .iter()
            .filter_map(|track| match &track.what {
                Tracked::Script(name) => Some(quoted(&find(name)?.command.argv)),
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

    fn data(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "------< Global definitions >------");
        let _ = writeln!(text, " Router ID = {}", self.settings.vrrp.router_id);
        let _ = writeln!(text, "------< VRRP Topology >------");
        for (instance, status) in self.routers() {
            self.topology(&mut text, instance, status);
        }
        let _ = writeln!(text, "------< VRRP Sync groups >------");
        for group in &self.status.groups {
            let _ = writeln!(text, " VRRP Sync Group = {}, {}", group.name, group.state.word());
            let _ = writeln!(text, "   VRRP member instances :");
            for member in &group.members {
                let _ = writeln!(text, "     {member}");
            }
        }
        let _ = writeln!(text, "------< VRRP Scripts >------");
        for script in &self.settings.vrrp.scripts {
            let status = self
                .status
                .trackers
                .iter()
                .find(|tracker| tracker.kind == "script" && tracker.name == script.name);
            let good = match status.and_then(|status| status.good) {
                Some(true) => "GOOD",
                Some(false) => "BAD",
                None => "INIT",
            };
            let state =
                if status.is_some_and(|status| status.running) { "running" } else { "idle" };
            let _ = writeln!(text, " VRRP Script = {}", script.name);
            let _ = writeln!(text, "   Command = '{}'", script.command.argv.join("' '"));
            let _ = writeln!(text, "   Interval = {} sec", seconds(script.interval));
            let _ = writeln!(text, "   Timeout = {} sec", seconds(script.timeout));
            let _ = writeln!(text, "   Rise = {}\n   Fall = {}", script.rise, script.fall);
            let _ = writeln!(text, "   Status = {good}\n   State = {state}");
        }
        text
    }

    fn topology(&self, text: &mut String, instance: &Instance, status: &RouterStatus) {
        let set = status.state == RouterState::Master;
        let interval = match instance.version {
            Version::V2 => format!("{} sec", seconds(instance.advert_int)),
            Version::V3 => format!("{} milli-sec", instance.advert_int.as_millis()),
        };
        let switch = |on: bool| if on { "enabled" } else { "disabled" };
        let mut lines = vec![
            format!(" VRRP Instance = {}", instance.name),
            format!("   VRRP Version = {}", status.version),
        ];
        lines.extend(status.group.iter().map(|group| format!("   Sync group = {group}")));
        lines.extend([
            format!("   State = {}", status.state.word()),
            format!("   Wantstate = {}", status.state.word()),
            format!("   Number of interface and track script faults = {}", status.faults.len()),
            format!("   Last transition = {:.6}", self.wall(status.since)),
            format!("   Interface = {}", instance.interface.as_deref().unwrap_or("(none)")),
        ]);
        match (instance.source, status.master.filter(|_| set)) {
            (Some(ip), _) => lines.push(format!("   Using src_ip = {ip} (from configuration)")),
            (None, Some(ip)) => lines.push(format!("   Using src_ip = {ip}")),
            (None, None) => {}
        }
        if let Destination::Multicast(group) = &instance.destination {
            lines.push(format!("   Multicast address {group}"));
        }
        lines.extend(announcing(&instance.garp));
        lines.extend([
            format!("   Down timer adverts = {}", instance.down_timer_adverts),
            format!(
                "   Send advert after receive lower priority advert = {}",
                !instance.lower_prio_no_advert
            ),
            format!(
                "   Send advert after receive higher priority advert = {}",
                instance.higher_prio_send_advert
            ),
            format!("   Virtual Router ID = {}", instance.vrid),
            format!("   Priority = {}", status.base_priority),
            format!("   Effective priority = {}", status.effective_priority),
            format!("   Advert interval = {interval}"),
            format!("   Accept = {}", switch(instance.accept)),
            format!("   Preempt = {}", switch(instance.preempt)),
        ]);
        lines.extend(authentication(instance));
        lines.push(format!("   Virtual IP ({}):", instance.addresses.len()));
        let held = addresses(instance, &instance.addresses, set);
        lines.extend(held.into_iter().map(|address| format!("     {address}")));
        if !instance.excluded.is_empty() {
            lines.push("   Virtual IP Excluded :".to_owned());
            let held = addresses(instance, &instance.excluded, set);
            lines.extend(held.into_iter().map(|address| format!("     {address}")));
        }
        lines.extend(peers(instance));
        let scripts = status.tracks.iter().filter(|track| track.kind == "script");
        let scripts: Vec<_> =
            scripts.map(|track| format!("     {} weight {}", track.name, track.weight)).collect();
        if !scripts.is_empty() {
            lines.push("   Tracked scripts :".to_owned());
            lines.extend(scripts);
        }
        let mail = if instance.smtp_alert { "yes" } else { "no" };
        lines.push(format!("   Using smtp notification = {mail}"));
        lines.extend(status.faults.iter().map(|fault| format!("   Fault = {fault}")));
        for line in lines {
            let _ = writeln!(text, "{line}");
        }
    }
}

/// When and how often addresses are announced.
fn announcing(garp: &Garp) -> [String; 6] {
    [
        format!("   Gratuitous ARP delay = {}", whole(garp.master_delay)),
        format!("   Gratuitous ARP repeat = {}", garp.master_repeat),
        format!("   Gratuitous ARP refresh = {}", whole(garp.refresh)),
        format!("   Gratuitous ARP refresh repeat = {}", garp.refresh_repeat),
        format!("   Gratuitous ARP lower priority delay = {}", whole(garp.lower_prio_delay)),
        format!("   Gratuitous ARP lower priority repeat = {}", garp.lower_prio_repeat),
    ]
}

/// The kind of authentication; the password stands in the JSON file alone, where exporters look
/// for its key.
fn authentication(instance: &Instance) -> Option<String> {
    let word = match (&instance.authentication, instance.version) {
        (Authentication::Pass(_), _) => "SIMPLE_PASSWORD",
        (Authentication::Ah(_), _) => "IPSEC_AH",
        (Authentication::None, Version::V2) => "none",
        (Authentication::None | Authentication::Hmac(_), _) => return None,
    };
    Some(format!("   Authentication type = {word}"))
}

/// The peers of a router that speaks to them alone.
fn peers(instance: &Instance) -> Vec<String> {
    let Destination::Unicast(peers) = &instance.destination else { return Vec::new() };
    let checked = if instance.check_unicast_src { "yes" } else { "no" };
    let mut lines = vec![
        format!("   Unicast TTL = {}", instance.unicast_ttl),
        format!("   Check unicast src : {checked}"),
        "   Unicast Peer :".to_owned(),
    ];
    lines.extend(peers.iter().map(|peer| {
        let (min, max) = (peer.min_ttl.unwrap_or(0), peer.max_ttl.unwrap_or(u8::MAX));
        format!("     {} min_ttl {min} max_ttl {max}", peer.ip)
    }));
    lines
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
    all.iter().map(|address| described(instance, address, set)).collect()
}

/// An address as keepalived describes it.
fn described(instance: &Instance, address: &Address, set: bool) -> String {
    let full = if address.ip.is_ipv4() { 32 } else { 128 };
    let mut text = address.ip.to_string();
    if address.prefix != full {
        let _ = write!(text, "/{}", address.prefix);
    }
    if let Some(device) = address.device.as_deref().or_else(|| home(instance)) {
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
    if set {
        text.push_str(" set");
    }
    text
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
