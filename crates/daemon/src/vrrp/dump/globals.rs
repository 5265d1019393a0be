//! The settings of the whole role in the state's file, line by line as keepalived writes them
//! (docs/ancestors/keepalived.md §2.6).

use super::super::settings::Settings;
use super::Lines;
use config::keepalived::settings::{Fifo, Process};
use linux::process::{User, group_id};
use std::time::Duration;
use vrrp::config::{Command, Garp};

/// Lines of things that are not here (SNMP, D-Bus, buffers of netlink), for programs that look for
/// them: nothing of it can be switched on.
const WITHOUT_SNMP: [&str; 8] = [
    " SNMP vrrp disabled",
    " SNMP checker disabled",
    " SNMP RFCv2 disabled",
    " SNMP RFCv3 disabled",
    " SNMP traps disabled",
    " SNMP socket = default (unix:/var/agentx/master)",
    " DBus disabled",
    " DBus service name = ",
];
const BUFFERS: [&str; 5] = [
    "vrrp_netlink_cmd_rcv_bufs",
    "vrrp_netlink_monitor_rcv_bufs",
    "process_monitor_rcv_bufs",
    "lvs_netlink_cmd_rcv_bufs",
    "lvs_netlink_monitor_rcv_bufs",
];
/// keepalived's limit of real-time CPU without a pause.
const USUAL_LIMIT: Duration = Duration::from_millis(10);
/// And its umask: nobody but the owner reads.
const USUAL_UMASK: u32 = 0o177;
/// How receive buffers are multiplied unless written otherwise.
const USUAL_FACTOR: u32 = 3;

/// Which of keepalived's processes a file is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// That of the virtual routers.
    Routers,
    /// Another one.
    Others,
}

/// The whole section.
pub(super) fn write(out: &mut Lines, settings: &Settings, about: About) {
    out.line("------< Global definitions >------");
    names(out, settings);
    mail(out, settings);
    files(out, settings);
    balancer(out, settings, about);
    telling(out, settings);
    announcing(out, settings);
    filtering(out, settings);
    let whole = &settings.whole;
    for (name, process) in [("VRRP", &whole.vrrp), ("Checker", &whole.checker), ("BFD", &whole.bfd)]
    {
        scheduling(out, name, process);
    }
    for line in WITHOUT_SNMP {
        out.line(line);
    }
    let security = if whole.scripts.security { "enabled" } else { "disabled" };
    out.line(&format!(" Script security {security}"));
    let numbers = ids(whole.scripts.user.as_deref(), whole.scripts.group.as_deref());
    out.line(&format!(" Default script uid:gid {numbers}"));
    for name in BUFFERS {
        out.line(&format!(" {name} = 0"));
        out.line(&format!(" {name}_force = 0"));
    }
    let number = |flag: bool| u8::from(flag);
    out.line(&format!(" rs_init_notifies = {}", number(settings.lvs.init_notifies)));
    let no_mails = whole.mail.checker == Some(false) && whole.usual.alerts[2] != Some(false);
    out.line(&format!(" no_checker_emails = {}", number(no_mails)));
    let factor = whole.receive_buffers.as_ref().map_or(USUAL_FACTOR, |(_, factor)| *factor);
    out.line(&format!(" rx_bufs_multiples = {factor}"));
    out.line(&format!(" umask = {:04o}", whole.umask.unwrap_or(USUAL_UMASK)));
    if !settings.vrrp.startup_delay.is_zero() {
        let delay = settings.vrrp.startup_delay.as_secs_f64();
        out.line(&format!(" vrrp_startup_delay = {delay}"));
    }
    if settings.vrrp.log_unknown_vrids {
        out.line(" log_unknown_vrids");
    }
}

/// How programs print a switch.
pub(super) const fn truth(on: bool) -> &'static str {
    if on { "true" } else { "false" }
}

/// A command with the numbers of whom it runs as.
pub(super) fn command(settings: &Settings, command: &Command) -> String {
    let scripts = &settings.whole.scripts;
    let (user, group) = match &command.user {
        Some(user) => (Some(user), command.group.as_ref()),
        None => (scripts.user.as_ref(), scripts.group.as_ref()),
    };
    let numbers = ids(user.map(String::as_str), group.map(String::as_str));
    format!("{}, uid:gid {numbers}", quoted(&command.argv))
}

/// Words as keepalived shows a command.
pub(super) fn quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ")
}

