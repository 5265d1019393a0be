//! What accepted texts mean, and what is said about them.

use super::{Files, codes, expand, read, read_with};
use base::Severity;
use lvs::config::{CheckerKind, Forward, GroupMember, Protocol, Service};
use std::sync::Arc;
use std::time::Duration;
use vrrp::config::{
    Authentication, Broadcast, Checksum, Destination, Family, Instance, Tracked, Version,
};

/// The one instance of a good text with these lines added.
pub(super) fn instance(lines: &str) -> Instance {
    let read = read(&expand("in", "", lines));
    let first = read.vrrp.instances.into_iter().next();
    Arc::unwrap_or_clone(first.unwrap_or_else(|| panic!("{:#?}", read.findings)))
}

const SECURE: &str = "global_defs {\n enable_script_security\n script_user root\n}\n";

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads its corpus")]
fn the_pair_of_the_nginx_guide_runs_with_its_password_cut() {
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("HANDOVER_SHARED").unwrap_or_else(|_| shared.into());
    for (file, master, priority) in [("a", true, 100), ("b", false, 90)] {
        let path = format!("{shared}/inputs/nginx-vrrp/keepalived.conf.{file}");
        let Ok(text) = std::fs::read_to_string(&path) else {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no corpus: {path}");
            return println!("skipped: no corpus");
        };
        let host = config::keepalived::Host::assumed("node1");
        let read = config::keepalived::keepalived(&config::File::new("k.conf", text), &host);
        assert_eq!(codes(&read.findings), ["long-password", "script-security"]);
        assert_eq!((read.exit_code, read.is_fatal()), (5, false));
        let one = &read.vrrp.instances[0];
        assert_eq!((one.name.as_str(), one.vrid.0, one.priority), ("VI_1", 51, priority));
        assert_eq!(one.initially_master, master);
        assert_eq!(one.authentication, Authentication::Pass(*b"aminglin"));
        assert_eq!(one.tracks.len(), 1);
        let script = &read.vrrp.scripts[0];
        assert_eq!(script.command.argv, ["/usr/local/sbin/check_ng.sh"]);
        assert_eq!((script.interval, script.timeout), (Duration::from_secs(3), script.interval));
        assert_eq!(read.vrrp.router_id, "LVS_DEVEL");
        assert_eq!(read.settings.mail.to, ["admin@example.com"]);
        assert_eq!(read.settings.mail.server.map(|(_, port)| port), Some(25));
    }
}

#[test]
fn an_instance_without_further_lines_has_keepalived_s_defaults() {
    let one = instance("");
    assert_eq!((one.priority, one.initially_master, one.preempt), (100, false, true));
    assert_eq!(one.advert_int, Duration::from_secs(1));
    assert_eq!((one.version, one.family), (Version::V2, Family::V4));
    assert_eq!(one.garp.master_delay, Some(Duration::from_secs(5)));
    assert_eq!((one.garp.master_repeat, one.garp.refresh, one.garp.refresh_repeat), (5, None, 1));
    assert_eq!((one.garp.lower_prio_delay, one.garp.lower_prio_repeat), (one.garp.master_delay, 5));
    assert_eq!((one.down_timer_adverts, one.unicast_ttl, one.accept), (3, 255, true));
    assert_eq!(one.addresses[0].prefix, 32);
    assert_eq!(one.checksum, Checksum::WithPseudoHeader);
    assert_eq!(one.destination, Destination::Multicast("224.0.0.18".parse().unwrap()));
}

#[test]
fn state_and_priority_are_one_pair() {
    for (lines, master, priority) in [
        ("state MASTER\n", true, 255),
        ("state MASTER\npriority 100\n", true, 100),
        ("priority 255\n", true, 255),
        ("state BACKUP\npriority 255\n", false, 255),
        ("state MASTER\npriority 100\nstate BACKUP\n", true, 100),
        ("state master\n", false, 100),
        ("state MASTER\npriority 100\nnopreempt\n", false, 100),
        ("priority 100\npriority 0\n", false, 100),
    ] {
        let one = instance(lines);
        assert_eq!((one.initially_master, one.priority), (master, priority), "{lines}");
    }
}

