//! `virtual_routes` and `static_routes`, word by word (docs/ancestors/keepalived.md §2.3). A line
//! with something wrong in it is left out, as keepalived leaves it out.

use super::Lowering;
use super::addresses::Lacking;
use super::names::{self, Names};
use crate::keepalived::lexer::Word;
use crate::text::quote;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;
use vrrp::config::Route;
use wire::routing::{Hop, Kind, Metric, Network, PROTOCOL, metric};

/// Metrics that are plain numbers: the word, its number, the largest value.
const NUMBERS: [(&str, u16, u32); 10] = [
    ("mtu", metric::MTU, u32::MAX),
    ("window", metric::WINDOW, u32::MAX),
    ("ssthresh", metric::SSTHRESH, u32::MAX),
    ("cwnd", metric::CWND, u32::MAX),
    ("advmss", metric::ADVMSS, u32::MAX),
    ("reordering", metric::REORDERING, u32::MAX),
    ("hoplimit", metric::HOPLIMIT, 255),
    ("initcwnd", metric::INITCWND, u32::MAX),
    ("initrwnd", metric::INITRWND, u32::MAX),
    ("fastopen_no_cookie", metric::FASTOPEN_NO_COOKIE, 1),
];
/// Metrics that are times: the word, its number, how many parts of it are a millisecond.
const TIMES: [(&str, u16, u32); 3] =
    [("rtt", metric::RTT, 8), ("rttvar", metric::RTTVAR, 4), ("rto_min", metric::RTO_MIN, 1)];
/// Shorter times are made so long (measured).
const SHORTEST: Duration = Duration::from_millis(200);
/// The largest share of a hop.
const WEIGHT_MAX: u32 = 256;

/// A line as far as it was read.
struct Draft {
    route: Route,
    destination: Option<Network>,
    ipv6: Option<bool>,
    /// The words of the route itself, when it has one way.
    own: Hop,
    /// Bits of locked metrics.
    locked: u32,
    no_track: bool,
    protocol: Option<u8>,
    /// `or`: another next router on the same interface.
    others: Vec<IpAddr>,
}

/// What is wrong with a word, and which.
type Wrong<'w> = (&'w Word, String);

/// The words that are still to be read.
struct Words<'w> {
    last: &'w Word,
    rest: std::slice::Iter<'w, Word>,
}

impl<'w> Words<'w> {
    fn next(&mut self) -> Option<&'w Word> {
        let word = self.rest.next()?;
        self.last = word;
        Some(word)
    }

    /// The value of the last word.
    fn value(&mut self) -> Result<&'w Word, Wrong<'w>> {
        let name = self.last;
        self.next().ok_or_else(|| (name, format!("{} has no value", quote(&name.text))))
    }

    /// The value by `read`, of the named kind.
    fn read<T>(
        &mut self,
        kind: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Wrong<'w>> {
        let word = self.value()?;
        read(&word.text).ok_or_else(|| (word, format!("{} is no {kind}", quote(&word.text))))
    }

    fn number(&mut self, max: u32) -> Result<u32, Wrong<'w>> {
        let kind =
            if max == u32::MAX { "number".to_owned() } else { format!("number up to {max}") };
        self.read(&kind, |text| names::number(text).filter(|number| *number <= max))
    }

    /// Passes over the next word if it is this one.
    fn skip(&mut self, text: &str) -> bool {
        let found = self.rest.as_slice().first().filter(|word| word.text == text);
        found.is_some() && self.next().is_some()
    }
}

impl Lowering<'_> {
    /// A line of `static_routes` or `virtual_routes`, and a device that is missing. `None`, with a
    /// finding, if it is no route.
    pub(super) fn route(&mut self, entry: &[Word]) -> Option<(Route, Lacking)> {
        let first = entry.first()?;
        for word in entry {
            self.old_word(word);
        }
        let names = Names::new(self.host.sources, &self.settings.iproute);
        let read = read(first, entry, &names).and_then(|draft| finished(draft, first));
        let route = match read {
            Ok(read) => read,
            Err((word, what)) => {
                let then = ["the route is left out", "keepalived does the same", "correct it"];
                self.found.complain(word.place, "bad-route", what, then);
                return None;
            }
        };
        self.untracked(first, &route);
        let missing = entry.iter().find(|word| {
            route.devices().any(|name| name == word.text)
                && !self.interface_usable(&word.text, word.place, "the device of a route")
        });
        let lacking = missing.map(|word| (word.place, word.text.clone()));
        Some((route, lacking))
    }

    fn old_word(&mut self, word: &Word) {
        let new = match word.text.as_str() {
            "gw" => "via",
            "or" => "nexthop",
            _ => return,
        };
        let (effect, cure) = (format!("`{new}` is meant"), format!("write `{new}`"));
        let then = [effect.as_str(), "keepalived takes it so as well", cure.as_str()];
        let what = format!("`{}` is an old word in routes", word.text);
        self.found.complain(word.place, "old-word", what, then);
    }

    fn untracked(&mut self, first: &Word, route: &Route) {
        if route.tracked && !matches!(route.hops.as_slice(), [Hop { device: Some(_), .. }]) {
            let then = [
                "the route is set, and put back if somebody removes it",
                "keepalived doesn't notice its loss",
                "add `dev INTERFACE` for keepalived's sake, or `no_track`",
            ];
            let what = "this route names no interface".to_owned();
            self.found.complain(first.place, "route-without-device", what, then);
        }
    }
}

