//! The sockets that a configuration needs: one to hear and one to speak per interface and family,
//! shared by all virtual routers there.

use super::buffers::Buffer;
use linux::vrrp::{AH, Incoming, Outgoing, Receiver, Room, Sender, VRRP};
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use vrrp::Advert;
use vrrp::config::{Authentication, Config, Destination, Family, Instance};

/// What a receiver is for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Ear {
    /// `None`: all interfaces.
    pub(crate) interface: Option<String>,
    /// An interface with a virtual MAC address hears for its base, and for one virtual router.
    base: Option<(String, u8)>,
    v6: bool,
    protocol: u8,
}

/// Bytes of an authentication header (docs/ancestors/keepalived.md §3.1).
const AH_HEADER: usize = 24;

/// What the instances that share a receiver need of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Needs {
    groups: BTreeSet<IpAddr>,
    buffer: Buffer,
}

/// What a sender is for: the interface, if one is named, and IPv6.
type Mouth = (Option<String>, bool);

/// All of them, by what they are for.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    /// What is needed, with what each needs; in the order of the poller's tokens.
    wanted: Vec<(Ear, Needs)>,
    ears: Vec<Option<Receiver>>,
    mouths: BTreeMap<Mouth, Sender>,
    /// Interfaces that could not be spoken on lately; told once.
    mute: BTreeSet<Mouth>,
    /// The names of all interfaces, by their numbers.
    names: BTreeMap<u32, String>,
}

/// A receiver that was opened, by its token; or why it could not be, in words.
pub(crate) type Opened<'a> = (usize, &'a Receiver);

impl Sockets {
    /// Those of this configuration, none of them open.
    pub(crate) fn new(config: &Config) -> Self {
        let mut sockets = Self::default();
        sockets.want(config);
        sockets
    }

    /// Notes what this configuration needs. What stays needed stays open; returned are the
    /// receivers that do, under their new tokens.
    pub(crate) fn want(&mut self, config: &Config) -> Vec<Opened<'_>> {
        let mut wanted: BTreeMap<Ear, Needs> = BTreeMap::new();
        for instance in &config.instances {
            let needs = wanted.entry(Ear::of(instance)).or_default();
            if let Destination::Multicast(group) = instance.destination {
                needs.groups.insert(group);
            }
            needs.buffer.add(&config.receive_buffers, instance);
        }
        let wanted: Vec<_> = wanted.into_iter().collect();
        let mut old: Vec<_> = self.wanted.drain(..).zip(self.ears.drain(..)).collect();
        self.ears = wanted
            .iter()
            .map(|want| {
                let same = old.iter().position(|(known, _)| known == want)?;
                old.swap_remove(same).1
            })
            .collect();
        self.wanted = wanted;
        let needed: BTreeSet<&str> =
            config.instances.iter().flat_map(|one| spoken_on(one)).collect();
        self.mouths
            .retain(|(name, _), _| name.as_ref().is_none_or(|name| needed.contains(name.as_str())));
        self.mute.clear();
        let open = |(token, ear): (usize, &'_ Option<Receiver>)| ear.as_ref().map(|_| token);
        let tokens: Vec<usize> = self.ears.iter().enumerate().filter_map(open).collect();
        tokens.into_iter().filter_map(|token| Some((token, self.ears[token].as_ref()?))).collect()
    }

    /// The tokens of receivers that are needed and not open.
    pub(crate) fn closed(&self) -> Vec<usize> {
        (0..self.ears.len()).filter(|token| self.ears[*token].is_none()).collect()
    }

    /// Opens a receiver.
    ///
    /// # Errors
    /// In words, with the interface's name.
    pub(crate) fn open(&mut self, token: usize) -> Result<&Receiver, String> {
        let (Some((ear, needs)), Some(place)) = (self.wanted.get(token), self.ears.get_mut(token))
        else {
            return Err("there is no such socket".into());
        };
        let groups: Vec<IpAddr> = needs.groups.iter().copied().collect();
        let name = ear.interface.as_deref();
        let opened = if ear.v6 {
            Receiver::open_v6(name, ear.protocol, &groups)
        } else {
            Receiver::open(name, ear.protocol, &groups)
        };
        match opened {
            Ok(receiver) => {
                if needs.buffer.is_written() {
                    let Buffer { bytes, mtus } = needs.buffer;
                    receiver.size_buffer(name, bytes, mtus);
                }
                Ok(place.insert(receiver))
            }
            Err(error) => {
                let on = name.unwrap_or("all interfaces");
                Err(format!("adverts on {on} can't be heard: {error}"))
            }
        }
    }

    /// An interface came, went, or is another one of the same name: its sockets are closed.
    pub(crate) fn close(&mut self, interface: &str) {
        for ((ear, _), place) in self.wanted.iter().zip(&mut self.ears) {
            if ear.interface.as_deref() == Some(interface) {
                *place = None;
            }
        }
        self.mouths.retain(|(name, _), _| name.as_deref() != Some(interface));
        self.mute.retain(|(name, _)| name.as_deref() != Some(interface));
    }