#[test]
fn intervals_are_what_the_version_can_count() {
    for (lines, millis) in [
        ("advert_int 0.4\n", 1000),
        ("advert_int 1.5\n", 2000),
        ("version 3\nadvert_int 0.4\n", 400),
        ("version 3\nadvert_int 0.01\n", 10),
        ("version 3\nadvert_int 60\n", 40_950),
        ("advert_int 3x\n", 3000),
        ("advert_int 300\n", 1000),
    ] {
        assert_eq!(instance(lines).advert_int, Duration::from_millis(millis), "{lines}");
    }
}

#[test]
fn passwords_are_eight_bytes_and_comments_end_them() {
    for (line, password) in [
        ("aminglinux>com", *b"aminglin"),
        ("ab#cd", *b"ab\0\0\0\0\0\0"),
        ("\"ab#cd\"", *b"ab#cd\0\0\0"),
        ("\"ab\" 'cd'", *b"ab\0\0\0\0\0\0"),
        ("a\\#b", *b"a\\\0\0\0\0\0\0"),
    ] {
        let lines = format!("authentication {{\nauth_type PASS\nauth_pass {line}\n}}\n");
        assert_eq!(instance(&lines).authentication, Authentication::Pass(password), "{line}");
    }
    let without = instance("authentication {\nauth_pass secret\n}\n");
    assert_eq!(without.authentication, Authentication::None);
    assert_eq!(format!("{:?}", Authentication::Pass(*b"secret12")), "Pass(…)");
}

#[test]
fn words_behind_an_address_are_read_and_others_dropped() {
    let one = instance(
        "virtual_ipaddress {\n10.0.0.101/24 brd + dev eth1 scope link label eth1:1 gw 10.0.0.1\n\
         10.0.0.102/33\n10.0.0.103/\n10.0.0.104/24 label abcdefghijklmnopq\n2001:db8::1\n}\n",
    );
    let shown: Vec<_> = one.addresses.iter().map(|a| format!("{}/{}", a.ip, a.prefix)).collect();
    assert_eq!(shown, ["10.0.0.100/32", "10.0.0.101/24", "10.0.0.102/32", "10.0.0.103/0"]);
    let full = &one.addresses[1];
    assert_eq!((full.broadcast, full.scope), (Broadcast::Highest, 253));
    assert_eq!((full.device.as_deref(), full.label.as_deref()), (Some("eth1"), Some("eth1:1")));
}

#[test]
fn an_ipv6_address_of_its_own_alone_is_nobodys_source_unless_a_lifetime_is_written() {
    let one = read(
        "vrrp_instance V {\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {\nfe80::7\n\
         2001:db8::2 dev eth0\n2001:db8::3/128\n2001:db8::4/64\n\
         2001:db8::5 preferred_lft forever\n2001:db8::6 preferred_lft 100\n}\n}\n",
    );
    let none = Some(Duration::ZERO);
    let found: Vec<_> =
        one.vrrp.instances[0].addresses.iter().map(|of| of.preferred_lifetime).collect();
    assert_eq!(found, [none, none, none, None, None, Some(Duration::from_secs(100))]);
    assert_eq!(instance("").addresses[0].preferred_lifetime, None, "IPv4");
}

#[test]
fn addresses_beyond_255_are_excluded_from_adverts() {
    let one =
        instance("virtual_ipaddress {\n~SEQ(n,1,1,200) 10.9.0.$n\n~SEQ(n,1,1,60) 10.9.1.$n\n}\n");
    assert_eq!((one.addresses.len(), one.excluded.len()), (255, 6));
}