fn read<'w>(first: &'w Word, entry: &'w [Word], names: &Names<'_>) -> Result<Draft, Wrong<'w>> {
    let nowhere = Network { ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED), prefix: 0 };
    let mut draft = Draft {
        route: Route::to(nowhere),
        destination: None,
        ipv6: None,
        own: Hop { weight: 1, ..Hop::default() },
        locked: 0,
        no_track: false,
        protocol: None,
        others: Vec::new(),
    };
    let mut words = Words { last: first, rest: entry.iter() };
    while let Some(word) = words.next() {
        let known = hop_word(&mut draft, word, &mut words, names)?
            || metric_word(&mut draft, word, &mut words)?
            || attribute_word(&mut draft, word, &mut words, names)?;
        if !known {
            draft.destination = Some(network(&mut draft.ipv6, word)?);
        }
    }
    Ok(draft)
}

/// A word as a destination.
fn network<'w>(ipv6: &mut Option<bool>, word: &'w Word) -> Result<Network, Wrong<'w>> {
    let text = word.text.as_str();
    if matches!(text, "default" | "any" | "all" | "default6") {
        if text == "default6" {
            same_family(ipv6, true, word)?;
        }
        // Of which family it is, is known at the end of the line.
        return Ok(Network { ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED), prefix: 0 });
    }
    let Some(network) = names::network(text) else {
        return Err((word, format!("{} means nothing in a route", quote(text))));
    };
    same_family(ipv6, network.ip.is_ipv6(), word)?;
    Ok(network)
}

fn same_family<'w>(ipv6: &mut Option<bool>, is: bool, word: &'w Word) -> Result<(), Wrong<'w>> {
    if *ipv6.get_or_insert(is) == is {
        return Ok(());
    }
    Err((word, "a route can't mix IPv4 and IPv6".to_owned()))
}

/// What says where it leads.
fn hop_word<'w>(
    draft: &mut Draft,
    word: &'w Word,
    words: &mut Words<'w>,
    names: &Names<'_>,
) -> Result<bool, Wrong<'w>> {
    // After `nexthop` these are about that one.
    let several = !draft.route.hops.is_empty();
    let hop = draft.route.hops.last_mut().unwrap_or(&mut draft.own);
    match word.text.as_str() {
        "via" | "gw" | "or" => {
            for (name, is) in [("inet", false), ("inet6", true)] {
                if words.skip(name) {
                    same_family(&mut draft.ipv6, is, word)?;
                }
            }
            let gateway: IpAddr = words.read("address", |text| text.parse().ok())?;
            same_family(&mut draft.ipv6, gateway.is_ipv6(), words.last)?;
            if word.text == "or" {
                draft.others.push(gateway);
            } else {
                hop.gateway = Some(gateway);
            }
        }
        "dev" | "oif" => hop.device = Some(words.value()?.text.clone()),
        "onlink" => hop.onlink = true,
        "weight" if several => hop.weight = words.number(WEIGHT_MAX)? as u16,
        "realms" => {
            let realms = words.read("realm", |text| names.realms(text))?;
            if several {
                hop.realms = Some(realms);
            } else {
                draft.route.realms = Some(realms);
            }
        }
        "nexthop" => draft.route.hops.push(Hop { weight: 1, ..Hop::default() }),
        _ => return Ok(false),
    }
    Ok(true)
}

/// What it says about connections.
fn metric_word<'w>(
    draft: &mut Draft,
    word: &'w Word,
    words: &mut Words<'w>,
) -> Result<bool, Wrong<'w>> {
    let text = word.text.as_str();
    let plain = NUMBERS.iter().find(|(name, ..)| *name == text);
    let time = TIMES.iter().find(|(name, ..)| *name == text);
    let found = match (text, plain, time) {
        ("features", ..) => {
            while words.skip("ecn") {
                set(draft, Metric::Number(metric::FEATURES, metric::FEATURE_ECN));
            }
            return Ok(true);
        }
        ("quickack", ..) => Metric::Number(metric::QUICKACK, words.number(1)?),
        ("congctl", ..) => {
            lock(draft, metric::CONGESTION, words);
            Metric::Name(metric::CONGESTION, words.value()?.text.clone())
        }
        (_, Some((_, kind, max)), _) => {
            lock(draft, *kind, words);
            Metric::Number(*kind, words.number(*max)?)
        }
        (_, _, Some((_, kind, parts))) => {
            lock(draft, *kind, words);
            Metric::Number(*kind, words.read("time", |text| time_of(text, *parts))?)
        }
        _ => return Ok(false),
    };
    set(draft, found);
    Ok(true)
}