/// The numbers of a user and its group; of root without a name.
pub(super) fn ids(user: Option<&str>, group: Option<&str>) -> String {
    let user = user.and_then(|name| User::by_name(name).ok().flatten());
    let (uid, own) = user.map_or((0, 0), |user| (user.uid, user.gid));
    let group = group.and_then(|name| group_id(name).ok().flatten());
    format!("{uid}:{}", group.unwrap_or(own))
}

fn names(out: &mut Lines, settings: &Settings) {
    let whole = &settings.whole;
    out.named(" Config save dir", whole.config_save_dir.as_deref());
    let network = whole.net_namespace.as_deref().unwrap_or("(default)");
    out.line(&format!(" Network namespace = {network}"));
    let balancer = whole.net_namespace_ipvs.as_deref().filter(|name| !name.is_empty());
    out.line(&format!(" Network namespace ipvs = {}", balancer.unwrap_or("(main namespace)")));
    out.named(" Instance name", whole.instance.as_deref());
    out.named(" Parent process name", whole.process_name.as_deref());
    for (what, process, usual) in [
        (" VRRP process name", &whole.vrrp, "keepalived_vrrp"),
        (" LVS process name", &whole.checker, "keepalived_lvs"),
        (" BFD process name", &whole.bfd, "keepalived_bfd"),
    ] {
        let name = process.name.as_deref().or(whole.process_names.then_some(usual));
        out.named(what, name);
    }
    out.line(&format!(" Router ID = {}", settings.vrrp.router_id));
}

fn mail(out: &mut Lines, settings: &Settings) {
    let mail = &settings.whole.mail;
    if let Some((server, port)) = mail.server {
        out.line(&format!(" Smtp server = {server}"));
        out.line(&format!(" Smtp server port = {port}"));
        out.named(" Smtp HELO name", mail.helo.as_deref());
        out.line(&format!(" Smtp server connection timeout = {}", mail.timeout.as_secs()));
    }
    // Without a sender of its own keepalived tells no recipients either.
    if let Some(from) = &mail.from {
        out.line(&format!(" Email notification from = {from}"));
        out.line(" Email notification to:");
        mail.to.iter().for_each(|to| out.line(&format!("   {to}")));
    }
    for (name, alert) in ["", "_vrrp", "_checker"].iter().zip(settings.whole.usual.alerts) {
        let word = alert.map_or("unset", |on| if on { "on" } else { "off" });
        out.line(&format!(" Default smtp_alert{name} = {word}"));
    }
    out.line(&format!(" Checkers log all failures = {}", truth(settings.whole.log_all_failures)));
}

fn files(out: &mut Lines, settings: &Settings) {
    let whole = &settings.whole;
    out.line(match &whole.reload.check {
        None => " No test config before reload",
        Some(_) => " Test config before reload",
    });
    if let Some(path) = &whole.reload.time_file {
        out.line(&format!(" Reload time file = {path}"));
        if whole.reload.repeat {
            out.line(" Reload repeat");
        }
    }
    if let Some(path) = &whole.reload.marker {
        let usual = super::super::reload::USUAL_MARKER.to_owned();
        out.line(&format!(" Reload_file = {}", path.as_ref().unwrap_or(&usual)));
    }
    if whole.data_use_instance {
        out.line(" Use instance name in data dumps");
    }
    for (what, script) in [("Startup", &whole.startup), ("Shutdown", &whole.shutdown)] {
        if let Some((argv, limit)) = script {
            out.line(&format!(" {what} script = {}", command(settings, argv)));
            out.line(&format!(" {what} script timeout = {}", limit.as_secs()));
        }
    }
    out.line(&format!(" Dynamic interfaces = {}", truth(whole.dynamic_interfaces)));
    if whole.mail.no_faults {
        out.line(" Send emails for fault transitions = off");
    }
}

fn balancer(out: &mut Lines, settings: &Settings, about: About) {
    use lvs::config::Flush;
    let ipvs = &settings.lvs.ipvs;
    for (what, time) in [("TCP", ipvs.tcp), ("TCP FIN", ipvs.tcp_fin), ("UDP", ipvs.udp)] {
        if let Some(time) = time {
            out.line(&format!(" LVS {what} timeout = {}", time.as_secs()));
        }
    }
    if about == About::Routers {
        out.line(&format!(" Default interface = {}", settings.whole.usual.interface));
    }
    let igmp = if settings.whole.disable_local_igmp { "yes" } else { "no" };
    out.line(&format!(" Disable local IGMP = {igmp}"));
    out.line(&format!(" LVS flush = {}", truth(ipvs.flush)));
    let at_end = match ipvs.flush_on_stop {
        Flush::All => "full",
        Flush::VirtualServers => "VS",
        Flush::Off => "disabled",
    };
    out.line(&format!(" LVS flush on stop = {at_end}"));
}