#[test]
fn unicast_needs_peers_and_ipv6_is_version_3() {
    let one =
        instance("unicast_src_ip 10.0.0.1\nunicast_peer {\n10.0.0.2 min_ttl 254\n10.0.0.3\n}\n");
    let Destination::Unicast(peers) = &one.destination else { panic!("{:?}", one.destination) };
    assert_eq!((peers.len(), peers[0].min_ttl), (2, Some(254)));
    assert_eq!(one.source, Some("10.0.0.1".parse().unwrap()));
    let alone = instance("unicast_src_ip 10.0.0.1\n");
    assert!(matches!(alone.destination, Destination::Multicast(_)));
    let six = read(
        "vrrp_instance V {\ninterface eth0\nvirtual_router_id 7\nuse_vmac\n\
         virtual_ipaddress {\nfe80::7\n}\n}\n",
    );
    let six = &six.vrrp.instances[0];
    assert_eq!((six.family, six.version, six.addresses[0].prefix), (Family::V6, Version::V3, 128));
    let vmac = six.vmac.clone().expect("a vmac");
    assert_eq!((vmac.name.as_str(), vmac.mac), ("vrrp.7", [0, 0, 0x5e, 0, 2, 7]));
}

#[test]
fn an_instance_without_its_interface_waits_for_it_and_a_reload_does_not_take_it() {
    let text = "vrrp_instance A {\ninterface eth9\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n";
    let read = read(text);
    assert_eq!(read.vrrp.instances[0].interface.as_deref(), Some("eth9"));
    assert!(read.disabled.is_empty() && read.is_fatal());
    let tolerant = super::read(&format!("global_defs {{\ndynamic_interfaces\n}}\n{text}"));
    assert!(tolerant.disabled.is_empty() && !tolerant.is_fatal());
}

#[test]
fn a_bad_instance_is_disabled_alone_and_its_group_goes_without_it() {
    let text = "vrrp_sync_group G {\ngroup {\nA\nB\nC\n}\n}\n\
                vrrp_instance A {\ninterface lo\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\n}\n}\n\
                vrrp_instance B {\ninterface eth0\nvirtual_router_id 2\nvirtual_ipaddress {\n10.0.0.2\n}\n}\n\
                vrrp_instance C {\ninterface eth1\nvirtual_router_id 3\nvirtual_ipaddress {\n10.1.0.3\n}\n}\n";
    let read = read(text);
    assert_eq!(read.disabled, ["A"]);
    assert!(read.is_fatal(), "on reload the running configuration stays");
    assert_eq!(read.vrrp.groups[0].members, ["B", "C"]);
    let error = read.findings.iter().find(|f| f.severity == Severity::Error).expect("an error");
    assert_eq!(error.line_column(text), (9, 11));
    assert!(error.compat.as_deref().is_some_and(|compat| compat.contains("exit code 2")));
}

#[test]
fn scripts_stand_before_their_use_and_give_their_weight() {
    let script = "vrrp_script chk {\nscript \"/bin/true 'a b' c\"\nweight -20\nfall 3\n}\n";
    let text = |lines: &str| expand("in", "", lines);
    let before = read(&format!("{SECURE}{script}{}", text("track_script {\nchk\n}\n")));
    assert_eq!(codes(&before.findings), Vec::<&str>::new());
    assert_eq!(before.vrrp.scripts[0].command.argv, ["/bin/true", "a b", "c"]);
    assert_eq!(before.vrrp.scripts[0].fall, 3);
    let track = &before.vrrp.instances[0].tracks[0];
    assert_eq!((&track.what, track.weight), (&Tracked::Script("chk".into()), -20));
    let own =
        read(&format!("{SECURE}{script}{}", text("track_script {\nchk weight 7 reverse\n}\n")));
    let track = &own.vrrp.instances[0].tracks[0];
    assert_eq!((track.weight, track.reverse), (7, true));
    let wrong = read(&format!("{SECURE}{script}{}", text("track_script {\nchk weight -999\n}\n")));
    assert_eq!(wrong.vrrp.instances[0].tracks[0].weight, -20, "its own weight counts");
    let after = read(&format!("{SECURE}{}{script}", text("track_script {\nchk\n}\n")));
    assert_eq!(after.vrrp.instances[0].tracks, []);
    assert_eq!(codes(&after.findings), ["unknown-tracker"]);
}

