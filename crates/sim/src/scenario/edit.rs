//! The files a node is configured with, and what a scenario changes in them.

use super::Seat;
use std::fmt;

/// A configuration file that scenarios may change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum FileName {
    /// `ha.cf`.
    HaCf,
    /// `authkeys`.
    Authkeys,
    /// `haresources`.
    Haresources,
    /// `service_checks`, which only Handover reads.
    ServiceChecks,
    /// `handover.toml`, which only Handover reads.
    HandoverToml,
}

impl FileName {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::HaCf, Self::Authkeys, Self::Haresources, Self::ServiceChecks, Self::HandoverToml];

    /// The file of this name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|file| file.as_str() == word)
    }

    /// The directory it lies in.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::HandoverToml => "/etc/handover",
            _ => "/etc/ha.d",
        }
    }

    /// Its name there.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HaCf => "ha.cf",
            Self::Authkeys => "authkeys",
            Self::Haresources => "haresources",
            Self::ServiceChecks => "service_checks",
            Self::HandoverToml => "handover.toml",
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A change to one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    /// On this node only; `None` means on both.
    pub node: Option<Seat>,
    /// Which file.
    pub file: FileName,
    /// What is done to it.
    pub change: Change,
}

/// What an [`Edit`] does to its file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// `set`: put this line at the end. For a directive of ha.cf that has one value, the last
    /// line wins.
    Append(String),
    /// `drop`: remove the lines whose first word is this.
    Drop(String),
    /// `write`: let the file consist of these lines.
    Replace(Vec<String>),
}

/// The files of one node. An empty text means that there is no such file.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ConfigFiles {
    /// `ha.cf`.
    pub ha_cf: String,
    /// `authkeys`, mode 600.
    pub authkeys: String,
    /// `haresources`.
    pub haresources: String,
    /// `service_checks`.
    pub service_checks: String,
    /// `handover.toml`.
    pub handover_toml: String,
}

impl ConfigFiles {
    /// The text of one file.
    pub fn text(&self, file: FileName) -> &str {
        match file {
            FileName::HaCf => &self.ha_cf,
            FileName::Authkeys => &self.authkeys,
            FileName::Haresources => &self.haresources,
            FileName::ServiceChecks => &self.service_checks,
            FileName::HandoverToml => &self.handover_toml,
        }
    }

    /// Makes the change, if it is for `seat`; true when the files are different now.
    pub fn apply(&mut self, edit: &Edit, seat: Seat) -> bool {
        if edit.node.is_some_and(|node| node != seat) {
            return false;
        }
        let text = match edit.file {
            FileName::HaCf => &mut self.ha_cf,
            FileName::Authkeys => &mut self.authkeys,
            FileName::Haresources => &mut self.haresources,
            FileName::ServiceChecks => &mut self.service_checks,
            FileName::HandoverToml => &mut self.handover_toml,
        };
        let before = text.clone();
        match &edit.change {
            Change::Append(line) => {
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push('\n');
                }
                text.push_str(line);
                text.push('\n');
            }
            Change::Drop(word) => {
                let kept =
                    before.lines().filter(|line| line.split_whitespace().next() != Some(word));
                *text = joined(kept);
            }
            Change::Replace(lines) => *text = joined(lines.iter().map(String::as_str)),
        }
        *text != before
    }
}

fn joined<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(node: Option<Seat>, change: Change) -> Edit {
        Edit { node, file: FileName::HaCf, change }
    }

    #[test]
    fn a_line_is_added_at_the_end_even_without_a_last_newline() {
        let mut files = ConfigFiles { ha_cf: "bcast eth0".into(), ..ConfigFiles::default() };
        assert!(files.apply(&edit(None, Change::Append("deadtime 2".into())), Seat(1)));
        assert_eq!(files.ha_cf, "bcast eth0\ndeadtime 2\n");
    }

    #[test]
    fn an_edit_for_one_node_leaves_the_other_alone() {
        let mut files = ConfigFiles::default();
        assert!(!files.apply(&edit(Some(Seat(0)), Change::Append("x".into())), Seat(1)));
        assert_eq!(files, ConfigFiles::default());
    }

    #[test]
    fn drop_removes_whole_lines_by_their_first_word() {
        let mut files =
            ConfigFiles { ha_cf: "deadtime 30\nping a\nwarntime 3\n".into(), ..Default::default() };
        assert!(files.apply(&edit(None, Change::Drop("ping".into())), Seat(0)));
        assert_eq!(files.ha_cf, "deadtime 30\nwarntime 3\n");
    }
}