fn telling(out: &mut Lines, settings: &Settings) {
    let whole = &settings.whole;
    for (what, fifo) in
        [("Global", &whole.fifo), ("VRRP", &whole.vrrp_fifo), ("LVS", &whole.lvs_fifo)]
    {
        if let Some(Fifo { path, user, group, script }) = fifo {
            let numbers = ids(user.as_deref(), group.as_deref());
            out.line(&format!(" {what} notify fifo = {path}, uid:gid {numbers}"));
            if let Some(script) = script {
                let mut script = script.clone();
                script.argv.push(path.clone());
                out.line(&format!(" {what} notify fifo script = {}", command(settings, &script)));
            }
        }
    }
    let again = truth(whole.fifo_states_on_reload);
    out.line(&format!(" FIFO write vrrp states on reload = {again}"));
    let priorities = truth(settings.vrrp.notify_priority_changes);
    out.line(&format!(" VRRP notify priority changes = {priorities}"));
}

fn announcing(out: &mut Lines, settings: &Settings) {
    let usual = &settings.whole.usual;
    for (family, group) in ["IPv4", "IPv6"].iter().zip(usual.multicast.iter().flatten()) {
        out.line(&format!(" VRRP {family} mcast group = {group}"));
    }
    let whole = |time: Option<Duration>| time.map_or(0, |time| time.as_secs());
    if let Some(garp) = &usual.garp {
        let Garp { master_repeat, refresh_repeat, lower_prio_repeat, .. } = garp;
        out.line(&format!(" Gratuitous ARP delay = {}", whole(garp.master_delay)));
        out.line(&format!(" Gratuitous ARP repeat = {master_repeat}"));
        out.line(&format!(" Gratuitous ARP refresh timer = {}", whole(garp.refresh)));
        out.line(&format!(" Gratuitous ARP refresh repeat = {refresh_repeat}"));
        let delay = whole(garp.lower_prio_delay);
        out.line(&format!(" Gratuitous ARP lower priority delay = {delay}"));
        out.line(&format!(" Gratuitous ARP lower priority repeat = {lower_prio_repeat}"));
    }
    out.line(&format!(" Num adverts before down = {}", usual.down_timer_adverts));
    let extra = usual.garp_extra_if.as_secs();
    out.line(&format!(" Gratuitous ARP for each secondary VMAC = {extra}s"));
    let lower = truth(!usual.lower_prio_no_advert);
    out.line(&format!(" Send advert after receive lower priority advert = {lower}"));
    let higher = truth(usual.higher_prio_send_advert);
    out.line(&format!(" Send advert after receive higher priority advert = {higher}"));
    if let Some(garp) = &usual.garp {
        let (arp, na) = (garp.arp_interval.as_secs_f64(), garp.na_interval.as_secs_f64());
        out.line(&format!(" Gratuitous ARP interval = {arp:.6}"));
        out.line(&format!(" Gratuitous NA interval = {na:.6}"));
    }
    out.line(&format!(" VRRP default protocol version = {}", usual.version));
}

fn filtering(out: &mut Lines, settings: &Settings) {
    let (whole, usual) = (&settings.whole, &settings.whole.usual);
    let counters = if whole.nftables.counters { "with" } else { "without" };
    out.line(&format!(" nftables {counters} counters"));
    out.line(&format!(" VRRP check unicast_src = {}", truth(usual.check_unicast_src)));
    let skips = truth(usual.skip_check_adv_addr);
    out.line(&format!(" VRRP skip check advert addresses = {skips}"));
    out.line(&format!(" VRRP strict mode = {}", truth(usual.strict)));
    out.line(&format!(" Max auto priority = {}", whole.max_auto_priority.unwrap_or(0)));
    let delay = whole.min_auto_priority_delay.as_micros();
    out.line(&format!(" Min auto priority delay = {delay} usecs"));
}

fn scheduling(out: &mut Lines, name: &str, process: &Process) {
    out.line(&format!(" {name} process priority = {}", process.nice.unwrap_or(0)));
    out.line(&format!(" {name} don't swap = {}", truth(process.no_swap)));
    out.line(&format!(" {name} realtime priority = {}", process.real_time.unwrap_or(0)));
    let limit = process.rlimit_rttime.unwrap_or(USUAL_LIMIT).as_micros();
    out.line(&format!(" {name} realtime limit = {limit}"));
}
