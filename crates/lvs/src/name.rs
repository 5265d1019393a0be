//! How keepalived writes servers in logs, mails and FIFOs (docs/ancestors/keepalived.md §2.5).

use crate::config::{Protocol, Service};
use std::net::IpAddr;
use wire::ipvs::ServiceKey;

/// The protocol's word.
const fn word(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
        Protocol::Sctp => "sctp",
    }
}

/// `[10.0.0.1]:tcp:80`.
pub(crate) fn endpoint(ip: IpAddr, protocol: Option<Protocol>, port: u16) -> String {
    match protocol {
        Some(protocol) => format!("[{ip}]:{}:{port}", word(protocol)),
        None => format!("[{ip}]:{port}"),
    }
}

/// A virtual server: `[10.0.0.1]:tcp:80`, `FWM 7`, a group's name in brackets.
pub(crate) fn virtual_server(service: &Service, protocol: Option<Protocol>) -> String {
    match service {
        Service::Address(ip, port) => endpoint(*ip, protocol, *port),
        Service::Mark(mark) => format!("FWM {mark}"),
        Service::Group(name) => format!("[{name}]"),
    }
}

/// What IPVS listens to.
pub(crate) fn key(key: &ServiceKey) -> String {
    match *key {
        ServiceKey::Address { protocol, address, port } => endpoint(address, Some(protocol), port),
        ServiceKey::Mark { mark, .. } => format!("FWM {mark}"),
    }
}