    /// The interfaces there are now.
    pub(crate) fn name_interfaces(&mut self, names: BTreeMap<u32, String>) {
        self.names = names;
    }

    /// Gives what has come to a receiver to `each`, with the interface's name; says how much it
    /// was, 0 when nothing is left.
    ///
    /// # Errors
    /// Those of the kernel; the receiver is closed when it will only ever fail.
    pub(crate) fn receive(
        &mut self,
        token: usize,
        room: &mut Room,
        mut each: impl FnMut(&str, Incoming<'_>),
    ) -> io::Result<usize> {
        let Self { wanted, ears, names, .. } = self;
        let (Some((ear, _)), Some(place)) = (wanted.get(token), ears.get_mut(token)) else {
            return Ok(0);
        };
        let Some(receiver) = place else { return Ok(0) };
        let heard = receiver.receive(room, |incoming| {
            match (&ear.base, &ear.interface) {
                (Some((base, number)), _) => {
                    if ear.virtual_router(incoming.bytes) == Some(*number) {
                        each(base, incoming);
                    }
                    return;
                }
                (None, Some(name)) => return each(name, incoming),
                (None, None) => {}
            }
            let Some(name) = names.get(&incoming.interface) else { return };
            // A socket of that interface hears it too.
            let own = Ear { interface: Some(name.clone()), ..ear.clone() };
            if !wanted.iter().any(|(ear, _)| *ear == own) {
                each(name, incoming);
            }
        });
        if let Err(error) = &heard
            && matches!(Errno::from_io_error(error), Some(Errno::NODEV | Errno::NXIO))
        {
            *place = None;
        }
        heard
    }

    /// Sends adverts, those of one interface together; `failed` is told of each interface once,
    /// until it works again.
    pub(crate) fn send(&mut self, adverts: &[Advert], mut failed: impl FnMut(String)) {
        let mut by_mouth: BTreeMap<(Option<&str>, bool), Vec<Outgoing<'_>>> = BTreeMap::new();
        for advert in adverts {
            by_mouth
                .entry((advert.interface.as_deref(), advert.destination.is_ipv6()))
                .or_default()
                .push(Outgoing {
                    destination: advert.destination,
                    ttl: advert.ttl,
                    source: advert.source,
                    bytes: &advert.bytes,
                });
        }
        for ((name, v6), outgoing) in by_mouth {
            let mouth = (name.map(str::to_owned), v6);
            let error = self.speak(&mouth, &outgoing).err();
            match error {
                None => {
                    self.mute.remove(&mouth);
                }
                Some(error) => {
                    if matches!(Errno::from_io_error(&error), Some(Errno::NODEV | Errno::NXIO)) {
                        self.mouths.remove(&mouth);
                    }
                    if self.mute.insert(mouth) {
                        let on = name.map(|name| format!(" on {name}")).unwrap_or_default();
                        failed(format!("adverts can't be sent{on}: {error}"));
                    }
                }
            }
        }
    }

    /// The first error, if there was one; the rest goes out all the same.
    fn speak(&mut self, mouth: &Mouth, outgoing: &[Outgoing<'_>]) -> io::Result<()> {
        if !self.mouths.contains_key(mouth) {
            let sender = Sender::open(mouth.0.as_deref(), mouth.1)?;
            self.mouths.insert(mouth.clone(), sender);
        }
        let mut first = Ok(());
        if let Some(sender) = self.mouths.get(mouth) {
            sender.send(outgoing, |_, error| {
                if first.is_ok() {
                    first = Err(error);
                }
            });
        }
        first
    }
}

impl Ear {
    fn of(instance: &Instance) -> Self {
        let ah = matches!(instance.authentication, Authentication::Ah(_));
        let (v6, protocol) = (instance.family == Family::V6, if ah { AH } else { VRRP });
        let multicast = matches!(instance.destination, Destination::Multicast(_));
        match (&instance.vmac, &instance.interface) {
            // What comes from another router with the same virtual MAC address is given to our
            // interface of that address alone, all other multicast to both (measured: Linux's
            // macvlan, mode private).
            (Some(vmac), Some(base)) if multicast => {
                let base = Some((base.clone(), instance.vrid.0));
                Self { interface: Some(vmac.name.clone()), base, v6, protocol }
            }
            (_, interface) => Self { interface: interface.clone(), base: None, v6, protocol },
        }
    }

    /// Whose advert these bytes are, as far as they go: IPv4 comes with its header, and both
    /// families with that of AH.
    fn virtual_router(&self, bytes: &[u8]) -> Option<u8> {
        let header = if self.v6 { 0 } else { usize::from(bytes.first()? & 0xf) * 4 };
        let signature = if self.protocol == AH { AH_HEADER } else { 0 };
        bytes.get(header + signature + 1).copied()
    }
}

/// The interfaces an instance may speak on.
fn spoken_on(instance: &Instance) -> impl Iterator<Item = &str> {
    let vmac = instance.vmac.as_ref().map(|vmac| vmac.name.as_str());
    instance.interface.as_deref().into_iter().chain(vmac)
}
