//! How real servers are checked (docs/ancestors/keepalived.md §1.3).

use super::Lowering;
use super::global::{default_time, text};
use super::servers::Usual;
use crate::keepalived::directives::Block;
use crate::keepalived::findings::Place;
use crate::keepalived::tree::Node;
use crate::keepalived::values;
use lvs::check::{Conversation, Pattern, USUAL_PAYLOAD};
use lvs::config::{Checker, CheckerKind, Connection, Http, RealServer, Regex, Url};
use std::time::Duration;

/// Tries after a failure, and the time between them; `None`: as between two checks
/// (keepalived.conf(5)).
const fn usual_retry(checker: &str) -> (u32, Option<Duration>) {
    match checker.as_bytes() {
        b"DNS_CHECK" => (3, None),
        b"MISC_CHECK" => (0, Some(Duration::from_secs(1))),
        b"HTTP_GET" | b"SSL_GET" => (1, Some(Duration::from_secs(3))),
        _ => (1, Some(Duration::from_secs(1))),
    }
}

/// The first and last status code that is well unless written: all of 2xx.
const STATUS: (u16, u16) = (200, 299);
/// Types a name server can be asked for.
const DNS_TYPES: [&str; 7] = ["A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA"];
/// The port of mail servers.
const SMTP: u16 = 25;

