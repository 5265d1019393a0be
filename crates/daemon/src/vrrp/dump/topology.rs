//! Virtual routers in the state's file (docs/ancestors/keepalived.md §2.6).

use super::globals::truth;
use super::{Lines, Report, addresses, described, seconds, trackers, whole};
use api::vrrp::{RouterState, RouterStatus};
use linux::calendar;
use std::time::Duration;
use vrrp::config::{Authentication, Checksum, Destination, Family, Garp, Instance, Version};

impl Report<'_> {
    /// Every virtual router.
    pub(super) fn topology(&self, out: &mut Lines) {
        out.line("------< VRRP Topology >------");
        for (instance, status) in self.routers() {
            self.state(out, instance, status);
            source(out, instance, status, &self.world.names());
            announcing(out, &instance.garp);
            self.rules(out, instance, status);
            self.belongings(out, instance, status);
        }
    }

    fn state(&self, out: &mut Lines, instance: &Instance, status: &RouterStatus) {
        out.line(&format!(" VRRP Instance = {}", instance.name));
        out.line(&format!("   VRRP Version = {}", status.version));
        if instance.family == Family::V6 {
            out.line("   Using Native IPv6");
        }
        out.named("   Sync group", status.group.as_deref());
        out.line(&format!("   State = {}", status.state.word()));
        if let (RouterState::Backup, Some(master)) = (status.state, status.master) {
            let interval = Duration::from_micros(status.master_interval_us).as_secs_f64();
            out.line(&format!("   Master router = {master}"));
            out.line(&format!("   Master advert int = {interval:.2} sec"));
        }
        match &instance.destination {
            Destination::Unicast(_) => {
                out.line("   Flags:");
                out.line("     Using unicast");
            }
            Destination::Multicast(_) if self.has_flags(instance) => out.line("   Flags:"),
            Destination::Multicast(_) => out.line("   Flags: none"),
        }
        out.line(&format!("   Wantstate = {}", status.state.word()));
        out.line("   Number of config faults = 0");
        let faults = status.faults.len();
        out.line(&format!("   Number of interface and track script faults = {faults}"));
        let waiting = status.tracks.iter().filter(|track| {
            let mut known = self.status.trackers.iter();
            let tracker = known.find(|of| of.kind == "script" && of.name == track.name);
            track.kind == "script" && tracker.is_some_and(|of| of.good.is_none())
        });
        out.line(&format!("   Number of track scripts init = {}", waiting.count()));
        let changed = self.wall(status.since);
        out.line(&format!("   Last transition = {}", moment(changed)));
        // A master is looked at again after as long as a backup would wait for it.
        let (now, _) = self.now;
        let until = match status.state {
            RouterState::Backup => status.takes_over_at.map(|at| at.since(now)),
            RouterState::Master => Some(Duration::from_micros(down_time(instance, status))),
            RouterState::Init | RouterState::Fault => None,
        };
        let until = until.map(|left| moment(self.wall(now) + left.as_secs_f64()));
        out.line(&format!("   Read timeout = {}", until.unwrap_or_else(|| "DISABLED".into())));
        out.line(&format!("   Master down timer = {} usecs", down_time(instance, status)));
        out.line(&format!("   Interface = {}", interface(instance)));
        if let Some(vmac) = &instance.vmac {
            out.line(&format!("   VMAC interface = {}", vmac.name));
        }
        if instance.dont_track_primary {
            out.line("   VRRP interface tracking disabled");
        }
        if instance.skip_check_adv_addr {
            out.line("   Skip checking advert IP addresses");
        }
        if instance.strict {
            out.line("   Enforcing strict VRRP compliance");
        }
    }

    /// Something is written that keepalived counts among the flags, and does not name there.
    fn has_flags(&self, instance: &Instance) -> bool {
        let written = !instance.preempt
            || instance.skip_check_adv_addr
            || instance.dont_track_primary
            || instance.vmac.is_some();
        let mut extras = self.settings.whole.extras.iter();
        let extras = extras.find(|(name, _)| *name == instance.name).map(|(_, extras)| extras);
        written || extras.is_some_and(|extras| extras.promote_secondaries || extras.vmac_addr)
    }

    fn rules(&self, out: &mut Lines, instance: &Instance, status: &RouterStatus) {
        let switch = |on: bool| if on { "enabled" } else { "disabled" };
        let interval = |time: Duration| match instance.version {
            Version::V2 => format!("{} sec", seconds(time)),
            Version::V3 => format!("{} milli-sec", time.as_millis()),
        };
        out.line(&format!("   Down timer adverts = {}", instance.down_timer_adverts));
        let lower = truth(!instance.lower_prio_no_advert);
        out.line(&format!("   Send advert after receive lower priority advert = {lower}"));
        let higher = truth(instance.higher_prio_send_advert);
        out.line(&format!("   Send advert after receive higher priority advert = {higher}"));
        out.line(&format!("   Virtual Router ID = {}", instance.vrid));
        out.line(&format!("   Priority = {}", status.base_priority));
        out.line(&format!("   Effective priority = {}", status.effective_priority));
        let adds: i64 = status.tracks.iter().map(|track| track.adds).sum();
        out.line(&format!("   Total priority = {}", i64::from(status.base_priority) + adds));
        out.line(&format!("   Advert interval = {}", interval(instance.advert_int)));
        if instance.version == Version::V3 && status.state == RouterState::Backup {
            let of_master = Duration::from_micros(status.master_interval_us);
            out.line(&format!("   Master advert interval = {}", interval(of_master)));
        }
        out.line(&format!("   Accept = {}", switch(instance.accept)));
        out.line(&format!("   Preempt = {}", switch(instance.preempt)));
        if !instance.preempt_delay.is_zero() {
            out.line(&format!("   Preempt delay = {} secs", seconds(instance.preempt_delay)));
        }
        let extras = self.settings.whole.extras.iter().find(|(name, _)| *name == instance.name);
        let promotes = extras.is_some_and(|(_, extras)| extras.promote_secondaries);
        out.line(&format!("   Promote_secondaries = {}", switch(promotes)));
        authentication(out, instance);
    }

    fn belongings(&self, out: &mut Lines, instance: &Instance, status: &RouterStatus) {
        let set = status.state == RouterState::Master;
        out.line(&format!("   Virtual IP ({}):", instance.addresses.len()));
        for address in addresses(instance, &instance.addresses, set) {
            out.line(&format!("     {address}"));
        }
        if !instance.excluded.is_empty() {
            out.line("   Virtual IP Excluded :");
            for address in addresses(instance, &instance.excluded, set) {
                out.line(&format!("     {address}"));
            }
        }
        peers(out, instance);
        out.line("   fd_in -1, fd_out -1");
        list(out, "   Virtual Routes :", &instance.routes);
        list(out, "   Virtual Rules :", &instance.rules);
        trackers::tracks(out, &instance.tracks);
        let mail = if instance.smtp_alert { "yes" } else { "no" };
        out.line(&format!("   Using smtp notification = {mail}"));
        let deleted = if instance.notify.deleted.is_some() { "Deleted" } else { "Fault" };
        out.line(&format!("   Notify deleted = {deleted}"));
        self.commands(out, &instance.notify);
        let priorities = truth(instance.notify.priority_changes);
        out.line(&format!("   Notify priority changes = {priorities}"));
        status.faults.iter().for_each(|fault| out.line(&format!("   Fault = {fault}")));
    }

    /// What is always in place.
    pub(super) fn statics(&self, out: &mut Lines) {
        let whole = &self.settings.whole;
        if !whole.static_addresses.is_empty() {
            out.line("------< Static Addresses >------");
            for address in &whole.static_addresses {
                out.line(&format!("     {}", described(None, address, true)));
            }
        }
        list(out, "------< Static Routes >------", &whole.static_routes);
        list(out, "------< Static Rules >------", &whole.static_rules);
    }
}

