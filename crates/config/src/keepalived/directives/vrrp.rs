//! Keywords of virtual routers, their groups and what they track.

use super::Block::{
    Authentication, Bfd, GarpGroup, Hmac, Instance, Script, SyncGroup, TrackFile, TrackGroup,
    TrackProcess,
};
use super::Takes::{Choice, Command, Entries, Nothing, Switch, Word, Words};
use super::{Directive, INT_MAX, SECOND, TIMER_MAX, Takes, UINT_MAX, decimal, number, row};

/// Why polling does nothing.
const KERNEL: &str = "the kernel's own notices about links are used";

pub(super) static ROWS: &[Directive] = rows! {
    Script "script" Command, "", "", 1, "What is run; exit code 0 is success.";
    Script "interval" decimal(1000, TIMER_MAX), "1", "s", 1,
        "From one start to the next; 2.2.7 takes whole seconds alone.";
    Script "weight" Words("NUMBER [reverse]"), "0", "", 1,
        "0: a failure is a FAULT; above: added while it succeeds; below: added while it \
         fails; -253 to 253.";
    Script "fall" number(1, INT_MAX), "1", "runs", 1, "So many failures in a row count as one.";
    Script "rise" number(1, INT_MAX), "1", "runs", 1, "So many successes in a row count as one.";
    Script "timeout" decimal(0, TIMER_MAX), "interval", "s", 2,
        "Killed, and failed, after this.";
    Script "user" Words("USER [GROUP]"), "script_user", "", 2, "As whom it runs.";
    Script "init_fail" Nothing, "", "", 3,
        "Taken for failed until its first result.", inert("the first result alone decides, as with keepalived");
    TrackProcess "process" Words("NAME [ARGUMENT...]"), "", "", 3,
        "The name of the processes watched, and their arguments.";
    TrackProcess "param_match" Choice(&["initial", "partial"]), "", "", 3,
        "Arguments need match only at their start, or in part.";
    TrackProcess "weight" Words("NUMBER [reverse]"), "0", "", 3, "As for scripts, -254 to 254.";
    TrackProcess "quorum" number(1, 65535), "1", "processes", 3, "At least so many must run.";
    TrackProcess "quorum_max" number(0, 65535), "", "processes", 3, "At most so many may run.";
    TrackProcess "delay" decimal(1, 3600 * SECOND), "", "s", 3, "Waits before a change counts.";
    TrackProcess "fork_delay" decimal(1, 3600 * SECOND), "", "s", 3, "Waits after a start.";
    TrackProcess "terminate_delay" decimal(1, 3600 * SECOND), "", "s", 3, "Waits after an end.";
    TrackProcess "full_command" Nothing, "", "", 3,
        "Matches the whole command line, not the program's short name.";
    TrackFile "file" Word("PATH"), "", "", 3, "The file; the number in it counts.";
    TrackFile "weight" Words("NUMBER [reverse]"), "1", "", 3,
        "Times the number in the file is added; 0: any other number than 0 is a FAULT.";
    TrackFile "init_file" Words("[VALUE] [overwrite]"), "", "", 3,
        "Creates the file with this number.";
    Bfd "neighbor_ip" Word("ADDRESS"), "", "", 3, "The other end.";
    Bfd "neighbour_ip" Word("ADDRESS"), "", "", 3, "The other end.", old_name_of("neighbor_ip");
    Bfd "source_ip" Word("ADDRESS"), "", "", 3, "The address we speak from.";
    Bfd "min_rx" number(1, 1000), "10", "ms", 3, "We can receive so often.";
    Bfd "min_tx" number(1, 1000), "10", "ms", 3, "We want to send so often.";
    Bfd "idle_tx" number(1000, 10000), "1000", "ms", 3,
        "How often we send while the session is down.";
    Bfd "multiplier" number(1, 255), "5", "packets", 3,
        "After so many missing the session is down.";
    Bfd "passive" Nothing, "", "", 3, "Waits for the other end to begin.";
    Bfd "ttl" number(1, 255), "255", "", 3, "TTL of our packets over IPv4.";
    Bfd "hoplimit" number(1, 255), "64", "", 3, "Hop limit of our packets over IPv6.";
    Bfd "max_hops" number(-1, 255), "0", "hops", 3,
        "The other end is at most so far; 255: anywhere.";
    Bfd "weight" Words("NUMBER [reverse]"), "0", "", 3, "As for scripts.";
    Bfd "vrrp" Nothing, "", "", 3, "Virtual routers alone are told.";
    Bfd "checker" Nothing, "", "", 3, "Checkers alone are told.";
    Bfd "multihop" Switch, "off", "", 3, "Port 4784 instead of 3784.", newer;
    SyncGroup "group" Entries("INSTANCE..."), "", "", 2, "The instances.";
    SyncGroup "track_interface" Entries("INTERFACE [weight NUMBER [reverse]]"), "", "", 2,
        "Interfaces all depend on.";
    SyncGroup "track_script" Entries("SCRIPT [weight NUMBER [reverse]]"), "", "", 2,
        "Scripts all depend on.";
    SyncGroup "track_file" Entries("FILE [weight NUMBER [reverse]]"), "", "", 3,
        "Files all depend on.";
    SyncGroup "track_process" Entries("PROCESS [weight NUMBER [reverse]]"), "", "", 3,
        "Processes all depend on.";
    SyncGroup "track_bfd" Entries("SESSION [weight NUMBER [reverse]]"), "", "", 3,
        "BFD sessions all depend on.";
    SyncGroup "notify_master" Command, "", "", 2, "Run when all became master.";
    SyncGroup "notify_backup" Command, "", "", 2, "Run when all became backup.";
    SyncGroup "notify_fault" Command, "", "", 2, "Run when one is in fault.";
    SyncGroup "notify_stop" Command, "", "", 2, "Run at the end.";
    SyncGroup "notify" Command, "", "", 2,
        "Run on each of these, with group, name, state and priority as arguments.";
    SyncGroup "notify_priority_changes" Switch, "off", "", 3,
        "Changes of priority are told to the FIFO.";
    SyncGroup "smtp_alert" Switch, "off", "", 2, "A mail on each change of state.";
    SyncGroup "sync_group_tracking_weight" Nothing, "", "", 2,
        "Weights of members' trackers count too.";
    SyncGroup "global_tracking" Nothing, "", "", 2,
        "Weights of members' trackers count too.", old_name_of("sync_group_tracking_weight");
    Instance "state" Word("MASTER|BACKUP"), "BACKUP", "", 1,
        "Where it begins; it matters for priority 255 alone.";
    Instance "interface" Word("INTERFACE"), "", "", 1, "The interface it speaks on.";
    Instance "virtual_router_id" number(1, 255), "", "", 1,
        "Its number, the same on all its routers and no other's on the network.";
    Instance "priority" number(1, 255), "100", "", 1,
        "The highest becomes master; 255 owns the addresses.";
    Instance "advert_int" decimal(SECOND / 100, 255 * SECOND), "1", "s", 1,
        "Between two adverts; whole seconds in version 2, at most 40.95 in version 3.";
    Instance "authentication" Takes::Block(Authentication, ""), "", "", 1,
        "How adverts are authenticated, version 2 alone.";
    Instance "auth_hmac" Takes::Block(Hmac, ""), "", "", 3,
        "A signed trailer after each advert.", newer;
    Instance "virtual_ipaddress"
        Entries("ADDRESS[/LENGTH] [brd ADDRESS|+|-] [dev INTERFACE] [scope SCOPE] [label LABEL] ..."), "", "", 1,
        "The addresses in its adverts, at most 255.";
    Instance "virtual_ipaddress_excluded" Entries("ADDRESS[/LENGTH] ..."), "", "", 2,
        "Addresses that move with it and are not in its adverts.";
    Instance "no_virtual_ipaddress" Nothing, "", "", 3, "It has no addresses, on purpose.", newer;
    Instance "virtual_routes" Entries("as after `ip route add`"), "", "", 2,
        "Routes that move with it.";
    Instance "virtual_rules" Entries("as after `ip rule add`"), "", "", 2,
        "Rules that move with it.";
    Instance "track_script" Entries("SCRIPT [weight NUMBER [reverse|noreverse]]"), "", "", 1,
        "Scripts it depends on; each must stand before in the file.";
    Instance "track_interface" Entries("INTERFACE [weight NUMBER [reverse]]"), "", "", 2,
        "Interfaces it depends on beside its own.";
    Instance "track_file" Entries("FILE [weight NUMBER [reverse]]"), "", "", 3,
        "Files it depends on.";
    Instance "track_process" Entries("PROCESS [weight NUMBER [reverse]]"), "", "", 3,
        "Processes it depends on.";
    Instance "track_bfd" Entries("SESSION [weight NUMBER [reverse]]"), "", "", 3,
        "BFD sessions it depends on.";
    Instance "track_src_ip" Nothing, "", "", 3,
        "Without its source address on this host it is in FAULT.";
    Instance "nopreempt" Nothing, "", "", 1, "Leaves a master of lower priority alone.";
    Instance "preempt" Nothing, "", "", 1,
        "Takes over from a master of lower priority, as without it.";
    Instance "preempt_delay" decimal(0, 1000 * SECOND), "0", "s", 2,
        "Waits so long before it does.";
    Instance "notify_master" Command, "", "", 1, "Run when it became master.";
    Instance "notify_backup" Command, "", "", 1, "Run when it became backup.";
    Instance "notify_fault" Command, "", "", 1, "Run when it is in fault.";
    Instance "notify_stop" Command, "", "", 1, "Run at the end.";
    Instance "notify" Command, "", "", 1,
        "Run on each of these, with instance, name, state and priority as arguments.";
    Instance "notify_master_rx_lower_pri" Command, "", "", 3,
        "Run when it, master, hears a lower priority.";
    Instance "notify_deleted" Words("[COMMAND]"), "", "", 3,
        "Run, instead of notify_fault, when a reload removed it.";
    Instance "notify_priority_changes" Switch, "off", "", 3,
        "Changes of priority are told to the FIFO.";
    Instance "unicast_src_ip" Word("ADDRESS"), "", "", 2, "The source address of unicast adverts.";
    Instance "unicast_peer" Entries("ADDRESS [min_ttl NUMBER] [max_ttl NUMBER]"), "", "", 2,
        "Adverts go to these instead of the multicast group.";
    Instance "unicast_ttl" number(0, 255), "255", "", 3, "TTL of unicast adverts.";
    Instance "unicast_fault_no_peer" Nothing, "", "", 3,
        "Without peers it is in fault, not multicast.";
    Instance "check_unicast_src" Nothing, "", "", 3,
        "Adverts of other hosts than the peers don't count.";
    Instance "mcast_src_ip" Word("ADDRESS"), "", "", 2, "The source address of multicast adverts.";
    Instance "mcast_dst_ip" Word("ADDRESS"), "", "", 3, "The multicast group.";
    Instance "old_unicast_checksum" Words("[never]"), "", "", 3,
        "Checksums of version 3 unicast as keepalived before 1.3.6 made them.";
    Instance "v3_checksum_as_v2" Switch, "off", "", 3,
        "Checksums of version 3 over IPv4 without a pseudo header, as RFC 9568 has them.", newer;
    Instance "smtp_alert" Switch, "off", "", 2, "A mail on each change of state.";
    Instance "version" number(2, 3), "2", "", 2, "The protocol's version; IPv6 has version 3.";
    Instance "garp_master_delay" number(0, UINT_MAX), "5", "s", 2,
        "The second burst after it became master; 0: none.";
    Instance "garp_master_repeat" number(1, UINT_MAX), "5", "times", 2,
        "How often each address is announced in a burst.";
    Instance "garp_master_refresh" number(0, UINT_MAX), "0", "s", 2,
        "Announced again so often while it is master; 0: never.";
    Instance "garp_master_refresh_repeat" number(1, UINT_MAX), "1", "times", 2,
        "How often each address is announced then.";
    Instance "garp_lower_prio_delay" number(0, UINT_MAX), "garp_master_delay", "s", 2,
        "The second burst after a lower priority was heard.";
    Instance "garp_lower_prio_repeat" number(0, UINT_MAX), "garp_master_repeat", "times", 2,
        "How often each address is announced in those bursts.";
    Instance "garp_extra_if" Words("[all] SECONDS"), "", "s", 3,
        "Addresses on other interfaces are announced so often, those with a virtual MAC address alone unless `all`; 0: never.";
    Instance "vmac_garp_intvl" Words("[all] SECONDS"), "", "s", 3,
        "Addresses on other interfaces are announced so often.", old_name_of("garp_extra_if");
    Instance "dont_track_primary" Nothing, "", "", 2, "Its own interface's state doesn't count.";
    Instance "use_vmac"
        Words("[[name] INTERFACE] [MAC] [netlink_notify_msg] [group GROUP]"), "", "", 2,
        "Speaks from the virtual MAC address, on an interface of its own (vrrp.VRID).";
    Instance "vmac_xmit_base" Nothing, "", "", 2,
        "With use_vmac: adverts leave with the real MAC address.";
    Instance "use_vmac_addr" Nothing, "", "", 2,
        "Addresses on other interfaces, or of the other family, get a virtual MAC address as well.";
    Instance "use_ipvlan" Words("[INTERFACE] [ADDRESS] [bridge|private|vepa]"), "", "", 3,
        "Speaks from an ipvlan interface of its own.", inert("it speaks on its own interface");
    Instance "vrf" Word("INTERFACE"), "", "", 3, "The VRF its own interface is put in.";
    Instance "lvs_sync_daemon_interface" Word("INTERFACE"), "", "", 2,
        "The IPVS sync daemon follows it; now lvs_sync_daemon in global_defs.";
    Instance "accept" Nothing, "", "", 3,
        "A master takes traffic to addresses it doesn't own, as without it.";
    Instance "no_accept" Nothing, "", "", 3, "A master drops traffic to addresses it doesn't own.";
    Instance "strict_mode" Switch, "off", "", 3,
        "Holds to the RFC: no authentication, no unusual settings.";
    Instance "skip_check_adv_addr" Switch, "off", "", 3,
        "A master whose address list was right once isn't checked again; 2.2.7 takes any \
         value as on.";
    Instance "down_timer_adverts" number(1, 100), "3", "adverts", 3,
        "A master is missed after so many.";
    Instance "lower_prio_no_advert" Switch, "off", "", 3,
        "No advert in answer to a lower priority.";
    Instance "higher_prio_send_advert" Switch, "off", "", 3,
        "One more advert before stepping down.";
    Instance "owner_ignore_adverts" Switch, "off", "", 3,
        "An owner ignores the adverts of others.", newer;
    Instance "promote_secondaries" Nothing, "", "", 3,
        "Sets the interface's promote_secondaries: its other addresses stay when the first goes.";
    Instance "native_ipv6" Nothing, "", "", 3,
        "It speaks IPv6.", inert("the family of the first address decides");
    Instance "debug" number(0, 4), "0", "", 3,
        "A level of debugging output.", inert("keepalived prints nothing for it either");
    Instance "kernel_rx_buf_size" number(0, UINT_MAX), "", "bytes", 3,
        "What it adds to the receive buffer of its socket.";
    Instance "linkbeat_use_polling" Nothing, "", "", 3,
        "Asks for the interface's state again and again.", inert(KERNEL);
    Instance "timer_expired_backup" Words("[PRIORITY]"), "", "", 3,
        "A master whose own timer was late steps down.", newer, inert("a late timer is told as an event");
    Instance "thread_timer_expired" Words("[PRIORITY]"), "", "", 3,
        "A master whose own timer was late steps down.", newer, old_name_of("timer_expired_backup");
    Authentication "auth_type" Word("PASS|AH"), "", "", 1,
        "A plain password, or an IPsec authentication header.";
    Authentication "auth_pass" Word("PASSWORD"), "", "", 1, "The password; 8 characters count.";
    Hmac "key" Words("NUMBER VALUE"), "", "", 3, "A key, by its number.", newer;
    Hmac "active_key" number(0, 255), "", "", 3, "The key adverts are signed with.", newer;
    Hmac "anti_replay" Choice(&["time", "monotonic"]), "time", "", 3,
        "What a message's age is told by.", newer;
    Hmac "time_window" number(1, 300), "5", "s", 3,
        "How old a message may be, at least three intervals.", newer;
    Hmac "mode" Choice(&["enforce", "permissive", "receive-only"]), "enforce", "", 3,
        "What is asked of adverts that come in.", newer;
    GarpGroup "garp_interval" decimal(1, TIMER_MAX), "", "s", 3,
        "Between two gratuitous ARPs on these interfaces together.";
    GarpGroup "gna_interval" decimal(1, TIMER_MAX), "", "s", 3,
        "Between two neighbour advertisements on these interfaces together.";
    GarpGroup "interface" Word("INTERFACE"), "", "", 3, "The interface.";
    GarpGroup "interfaces" Entries("INTERFACE..."), "", "", 3, "The interfaces.";
    TrackGroup "group" Entries("INSTANCE..."), "", "", 3,
        "Instances that static entries of this group are tied to.";
};
