//! Adverts on their way out.

use crate::config::{Authentication, Checksum, Destination, Family, Instance, Version};
use crate::credentials::Credentials;
use crate::io::{Advert, Output};
use crate::router::Router;
use crate::step::Step;
use std::net::IpAddr;
use wire::vrrp::{self, Auth, Centiseconds, ChecksumForm, Dialect, Password, Path4, Seal, Signer};

/// The priority of a router that leaves (RFC 9568 §5.2.4).
pub(crate) const GOODBYE: u8 = 0;

/// What adverts of an instance say, but for the priority.
pub(crate) fn template(of: &Instance) -> vrrp::Advert {
    let dialect = match of.version {
        Version::V2 => Dialect::V2 {
            seconds: u8::try_from(of.advert_int.as_secs()).unwrap_or(u8::MAX),
            auth: match (&of.authentication, of.family) {
                (Authentication::Pass(padded), Family::V4) => {
                    Auth::Password(Password::new(*padded))
                }
                // Over IPv6 there is no room for a password (measured with 2.2.7, which says type 1
                // and sends none).
                (Authentication::None | Authentication::Pass(_) | Authentication::Hmac(_), _) => {
                    Auth::None
                }
                (Authentication::Ah(_), _) => Auth::Ah,
            },
        },
        Version::V3 => Dialect::V3 { interval: Centiseconds::of(of.advert_int) },
    };
    vrrp::Advert {
        vrid: of.vrid.0,
        priority: of.priority,
        dialect,
        addresses: of.addresses.iter().map(|address| address.ip).collect(),
    }
}

impl Router {
    /// Sends an advert with the priority the router has now.
    pub(crate) fn advertise(&mut self, step: &mut Step<'_>) {
        self.send(step, self.effective);
    }

    /// Says that it is no longer master.
    pub(crate) fn say_goodbye(&mut self, step: &mut Step<'_>) {
        if self.send(step, GOODBYE) {
            self.counters.pri_zero_sent += 1;
        }
    }

    fn send(&mut self, step: &mut Step<'_>, priority: u8) -> bool {
        let Some(source) = self.source else { return false };
        self.said.priority = priority;
        let config = std::sync::Arc::clone(&self.config);
        match &config.destination {
            Destination::Multicast(group) => self.send_to(step, source, *group, vrrp::TTL),
            Destination::Unicast(peers) => {
                for peer in peers {
                    self.send_to(step, source, peer.ip, config.unicast_ttl);
                }
            }
        }
        self.counters.advert_sent += 1;
        true
    }

    fn send_to(&mut self, step: &mut Step<'_>, source: IpAddr, destination: IpAddr, ttl: u8) {
        let bytes = match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                // A 0 would be replaced by the kernel.
                self.ip_id = self.ip_id.checked_add(1).unwrap_or(1);
                let path = Path4 { source, destination, ttl, id: self.ip_id };
                self.packet_v4(step, path)
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let signer = self
                    .credentials
                    .signing_key()
                    .map(|key| Signer { key, stamp: self.replay.next(step.wall()) });
                vrrp::encode_v6(&self.said, source, destination, signer)
            }
            // `config` lets peers and source of one family through only.
            _ => return,
        };
        step.out.push(Output::Send(Advert {
            instance: self.config.name.clone(),
            interface: self.leaves_on().map(str::to_owned),
            source,
            destination,
            ttl,
            bytes: bytes.into(),
        }));
    }

    fn packet_v4(&mut self, step: &Step<'_>, path: Path4) -> Vec<u8> {
        let form = match self.config.checksum {
            Checksum::OldUnicast if !path.destination.is_multicast() => {
                ChecksumForm::GroupPseudoHeader
            }
            Checksum::WithPseudoHeader | Checksum::OldUnicast => ChecksumForm::PseudoHeader,
            Checksum::AsVersion2 => ChecksumForm::Plain,
        };
        let seal = match &self.credentials {
            Credentials::None => Seal::None,
            Credentials::Ah(key) => {
                self.ah_sequence = self.ah_sequence.saturating_add(1);
                Seal::Ah { key, sequence: self.ah_sequence }
            }
            Credentials::Hmac(_) => self.credentials.signing_key().map_or(Seal::None, |key| {
                Seal::Hmac(Signer { key, stamp: self.replay.next(step.wall()) })
            }),
        };
        vrrp::encode_v4(&self.said, path, form, seal)
    }

    /// The interface adverts leave on: the one with the virtual MAC address, unless
    /// `vmac_xmit_base`.
    fn leaves_on(&self) -> Option<&str> {
        match &self.config.vmac {
            Some(vmac) if !vmac.xmit_base => Some(&vmac.name),
            _ => self.config.interface.as_deref(),
        }
    }
}