/// A heading and what belongs below it, if there is anything.
fn list(out: &mut Lines, heading: &str, all: &[impl std::fmt::Display]) {
    if !all.is_empty() {
        out.line(heading);
        for one in all {
            out.line(&format!("     {one}"));
        }
    }
}

fn interface(instance: &Instance) -> &str {
    instance.interface.as_deref().unwrap_or("(none)")
}

/// How long a backup waits for its master, in microseconds (docs/ancestors/keepalived.md §2.3).
fn down_time(instance: &Instance, status: &RouterStatus) -> u64 {
    /// The skew is counted in parts of this.
    const PARTS: u64 = 256;
    let interval = match status.state {
        RouterState::Backup if status.master_interval_us > 0 => status.master_interval_us,
        _ => instance.advert_int.as_micros() as u64,
    };
    let second = match instance.version {
        Version::V2 => 1_000_000,
        Version::V3 => interval,
    };
    let skew = (PARTS - u64::from(status.effective_priority)) * second / PARTS;
    u64::from(instance.down_timer_adverts) * interval + skew
}

/// A moment in seconds since 1970, and as a date.
fn moment(at: f64) -> String {
    /// Names of the C library's usual form of a date (asctime(3)).
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    /// 1970-01-01 was a Thursday.
    const DAY: i64 = 86_400;
    let (whole, micros) = (at.floor(), ((at - at.floor()) * 1e6).floor());
    let date = calendar::date(whole as i64, false).unwrap_or_default();
    let noon = calendar::Date { hour: 12, minute: 0, second: 0, ..date };
    let days = calendar::seconds(noon, true).unwrap_or_default().div_euclid(DAY);
    let weekday = DAYS.get(usize::try_from(days.rem_euclid(7)).unwrap_or(0)).unwrap_or(&"");
    let month = MONTHS.get(usize::try_from(date.month - 1).unwrap_or(0)).unwrap_or(&"");
    let calendar::Date { year, day, hour, minute, second, .. } = date;
    format!(
        "{at:.6} ({weekday} {month} {day:2} {hour:02}:{minute:02}:{second:02}.{micros:06} {year})"
    )
}

