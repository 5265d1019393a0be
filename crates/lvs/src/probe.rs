//! What a checker does when its turn comes.

use crate::check::Conversation;
use crate::checker::Checker;
use crate::config::{CheckerKind, Http, Protocol, Url};
use crate::io::{Probe, Transport};
use crate::name;
use base::Dice;
use std::net::IpAddr;

/// A conversation may go on for so many times its time limit, as long as something comes: a
/// server that sends one byte now and then is not well.
const PATIENCE: u32 = 10;

/// What is to be done now, or why it can't be.
pub(crate) fn probe(checker: &Checker, dice: &mut Dice) -> Result<Probe, String> {
    let connection = &checker.config.connection;
    let (transport, conversation) = match &checker.config.kind {
        CheckerKind::Tcp => (Transport::Tcp, Conversation::tcp()),
        CheckerKind::Http(http) => {
            let url = http.urls.get(checker.page()).ok_or("it has no page")?;
            (page_transport(http, url), Conversation::page(http, url, connection)?)
        }
        CheckerKind::Smtp { helo } => (Transport::Tcp, Conversation::smtp(helo)),
        CheckerKind::Dns { kind, name } => {
            (Transport::Udp, Conversation::dns(dice.next_u64() as u16, kind, name)?)
        }
        CheckerKind::Udp { payload, reply, min_reply, max_reply } => {
            let lengths = (*min_reply, *max_reply);
            (Transport::Udp, Conversation::udp(payload.clone(), reply.clone(), lengths))
        }
        CheckerKind::Ping => {
            (Transport::Icmp, Conversation::ping(connection.ip.is_ipv6(), dice.next_u64()))
        }
        CheckerKind::Misc { command, timeout, .. } => {
            return Ok(Probe::Run { command: command.clone(), limit: *timeout });
        }
        CheckerKind::File { .. } | CheckerKind::Bfd { .. } => {
            return Err("it is told, and does not check".to_owned());
        }
    };
    let limit = connection.timeout.saturating_mul(PATIENCE);
    Ok(Probe::Talk { transport, connection: connection.clone(), conversation, limit })
}

/// `sni_name`, or the host asked for, is said in the greeting of TLS. An address is no name.
fn page_transport(http: &Http, url: &Url) -> Transport {
    if !http.tls {
        return Transport::Tcp;
    }
    let host = url.host.as_ref().or(http.host.as_ref()).filter(|_| http.sni);
    let named = http.sni_name.as_ref().or(host);
    let server_name = named.filter(|name| name.parse::<IpAddr>().is_err()).cloned();
    Transport::Tls { server_name }
}

/// The keyword of a check.
pub(crate) const fn keyword(kind: &CheckerKind) -> &'static str {
    match kind {
        CheckerKind::Tcp => "TCP_CHECK",
        CheckerKind::Http(Http { tls: true, .. }) => "SSL_GET",
        CheckerKind::Http(_) => "HTTP_GET",
        CheckerKind::Misc { .. } => "MISC_CHECK",
        CheckerKind::Smtp { .. } => "SMTP_CHECK",
        CheckerKind::Dns { .. } => "DNS_CHECK",
        CheckerKind::Udp { .. } => "UDP_CHECK",
        CheckerKind::Ping => "PING_CHECK",
        CheckerKind::File { .. } => "FILE_CHECK",
        CheckerKind::Bfd { .. } => "BFD_CHECK",
    }
}

/// What a check looks at.
pub(crate) fn target(checker: &Checker) -> String {
    let at = &checker.config.connection;
    let endpoint = |protocol| name::endpoint(at.ip, Some(protocol), at.port);
    match &checker.config.kind {
        CheckerKind::Tcp | CheckerKind::Http(_) | CheckerKind::Smtp { .. } => {
            endpoint(Protocol::Tcp)
        }
        CheckerKind::Dns { .. } | CheckerKind::Udp { .. } => endpoint(Protocol::Udp),
        CheckerKind::Ping => format!("[{}]", at.ip),
        CheckerKind::Misc { command, .. } => command.argv.join(" "),
        CheckerKind::File { name, .. } | CheckerKind::Bfd { name } => name.clone(),
    }
}
