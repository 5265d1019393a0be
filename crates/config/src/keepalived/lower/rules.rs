//! `virtual_rules` and `static_rules`, word by word (docs/ancestors/keepalived.md §2.3). A line
//! with something wrong in it is left out.

use super::Lowering;
use super::addresses::Lacking;
use super::names::{self, Names};
use crate::keepalived::lexer::Word;
use crate::text::quote;
use vrrp::config::Rule;
use wire::routing::{Action, Network, PROTOCOL};

/// What keepalived gives rules without one (measured).
const PREFERENCE: u32 = 16384;

/// A line as far as it was read.
struct Draft {
    rule: Rule,
    family: Option<bool>,
    action: Option<Action>,
    priority: Option<u32>,
    protocol: Option<u8>,
    no_track: bool,
}

/// What is wrong with a word, and which.
type Wrong<'w> = (&'w Word, String);

impl Lowering<'_> {
    /// A line of `static_rules` or `virtual_rules`, and an interface that is missing. `None`, with a finding, if it is no rule.
    pub(super) fn rule(&mut self, entry: &[Word]) -> Option<(Rule, Lacking)> {
        let first = entry.first()?;
        let names = Names::new(self.host.sources, &self.settings.iproute);
        let draft = match read(entry, &names) {
            Ok(draft) => draft,
            Err((word, what)) => {
                let then = [
                    "the rule is left out",
                    "keepalived does the same, or leaves out this word alone",
                    "correct it",
                ];
                self.found.complain(word.place, "bad-rule", what, then);
                return None;
            }
        };
        let Some(action) = draft.action else {
            let what = "this rule doesn't say what is done".to_owned();
            let then = ["the rule is left out", "keepalived does the same", "add `table NUMBER`"];
            self.found.complain(first.place, "bad-rule", what, then);
            return None;
        };
        let mut rule = Rule { action, ..draft.rule };
        rule.ipv6 = draft.family.unwrap_or(false);
        rule.tracked = !draft.no_track;
        // What is watched is known by its number; what isn't has none unless one is written.
        rule.protocol = if draft.no_track { draft.protocol.unwrap_or(0) } else { PROTOCOL };
        rule.priority = draft.priority.unwrap_or_else(|| {
            let what = "this rule has no preference".to_owned();
            let then = [
                "it gets 16384, which is probably not what you want",
                "keepalived does the same",
                "add `preference NUMBER`",
            ];
            self.found.complain(first.place, "rule-preference", what, then);
            PREFERENCE
        });
        let missing = entry.iter().find(|word| {
            let named = [&rule.input, &rule.output].into_iter().flatten();
            named.into_iter().any(|name| *name == word.text)
                && !self.interface_usable(&word.text, word.place, "of a rule")
        });
        let lacking = missing.map(|word| (word.place, word.text.clone()));
        Some((rule, lacking))
    }
}

fn read<'w>(entry: &'w [Word], names: &Names<'_>) -> Result<Draft, Wrong<'w>> {
    let mut draft = Draft {
        rule: Rule::for_all(false, PREFERENCE, Action::Nop),
        family: None,
        action: None,
        priority: None,
        protocol: None,
        no_track: false,
    };
    let mut words = entry.iter();
    while let Some(word) = words.next() {
        if flag(&mut draft, word)? {
            continue;
        }
        let Some(value) = words.next() else {
            return Err((word, format!("{} has no value or means nothing", quote(&word.text))));
        };
        match valued(&mut draft, word, value, names) {
            Some(true) => {}
            Some(false) => {
                let what = format!("{} means nothing in a rule", quote(&word.text));
                return Err((word, what));
            }
            None => {
                let what = format!("{} can't be the {} of a rule", quote(&value.text), word.text);
                return Err((value, what));
            }
        }
    }
    Ok(draft)
}

/// A word without a value; false if it isn't one.
fn flag<'w>(draft: &mut Draft, word: &'w Word) -> Result<bool, Wrong<'w>> {
    match word.text.as_str() {
        "not" => draft.rule.invert = true,
        "inet" => draft.family = Some(false),
        "inet6" => draft.family = Some(true),
        "no_track" => draft.no_track = true,
        "l3mdev" => act(draft, word, Action::L3mdev)?,
        text => match plain_action(text) {
            Some(action) => act(draft, word, action)?,
            None => return Ok(false),
        },
    }
    Ok(true)
}

fn plain_action(text: &str) -> Option<Action> {
    Some(match text {
        "nop" => Action::Nop,
        "blackhole" => Action::Blackhole,
        "unreachable" => Action::Unreachable,
        "prohibit" => Action::Prohibit,
        _ => return None,
    })
}

fn act<'w>(draft: &mut Draft, word: &'w Word, action: Action) -> Result<(), Wrong<'w>> {
    if draft.action.is_some_and(|known| known != action) {
        return Err((word, "a rule does one thing only".to_owned()));
    }
    draft.action = Some(action);
    Ok(())
}

/// A word with a value: false if there is no such word, `None` if the value is none of its kind.
fn valued(draft: &mut Draft, word: &Word, value: &Word, names: &Names<'_>) -> Option<bool> {
    let text = value.text.as_str();
    let rule = &mut draft.rule;
    match word.text.as_str() {
        "from" | "to" => {
            let all = matches!(text, "all" | "any" | "default");
            let network = if all { None } else { Some(network(&mut draft.family, text)?) };
            *(if word.text == "from" { &mut rule.from } else { &mut rule.to }) = network;
        }
        "table" | "lookup" => {
            let table = Action::Table(names.table(text)?);
            act(draft, word, table).ok()?;
        }
        "goto" => act(draft, word, Action::Goto(names::number(text)?)).ok()?,
        "type" => act(draft, word, plain_action(text)?).ok()?,
        "iif" | "dev" => rule.input = Some(text.to_owned()),
        "oif" => rule.output = Some(text.to_owned()),
        "tos" | "dsfield" => rule.tos = names.tos(text)?,
        "fwmark" => {
            let (mark, mask) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
            rule.mark = Some(names::number(mark)?);
            rule.mask = match mask {
                Some(mask) => Some(names::number(mask)?),
                None => None,
            };
        }
        "preference" | "order" | "priority" => draft.priority = Some(names::number(text)?),
        "realms" => rule.realms = Some(names.realms(text)?),
        "uidrange" => rule.users = Some(names::range(text)?),
        "ipproto" => rule.ip_protocol = Some(names::ip_protocol(text)?),
        "sport" => rule.source_ports = Some(names::range(text)?),
        "dport" => rule.destination_ports = Some(names::range(text)?),
        "suppress_prefixlength" => rule.suppress_prefix = Some(names::number(text)?),
        "suppress_ifgroup" => rule.suppress_group = Some(names.group(text)?),
        "protocol" => draft.protocol = Some(names.protocol(text)?),
        // Read where static rules are.
        "track_group" => {}
        _ => return Some(false),
    }
    Some(true)
}

/// A network of the rule's family.
fn network(family: &mut Option<bool>, text: &str) -> Option<Network> {
    let network = names::network(text)?;
    let ipv6 = network.ip.is_ipv6();
    (*family.get_or_insert(ipv6) == ipv6).then_some(network)
}
