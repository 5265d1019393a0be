//! Debian's `crm_simulate` 2.1.5, asked as a black box.
//!
//! It is older than what we follow: inputs are rewritten to its names of options and its schema,
//! its outputs to the newer names.

use crate::packages;
use anyhow::{Context as _, Result, bail};
use cib::xml::{Document, Node, NodeId, Style};
use scheduler::graph::{self, Graph};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

/// The program's package and those that hold its libraries.
const PACKAGES: [&str; 22] = [
    "pacemaker-cli-utils",
    "pacemaker-common",
    "pacemaker",
    "libcrmcluster29",
    "libcib27",
    "libcrmcommon34",
    "libcrmservice28",
    "liblrmd28",
    "libpacemaker1",
    "libpe-rules26",
    "libpe-status28",
    "libstonithd26",
    "libpils2",
    "libqb100",
    "libltdl7",
    "libdbus-1-3",
    "libglib2.0-0",
    "libgnutls30",
    "libuuid1",
    "libxml2",
    "libxslt1.1",
    "libicu72",
];

/// The unpacked program.
#[derive(Clone, Debug)]
pub struct Oracle {
    root: PathBuf,
    libraries: String,
    scratch: PathBuf,
}

/// What it said of one input.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The simulation's text, standard error first.
    pub summary: String,
    /// The scores.
    pub scores: String,
    /// The plan.
    pub graph: Graph,
}

impl Oracle {
    /// Unpacks the program on the first call.
    ///
    /// # Errors
    /// What is missing on this machine, and how to get it.
    pub fn ready() -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let base = packages::place("pacemaker")?;
        let root = packages::unpacked("pacemaker", &PACKAGES)?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let scratch = base.join(format!("scratch-{}-{number}", std::process::id()));
        fs::create_dir_all(&scratch)?;
        Ok(Self { libraries: libraries(&root)?, root, scratch })
    }

    /// The program, in its own world.
    pub fn command(&self) -> Command {
        self.tool("crm_simulate")
    }

    /// Another of the package's programs, in its own world. Shadow copies lie in [`Self::scratch`].
    pub fn tool(&self, name: &str) -> Command {
        let mut command = Command::new(self.root.join("usr/sbin").join(name));
        command
            .env_clear()
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .env("LD_LIBRARY_PATH", &self.libraries)
            .env("PCMK_schema_directory", self.root.join("usr/share/pacemaker"))
            .env("CIB_shadow_dir", &self.scratch)
            .stdin(Stdio::null());
        command
    }

    /// A directory that goes away with this.
    pub fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// Both runs of a case, with the input and the outputs rewritten.
    ///
    /// # Errors
    /// The input is no XML, or the program failed.
    pub fn ask(&self, input: &str, args: &[String]) -> Result<Answer> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let files = ["xml", "graph"].map(|kind| self.scratch.join(format!("{number}.{kind}")));
        let answer = self.ask_with(input, args, &files);
        for file in &files {
            fs::remove_file(file).ok();
        }
        answer
    }

    fn ask_with(&self, input: &str, args: &[String], files: &[PathBuf; 2]) -> Result<Answer> {
        let [xml, graph] = files;
        fs::write(xml, older(input)?)?;
        let output = self.command().arg("-x").arg(xml).arg("-S").args(args).output()?;
        let summary =
            [output.stderr, output.stdout].map(|text| String::from_utf8_lossy(&text).into_owned());
        let mut second = self.command();
        second.arg("-x").arg(xml).arg("-G").arg(graph).arg("-sSQ").args(args);
        let output = second.output()?;
        if !output.status.success() {
            bail!("crm_simulate: {}", output.status);
        }
        let text = fs::read_to_string(graph).context("no graph was written")?;
        Ok(Answer {
            summary: summary.concat(),
            scores: newer_scores(&String::from_utf8_lossy(&output.stdout)),
            graph: graph::read(&newer_graph(&text)?)?,
        })
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.scratch).ok();
    }
}

/// The directories of unpacked libraries, as the loader wants them.
fn libraries(root: &Path) -> Result<String> {
    let mut found = Vec::new();
    for place in ["lib", "usr/lib"] {
        let Ok(entries) = fs::read_dir(root.join(place)) else { continue };
        for entry in entries {
            let path = entry?.path();
            if path.to_string_lossy().ends_with("-linux-gnu") {
                found.push(path.display().to_string());
            }
        }
        found.push(root.join(place).display().to_string());
    }
    Ok(found.join(":"))
}

/// Options whose names changed after 2.1.5: newer, older.
const RENAMED: [(&str, &str); 5] = [
    ("fencing-enabled", "stonith-enabled"),
    ("fencing-action", "stonith-action"),
    ("fencing-timeout", "stonith-timeout"),
    ("stop-removed-resources", "stop-orphan-resources"),
    ("cancel-removed-actions", "stop-orphan-actions"),
];

