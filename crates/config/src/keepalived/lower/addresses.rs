//! Addresses that move: `ADDRESS[/LENGTH]` and the words behind it
//! (docs/ancestors/keepalived.md §1.3, §2.1).

use super::Lowering;
use crate::keepalived::findings::Place;
use crate::keepalived::lexer::Word;
use crate::keepalived::values;
use crate::text::quote;
use std::net::IpAddr;
use std::time::Duration;
use vrrp::config::{Address, AddressFlags, Broadcast};

/// The kernel's limit of an address label, without its final NUL (measured).
const LABEL_MAX: usize = 15;

/// Bits of an IPv6 address; none of IPv4 has as many.
const V6_LONGEST: u8 = 128;

/// Something to be named that is not there: where, and its name.
pub(super) type Lacking = Option<(Place, String)>;

impl Lowering<'_> {
    /// An entry as an address, and the device it names if that doesn't exist. `None`, with a
    /// finding, if it is none.
    pub(super) fn address(&mut self, entry: &[Word], device: bool) -> Option<(Address, Lacking)> {
        let first = entry.first()?;
        let (ip, length) = match first.text.split_once('/') {
            Some((ip, length)) => (ip, Some(length)),
            None => (first.text.as_str(), None),
        };
        let Ok(ip) = ip.parse::<IpAddr>() else {
            self.no_address(first);
            return None;
        };
        let prefix = self.prefix(ip, length, first);
        let mut address = plain(ip, prefix);
        // One of its own alone is nobody's source address, unless a lifetime is written (measured).
        address.preferred_lifetime = (prefix == V6_LONGEST).then_some(Duration::ZERO);
        let mut lacking = None;
        let mut words = entry.iter().skip(1);
        while let Some(word) = words.next() {
            match word.text.as_str() {
                "dev" => {
                    let name = words.next()?;
                    if device && self.missing_device(name) {
                        lacking = Some((name.place, name.text.clone()));
                    }
                    address.device = Some(name.text.clone());
                }
                "label" => address.label = Some(self.label(words.next()?)?),
                "peer" => {
                    address.peer = self.peer(words.next()?);
                    if length.is_some() {
                        self.mask_with_peer(first);
                    }
                }
                "home" => address.flags.home = true,
                "-nodad" => address.flags.dad = true,
                "mngtmpaddr" => address.flags.manage_temporary = true,
                "noprefixroute" => address.flags.no_prefix_route = true,
                "autojoin" => address.flags.auto_join = true,
                "no_track" => address.no_track = true,
                "use_vmac" => address.own_mac = true,
                // Read where static addresses are.
                "track_group" => drop(words.next()),
                name => {
                    if !self.valued(name, word, &mut words, &mut address) {
                        self.unknown_word(word);
                    }
                }
            }
        }
        Some((address, lacking))
    }

    /// The words that take another one.
    fn valued<'w>(
        &mut self,
        name: &str,
        word: &Word,
        words: &mut impl Iterator<Item = &'w Word>,
        address: &mut Address,
    ) -> bool {
        let known = matches!(name, "brd" | "broadcast" | "scope" | "preferred_lft");
        if !known {
            return false;
        }
        let Some(value) = words.next() else { return false };
        match name {
            "scope" => match scope(&value.text) {
                Some(scope) => address.scope = scope,
                None => self.unknown_word(value),
            },
            "preferred_lft" => {
                address.preferred_lifetime = value.text.parse().ok().map(Duration::from_secs);
            }
            _ => match (value.text.as_str(), value.text.parse()) {
                ("+", _) => address.broadcast = Broadcast::Highest,
                ("-", _) => address.broadcast = Broadcast::Lowest,
                (_, Ok(ip)) => address.broadcast = Broadcast::Is(ip),
                (_, Err(_)) => self.unknown_word(word),
            },
        }
        true
    }

    fn prefix(&mut self, ip: IpAddr, length: Option<&str>, word: &Word) -> u8 {
        let longest = if ip.is_ipv4() { 32 } else { V6_LONGEST };
        let Some(length) = length else { return longest };
        if length.is_empty() {
            let then = [
                "the network is taken to be all addresses (/0)",
                "keepalived does the same",
                "write a length behind the `/`, or leave it out",
            ];
            let what = format!("{} has no length behind its `/`", quote(&word.text));
            self.found.warn(word.place, "empty-length", what, then);
            return 0;
        }
        let sound = length.parse::<u8>().ok().filter(|length| *length <= longest);
        sound.unwrap_or_else(|| {
            let what = format!("{} is no length of a network", quote(length));
            let effect = format!("/{longest} is used");
            let cure = format!("write a number from 0 to {longest}; dotted masks are none");
            let then = [effect.as_str(), "keepalived does the same", cure.as_str()];
            self.found.complain(word.place, "bad-length", what, then);
            longest
        })
    }

    fn no_address(&mut self, word: &Word) {
        let what = format!("{} is no address", quote(&word.text));
        let then = ["the line is ignored", "keepalived does the same", "correct the address"];
        self.found.complain(word.place, "bad-address", what, then);
    }

    fn unknown_word(&mut self, word: &Word) {
        let what = format!("{} means nothing behind an address", quote(&word.text));
        let then = [
            "the word is ignored, the address is used",
            "keepalived does the same",
            "words are brd, dev, scope, label, peer, home, -nodad, no_track, preferred_lft",
        ];
        self.found.complain(word.place, "unknown-address-word", what, then);
    }

    fn label(&mut self, word: &Word) -> Option<String> {
        if word.text.len() <= LABEL_MAX {
            return Some(word.text.clone());
        }
        let what = format!("the label {} is longer than {LABEL_MAX} letters", quote(&word.text));
        let then = [
            "the address is left out",
            "keepalived does the same: the kernel takes no longer label",
            "shorten the label",
        ];
        self.found.complain(word.place, "long-label", what, then);
        None
    }

    fn peer(&mut self, word: &Word) -> Option<(IpAddr, u8)> {
        let (ip, length) = word.text.split_once('/').unwrap_or((&word.text, ""));
        let Ok(ip) = ip.parse::<IpAddr>() else {
            self.no_address(word);
            return None;
        };
        let longest = if ip.is_ipv4() { 32 } else { 128 };
        Some((ip, length.parse().ok().filter(|bits| *bits <= longest).unwrap_or(longest)))
    }

    fn mask_with_peer(&mut self, word: &Word) {
        let then = ["the length is ignored", "keepalived does the same", "remove the length"];
        let what = "with `peer` the address itself takes no length".to_owned();
        self.found.complain(word.place, "length-with-peer", what, then);
    }

    /// True, with a finding, if the device isn't there.
    fn missing_device(&mut self, name: &Word) -> bool {
        !self.interface_usable(&name.text, name.place, "the device of an address")
    }
}

/// An address with nothing said about it.
fn plain(ip: IpAddr, prefix: u8) -> Address {
    Address {
        ip,
        prefix,
        device: None,
        label: None,
        broadcast: Broadcast::Unset,
        scope: 0,
        peer: None,
        flags: AddressFlags::default(),
        preferred_lifetime: None,
        no_track: false,
        own_mac: false,
    }
}

/// The kernel's number of a scope (`rt_scope_t`); other names mean global, silently (measured).
fn scope(text: &str) -> Option<u8> {
    Some(match text {
        "site" => 200,
        "link" => 253,
        "host" => 254,
        "nowhere" => 255,
        "global" => 0,
        _ => values::whole(text).map_or(Some(0), |number| number.try_into().ok())?,
    })
}
