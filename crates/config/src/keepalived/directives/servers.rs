//! Keywords of virtual and real servers.

use super::Block::{
    BfdCheck, DnsCheck, FileCheck, HttpGet, MiscCheck, PingCheck, RealServer, SmtpCheck, Ssl,
    TcpCheck, UdpCheck, VirtualServer,
};
use super::Takes::{Choice, Command, Nothing, Switch, Word, Words};
use super::{Directive, TIMER_MAX, Takes, UINT_MAX, decimal, number, row};

pub(super) static ROWS: &[Directive] = rows! {
    VirtualServer "delay_loop" decimal(1, TIMER_MAX), "60", "s", 1,
        "Between two checks of one server.";
    VirtualServer "lb_algo"
        Word("rr|wrr|lc|wlc|lblc|lblcr|dh|sh|mh|sed|nq|fo|ovf|twos"), "wlc", "", 1,
        "How connections are spread.";
    VirtualServer "lvs_sched"
        Word("rr|wrr|lc|wlc|lblc|lblcr|dh|sh|mh|sed|nq|fo|ovf|twos"), "wlc", "", 1,
        "How connections are spread.", old_name_of("lb_algo");
    VirtualServer "lb_kind"
        Words("NAT|DR|TUN [type ipip|gue port NUMBER|gre] [nocsum|csum|remcsum]"), "NAT", "", 1,
        "How packets reach the real servers.";
    VirtualServer "lvs_method"
        Words("NAT|DR|TUN [type ipip|gue port NUMBER|gre] [nocsum|csum|remcsum]"), "NAT", "", 1,
        "How packets reach the real servers.", old_name_of("lb_kind");
    VirtualServer "protocol" Word("TCP|UDP|SCTP"), "UDP", "", 1, "What is spread.";
    VirtualServer "persistence_timeout" Words("[SECONDS]"), "360", "s", 1,
        "A client stays with its server so long, 1 to 2678400.";
    VirtualServer "persistence_granularity" Word("MASK|LENGTH"), "32", "", 3,
        "Clients of one network stay together.";
    VirtualServer "persistence_engine" Choice(&["sip"]), "", "", 3, "What names a client.";
    VirtualServer "real_server" Takes::Block(RealServer, "ADDRESS [PORT]"), "", "",
        1,
        "A server.";
    VirtualServer "sorry_server" Words("ADDRESS [PORT]"), "", "", 2,
        "The server when no other is up.";
    VirtualServer "sorry_server_inhibit" Nothing, "", "", 3, "It stays in IPVS with weight 0.";
    VirtualServer "sorry_server_lvs_method"
        Words("NAT|DR|TUN [type ipip|gue port NUMBER|gre] [nocsum|csum|remcsum]"), "lb_kind", "", 3,
        "How packets reach it.";
    VirtualServer "quorum" number(1, UINT_MAX), "1", "", 2,
        "The weight of servers up that it takes to be up.";
    VirtualServer "hysteresis" number(0, UINT_MAX), "0", "", 2,
        "Up at quorum plus this, down at quorum minus this.";
    VirtualServer "quorum_up" Command, "", "", 2, "Run when it came up.";
    VirtualServer "quorum_down" Command, "", "", 2, "Run when it went down.";
    VirtualServer "virtualhost" Word("NAME"), "", "", 2, "The Host header of HTTP checks.";
    VirtualServer "inhibit_on_failure" Switch, "", "", 2,
        "A failed server keeps its place with weight 0.";
    VirtualServer "ha_suspend" Nothing, "", "", 2,
        "No checks while its address isn't on this host.";
    VirtualServer "alpha" Nothing, "", "", 2, "Servers are down until checked.";
    VirtualServer "omega" Nothing, "", "", 2, "notify_down and quorum_down run at the end.";
    VirtualServer "smtp_alert" Switch, "off", "", 2, "Mails about it and its servers.";
    VirtualServer "retry" number(1, UINT_MAX), "", "times", 2, "Failures before a server is down.";
    VirtualServer "delay_before_retry" decimal(1, TIMER_MAX), "", "s", 2, "Between two tries.";
    VirtualServer "connect_timeout" decimal(1, TIMER_MAX), "5", "s", 2,
        "How long a server may take.";
    VirtualServer "warmup" decimal(0, TIMER_MAX), "delay_loop", "s", 2,
        "The first check comes within this.";
    VirtualServer "ops" Nothing, "", "", 3, "Each UDP packet is spread by itself.";
    VirtualServer "hashed" Nothing, "", "", 3, "Connections are spread by a hash.";
    VirtualServer "sh-port" Nothing, "", "", 3, "The scheduler sh looks at the port.";
    VirtualServer "sh-fallback" Nothing, "", "", 3,
        "The scheduler sh takes another server when one is down.";
    VirtualServer "mh-port" Nothing, "", "", 3, "The scheduler mh looks at the port.";
    VirtualServer "mh-fallback" Nothing, "", "", 3,
        "The scheduler mh takes another server when one is down.";
    VirtualServer "flag-1" Nothing, "", "", 3, "The scheduler's first flag.";
    VirtualServer "flag-2" Nothing, "", "", 3, "The scheduler's second flag.";
    VirtualServer "flag-3" Nothing, "", "", 3, "The scheduler's third flag.";
    VirtualServer "ip_family" Choice(&["inet", "inet6"]), "", "", 3,
        "The family of a mark without addresses.";
    VirtualServer "weight" number(0, 65535), "1", "", 3, "The weight of servers without one.";
    VirtualServer "snmp_name" Word("NAME"), "", "", 3,
        "Its name in SNMP.", inert("there is no SNMP agent");
    RealServer "weight" number(0, 65535), "1", "", 1, "Its share of connections.";
    RealServer "notify_up" Command, "", "", 2, "Run when it came up.";
    RealServer "notify_down" Command, "", "", 2, "Run when it went down.";
    RealServer "inhibit_on_failure" Switch, "", "", 3,
        "When failed it keeps its place with weight 0.";
    RealServer "uthreshold" number(0, UINT_MAX), "0", "connections", 3, "At most so many.";
    RealServer "lthreshold" number(0, UINT_MAX), "0", "connections", 3,
        "Below this it gets new ones again.";
    RealServer "lvs_method"
        Words("NAT|DR|TUN [type ipip|gue port NUMBER|gre] [nocsum|csum|remcsum]"), "lb_kind", "", 3,
        "How packets reach it.";
    RealServer "alpha" Nothing, "", "", 3, "It is down until checked.";
    RealServer "retry" number(1, UINT_MAX), "", "times", 3, "Failures before it is down.";
    RealServer "delay_before_retry" decimal(1, TIMER_MAX), "", "s", 3, "Between two tries.";
    RealServer "connect_timeout" decimal(1, TIMER_MAX), "5", "s", 3, "How long it may take.";
    RealServer "warmup" decimal(0, TIMER_MAX), "delay_loop", "s", 3,
        "The first check comes within this.";
    RealServer "delay_loop" decimal(1, TIMER_MAX), "60", "s", 3, "Between two checks.";
    RealServer "smtp_alert" Switch, "on", "", 3, "Mails about it.";
    RealServer "virtualhost" Word("NAME"), "", "", 3, "The Host header of HTTP checks.";
    RealServer "snmp_name" Word("NAME"), "", "", 3,
        "Its name in SNMP.", inert("there is no SNMP agent");
    RealServer "TCP_CHECK" Takes::Block(TcpCheck, ""), "", "", 1, "Connects.";
    RealServer "HTTP_GET" Takes::Block(HttpGet, ""), "", "", 1, "Asks for pages.";
    RealServer "SSL_GET" Takes::Block(HttpGet, ""), "", "", 1,
        "Asks for pages over TLS.";
    RealServer "MISC_CHECK" Takes::Block(MiscCheck, ""), "", "", 1, "Runs a script.";
    RealServer "SMTP_CHECK" Takes::Block(SmtpCheck, ""), "", "", 2,
        "Greets a mail server.";
    RealServer "DNS_CHECK" Takes::Block(DnsCheck, ""), "", "", 2,
        "Asks a name server.";
    RealServer "UDP_CHECK" Takes::Block(UdpCheck, ""), "", "", 3, "Sends a datagram.";
    RealServer "PING_CHECK" Takes::Block(PingCheck, ""), "", "", 3,
        "Sends an echo request.";
    RealServer "FILE_CHECK" Takes::Block(FileCheck, ""), "", "", 3,
        "Looks at a tracked file.";
    RealServer "BFD_CHECK" Takes::Block(BfdCheck, ""), "", "", 3,
        "Follows a BFD session.";
    Ssl "password" Word("PASSWORD"), "", "", 3, "Opens the key.";
    Ssl "ca" Word("PATH"), "", "", 3, "Certificates we believe.";
    Ssl "certificate" Word("PATH"), "", "", 3, "Our certificate.";
    Ssl "key" Word("PATH"), "", "", 3, "Its key.";
};
