//! Every keyword of keepalived.conf, one row each: the parser, its ranges and defaults, the man
//! page, the completion and `handover check --explain` all come from this table
//! (docs/ancestors/keepalived.md §1.3).

/// Makes the rows of a table: block, name, what it takes, default, unit, tier, sentence; then
/// what is special about it.
macro_rules! rows {
    ($($block:ident $name:literal $takes:expr, $default:literal, $unit:literal, $tier:literal,
       $doc:literal $(, $how:ident $(($of:expr))?)*;)*) => {
        &[$(row($block, $name, $takes, $default, $unit, $tier, $doc)$(.$how($($of)?))*),*]
    };
}

mod checkers;
mod global;
mod servers;
mod vrrp;

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Where a keyword may stand.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Block {
    /// Outside all blocks.
    Top,
    /// `global_defs`.
    Global,
    /// `vrrp_script`.
    Script,
    /// `track_file`.
    TrackFile,
    /// `vrrp_track_process`.
    TrackProcess,
    /// `bfd_instance`.
    Bfd,
    /// `vrrp_instance`.
    Instance,
    /// `authentication` of an instance.
    Authentication,
    /// `auth_hmac` of an instance.
    Hmac,
    /// `vrrp_sync_group`.
    SyncGroup,
    /// `garp_group`.
    GarpGroup,
    /// `track_group`.
    TrackGroup,
    /// `SSL`.
    Ssl,
    /// `virtual_server`.
    VirtualServer,
    /// `real_server`.
    RealServer,
    /// `TCP_CHECK`.
    TcpCheck,
    /// `HTTP_GET` and `SSL_GET`.
    HttpGet,
    /// `url` of those.
    Url,
    /// `MISC_CHECK`.
    MiscCheck,
    /// `SMTP_CHECK`.
    SmtpCheck,
    /// `host` of that.
    SmtpHost,
    /// `DNS_CHECK`.
    DnsCheck,
    /// `UDP_CHECK`.
    UdpCheck,
    /// `PING_CHECK`.
    PingCheck,
    /// `FILE_CHECK`.
    FileCheck,
    /// `BFD_CHECK`.
    BfdCheck,
}

impl Block {
    /// As it is opened in the file, and in headings; empty for what stands outside all blocks.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Top => "",
            Self::Global => "global_defs",
            Self::Script => "vrrp_script",
            Self::TrackFile => "track_file",
            Self::TrackProcess => "vrrp_track_process",
            Self::Bfd => "bfd_instance",
            Self::Instance => "vrrp_instance",
            Self::Authentication => "authentication",
            Self::Hmac => "auth_hmac",
            Self::SyncGroup => "vrrp_sync_group",
            Self::GarpGroup => "garp_group",
            Self::TrackGroup => "track_group",
            Self::Ssl => "SSL",
            Self::VirtualServer => "virtual_server",
            Self::RealServer => "real_server",
            Self::TcpCheck => "TCP_CHECK",
            Self::HttpGet => "HTTP_GET, SSL_GET",
            Self::Url => "url",
            Self::MiscCheck => "MISC_CHECK",
            Self::SmtpCheck => "SMTP_CHECK",
            Self::SmtpHost => "host",
            Self::DnsCheck => "DNS_CHECK",
            Self::UdpCheck => "UDP_CHECK",
            Self::PingCheck => "PING_CHECK",
            Self::FileCheck => "FILE_CHECK",
            Self::BfdCheck => "BFD_CHECK",
        }
    }
}