/// Of two of one kind the last counts.
fn set(draft: &mut Draft, new: Metric) {
    let kind = |metric: &Metric| match metric {
        Metric::Number(kind, _) | Metric::Name(kind, _) => *kind,
    };
    draft.route.metrics.retain(|known| kind(known) != kind(&new));
    draft.route.metrics.push(new);
}

fn lock(draft: &mut Draft, kind: u16, words: &mut Words<'_>) {
    if words.skip("lock") {
        draft.locked |= 1_u32.checked_shl(kind.into()).unwrap_or(0);
    }
}

/// A time in so many parts of a millisecond: plain numbers are such parts, others have a unit.
fn time_of(text: &str, parts: u32) -> Option<u32> {
    let shortest = u32::try_from(SHORTEST.as_millis()).ok()?.checked_mul(parts)?;
    let (number, unit) = if let Some(number) = text.strip_suffix("ms") {
        (number, 1.0)
    } else if let Some(number) = text.strip_suffix('s') {
        (number, 1000.0)
    } else {
        return Some(names::number(text)?.max(shortest));
    };
    let number: f64 = number.parse().ok()?;
    let all = number * unit * f64::from(parts);
    (0.0..f64::from(u32::MAX)).contains(&all).then(|| (all as u32).max(shortest))
}

/// Everything else.
fn attribute_word<'w>(
    draft: &mut Draft,
    word: &'w Word,
    words: &mut Words<'w>,
    names: &Names<'_>,
) -> Result<bool, Wrong<'w>> {
    let route = &mut draft.route;
    match word.text.as_str() {
        "to" => {
            let word = words.value()?;
            draft.destination = Some(network(&mut draft.ipv6, word)?);
        }
        "src" => {
            let source: IpAddr = words.read("address", |text| text.parse().ok())?;
            same_family(&mut draft.ipv6, source.is_ipv6(), words.last)?;
            route.source = Some(source);
        }
        "inet" | "inet6" => same_family(&mut draft.ipv6, word.text == "inet6", word)?,
        "table" => route.table = words.read("table", |text| names.table(text))?,
        "tos" | "dsfield" => route.tos = words.read("type of service", |text| names.tos(text))?,
        "protocol" => {
            draft.protocol = Some(words.read("protocol", |text| names.protocol(text))?);
        }
        "scope" => route.scope = words.read("scope", |text| names.scope(text))?,
        "metric" | "priority" | "preference" => route.priority = Some(words.number(u32::MAX)?),
        "expires" => {
            same_family(&mut draft.ipv6, true, word)?;
            route.expires = Some(words.number(u32::MAX)?);
        }
        "pref" => {
            same_family(&mut draft.ipv6, true, word)?;
            route.preference = Some(words.read("preference", preference)?);
        }
        "ttl-propagate" => {
            route.ttl_propagate = Some(words.read("state", |text| match text {
                "enabled" => Some(true),
                "disabled" => Some(false),
                _ => None,
            })?);
        }
        "append" => route.append = true,
        "no_track" => draft.no_track = true,
        // Read where static routes are.
        "track_group" => drop(words.value()?),
        text => match Kind::named(text) {
            Some(kind) => route.kind = kind,
            None => return Ok(false),
        },
    }
    Ok(true)
}

/// RFC 4191 §2.1.
fn preference(text: &str) -> Option<u8> {
    match text {
        "medium" => Some(0),
        "high" => Some(1),
        "low" => Some(3),
        _ => None,
    }
}

/// The route that a whole line means.
fn finished(draft: Draft, first: &Word) -> Result<Route, Wrong<'_>> {
    let Draft { mut route, own, others, .. } = draft;
    let Some(mut destination) = draft.destination else {
        return Err((first, "this route has no destination".to_owned()));
    };
    if draft.ipv6 == Some(true) && destination.ip.is_ipv4() {
        destination.ip = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    }
    route.destination = destination;
    if route.hops.is_empty() && (own.gateway.is_some() || own.device.is_some()) {
        let more = others.into_iter().map(|gateway| Hop { gateway: Some(gateway), ..own.clone() });
        let more: Vec<Hop> = more.collect();
        route.hops.push(own);
        route.hops.extend(more);
    }
    if draft.locked != 0 {
        route.metrics.push(Metric::Number(metric::LOCK, draft.locked));
    }
    route.tracked = !draft.no_track;
    // What is watched is known by its number, so another one is refused there.
    route.protocol = draft.protocol.filter(|_| draft.no_track).unwrap_or(PROTOCOL);
    Ok(route)
}