/// Where adverts come from and go to.
fn source(
    out: &mut Lines,
    instance: &Instance,
    status: &RouterStatus,
    interfaces: &std::collections::BTreeMap<u32, String>,
) {
    let own = status.master.filter(|_| status.state == RouterState::Master);
    match (instance.source, own) {
        (Some(ip), _) => out.line(&format!("   Using src_ip = {ip} (from configuration)")),
        (None, Some(ip)) => out.line(&format!("   Using src_ip = {ip}")),
        (None, None) => out.line("   Using src_ip = (none)"),
    }
    if let Destination::Multicast(group) = &instance.destination {
        let index = interfaces.iter().find(|(_, name)| *name == interface(instance));
        let index = index.filter(|_| group.is_ipv6());
        let index = index.map_or(String::new(), |(index, _)| format!(", ifindex {index}"));
        out.line(&format!("   Multicast address {group}{index}"));
    }
}

/// When and how often addresses are announced.
fn announcing(out: &mut Lines, garp: &Garp) {
    let Garp { master_repeat, refresh_repeat, lower_prio_repeat, .. } = garp;
    out.line(&format!("   Gratuitous ARP delay = {}", whole(garp.master_delay)));
    out.line(&format!("   Gratuitous ARP repeat = {master_repeat}"));
    out.line(&format!("   Gratuitous ARP refresh = {}", whole(garp.refresh)));
    out.line(&format!("   Gratuitous ARP refresh repeat = {refresh_repeat}"));
    let delay = whole(garp.lower_prio_delay);
    out.line(&format!("   Gratuitous ARP lower priority delay = {delay}"));
    out.line(&format!("   Gratuitous ARP lower priority repeat = {lower_prio_repeat}"));
}

/// The kind of authentication, never the password.
fn authentication(out: &mut Lines, instance: &Instance) {
    let word = match (&instance.authentication, instance.version) {
        (Authentication::Pass(_), _) => "SIMPLE_PASSWORD",
        (Authentication::Ah(_), _) => "IPSEC_AH",
        (Authentication::None, Version::V2) => "none",
        (Authentication::None | Authentication::Hmac(_), _) => return,
    };
    out.line(&format!("   Authentication type = {word}"));
}

/// The peers of a router that speaks to them alone.
fn peers(out: &mut Lines, instance: &Instance) {
    let Destination::Unicast(peers) = &instance.destination else { return };
    let checked = if instance.check_unicast_src { "yes" } else { "no" };
    out.line(&format!("   Unicast TTL = {}", instance.unicast_ttl));
    out.line(&format!("   Check unicast src : {checked}"));
    out.line("   Unicast Peer :");
    for peer in peers {
        let (min, max) = (peer.min_ttl.unwrap_or(0), peer.max_ttl.unwrap_or(u8::MAX));
        out.line(&format!("     {} min_ttl {min} max_ttl {max}", peer.ip));
    }
    if instance.version == Version::V3 && instance.family == Family::V4 {
        let old = if matches!(instance.checksum, Checksum::OldUnicast) { "yes" } else { "no" };
        out.line(&format!("   Unicast checksum compatibility = {old}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_number_and_a_date() {
        let text = moment(1_795_303_328.25);
        assert!(text.starts_with("1795303328.250000 ("), "{text}");
        assert!(text.ends_with(".250000 2026)"), "{text}");
        assert!(text.contains("Nov 21") || text.contains("Nov 22"), "{text}");
    }
}
