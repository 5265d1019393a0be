//! The media sockets: how each link of the configuration is opened, read, written and revived.

use cluster::config::{Link, Medium as Kind};
use linux::media::{self, Medium};
use std::io;
use std::net::IpAddr;
use std::time::Duration;
use wire::heartbeat::classic_stream::Reader;

/// A medium that can't be opened, or broke, is tried again after this long, as the ancestor does
/// with its communication processes (docs/ancestors/heartbeat.md §4.1).
pub(crate) const REOPEN_AFTER: Duration = Duration::from_secs(10);

/// What is needed to open a link without asking a name server again.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Recipe {
    Bcast { interface: String, port: u16 },
    Mcast { interface: String, group: IpAddr, port: u16, ttl: u8, loopback: bool },
    Ucast { interface: String, peer: IpAddr, port: u16 },
    Serial { path: String, baud: u32 },
    Ping { hosts: Vec<IpAddr>, id: u16 },
}

/// One link: how to open it, and the open medium.
#[derive(Debug)]
pub(crate) struct Line {
    /// As configured.
    pub link: Link,
    recipe: Result<Recipe, String>,
    medium: Option<Medium>,
    /// Cuts the bytes of a serial line into messages.
    frames: Option<Reader>,
}

impl Line {
    /// Looks the link's host names up. Blocks for the name server; a name that has no address is
    /// told by [`open`](Self::open).
    pub(crate) fn prepare(link: &Link, ping_id: u16) -> Self {
        let interface = link.name.as_str().to_owned();
        let recipe = match &link.medium {
            Kind::Bcast { port } => Ok(Recipe::Bcast { interface, port: *port }),
            Kind::Mcast { group, port, ttl, loopback } => Ok(Recipe::Mcast {
                interface,
                group: *group,
                port: *port,
                ttl: *ttl,
                loopback: *loopback,
            }),
            Kind::Ucast { peer, v6, port } => {
                address_of(peer, *v6).map(|peer| Recipe::Ucast { interface, peer, port: *port })
            }
            Kind::Serial { baud } => Ok(Recipe::Serial { path: interface, baud: *baud }),
            Kind::Ping { hosts, v6, .. } => hosts
                .iter()
                .map(|host| address_of(host, *v6))
                .collect::<Result<_, _>>()
                .map(|hosts| Recipe::Ping { hosts, id: ping_id }),
        };
        Self { link: link.clone(), recipe, medium: None, frames: None }
    }

    /// Opens the medium.
    ///
    /// # Errors
    /// One sentence: which link, and why it can't be opened.
    pub(crate) fn open(&mut self) -> Result<(), String> {
        let name = &self.link.name;
        let recipe =
            self.recipe.as_ref().map_err(|why| format!("link {name} can't be used: {why}"))?;
        let medium = match recipe {
            Recipe::Bcast { interface, port } => Medium::bcast(interface, *port),
            Recipe::Mcast { interface, group, port, ttl, loopback } => {
                Medium::mcast(interface, *group, *port, *ttl, *loopback)
            }
            Recipe::Ucast { interface, peer, port } => Medium::ucast(interface, *peer, *port),
            Recipe::Serial { path, baud } => {
                self.frames = Some(Reader::new());
                Medium::serial(path, *baud)
            }
            Recipe::Ping { hosts, id } => Medium::ping(hosts, *id),
        };
        self.medium =
            Some(medium.map_err(|error| format!("link {name} can't be opened: {error}"))?);
        Ok(())
    }

    /// The open medium, if it is open.
    pub(crate) const fn medium(&self) -> Option<&Medium> {
        self.medium.as_ref()
    }

    /// Closes it, to be opened again later.
    pub(crate) fn close(&mut self) {
        self.medium = None;
    }

    /// Sends one message.
    ///
    /// # Errors
    /// Those of the medium; `NotConnected` while it is closed.
    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.medium
            .as_ref()
            .map_or_else(|| Err(io::ErrorKind::NotConnected.into()), |medium| medium.send(bytes))
    }

    /// Reads once and gives each whole message with its origin to `each`; false when nothing had
    /// come.
    ///
    /// # Errors
    /// Those of the medium.
    pub(crate) fn receive(
        &mut self,
        buffer: &mut [u8],
        mut each: impl FnMut(&str, &[u8]),
    ) -> io::Result<bool> {
        let Some(medium) = &self.medium else { return Ok(false) };
        let Some((length, origin)) = medium.recv(buffer)? else { return Ok(false) };
        let bytes = buffer.get(..length).unwrap_or_default();
        let origin = origin.to_string();
        match &mut self.frames {
            None => each(&origin, bytes),
            Some(reader) => {
                let mut whole = Vec::new();
                reader.push(bytes, &mut whole);
                for frame in &whole {
                    each(&origin, frame);
                }
            }
        }
        Ok(true)
    }
}

fn address_of(host: &str, v6: bool) -> Result<IpAddr, String> {
    media::resolve(host, v6).map_err(|error| format!("{host} has no address: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_cannot_be_opened_says_which_and_why() {
        let link = Link {
            name: "nosuch0".into(),
            medium: Kind::Ucast { peer: "127.0.0.1".into(), v6: false, port: 694 },
        };
        let mut line = Line::prepare(&link, 1);
        let said = line.open().unwrap_err();
        assert!(said.contains("nosuch0"), "{said}");
        assert!(line.send(b"x").is_err());
    }
}
