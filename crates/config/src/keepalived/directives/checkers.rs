//! Keywords of checkers.

use super::Block::{
    BfdCheck, DnsCheck, FileCheck, HttpGet, MiscCheck, PingCheck, SmtpCheck, SmtpHost, TcpCheck,
    UdpCheck, Url,
};
use super::Takes::{Choice, Command, Nothing, Switch, Word, Words};
use super::{Directive, TIMER_MAX, Takes, UINT_MAX, decimal, number, row};

pub(super) static ROWS: &[Directive] = rows! {
    TcpCheck "connect_ip" Word("ADDRESS"), "the server", "", 3, "Where to connect.";
    TcpCheck "connect_port" number(1, 65535), "the server's", "", 1, "Which port to connect to.";
    TcpCheck "bindto" Word("ADDRESS"), "", "", 3, "The source address.";
    TcpCheck "bind_port" number(1, 65535), "", "", 3, "The source port.";
    TcpCheck "bind_if" Word("INTERFACE"), "", "", 3, "The interface connections leave on.";
    TcpCheck "fwmark" number(0, UINT_MAX), "", "", 3, "The mark of our packets.";
    TcpCheck "connect_timeout" decimal(1, TIMER_MAX), "5", "s", 1, "How long the server may take.";
    TcpCheck "alpha" Nothing, "", "", 3, "Down until checked.";
    TcpCheck "retry" number(0, UINT_MAX), "", "times", 1, "Failures before it is down.";
    TcpCheck "delay_before_retry" decimal(0, TIMER_MAX), "", "s", 1, "Between two tries.";
    TcpCheck "warmup" decimal(0, TIMER_MAX), "delay_loop", "s", 3,
        "The first check comes within this.";
    TcpCheck "delay_loop" decimal(1, TIMER_MAX), "60", "s", 3, "Between two checks.";
    TcpCheck "log_all_failures" Switch, "off", "", 3, "Each failure is logged.";
    HttpGet "connect_ip" Word("ADDRESS"), "the server", "", 3, "Where to connect.";
    HttpGet "connect_port" number(1, 65535), "the server's", "", 1, "Which port to connect to.";
    HttpGet "bindto" Word("ADDRESS"), "", "", 3, "The source address.";
    HttpGet "bind_port" number(1, 65535), "", "", 3, "The source port.";
    HttpGet "bind_if" Word("INTERFACE"), "", "", 3, "The interface connections leave on.";
    HttpGet "fwmark" number(0, UINT_MAX), "", "", 3, "The mark of our packets.";
    HttpGet "connect_timeout" decimal(1, TIMER_MAX), "5", "s", 1, "How long the server may take.";
    HttpGet "alpha" Nothing, "", "", 3, "Down until checked.";
    HttpGet "retry" number(0, UINT_MAX), "", "times", 1, "Failures before it is down.";
    HttpGet "delay_before_retry" decimal(0, TIMER_MAX), "", "s", 1, "Between two tries.";
    HttpGet "warmup" decimal(0, TIMER_MAX), "delay_loop", "s", 3,
        "The first check comes within this.";
    HttpGet "delay_loop" decimal(1, TIMER_MAX), "60", "s", 3, "Between two checks.";
    HttpGet "log_all_failures" Switch, "off", "", 3, "Each failure is logged.";
    SmtpCheck "connect_ip" Word("ADDRESS"), "the server", "", 3, "Where to connect.";
    SmtpCheck "connect_port" number(1, 65535), "the server's", "", 3, "Which port to connect to.";
    SmtpCheck "bindto" Word("ADDRESS"), "", "", 3, "The source address.";
    SmtpCheck "bind_port" number(1, 65535), "", "", 3, "The source port.";
    SmtpCheck "bind_if" Word("INTERFACE"), "", "", 3, "The interface connections leave on.";
    SmtpCheck "fwmark" number(0, UINT_MAX), "", "", 3, "The mark of our packets.";
    SmtpCheck "connect_timeout" decimal(1, TIMER_MAX), "5", "s", 3, "How long the server may take.";
    SmtpCheck "alpha" Nothing, "", "", 3, "Down until checked.";
    SmtpCheck "retry" number(0, UINT_MAX), "", "times", 3, "Failures before it is down.";
    SmtpCheck "delay_before_retry" decimal(0, TIMER_MAX), "", "s", 3, "Between two tries.";
    SmtpCheck "warmup" decimal(0, TIMER_MAX), "delay_loop", "s", 3,
        "The first check comes within this.";
    SmtpCheck "delay_loop" decimal(1, TIMER_MAX), "60", "s", 3, "Between two checks.";
    SmtpCheck "log_all_failures" Switch, "off", "", 3, "Each failure is logged.";
    DnsCheck "connect_ip" Word("ADDRESS"), "the server", "", 3, "Where to connect.";
    DnsCheck "connect_port" number(1, 65535), "the server's", "", 3, "Which port to connect to.";
    DnsCheck "bindto" Word("ADDRESS"), "", "", 3, "The source address.";
    DnsCheck "bind_port" number(1, 65535), "", "", 3, "The source port.";
    DnsCheck "bind_if" Word("INTERFACE"), "", "", 3, "The interface connections leave on.";
    DnsCheck "fwmark" number(0, UINT_MAX), "", "", 3, "The mark of our packets.";
    DnsCheck "connect_timeout" decimal(1, TIMER_MAX), "5", "s", 3, "How long the server may take.";
    DnsCheck "alpha" Nothing, "", "", 3, "Down until checked.";
    DnsCheck "retry" number(0, UINT_MAX), "", "times", 3, "Failures before it is down.";
    DnsCheck "delay_before_retry" decimal(0, TIMER_MAX), "", "s", 3, "Between two tries.";
    DnsCheck "warmup" decimal(0, TIMER_MAX), "delay_loop", "s", 3,
        "The first check comes within this.";
    DnsCheck "delay_loop" decimal(1, TIMER_MAX), "60", "s", 3, "Between two checks.";
    DnsCheck "log_all_failures" Switch, "off", "", 3, "Each failure is logged.";
    UdpCheck "connect_ip" Word("ADDRESS"), "the server", "", 3, "Where to connect.";
    UdpCheck "connect_port" number(1, 65535), "the server's", "", 3, "Which port to connect to.";
    UdpCheck "bindto" Word("ADDRESS"), "", "", 3, "The source address.";
    UdpCheck "bind_port" number(1, 65535), "", "", 3, "The source port.";
    UdpCheck "bind_if" Word("INTERFACE"), "", "", 3, "The interface connections leave on.";
    UdpCheck "fwmark" number(0, UINT_MAX), "", "", 3, "The mark of our packets.";
    UdpCheck "connect_timeout" decimal(1, TIMER_MAX), "5", "s", 3, "How long the server may take.";
    UdpCheck "alpha" Nothing, "", "", 3, "Down until checked.";
    UdpCheck "retry" number(0, UINT_MAX), "", "times", 3, "Failures before it is down.";
    UdpCheck "delay_before_retry" decimal(0, TIMER_MAX), "", "s", 3, "Between two tries.";
    UdpCheck "warmup" decimal(0, TIMER_MAX), "delay_loop", "s", 3,
        "The first check comes within this.";
    UdpCheck "delay_loop" decimal(1, TIMER_MAX), "60", "s", 3, "Between two checks.";
    UdpCheck "log_all_failures" Switch, "off", "", 3, "Each failure is logged.";
    PingCheck "connect_ip" Word("ADDRESS"), "the server", "", 3, "Where to connect.";
    PingCheck "connect_port" number(1, 65535), "the server's", "", 3, "Which port to connect to.";
    PingCheck "bindto" Word("ADDRESS"), "", "", 3, "The source address.";
    PingCheck "bind_port" number(1, 65535), "", "", 3, "The source port.";
    PingCheck "bind_if" Word("INTERFACE"), "", "", 3, "The interface connections leave on.";
    PingCheck "fwmark" number(0, UINT_MAX), "", "", 3, "The mark of our packets.";
    PingCheck "connect_timeout" decimal(1, TIMER_MAX), "5", "s", 3, "How long the server may take.";
    PingCheck "alpha" Nothing, "", "", 3, "Down until checked.";
    PingCheck "retry" number(0, UINT_MAX), "", "times", 3, "Failures before it is down.";
    PingCheck "delay_before_retry" decimal(0, TIMER_MAX), "", "s", 3, "Between two tries.";
    PingCheck "warmup" decimal(0, TIMER_MAX), "delay_loop", "s", 3,
        "The first check comes within this.";
    PingCheck "delay_loop" decimal(1, TIMER_MAX), "60", "s", 3, "Between two checks.";
    PingCheck "log_all_failures" Switch, "off", "", 3, "Each failure is logged.";
    MiscCheck "alpha" Nothing, "", "", 3, "Down until checked.";
    MiscCheck "retry" number(0, UINT_MAX), "", "times", 3, "Failures before it is down.";
    MiscCheck "delay_before_retry" decimal(0, TIMER_MAX), "", "s", 3, "Between two tries.";
    MiscCheck "warmup" decimal(0, TIMER_MAX), "delay_loop", "s", 3,
        "The first check comes within this.";
    MiscCheck "delay_loop" decimal(1, TIMER_MAX), "60", "s", 3, "Between two checks.";
    MiscCheck "log_all_failures" Switch, "off", "", 3, "Each failure is logged.";
    MiscCheck "misc_path" Command, "", "", 1, "What is run; exit code 0 is success.";
    MiscCheck "misc_timeout" decimal(1, TIMER_MAX), "delay_loop", "s", 1,
        "Killed, and failed, after this.";
    MiscCheck "misc_dynamic" Nothing, "", "", 1, "Exit codes 2 to 255 set the weight, less 2.";
    MiscCheck "user" Words("USER [GROUP]"), "script_user", "", 2, "As whom it runs.";
    HttpGet "url" Takes::Block(Url, ""), "", "", 1, "A page.";
    HttpGet "nb_get_retry" number(0, UINT_MAX), "", "times", 1,
        "Failures before it is down.", old_name_of("retry");
    HttpGet "virtualhost" Word("NAME"), "", "", 2, "The Host header.";
    HttpGet "http_protocol"
        Choice(&["1.0", "1.0C", "1.1", "1.0c", "1.1c", "1.0k", "1.1k", "1.0K", "1.1K", "1.1C"]), "1.0", "", 3,
        "The version of the request.";
    HttpGet "fast_recovery" Nothing, "", "", 3, "Pages follow without a pause until the server is up.";
    HttpGet "enable_sni" Nothing, "", "", 2, "Says the host's name in the TLS greeting.";
    HttpGet "sni_name" Word("NAME"), "", "", 3, "Says this name there.", newer;
    HttpGet "tls_compliant" Nothing, "", "", 3, "Insists on a proper end of TLS.", newer;
    Url "path" Word("PATH"), "/", "", 1, "What to ask for.";
    Url "digest" Word("MD5"), "", "", 1, "The MD5 sum of the page.";
    Url "status_code" Words("CODE[-LAST]..."), "200-299", "", 1,
        "Status codes that are well, 100 to 999.";
    Url "virtualhost" Word("NAME"), "", "", 2, "The Host header.";
    Url "regex" Word("REGEX"), "", "", 3, "What the page must match.";
    Url "regex_no_match" Nothing, "", "", 3, "What it must not match.";
    Url "regex_options" Words("OPTION..."), "", "", 3, "PCRE2 options.";
    Url "regex_min_offset" number(0, UINT_MAX), "", "bytes", 3, "The match begins here or later.";
    Url "regex_max_offset" number(0, UINT_MAX), "", "bytes", 3, "The match begins before this.";
    Url "regex_stack" Words("START MAX"), "", "bytes", 3,
        "Memory of the matcher.", inert("ours needs no stack of its own");
    Url "tls_compliant" Nothing, "", "", 3, "Insists on a proper end of TLS.", newer;
    SmtpCheck "helo_name" Word("NAME"), "smtpchecker.keepalived.org", "", 2,
        "What we call ourselves.";
    SmtpCheck "host" Takes::Block(SmtpHost, ""), "", "", 3,
        "Another server to greet.";
    SmtpHost "connect_ip" Word("ADDRESS"), "the server", "", 3, "Where to connect.";
    SmtpHost "connect_port" number(1, 65535), "the server's", "", 3, "Which port to connect to.";
    SmtpHost "bindto" Word("ADDRESS"), "", "", 3, "The source address.";
    SmtpHost "bind_port" number(1, 65535), "", "", 3, "The source port.";
    SmtpHost "bind_if" Word("INTERFACE"), "", "", 3, "The interface connections leave on.";
    SmtpHost "fwmark" number(0, UINT_MAX), "", "", 3, "The mark of our packets.";
    SmtpHost "connect_timeout" decimal(1, TIMER_MAX), "5", "s", 3, "How long the server may take.";
    DnsCheck "type" Word("TYPE"), "SOA", "", 2,
        "What is asked for: A, NS, CNAME, SOA, MX, TXT, AAAA.";
    DnsCheck "name" Word("NAME"), ".", "", 2, "Whose it is.";
    UdpCheck "payload" Word("HEX"), "", "", 3, "What is sent.";
    UdpCheck "require_reply" Words("[HEX]"), "", "", 3,
        "There must be an answer, this one; X stands for any digit.";
    UdpCheck "min_reply_length" number(0, 65535), "0", "bytes", 3, "At least so long.";
    UdpCheck "max_reply_length" number(0, 65535), "255", "bytes", 3, "At most so long.";
    FileCheck "alpha" Nothing, "", "", 3, "Down until checked.";
    FileCheck "retry" number(0, UINT_MAX), "", "times", 3, "Failures before it is down.";
    FileCheck "delay_before_retry" decimal(0, TIMER_MAX), "", "s", 3, "Between two tries.";
    FileCheck "warmup" decimal(0, TIMER_MAX), "delay_loop", "s", 3,
        "The first check comes within this.";
    FileCheck "delay_loop" decimal(1, TIMER_MAX), "60", "s", 3, "Between two checks.";
    FileCheck "log_all_failures" Switch, "off", "", 3, "Each failure is logged.";
    FileCheck "track_file" Word("NAME"), "", "", 3, "The tracked file.";
    FileCheck "weight" Words("NUMBER [reverse]"), "1", "", 3,
        "Times the number in the file is added.";
    BfdCheck "name" Word("NAME"), "", "", 3, "The session.";
    BfdCheck "alpha" Nothing, "", "", 3, "Down until it is up.";
};