/// An input as 2.1.5 understands it.
///
/// # Errors
/// The input is no XML.
pub fn older(input: &str) -> Result<String> {
    let mut document = Document::parse(input)?;
    let root = document.root().id();
    // It refuses to change documents of later feature sets, and reads fail counts only from 3.0.13.
    document.set(root, "crm_feature_set", "3.16.1");
    if document.root().get("validate-with") == Some("pacemaker-3.10") {
        document.set(root, "validate-with", "pacemaker-3.9");
    }
    let mut changes: Vec<(NodeId, &str)> = Vec::new();
    for node in document.root().descendants().filter(|node| node.is("nvpair")) {
        let options = node.parent().is_some_and(|set| set.is("cluster_property_set"));
        let renamed = RENAMED.iter().find(|(newer, _)| node.get("name") == Some(newer));
        if let (true, Some((_, older))) = (options, renamed) {
            changes.push((node.id(), older));
        }
    }
    for (node, name) in changes {
        document.set(node, "name", name);
    }
    fence_at_once(&mut document);
    Ok(document.root().to_text(Style::Pretty))
}

/// Nodes are fenced at the same time unless a document says no; in 2.1.5 only if it says yes.
fn fence_at_once(document: &mut Document) {
    const NAME: &str = "concurrent-fencing";
    let options = document.root().child("configuration").and_then(|part| part.child("crm_config"));
    let Some(options) = options else { return };
    let set = options.child("cluster_property_set");
    if set.is_some_and(|set| set.children().any(|pair| pair.get("name") == Some(NAME))) {
        return;
    }
    let (options, set) = (options.id(), set.map(Node::id));
    let set = set.unwrap_or_else(|| {
        let set = document.append(options, "cluster_property_set");
        document.set(set, "id", "oracle-options");
        set
    });
    let pair = document.append(set, "nvpair");
    for (name, value) in [("id", "oracle-concurrent-fencing"), ("name", NAME), ("value", "true")] {
        document.set(pair, name, value);
    }
}

/// Scores in the newer words.
fn newer_scores(text: &str) -> String {
    let mut newer = String::with_capacity(text.len());
    for line in text.lines() {
        if let Some((emitter, rest)) = line.split_once("_allocate: ") {
            let _ = writeln!(newer, "{emitter}_assign: {rest}");
        } else if let Some((resource, _)) = line.split_once(" promotion score on none: ") {
            let _ = writeln!(newer, "{resource} promotion score (inactive): -INFINITY");
        } else {
            newer.push_str(line);
            newer.push('\n');
        }
    }
    newer
}

/// What the fencing of a node says of it since 2.1.5, which told all node attributes.
const OF_FENCING: [&str; 6] = [
    "CRM_meta_on_node",
    "CRM_meta_on_node_uuid",
    "CRM_meta_stonith_action",
    "CRM_meta_digests_all",
    "CRM_meta_digests_secure",
    "CRM_meta_priority_fencing_delay",
];

/// A graph without what newer versions don't tell.
fn newer_graph(text: &str) -> Result<String> {
    let mut document = Document::parse(text)?;
    let mut changes: Vec<(NodeId, String)> = Vec::new();
    for node in document.root().descendants().filter(|node| node.is("attributes")) {
        if node.parent().is_some_and(|action| action.get("operation") == Some("stonith")) {
            let names = node.attributes().map(|(name, _)| name);
            let dropped =
                names.filter(|name| name.starts_with("CRM_meta_") && !OF_FENCING.contains(name));
            changes.extend(dropped.map(|name| (node.id(), name.to_owned())));
        }
    }
    for (node, name) in changes {
        document.unset(node, &name);
    }
    Ok(document.root().to_text(Style::Pretty))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_called_by_their_older_names() {
        let input = "<cib validate-with=\"pacemaker-3.10\"><cluster_property_set>\
                     <nvpair name=\"fencing-enabled\"/></cluster_property_set>\
                     <nvpair name=\"fencing-enabled\"/></cib>";
        let text = older(input).expect("a document");
        assert!(text.contains("validate-with=\"pacemaker-3.9\""), "{text}");
        assert_eq!(text.matches("stonith-enabled").count(), 1, "only the option: {text}");
    }

    #[test]
    fn nodes_are_fenced_at_once_unless_the_document_says_no() {
        let with = |pair: &str| {
            let text = format!(
                "<cib><configuration><crm_config><cluster_property_set id=\"o\">{pair}\
                 </cluster_property_set></crm_config></configuration></cib>"
            );
            older(&text).expect("a document")
        };
        assert!(with("").contains("name=\"concurrent-fencing\" value=\"true\""));
        let bare = older("<cib><configuration><crm_config/></configuration></cib>").expect("one");
        assert!(bare.contains("name=\"concurrent-fencing\" value=\"true\""));
        let no = "<nvpair id=\"c\" name=\"concurrent-fencing\" value=\"false\"/>";
        assert!(!with(no).contains("value=\"true\""));
    }

    #[test]
    fn scores_are_told_in_the_newer_words() {
        let older =
            "pcmk__native_allocate: a allocation score on n: 1\na:0 promotion score on none: 0\n";
        let newer = "pcmk__native_assign: a allocation score on n: 1\n\
                     a:0 promotion score (inactive): -INFINITY\n";
        assert_eq!(newer_scores(older), newer);
    }
}