impl Lowering<'_> {
    /// The checkers of a keyword, if it is one of theirs.
    pub(super) fn checker(
        &mut self,
        block: &Node,
        real: &RealServer,
        usual: Usual,
        host: Option<&str>,
    ) -> Option<Vec<Checker>> {
        let mut usual = usual;
        let mut connection = Connection {
            ip: real.ip,
            port: real.port,
            bind: None,
            bind_port: None,
            bind_interface: None,
            mark: None,
            timeout: Duration::ZERO,
        };
        let mut log = self.settings.log_all_failures;
        for node in block.nodes() {
            if node.name() == "log_all_failures" {
                log = values::switch(node, self.found).unwrap_or(log);
            } else if !usual.take(node, self) {
                self.connection(node, &mut connection);
            }
        }
        let timeout = default_time(Block::TcpCheck, "connect_timeout");
        connection.timeout = usual.connect_timeout.map_or(timeout, values::micros);
        let (retry, delay) = usual_retry(block.row.name);
        let pace = usual.pace(retry, delay, log);
        let mut others = Vec::new();
        let kind = match block.name() {
            "TCP_CHECK" => CheckerKind::Tcp,
            "HTTP_GET" | "SSL_GET" => self.http(block, host)?,
            "MISC_CHECK" => self.misc(block, pace.delay_loop)?,
            "SMTP_CHECK" => {
                let (kind, hosts) = self.smtp(block, &mut connection);
                others = hosts;
                kind
            }
            "DNS_CHECK" => self.dns(block)?,
            "UDP_CHECK" => self.udp(block),
            "PING_CHECK" => CheckerKind::Ping,
            "FILE_CHECK" => self.file(block)?,
            "BFD_CHECK" => self.bfd_check(block)?,
            _ => return None,
        };
        let connections = std::iter::once(connection).chain(others);
        Some(connections.map(|to| Checker { pace, connection: to, kind: kind.clone() }).collect())
    }

    fn connection(&mut self, node: &Node, connection: &mut Connection) {
        match node.name() {
            "connect_ip" => {
                if let Some(ip) = values::address(node, self.found) {
                    connection.ip = ip;
                }
            }
            "connect_port" => {
                if let Some(port) = values::number(node, self.found) {
                    connection.port = port as u16;
                }
            }
            "bindto" => connection.bind = values::address(node, self.found),
            "bind_port" => {
                connection.bind_port = values::number(node, self.found).map(|port| port as u16);
            }
            "bind_if" => connection.bind_interface = text(node),
            "fwmark" => {
                connection.mark = values::number(node, self.found).map(|mark| mark as u32);
            }
            _ => {}
        }
    }

    /// A checker that is left out, because of what.
    fn no_check(&mut self, at: Place, what: &str, cure: &str) {
        let then = [
            "this check is left out; the server counts as up unless another says otherwise",
            "keepalived leaves it out as well, or crashes",
            cure,
        ];
        self.found.complain(at, "incomplete-check", what.to_owned(), then);
    }

    fn http(&mut self, block: &Node, host: Option<&str>) -> Option<CheckerKind> {
        let mut http = Http {
            tls: block.name() == "SSL_GET",
            sni: false,
            sni_name: None,
            protocol: "1.0".to_owned(),
            fast_recovery: false,
            host: host.map(str::to_owned),
            urls: Vec::new(),
        };
        for node in block.nodes() {
            match node.name() {
                "url" => {
                    let url = self.url(node);
                    http.urls.push(url);
                }
                "virtualhost" => http.host = text(node),
                "http_protocol" => {
                    if let Some(protocol) = values::choice(node, self.found) {
                        protocol.clone_into(&mut http.protocol);
                    }
                }
                "fast_recovery" => http.fast_recovery = true,
                "enable_sni" => http.sni = true,
                "sni_name" => http.sni_name = text(node),
                _ => {}
            }
        }
        if http.urls.is_empty() {
            self.no_check(block.place(), "this check has no `url`", "add `url { path / }`");
            return None;
        }
        Some(CheckerKind::Http(http))
    }

    fn url(&mut self, block: &Node) -> Url {
        let mut url =
            Url { path: "/".to_owned(), host: None, digest: None, status: Vec::new(), regex: None };
        let (mut inverted, mut options) = (false, Vec::new());
        let (mut min_offset, mut max_offset) = (0, None);
        let mut pattern = None;
        for node in block.nodes() {
            match node.name() {
                "path" => url.path = text(node).unwrap_or(url.path),
                "virtualhost" => url.host = text(node),
                "digest" => {
                    let md5 = |text: &String| {
                        text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())
                    };
                    url.digest = text(node).filter(md5);
                    if url.digest.is_none() {
                        values::refuse(node, self.found);
                    }
                }
                "status_code" => self.status_codes(node, &mut url.status),
                "regex" => pattern = text(node),
                "regex_no_match" => inverted = true,
                "regex_options" => {
                    options = node.behind().iter().map(|word| word.text.clone()).collect();
                }
                "regex_min_offset" => {
                    min_offset = values::number(node, self.found).unwrap_or(0) as u32;
                }
                "regex_max_offset" => {
                    max_offset = values::number(node, self.found).map(|value| value as u32);
                }
                _ => {}
            }
        }
        url.regex =
            pattern.map(|pattern| Regex { pattern, inverted, options, min_offset, max_offset });
        let unusable = url.regex.as_ref().and_then(|regex| Pattern::new(regex).err());
        if let Some(why) = unusable {
            self.no_pattern(block.place(), &why);
            url.regex = None;
        }
        if url.status.is_empty() && url.digest.is_none() && url.regex.is_none() {
            url.status.push(STATUS);
        }
        url
    }

    fn no_pattern(&mut self, at: Place, why: &str) {
        let then = [
            "the page is not matched with it; what else is written about the page counts",
            "keepalived matches with PCRE2, which also refers back and looks around",
            "write it without groups that are referred to, `(?=`, `(?!`, `(?<=` and `(?<!`",
        ];
        self.found.complain(at, "pattern", format!("{why} (`regex`)"), then);
    }

    fn status_codes(&mut self, node: &Node, into: &mut Vec<(u16, u16)>) {
        for word in node.behind() {
            let (first, last) = word.text.split_once('-').unwrap_or((&word.text, &word.text));
            match (first.parse(), last.parse()) {
                (Ok(first @ 100..=999_u16), Ok(last @ 100..=999_u16)) if first <= last => {
                    into.push((first, last));
                }
                _ => values::bad(word, node.row, "the word is ignored", self.found),
            }
        }
    }

    fn misc(&mut self, block: &Node, usual: Duration) -> Option<CheckerKind> {
        let (mut command, mut user) = (None, None);
        let (mut timeout, mut dynamic) = (usual, false);
        let mut written = false;
        for node in block.nodes() {
            match node.name() {
                "misc_path" => {
                    written = true;
                    command = self.command(node);
                }
                "misc_timeout" => {
                    timeout = values::number(node, self.found).map_or(usual, values::micros);
                }
                "misc_dynamic" => dynamic = true,
                "user" => user = self.user_of(node.behind()),
                _ => {}
            }
        }
        if !written {
            let cure = "add `misc_path \"COMMAND\"`";
            self.no_check(block.place(), "this check has no `misc_path`", cure);
        }
        let mut command = command?;
        if let Some((user, group)) = user {
            (command.user, command.group) = (user, group);
        }
        Some(CheckerKind::Misc { command, timeout, dynamic })
    }

    /// A mail server, and those of `host` blocks: each is a check of its own (measured).
    fn smtp(
        &mut self,
        block: &Node,
        connection: &mut Connection,
    ) -> (CheckerKind, Vec<Connection>) {
        if connection.port == 0 {
            connection.port = SMTP;
        }
        let mut helo = "smtpchecker.keepalived.org".to_owned();
        let mut hosts = Vec::new();
        for node in block.nodes() {
            match node.name() {
                "helo_name" => helo = text(node).unwrap_or(helo),
                "host" => {
                    let mut other = connection.clone();
                    for inner in node.nodes() {
                        if inner.name() == "connect_timeout" {
                            let timeout = values::number(inner, self.found);
                            other.timeout = timeout.map_or(other.timeout, values::micros);
                        } else {
                            self.connection(inner, &mut other);
                        }
                    }
                    hosts.push(other);
                }
                _ => {}
            }
        }
        (CheckerKind::Smtp { helo }, hosts)
    }

    fn dns(&mut self, block: &Node) -> Option<CheckerKind> {
        let (mut kind, mut name) = ("SOA".to_owned(), ".".to_owned());
        for node in block.nodes() {
            match node.name() {
                "type" => {
                    let upper = text(node).map(|text| text.to_ascii_uppercase());
                    match upper.filter(|upper| DNS_TYPES.contains(&upper.as_str())) {
                        Some(known) => kind = known,
                        None => values::refuse(node, self.found),
                    }
                }
                "name" => name = text(node).unwrap_or(name),
                _ => {}
            }
        }
        if let Err(why) = Conversation::dns(0, &kind, &name) {
            self.no_check(block.place(), &why, "correct `name`");
            return None;
        }
        Some(CheckerKind::Dns { kind, name })
    }

    fn udp(&mut self, block: &Node) -> CheckerKind {
        let (mut payload, mut reply) = (None, None);
        let (mut min_reply, mut max_reply) = (0, 255);
        for node in block.nodes() {
            match node.name() {
                "payload" => {
                    let bytes = node.word(1).and_then(|word| pattern(&word.text));
                    let sound = bytes.filter(|bytes| bytes.iter().all(|(_, mask)| *mask == 0xff));
                    payload = sound.map(|bytes| bytes.into_iter().map(|(byte, _)| byte).collect());
                    if payload.is_none() {
                        values::refuse(node, self.found);
                    }
                }
                "require_reply" => {
                    reply = Some(match node.word(1) {
                        None => Vec::new(),
                        Some(word) => pattern(&word.text).unwrap_or_else(|| {
                            values::refuse(node, self.found);
                            Vec::new()
                        }),
                    });
                }
                "min_reply_length" => {
                    min_reply = values::number(node, self.found).unwrap_or(0) as u16;
                }
                "max_reply_length" => {
                    max_reply = values::number(node, self.found).unwrap_or(255) as u16;
                }
                _ => {}
            }
        }
        let payload = payload.unwrap_or_else(|| USUAL_PAYLOAD.to_vec());
        CheckerKind::Udp { payload, reply, min_reply, max_reply }
    }

    /// Without a weight of its own it has its file's.
    fn file(&mut self, block: &Node) -> Option<CheckerKind> {
        let (mut name, mut written) = (None, None);
        for node in block.nodes() {
            match node.name() {
                "track_file" => name = text(node),
                "weight" => match values::weight(&node.words, 1) {
                    Some((value, flag)) => {
                        let weight = value.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
                        written = Some((weight, flag == Some(true)));
                    }
                    None => values::refuse(node, self.found),
                },
                _ => {}
            }
        }
        let named = |name: &String| self.settings.track_files.iter().find(|f| f.name == *name);
        let Some(file) = name.as_ref().and_then(named) else {
            let cure = "add `track_file NAME`, and define it above";
            self.no_check(block.place(), "this check names no tracked file", cure);
            return None;
        };
        let (weight, reverse) = written.unwrap_or((file.weight, file.reverse));
        Some(CheckerKind::File { name: file.name.clone(), weight, reverse })
    }

    fn bfd_check(&mut self, block: &Node) -> Option<CheckerKind> {
        let named = block.nodes().iter().find(|node| node.name() == "name").and_then(text);
        let known = named.filter(|name| self.session(name).is_some());
        if known.is_none() {
            let cure = "add `name SESSION`, and define it above";
            self.no_check(block.place(), "this check names no BFD session", cure);
        }
        known.map(|name| CheckerKind::Bfd { name })
    }
}

/// Hexadecimal digits as bytes with the bits that count; `X` is any digit.
fn pattern(text: &str) -> Option<Vec<(u8, u8)>> {
    let digit = |c: char| match c {
        'x' | 'X' => Some((0, 0)),
        c => c.to_digit(16).map(|value| (value as u8, 0xf)),
    };
    let digits: Option<Vec<(u8, u8)>> = text.chars().map(digit).collect();
    let digits = digits?;
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits
        .chunks(2)
        .map(|pair| match pair {
            [(high, a), (low, b)] => Some((high.wrapping_shl(4) | low, a.wrapping_shl(4) | b)),
            _ => None,
        })
        .collect()
}