#[test]
fn a_script_that_can_t_run_is_not_tracked() {
    for (path, code) in [("/nowhere/x", "script-unusable"), ("/open/x.sh", "script-unusable")] {
        let text = format!(
            "{SECURE}vrrp_script chk {{\nscript \"{path}\"\n}}\n{}",
            expand("in", "", "track_script {\nchk\n}\n")
        );
        let read = read(&text);
        assert_eq!(codes(&read.findings), [code], "{path}");
        assert_eq!((read.vrrp.scripts.len(), read.vrrp.instances[0].tracks.len()), (0, 0));
        assert_eq!(read.exit_code, 5);
    }
}

#[test]
fn script_security_comes_after_what_was_read_and_before_what_it_means() {
    let notify = "notify_master /bin/true\n";
    assert_eq!(read(&expand("in", "", notify)).exit_code, 6);
    let read_first = read(&expand("in", "", &format!("foo 1\n{notify}")));
    assert_eq!(read_first.exit_code, 5);
    let meant_later = read(&expand("in", "", &format!("{notify}priority 255\nnopreempt\n")));
    assert_eq!(meant_later.exit_code, 6, "measured");
}

#[test]
fn a_script_that_names_its_user_needs_no_other_name_under_script_security() {
    let head = |user: &str| {
        let script = format!("vrrp_script S {{\n script \"/bin/true\"\n{user}}}\n");
        let body = expand("in", "", "track_script {\nS\n}\n");
        format!("global_defs {{\n enable_script_security\n}}\n{script}{body}")
    };
    assert_eq!(read(&head(" user root\n")).vrrp.scripts.len(), 1);
    assert_eq!(read(&head("")).vrrp.scripts.len(), 0);
}

#[test]
fn words_behind_a_script_are_its_user_and_group() {
    let one =
        instance("notify_master \"/bin/true a b\" nobody nogroup\nnotify_backup /bin/true x\n");
    let master = one.notify.master.as_ref().expect("a command");
    assert_eq!(master.argv, ["/bin/true", "a", "b"]);
    assert_eq!(
        (master.user.as_deref(), master.group.as_deref()),
        (Some("nobody"), Some("nogroup"))
    );
    assert_eq!(one.notify.backup, None, "there is no user x");
}

#[test]
fn the_first_notify_script_and_the_last_number_count() {
    let one = instance("notify /bin/true\nnotify /bin/false\nvirtual_router_id 60\n");
    assert_eq!(one.notify.any.as_ref().expect("a command").argv, ["/bin/true"]);
    assert_eq!(one.vrid.0, 60);
}

#[test]
fn included_files_are_read_in_their_place_and_findings_name_them() {
    let files = Files(vec![
        ("/etc/keepalived/conf.d/a.conf", "$VIP=10.0.0.7\n"),
        ("/etc/keepalived/conf.d/b.conf", " Priority 1\n"),
    ]);
    let read = read_with(
        "include conf.d/a.conf\nvrrp_instance V {\ninterface eth0\nvirtual_router_id 7\n\
         include conf.d/b*\nvirtual_ipaddress {\n$VIP\n}\n}\n",
        &files,
    );
    assert_eq!(read.vrrp.instances[0].addresses[0].ip.to_string(), "10.0.0.7");
    assert_eq!(read.findings[0].file, "/etc/keepalived/conf.d/b.conf");
    assert_eq!(read.findings[0].line_column(&read.files[2].text), (1, 2));
    assert!(read.findings[0].help.as_deref().is_some_and(|help| help.contains("priority")));
}

