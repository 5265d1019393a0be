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
    /// `keepalived.conf`.
    KeepalivedConf,
    /// `frr.conf`, which only FRR reads.
    FrrConf,
}

impl FileName {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::HaCf,
        Self::Authkeys,
        Self::Haresources,
        Self::ServiceChecks,
        Self::HandoverToml,
        Self::KeepalivedConf,
        Self::FrrConf,
    ];

    /// The file of this name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|file| file.as_str() == word)
    }

    /// The directory it lies in.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::HandoverToml => "/etc/handover",
            Self::KeepalivedConf => "/etc/keepalived",
            Self::FrrConf => "/etc/frr",
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
            Self::KeepalivedConf => "keepalived.conf",
            Self::FrrConf => "frr.conf",
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
    /// `set`: put this line at the end; in `keepalived.conf` at the end of every
    /// `vrrp_instance`. For a directive that has one value, the last line wins.
    Append(String),
    /// `head`: put these lines before all others.
    Prepend(Vec<String>),
    /// `drop`: remove the lines whose first word is this; in `keepalived.conf` with the block that
    /// one opens.
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
    /// `keepalived.conf`.
    pub keepalived_conf: String,
    /// `frr.conf`.
    pub frr_conf: String,
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
            FileName::KeepalivedConf => &self.keepalived_conf,
            FileName::FrrConf => &self.frr_conf,
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
            FileName::KeepalivedConf => &mut self.keepalived_conf,
            FileName::FrrConf => &mut self.frr_conf,
        };
        let before = text.clone();
        let blocks = edit.file == FileName::KeepalivedConf;
        match &edit.change {
            Change::Append(line) if blocks => *text = into_instances(&before, line),
            Change::Drop(word) if blocks => *text = without_block(&before, word),
            Change::Prepend(lines) => {
                *text = joined(lines.iter().map(String::as_str).chain(before.lines()));
            }
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

/// Puts a line before the end of every `vrrp_instance`; those of a file come with their braces on
/// lines of their own.
fn into_instances(text: &str, line: &str) -> String {
    let mut lines = Vec::new();
    let (mut depth, mut inside) = (0, false);
    for old in text.lines() {
        inside |= depth == 0 && old.split_whitespace().next() == Some("vrrp_instance");
        depth += opened(old);
        if inside && depth == 0 && old.contains('}') {
            lines.push(line);
            inside = false;
        }
        lines.push(old);
    }
    joined(lines.into_iter())
}

/// Leaves out the lines that begin with this word, and the blocks they open.
fn without_block(text: &str, word: &str) -> String {
    let mut depth = 0;
    let kept = text.lines().filter(|line| {
        let dropped = depth > 0 || line.split_whitespace().next() == Some(word);
        if dropped {
            depth = (depth + opened(line)).max(0);
        }
        !dropped
    });
    joined(kept)
}

/// How many blocks a line opens more than it closes.
fn opened(line: &str) -> i32 {
    line.chars().map(|c| i32::from(c == '{') - i32::from(c == '}')).sum()
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
    fn in_keepalived_conf_lines_go_into_instances_and_blocks_go_whole() {
        let text = "vrrp_script s {\n script x\n}\nvrrp_instance A {\n state MASTER\n \
                    track_script {\n  s\n }\n}\nvrrp_instance B {\n}\n";
        let mut files = ConfigFiles { keepalived_conf: text.into(), ..ConfigFiles::default() };
        let change = |change| Edit { node: None, file: FileName::KeepalivedConf, change };
        files.apply(&change(Change::Drop("track_script".into())), Seat(0));
        files.apply(&change(Change::Append("priority 7".into())), Seat(0));
        files.apply(&change(Change::Prepend(vec!["$A=1".into()])), Seat(0));
        assert_eq!(
            files.keepalived_conf,
            "$A=1\nvrrp_script s {\n script x\n}\nvrrp_instance A {\n state MASTER\npriority 7\n}\n\
             vrrp_instance B {\npriority 7\n}\n"
        );
    }

    #[test]
    fn drop_removes_whole_lines_by_their_first_word() {
        let mut files =
            ConfigFiles { ha_cf: "deadtime 30\nping a\nwarntime 3\n".into(), ..Default::default() };
        assert!(files.apply(&edit(None, Change::Drop("ping".into())), Seat(0)));
        assert_eq!(files.ha_cf, "deadtime 30\nwarntime 3\n");
    }
}
