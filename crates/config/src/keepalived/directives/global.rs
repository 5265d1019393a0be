//! Keywords outside blocks and of `global_defs`.

use super::Block::{
    Bfd, GarpGroup, Global, Instance, Script, Ssl, SyncGroup, Top, TrackFile, TrackGroup,
    TrackProcess, VirtualServer,
};
use super::Takes::{Block, Command, Entries, Nothing, Switch, Word, Words};
use super::{Directive, INT_MAX, TIMER_MAX, UINT_MAX, decimal, number, row};

const NETLINK: &str = "our netlink sockets grow by themselves";
const IPTABLES: &str = "nftables is used, as in Debian's keepalived";
const SNMP: &str = "there is no SNMP agent; [metrics] in handover.toml gives figures to Prometheus";
const DBUS: &str = "there is no D-Bus interface";

pub(super) static ROWS: &[Directive] = rows! {
    Top "global_defs" Block(Global, ""), "", "", 1, "Settings of the whole daemon.";
    Top "vrrp_script" Block(Script, "NAME"), "", "", 1, "A script to track.";
    Top "vrrp_instance" Block(Instance, "NAME"), "", "", 1, "A virtual router.";
    Top "vrrp_sync_group" Block(SyncGroup, "NAME"), "", "", 2,
        "Instances that change state together.";
    Top "virtual_server"
        Block(VirtualServer, "ADDRESS [PORT] | fwmark NUMBER | group NAME"), "", "", 2,
        "A service that IPVS spreads over real servers.";
    Top "virtual_server_group" Entries("ADDRESS[-LAST|/LENGTH] [PORT] | fwmark NUMBER"), "", "", 3,
        "Addresses that are one virtual server.";
    Top "track_file" Block(TrackFile, "NAME"), "", "", 3, "A file whose number is tracked.";
    Top "vrrp_track_file" Block(TrackFile, "NAME"), "", "", 3,
        "A file whose number is tracked.", old_name_of("track_file");
    Top "vrrp_track_process" Block(TrackProcess, "NAME"), "", "", 3, "Processes that are tracked.";
    Top "bfd_instance" Block(Bfd, "NAME"), "", "", 3, "A BFD session.";
    Top "SSL" Block(Ssl, ""), "", "", 3, "The certificate SSL_GET shows.";
    Top "static_ipaddress" Entries("ADDRESS[/LENGTH] ..."), "", "", 3,
        "Addresses that are always there.";
    Top "static_routes" Entries("as after `ip route add`"), "", "", 3,
        "Routes that are always there.";
    Top "static_rules" Entries("as after `ip rule add`"), "", "", 3, "Rules that are always there.";
    Top "track_group" Block(TrackGroup, "NAME"), "", "", 3, "Static entries whose interfaces these instances depend on.";
    Top "garp_group" Block(GarpGroup, ""), "", "", 3,
        "Interfaces that share one pace of announcements.";
    Top "linkbeat_interfaces" Entries("INTERFACE [MII|ETHTOOL|IOCTL]"), "", "", 3,
        "Interfaces asked for their state again and again.", inert("the kernel's own notices about links are used");
    Top "linkbeat_use_polling" Nothing, "", "", 3,
        "All interfaces asked so.", inert("the kernel's own notices about links are used");
    Top "interface_up_down_delays" Entries("INTERFACE DOWN [UP]"), "", "s", 3,
        "An interface's state counts when it has held for so long; at most 255 s.";
    Top "net_namespace" Word("NAME"), "", "", 3,
        "The network namespace everything happens in; fixed at start.";
    Top "net_namespace_ipvs" Words("[NAME]"), "", "", 3,
        "The network namespace of IPVS; fixed at start.";
    Top "namespace_with_ipsets" Nothing, "", "", 3, "Uses ipsets in a namespace.", inert(IPTABLES);
    Top "instance" Word("NAME"), "", "", 3, "Added to the names of pid files; fixed at start.";
    Top "use_pid_dir" Nothing, "", "", 3,
        "Pid files stand in a directory of their own; fixed at start.";
    Top "child_wait_time" number(0, INT_MAX), "5", "s", 3,
        "How long the parent waits for its children at the end.", inert("the end is waited for until everything is released");
    Global "router_id" Word("NAME"), "host name", "", 1, "This machine's name in mails.";
    Global "notification_email" Entries("ADDRESS..."), "", "", 1, "Who gets mails.";
    Global "notification_email_from" Word("ADDRESS"), "keepalived@host name", "", 1,
        "From whom mails come.";
    Global "smtp_server" Words("HOST [PORT]"), "", "", 1,
        "The mail server; port 25 unless written.";
    Global "smtp_connect_timeout" number(1, UINT_MAX), "30", "s", 1,
        "How long the mail server may take.";
    Global "smtp_helo_name" Word("NAME"), "host name", "", 3,
        "What we call ourselves to the mail server.";
    Global "smtp_alert" Switch, "", "", 2, "Mails unless an instance or server says otherwise.";
    Global "smtp_alert_vrrp" Switch, "", "", 2, "The same for instances and groups.";
    Global "smtp_alert_checker" Switch, "", "", 2, "The same for servers.";
    Global "no_email_faults" Nothing, "", "", 3, "No mail about FAULT.";
    Global "no_checker_emails" Nothing, "", "", 3, "No mail from checkers.";
    Global "script_user" Words("USER [[:]GROUP]"), "keepalived_script, else root", "", 1,
        "As whom scripts run.";
    Global "set_supplementary_groups" Nothing, "", "", 3,
        "Scripts get their user's further groups.", newer;
    Global "enable_script_security" Nothing, "", "", 1,
        "No script runs as root whose path others can write; any value means on.";
    Global "use_symlink_paths" Nothing, "", "", 3, "Scripts keep the names of links.", newer, inert("the path of a script is used as it is written");
    Global "vrrp_version" number(2, 3), "2", "", 2, "The version of instances without one.";
    Global "vrrp_skip_check_adv_addr" Nothing, "", "", 2,
        "A master whose address list was right once isn't checked again.";
    Global "vrrp_strict" Nothing, "", "", 2,
        "Holds to the RFC: no authentication, no unusual settings, addresses unreachable \
         unless owned.";
    Global "vrrp_garp_interval" decimal(1, TIMER_MAX), "0", "s", 2,
        "Between two gratuitous ARPs on one interface.";
    Global "vrrp_gna_interval" decimal(1, TIMER_MAX), "0", "s", 2,
        "Between two neighbour advertisements on one interface.";
    Global "vrrp_garp_master_delay" number(0, UINT_MAX), "5", "s", 2,
        "The second burst after an instance became master; 0: none.";
    Global "vrrp_garp_master_repeat" number(1, UINT_MAX), "5", "times", 2,
        "How often each address is announced in a burst.";
    Global "vrrp_garp_master_refresh" number(0, UINT_MAX), "0", "s", 2,
        "Announced again so often; 0: never.";
    Global "vrrp_garp_master_refresh_repeat" number(1, UINT_MAX), "1", "times", 2,
        "How often each address is announced then.";
    Global "vrrp_garp_lower_prio_delay" number(0, UINT_MAX), "vrrp_garp_master_delay", "s", 2,
        "The second burst after a lower priority was heard.";
    Global "vrrp_garp_lower_prio_repeat" number(0, UINT_MAX), "vrrp_garp_master_repeat", "times", 2,
        "How often each address is announced in those bursts.";
    Global "vrrp_min_garp" Switch, "off", "", 3, "One announcement, no second burst.";
    Global "vrrp_garp_extra_if" Words("[all] SECONDS"), "", "s", 3,
        "Addresses on other interfaces are announced so often, those with a virtual MAC address alone unless `all`; 0: never.";
    Global "vrrp_vmac_garp_intvl" Words("[all] SECONDS"), "", "s", 3,
        "Addresses on other interfaces are announced so often.", old_name_of("vrrp_garp_extra_if");
    Global "vrrp_down_timer_adverts" number(1, 100), "3", "adverts", 3,
        "A master is missed after so many.";
    Global "vrrp_lower_prio_no_advert" Switch, "off", "", 3,
        "No advert in answer to a lower priority.";
    Global "vrrp_higher_prio_send_advert" Switch, "off", "", 3,
        "One more advert before stepping down.";
    Global "vrrp_mcast_group4" Word("ADDRESS"), "224.0.0.18", "", 3,
        "The multicast group over IPv4.";
    Global "vrrp_mcast_group6" Word("ADDRESS"), "ff02::12", "", 3, "The multicast group over IPv6.";
    Global "default_interface" Word("INTERFACE"), "eth0", "", 3,
        "The interface of what names none.";
    Global "dynamic_interfaces" Words("[allow_if_changes]"), "", "", 2,
        "Interfaces may be missing, come and go.";
    Global "vrrp_check_unicast_src" Nothing, "", "", 3,
        "Unicast adverts of other hosts than the peers don't count.";
    Global "vrrp_startup_delay" decimal(1, TIMER_MAX), "0", "s", 2,
        "Nobody becomes master before this has passed since the start.";
    Global "vrrp_delay_after_boot" decimal(1, TIMER_MAX), "0", "s", 2,
        "The same, counted from the machine's start.", newer;
    Global "log_unknown_vrids" Nothing, "", "", 3, "Adverts of unknown virtual routers are told.";
    Global "vrrp_notify_priority_changes" Switch, "off", "", 3,
        "Changes of priority are told to the FIFO.";
    Global "v3_checksum_as_v2" Switch, "off", "", 3,
        "Checksums of version 3 over IPv4 without a pseudo header.", newer;
    Global "vrrp_owner_ignore_adverts" Switch, "off", "", 3,
        "Owners ignore the adverts of others.", newer;
    Global "notify_fifo" Words("PATH [USER [GROUP]]"), "", "", 2,
        "A FIFO that is told of every change.";
    Global "notify_fifo_script" Command, "", "", 2, "Reads that FIFO.";
    Global "vrrp_notify_fifo" Words("PATH [USER [GROUP]]"), "", "", 2,
        "A FIFO that is told of instances and groups.";
    Global "vrrp_notify_fifo_script" Command, "", "", 2, "Reads that FIFO.";
    Global "lvs_notify_fifo" Words("PATH [USER [GROUP]]"), "", "", 2,
        "A FIFO that is told of servers.";
    Global "lvs_notify_fifo_script" Command, "", "", 2, "Reads that FIFO.";
    Global "fifo_write_vrrp_states_on_reload" Nothing, "", "", 2,
        "After a reload every state is told again.";
    Global "lvs_sync_daemon"
        Words("INTERFACE [[inst] INSTANCE] [id NUMBER] [maxlen BYTES] [port PORT] [ttl TTL] [group ADDRESS]"), "", "", 2,
        "IPVS tells its connections to the other director.";
    Global "lvs_timeouts" Words("[tcp SECONDS] [tcpfin SECONDS] [udp SECONDS]"), "", "s", 2,
        "IPVS forgets a connection after so long.";
    Global "lvs_flush" Nothing, "", "", 2, "IPVS is emptied at start.";
    Global "lvs_flush_on_stop" Words("[VS]"), "", "", 2,
        "IPVS is emptied at the end; VS: of our servers alone.";
    Global "lvs_flush_onstop" Words("[VS]"), "", "", 2,
        "IPVS is emptied at the end; VS: of our servers alone.", old_name_of("lvs_flush_on_stop");
    Global "max_auto_priority" Words("[-1..99]"), "0", "", 2,
        "Real-time priority may rise so far when timers are late.", inert("the thread that sends adverts has real-time priority from the start");
    Global "min_auto_priority_delay" number(1, 10_000_000), "1000000", "us", 2,
        "So late a timer raises it.", inert("the thread that sends adverts has real-time priority from the start");
    Global "vrrp_priority" number(-20, 19), "0", "", 3, "Niceness of the VRRP process.";
    Global "checker_priority" number(-20, 19), "0", "", 3, "Niceness of the checkers' process.";
    Global "bfd_priority" number(-20, 19), "0", "", 3, "Niceness of the BFD process.";
    Global "vrrp_rt_priority" number(1, 99), "", "", 3, "Real-time priority of the VRRP process.";
    Global "checker_rt_priority" number(1, 99), "", "", 3,
        "Real-time priority of the checkers' process.";
    Global "bfd_rt_priority" number(1, 99), "", "", 3, "Real-time priority of the BFD process.";
    Global "vrrp_no_swap" Nothing, "", "", 3, "The VRRP process stays in memory.", inert("memory is always locked");
    Global "checker_no_swap" Nothing, "", "", 3, "The checkers' process stays in memory.", inert("memory is always locked");
    Global "bfd_no_swap" Nothing, "", "", 3, "The BFD process stays in memory.", inert("memory is always locked");
    Global "vrrp_cpu_affinity" Words("CPU..."), "", "", 3, "CPUs of the VRRP process.";
    Global "checker_cpu_affinity" Words("CPU..."), "", "", 3, "CPUs of the checkers' process.";
    Global "bfd_cpu_affinity" Words("CPU..."), "", "", 3, "CPUs of the BFD process.";
    Global "vrrp_rlimit_rttime" number(1, UINT_MAX), "10000", "us", 3,
        "Real-time CPU without a pause, VRRP process.";
    Global "vrrp_rlimit_rtime" number(1, UINT_MAX), "10000", "us", 3,
        "Real-time CPU without a pause, VRRP process.", old_name_of("vrrp_rlimit_rttime");
    Global "checker_rlimit_rttime" number(1, UINT_MAX), "10000", "us", 3,
        "Real-time CPU without a pause, checkers' process.",
        inert("checks run in the process of the virtual routers, whose limit counts");
    Global "checker_rlimit_rtime" number(1, UINT_MAX), "10000", "us", 3,
        "Real-time CPU without a pause, checkers' process.", old_name_of("checker_rlimit_rttime");
    Global "bfd_rlimit_rttime" number(1, UINT_MAX), "10000", "us", 3,
        "Real-time CPU without a pause, BFD process.";
    Global "bfd_rlimit_rtime" number(1, UINT_MAX), "10000", "us", 3,
        "Real-time CPU without a pause, BFD process.", old_name_of("bfd_rlimit_rttime");
    Global "process_names" Nothing, "", "", 3, "Processes get names of their own.";
    Global "process_name" Words("[NAME]"), "", "", 3, "The parent's name.";
    Global "vrrp_process_name" Words("[NAME]"), "", "", 3, "The VRRP process's name.";
    Global "checker_process_name" Words("[NAME]"), "", "", 3, "The checkers' process's name.";
    Global "lvs_process_name" Words("[NAME]"), "", "", 3,
        "The checkers' process's name.", old_name_of("checker_process_name");
    Global "bfd_process_name" Words("[NAME]"), "", "", 3, "The BFD process's name.";
    Global "startup_script" Command, "", "", 3, "Run before everything.";
    Global "startup_script_timeout" number(1, 1000), "10", "s", 3, "It may take so long.";
    Global "shutdown_script" Command, "", "", 3, "Run after everything.";
    Global "shutdown_script_timeout" number(1, 1000), "10", "s", 3, "It may take so long.";
    Global "nftables" Words("[TABLE]"), "keepalived", "", 3, "The nftables table of our rules.";
    Global "nftables_priority" number(-INT_MAX, INT_MAX), "-1", "", 3, "Their priority.";
    Global "nftables_counters" Nothing, "", "", 3, "They count.";
    Global "nftables_ifindex" Nothing, "", "", 3, "They name interfaces by number.", inert("rules of ours name them so in any case");
    Global "nftables_ipvs" Words("[TABLE]"), "", "", 3, "The nftables table of our IPVS rules.", inert("IPVS takes the addresses of a group one by one, without marks");
    Global "nftables_ipvs_priority" number(-INT_MAX, INT_MAX), "", "", 3, "Their priority.", inert("IPVS takes the addresses of a group one by one, without marks");
    Global "nftables_ipvs_start_fwmark" number(1, UINT_MAX), "1000", "", 3,
        "The first mark they use.", inert("IPVS takes the addresses of a group one by one, without marks");
    Global "vrrp_iptables" Words("[IN [OUT]]"), "", "", 3,
        "The iptables chains of our rules.", inert(IPTABLES);
    Global "vrrp_ipsets" Words("[NAME...]"), "", "", 3, "The ipsets of our rules.", inert(IPTABLES);
    Global "disable_local_igmp" Nothing, "", "", 3, "The kernel sends no IGMP reports for groups of the link (224.0.0.0/24), on all interfaces; put back at the end.";
    Global "vrrp_rx_bufs_policy" Words("MTU|ADVERT|NUMBER"), "", "", 3,
        "What each instance adds to the receive buffer of its socket; a number is of bytes.";
    Global "vrrp_rx_bufs_multiplier" number(1, UINT_MAX), "3", "", 3, "The MTU or the advert is multiplied by this.";
    Global "vrrp_netlink_cmd_rcv_bufs" number(0, UINT_MAX), "", "bytes", 3,
        "A netlink receive buffer.", inert(NETLINK);
    Global "vrrp_netlink_cmd_rcv_bufs_force" Switch, "", "", 3,
        "Beyond the system's limit.", inert(NETLINK);
    Global "vrrp_netlink_monitor_rcv_bufs" number(0, UINT_MAX), "", "bytes", 3,
        "A netlink receive buffer.", inert(NETLINK);
    Global "vrrp_netlink_monitor_rcv_bufs_force" Switch, "", "", 3,
        "Beyond the system's limit.", inert(NETLINK);
    Global "lvs_netlink_cmd_rcv_bufs" number(0, UINT_MAX), "", "bytes", 3,
        "A netlink receive buffer.", inert(NETLINK);
    Global "lvs_netlink_cmd_rcv_bufs_force" Switch, "", "", 3,
        "Beyond the system's limit.", inert(NETLINK);
    Global "lvs_netlink_monitor_rcv_bufs" number(0, UINT_MAX), "", "bytes", 3,
        "A netlink receive buffer.", inert(NETLINK);
    Global "lvs_netlink_monitor_rcv_bufs_force" Switch, "", "", 3,
        "Beyond the system's limit.", inert(NETLINK);
    Global "process_monitor_rcv_bufs" number(0, UINT_MAX), "", "bytes", 3,
        "The receive buffer of process events.", inert(NETLINK);
    Global "process_monitor_rcv_bufs_force" Switch, "", "", 3,
        "Beyond the system's limit.", inert(NETLINK);
    Global "checker_log_all_failures" Switch, "off", "", 3, "Each failed check is logged.";
    Global "rs_init_notifies" Nothing, "", "", 3, "notify_up runs at start as well.";
    Global "snmp_socket" Word("SOCKET"), "unix:/var/agentx/master", "", 3,
        "Where the SNMP agent listens.", inert(SNMP);
    Global "enable_traps" Nothing, "", "", 3, "SNMP traps.", inert(SNMP);
    Global "enable_snmp_vrrp" Nothing, "", "", 3, "SNMP for virtual routers.", inert(SNMP);
    Global "enable_snmp_keepalived" Nothing, "", "", 3,
        "SNMP for virtual routers.", old_name_of("enable_snmp_vrrp");
    Global "enable_snmp_checker" Nothing, "", "", 3, "SNMP for servers.", inert(SNMP);
    Global "enable_snmp_rfc" Nothing, "", "", 3, "SNMP as the RFCs have it.", inert(SNMP);
    Global "enable_snmp_rfcv2" Nothing, "", "", 3, "SNMP as RFC 2787 has it.", inert(SNMP);
    Global "enable_snmp_rfcv3" Nothing, "", "", 3, "SNMP as RFC 6527 has it.", inert(SNMP);
    Global "snmp_vs_stats_update_interval" decimal(1, TIMER_MAX), "5", "s", 3,
        "How old statistics may be.", newer, inert(SNMP);
    Global "snmp_rs_stats_update_interval" decimal(1, TIMER_MAX), "5", "s", 3,
        "How old statistics may be.", newer, inert(SNMP);
    Global "enable_dbus" Nothing, "", "", 3, "A D-Bus interface.", inert(DBUS);
    Global "dbus_service_name" Word("NAME"), "org.keepalived.Vrrp1", "", 3,
        "Its name.", inert(DBUS);
    Global "dbus_no_interface_name" Word("NAME"), "", "", 3,
        "The name of no interface.", newer, inert(DBUS);
    Global "vmac_prefix" Word("NAME"), "vrrp", "", 3, "Names of VMAC interfaces that are given none begin so.";
    Global "vmac_addr_prefix" Word("NAME"), "vmac_prefix", "", 3, "Those of use_vmac_addr begin so.";
    Global "umask" Words("MODE"), "0177", "", 3, "The mode of files we create.";
    Global "random_seed" number(0, UINT_MAX), "", "", 3,
        "The seed of random numbers.", inert("timers need no random numbers");
    Global "data_use_instance" Nothing, "", "", 3, "Report files carry the instance's name.";
    Global "tmp_config_directory" Word("PATH"), "", "", 3,
        "Where the configuration's copy lies.", inert("the copy is kept in memory");
    Global "config_save_dir" Word("PATH"), "", "", 3,
        "Where each configuration is saved as it was read.";
    Global "include_check" Words("[[+|-]readable|match|wildcard_match|brace_match ...]"), "", "", 3,
        "What every include behind it must find; without a word all of these.";
    Global "reload_check_config" Words("[LOG]"), "", "", 3,
        "A configuration is checked before a reload.";
    Global "reload_time_file" Word("PATH"), "", "", 3, "The time in it is when to reload.";
    Global "reload_repeat" Nothing, "", "", 3, "And again each day.";
    Global "reload_file" Words("[PATH]"), "", "", 3, "Exists while a reload is under way.";
    Global "json_version" number(1, 2), "1", "", 3, "The form of the JSON report.", newer;
    Global "state_dump_file" Word("PATH"), "", "", 3,
        "Where the state is written.", newer;
    Global "stats_dump_file" Word("PATH"), "", "", 3,
        "Where statistics are written.", newer;
    Global "json_dump_file" Word("PATH"), "", "", 3,
        "Where JSON is written.", newer;
    Global "iproute_usr_dir" Word("PATH"), "", "", 3, "Where iproute's tables of names are.", newer;
    Global "iproute_etc_dir" Word("PATH"), "", "", 3, "Where the local ones are.", newer;
};