#[test]
fn include_check_holds_for_includes_behind_it_and_ends_with_its_file() {
    let files = Files(vec![("/c/sets.conf", "global_defs {\ninclude_check match\n}\n")]);
    for (text, code) in [
        ("include /c/none.conf\nglobal_defs {\ninclude_check match\n}\n", 0),
        ("global_defs {\ninclude_check match\n}\ninclude /c/none.conf\n", 6),
        ("global_defs {\ninclude_check match\n}\ninclude /c/none*\n", 0),
        ("global_defs {\ninclude_check\n}\ninclude /c/none*\n", 6),
        ("include /c/sets.conf\ninclude /c/none.conf\n", 0),
        ("includew /c/none.conf\n", 6),
        ("includeb /c/none.conf\n", 0),
        ("includem /c/none*\n", 0),
    ] {
        assert_eq!(read_with(text, &files).exit_code, code, "{text}");
    }
}

#[test]
fn global_settings_reach_instances_that_say_nothing() {
    let text = "vrrp_garp_master_delay 10\nvrrp_garp_master_repeat 1\nvrrp_version 3\n\
                vrrp_garp_interval 0.001\nvrrp_mcast_group4 224.0.0.100\nsmtp_alert\n\
                vrrp_skip_check_adv_addr\nvrrp_rt_priority 50\nvrrp_no_swap\n\
                lvs_sync_daemon eth0 VI_1 id 7 port 9000\nlvs_timeouts tcp 900 udp 300\n\
                vrrp_notify_fifo /run/f root\nvrrp_notify_fifo_script /bin/true\n";
    let read = read(&expand("global", "", text));
    let one = &read.vrrp.instances[0];
    assert_eq!((one.garp.master_delay, one.garp.master_repeat), (Some(Duration::from_secs(10)), 1));
    assert_eq!((one.garp.lower_prio_delay, one.garp.lower_prio_repeat), (one.garp.master_delay, 1));
    assert_eq!(one.garp.arp_interval, Duration::from_millis(1));
    assert_eq!(one.destination, Destination::Multicast("224.0.0.100".parse().unwrap()));
    assert!(one.version == Version::V3 && one.smtp_alert && one.skip_check_adv_addr);
    let settings = &read.settings;
    assert_eq!((settings.vrrp.real_time, settings.vrrp.no_swap), (Some(50), true));
    let sync = read.lvs.ipvs.sync.clone().expect("a sync daemon");
    assert_eq!((sync.instance.as_deref(), sync.id, sync.port), (Some("VI_1"), Some(7), Some(9000)));
    assert_eq!((read.lvs.ipvs.tcp, read.lvs.ipvs.tcp_fin), (Some(Duration::from_mins(15)), None));
    let fifo = settings.vrrp_fifo.clone().expect("a fifo");
    assert_eq!((fifo.path.as_str(), fifo.user.as_deref()), ("/run/f", Some("root")));
    assert!(fifo.script.is_some());
}

#[test]
fn under_script_security_a_fifo_s_script_may_stand_before_script_user() {
    let text = "enable_script_security\nvrrp_notify_fifo /run/f\n\
                vrrp_notify_fifo_script /bin/true\nscript_user root\n";
    let read = read(&expand("global", "", text));
    assert!(!codes(&read.findings).contains(&"no-script-user"), "{:#?}", read.findings);
    assert_eq!(read.settings.scripts.user.as_deref(), Some("root"));
    let fifo = read.settings.vrrp_fifo.expect("a fifo");
    assert_eq!(fifo.script.expect("its script").argv, ["/bin/true"]);
}

#[test]
fn strict_mode_drops_what_the_rfc_doesn_t_know() {
    let one = instance(
        "strict_mode on\npreempt_delay 5\nauthentication {\nauth_type PASS\nauth_pass x\n}\n",
    );
    assert_eq!((one.authentication, one.preempt_delay), (Authentication::None, Duration::ZERO));
    assert!(!one.accept && instance("strict_mode on\npriority 255\n").accept);
}