/// What stands behind a keyword.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Takes {
    /// Nothing; what is there is ignored.
    Nothing,
    /// `on`, `off`, `true`, `false`, `yes`, `no`; nothing means on.
    Switch,
    /// A whole number.
    Number {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// A number with decimals, down to a millionth.
    Decimal {
        /// The smallest, in millionths.
        min: i64,
        /// The largest, in millionths.
        max: i64,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A word of the named kind.
    Word(&'static str),
    /// Words, in the named form; they may be left out.
    Words(&'static str),
    /// A command, quoted if it has arguments; then a user and a group.
    Command,
    /// A block of entries in the named form, one each line.
    Entries(&'static str),
    /// A block of keywords; with a name before it, of the named kind.
    Block(Block, &'static str),
}

impl Takes {
    /// A word must follow, or keepalived stops reading (measured).
    pub(crate) const fn needs_word(self) -> bool {
        match self {
            Self::Number { .. }
            | Self::Decimal { .. }
            | Self::Choice(_)
            | Self::Word(_)
            | Self::Command => true,
            Self::Nothing | Self::Switch | Self::Words(_) | Self::Entries(_) | Self::Block(..) => {
                false
            }
        }
    }
}

/// Which keepalived knew a keyword first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Since {
    /// 2.2.7 knows it.
    V2_2_7,
    /// Only newer ones, up to 2.4.3.
    V2_4,
}

/// What becomes of a keyword.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It does what it says.
    Acts,
    /// An old name of the named keyword.
    OldNameOf(&'static str),
    /// It is read and does nothing, for this reason.
    Inert(&'static str),
}

/// One keyword.
#[derive(Clone, Copy, Debug)]
pub struct Directive {
    /// Where it stands.
    pub block: Block,
    /// Its name; case matters.
    pub name: &'static str,
    /// What stands behind it.
    pub takes: Takes,
    /// What holds without it; empty: nothing.
    pub default: &'static str,
    /// The unit of its number; empty: it isn't a quantity.
    pub unit: &'static str,
    /// 1: in most configurations, 2: seen regularly, 3: rare.
    pub tier: u8,
    /// Who knew it first.
    pub since: Since,
    /// What becomes of it.
    pub standing: Standing,
    /// What it does, in a sentence.
    pub doc: &'static str,
}

impl Directive {
    /// The default as a number in millionths of its unit, where it is one.
    pub(crate) fn default_millionths(&self) -> i64 {
        super::values::millionths(self.default).unwrap_or(0)
    }

    /// How the line is written.
    pub fn written(&self) -> String {
        let words = match self.takes {
            Takes::Nothing => String::new(),
            Takes::Switch => "[on|off]".to_owned(),
            Takes::Number { .. } | Takes::Decimal { .. } => "NUMBER".to_owned(),
            Takes::Choice(words) => words.join("|"),
            Takes::Word(kind) | Takes::Words(kind) => kind.to_owned(),
            Takes::Command => "COMMAND [USER [GROUP]]".to_owned(),
            Takes::Entries(form) => format!("{{ {form} }}"),
            Takes::Block(_, "") => "{ ... }".to_owned(),
            Takes::Block(_, name) => format!("{name} {{ ... }}"),
        };
        if words.is_empty() { self.name.to_owned() } else { format!("{} {words}", self.name) }
    }

    /// Who knew it, what became of it and the like, as labelled facts for people.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let standing = match self.standing {
            Standing::Acts => ("", String::new()),
            Standing::OldNameOf(new) => ("Now written", new.to_owned()),
            Standing::Inert(why) => ("Without effect", why.to_owned()),
        };
        let since = match self.since {
            Since::V2_2_7 => String::new(),
            Since::V2_4 => "keepalived 2.2.7 doesn't know it; newer ones do".to_owned(),
        };
        let facts = [
            standing,
            ("Default", self.default.to_owned()),
            ("Unit", self.unit.to_owned()),
            ("Allowed", self.range()),
            ("Known since", since),
        ];
        facts.into_iter().filter(|(_, fact)| !fact.is_empty()).collect()
    }

    /// What is allowed, for people; empty: anything of its form.
    pub fn range(&self) -> String {
        match self.takes {
            Takes::Number { min, max } => format!("{min} to {max}"),
            Takes::Decimal { min, max } => {
                let (min, max) = (super::values::shown(min), super::values::shown(max));
                format!("{min} to {max}")
            }
            Takes::Choice(words) => words.join(", "),
            Takes::Switch => "on, off, true, false, yes, no".to_owned(),
            _ => String::new(),
        }
    }
}

/// A row; the common ones need nothing more.
const fn row(
    block: Block,
    name: &'static str,
    takes: Takes,
    default: &'static str,
    unit: &'static str,
    tier: u8,
    doc: &'static str,
) -> Directive {
    let (since, standing) = (Since::V2_2_7, Standing::Acts);
    Directive { block, name, takes, default, unit, tier, since, standing, doc }
}

impl Directive {
    const fn newer(mut self) -> Self {
        self.since = Since::V2_4;
        self
    }

    const fn old_name_of(mut self, name: &'static str) -> Self {
        self.standing = Standing::OldNameOf(name);
        self
    }

    const fn inert(mut self, why: &'static str) -> Self {
        self.standing = Standing::Inert(why);
        self
    }
}

/// A whole number in this range.
const fn number(min: i64, max: i64) -> Takes {
    Takes::Number { min, max }
}

/// Seconds in this range, in millionths.
const fn decimal(min: i64, max: i64) -> Takes {
    Takes::Decimal { min, max }
}

/// A second, in the millionths that [`Takes::Decimal`] counts in.
const SECOND: i64 = 1_000_000;
/// The largest `unsigned`.
const UINT_MAX: i64 = u32::MAX as i64;
/// The largest `int`.
const INT_MAX: i64 = i32::MAX as i64;
/// The longest timer: what fits 32 bits of microseconds, as keepalived counts (measured:
/// "[0.000001, 4294.967295]").
const TIMER_MAX: i64 = u32::MAX as i64;

/// The parts of the table.
static PARTS: [&[Directive]; 4] = [global::ROWS, vrrp::ROWS, servers::ROWS, checkers::ROWS];

/// All keywords.
pub fn directives() -> impl Iterator<Item = &'static Directive> {
    PARTS.iter().flat_map(|part| part.iter())
}

/// All keywords by name and block: thousands of instances ask for each of their lines.
static BY_NAME: LazyLock<BTreeMap<(&str, Block), &'static Directive>> =
    LazyLock::new(|| directives().map(|row| ((row.name, row.block), row)).collect());

/// The row of a keyword in a block.
pub fn directive(block: Block, name: &str) -> Option<&'static Directive> {
    BY_NAME.get(&(name, block)).copied()
}

/// True for a keyword that takes a command anywhere: its quoted words are split again.
pub(crate) fn is_command(name: &str) -> bool {
    let mut named =
        BY_NAME.range((name, Block::Top)..).take_while(|((known, _), _)| *known == name);
    named.any(|(_, row)| row.takes == Takes::Command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_keyword_has_one_row_and_a_sentence() {
        let mut seen = BTreeSet::new();
        for row in directives() {
            assert!(seen.insert((row.block, row.name)), "{} twice", row.name);
            assert!(row.doc.ends_with('.'), "{}", row.name);
            assert!((1..=3).contains(&row.tier), "{}", row.name);
        }
        assert!(seen.len() >= 383, "{} rows", seen.len());
    }

    #[test]
    fn old_names_name_a_row_of_their_block() {
        for row in directives() {
            if let Standing::OldNameOf(name) = row.standing {
                let new = directive(row.block, name);
                assert!(new.is_some_and(|new| new.takes == row.takes), "{}", row.name);
            }
        }
    }

    #[test]
    fn defaults_that_are_numbers_lie_in_their_range() {
        for row in directives() {
            let default = super::super::values::millionths(row.default);
            let (Takes::Number { min, max }, Some(value)) = (row.takes, default) else { continue };
            let value = value / SECOND;
            assert!(value == 0 || (min..=max).contains(&value), "{} {value}", row.name);
        }
    }
}
