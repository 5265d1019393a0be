//! How keepalived writes servers in logs, mails and FIFOs (docs/ancestors/keepalived.md §2.5).

use crate::config::{Protocol, Service};
use std::net::IpAddr;
use wire::ipvs::ServiceKey;

/// The protocol's word.
const fn word(protocol: Option<Protocol>) -> &'static str {
    match protocol {
        Some(Protocol::Tcp) => "tcp",
        Some(Protocol::Udp) => "udp",
        Some(Protocol::Sctp) => "sctp",
        None => "none",
    }
}

/// `[10.0.0.1]:tcp:80`; `[10.0.0.1]:none:0` behind a mark.
pub(crate) fn endpoint(ip: IpAddr, protocol: Option<Protocol>, port: u16) -> String {
    format!("[{ip}]:{}:{port}", word(protocol))
}

/// A virtual server: `[10.0.0.1]:tcp:80`, `FWM 7`, `[GROUP]:0` (measured).
pub(crate) fn virtual_server(service: &Service, protocol: Option<Protocol>) -> String {
    match service {
        Service::Address(ip, port) => endpoint(*ip, protocol, *port),
        Service::Mark(mark) => format!("FWM {mark}"),
        Service::Group(name) => format!("[{name}]:0"),
    }
}

/// What IPVS listens to.
pub(crate) fn key(key: &ServiceKey) -> String {
    match *key {
        ServiceKey::Address { protocol, address, port } => endpoint(address, Some(protocol), port),
        ServiceKey::Mark { mark, .. } => format!("FWM {mark}"),
    }
}