#[test]
fn an_unknown_block_takes_the_rest_of_its_parent_with_it() {
    let read = read(&expand("in", "", "foo {\nbar 1\n}\npriority 120\n"));
    let found = [
        "unknown-keyword",
        "unexpected-brace",
        "unknown-keyword",
        "unknown-keyword",
        "extra-brace",
    ];
    assert_eq!(codes(&read.findings), found);
    assert_eq!(read.vrrp.instances[0].priority, 100);
}

#[test]
fn virtual_servers_come_with_their_checkers() {
    let read = read(
        "virtual_server_group WEB {\n10.0.0.200 80\n10.0.0.201-203 80\nfwmark 7\n}\n\
         virtual_server 10.0.0.200 80 {\ndelay_loop 6\nlb_algo wrr\nlb_kind DR\nprotocol TCP\n\
         persistence_timeout 50\nretry 4\nsorry_server 127.0.0.1 81\n\
         real_server 10.0.0.11 80 {\nweight 3\nTCP_CHECK {\nconnect_timeout 3\n}\n\
         HTTP_GET {\nurl {\npath /x\nstatus_code 200 301-302\n}\nnb_get_retry 2\n}\n}\n}\n",
    );
    assert_eq!(codes(&read.findings), Vec::<&str>::new());
    let range =
        GroupMember::Range("10.0.0.201".parse().unwrap(), "10.0.0.203".parse().unwrap(), 80);
    assert_eq!(read.lvs.groups[0].members[1..], [range, GroupMember::Mark(7, None)]);
    let server = &read.lvs.servers[0];
    assert_eq!(server.service, Service::Address("10.0.0.200".parse().unwrap(), 80));
    assert_eq!((server.scheduler.as_str(), server.protocol), ("wrr", Some(Protocol::Tcp)));
    assert_eq!(server.persistence, Some(Duration::from_secs(50)));
    assert_eq!(server.sorry.as_ref().map(|sorry| sorry.port), Some(81));
    let real = &server.real[0];
    assert_eq!((real.weight, real.forward, real.smtp_alert), (3, Forward::Direct, true));
    let [tcp, http] = real.checkers.as_slice() else { panic!("{:?}", real.checkers) };
    assert_eq!((tcp.connection.timeout, tcp.pace.retry), (Duration::from_secs(3), 4));
    assert_eq!(tcp.pace.delay_loop, Duration::from_secs(6));
    assert_eq!(tcp.pace.delay_before_retry, Duration::from_secs(1));
    assert_eq!((http.pace.retry, http.pace.delay_before_retry), (2, Duration::from_secs(3)));
    let CheckerKind::Http(http) = &http.kind else { panic!("{http:?}") };
    assert_eq!(http.urls[0].status, [(200, 200), (301, 302)]);
}

#[test]
fn a_page_check_without_a_page_is_left_out() {
    let read = read(
        "virtual_server 10.0.0.200 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n\
         real_server 10.0.0.11 80 {\nHTTP_GET {\n}\n}\n}\n",
    );
    assert_eq!(codes(&read.findings), ["incomplete-check"]);
    assert_eq!(read.lvs.servers[0].real[0].checkers, []);
}

#[test]
fn what_does_nothing_and_what_is_newer_is_said_so() {
    let read = read(&expand("in", "", "debug 2\nv3_checksum_as_v2\n"));
    assert_eq!(codes(&read.findings), ["does-nothing", "newer"]);
    assert_eq!((read.exit_code, read.vrrp.instances[0].checksum), (0, Checksum::AsVersion2));
}

/// The only checker of a real server in which `text` stands.
fn checker(text: &str) -> (Vec<String>, Option<CheckerKind>) {
    let read = read(&format!(
        "virtual_server 10.0.0.200 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n\
         real_server 10.0.0.11 80 {{\n{text}\n}}\n}}\n"
    ));
    let found = codes(&read.findings).into_iter().map(str::to_owned).collect();
    (found, read.lvs.servers[0].real[0].checkers.first().map(|checker| checker.kind.clone()))
}

#[test]
fn a_udp_check_without_payload_sends_keepaliveds_own() {
    let (found, kind) = checker("UDP_CHECK {\n}");
    let Some(CheckerKind::Udp { payload, reply, .. }) = kind else { panic!("{kind:?}") };
    assert_eq!((found, payload.as_slice()), (Vec::new(), &b"keepalived check - keepalived ch"[..]));
    assert_eq!(reply, None);
}

#[test]
fn a_pattern_that_can_not_be_matched_is_left_out_and_said() {
    let (found, kind) = checker("HTTP_GET {\nurl {\npath /\nregex \"(a)\\1\"\n}\n}");
    let Some(CheckerKind::Http(http)) = kind else { panic!("{kind:?}") };
    assert_eq!(found, ["pattern"]);
    assert_eq!((http.urls[0].regex.clone(), http.urls[0].status[0]), (None, (200, 299)));
}

#[test]
fn a_name_that_can_not_be_asked_for_is_no_check() {
    let (found, kind) = checker("DNS_CHECK {\nname a..b\n}");
    assert_eq!((found, kind), (vec!["incomplete-check".to_owned()], None));
}

#[test]
fn a_sync_daemon_without_a_number_has_its_instances() {
    let read = read(&expand("global", "", "lvs_sync_daemon eth0 VI_1\n"));
    assert_eq!(read.lvs.ipvs.sync.and_then(|sync| sync.id), Some(51));
}

#[test]
fn a_file_check_without_weight_has_its_files() {
    for (line, wanted) in [("", (5, true)), ("weight 2", (2, false))] {
        let text = format!(
            "track_file f {{\nfile /run/f\nweight 5 reverse\n}}\n\
             virtual_server 10.0.0.200 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n\
             real_server 10.0.0.11 80 {{\nFILE_CHECK {{\ntrack_file f\n{line}\n}}\n}}\n}}\n"
        );
        let read = read(&text);
        let checkers = &read.lvs.servers[0].real[0].checkers;
        let [lvs::config::Checker { kind: CheckerKind::File { weight, reverse, .. }, .. }] =
            &checkers[..]
        else {
            panic!("{checkers:?}")
        };
        assert_eq!((*weight, *reverse), wanted);
    }
}

#[test]
fn each_host_of_a_mail_check_is_a_check_beside_the_servers_own() {
    let read = read(
        "virtual_server 10.0.0.200 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n\
         real_server 10.0.0.11 80 {\nSMTP_CHECK {\nconnect_port 2525\n\
         host {\nconnect_ip 10.0.0.12\n}\nhost {\nconnect_ip 10.0.0.13\nconnect_port 26\n}\n}\n}\n}\n",
    );
    let checkers = &read.lvs.servers[0].real[0].checkers;
    let at = |checker: &lvs::config::Checker| {
        (checker.connection.ip.to_string(), checker.connection.port)
    };
    let asked: Vec<_> = checkers.iter().map(at).collect();
    let wanted = [("10.0.0.11", 2525), ("10.0.0.12", 2525), ("10.0.0.13", 26)];
    assert_eq!(asked, wanted.map(|(ip, port)| (ip.to_owned(), port)));
}

#[test]
fn an_address_of_two_instances_is_a_warning_unless_each_has_it_on_a_device_of_its_own() {
    let instance = |name: &str, vrid: u8, address: &str| {
        format!(
            "vrrp_instance {name} {{\n interface eth0\n virtual_router_id {vrid}\n \
             virtual_ipaddress {{\n {address}\n }}\n}}\n"
        )
    };
    let first = instance("A", 1, "192.0.2.1/24");
    let both = read(&(first.clone() + &instance("B", 2, "192.0.2.1")));
    assert_eq!(codes(&both.findings), ["same-address"]);
    assert_eq!(both.findings[0].message, "A and B both have 192.0.2.1");
    assert_eq!((both.vrrp.instances.len(), both.exit_code), (2, 0), "both run, as before");
    let apart = read(&(first + &instance("B", 2, "192.0.2.1 dev eth1")));
    assert!(apart.findings.is_empty(), "{:?}", apart.findings);
}
