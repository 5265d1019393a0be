//! keepalived.conf: what it says, and what it means together.
//!
//! `preprocess` makes lines of files, `lexer` words of lines, `tree` blocks of words by the table
//! in `directives`; `lower` makes typed configuration of blocks. Each step is as lenient as
//! keepalived, and says what it let pass. Where keepalived ends altogether for one bad instance,
//! that instance alone is disabled. Facts: docs/ancestors/keepalived.md §1, §2.1, §2.2.

mod directives;
mod findings;
mod host;
mod lexer;
mod lower;
mod preprocess;
pub mod settings;
mod tree;
mod values;

pub use directives::{Block, Directive, Since, Standing, Takes, directive, directives};
pub use host::{Host, Interface, Program, Sources};
pub use settings::Settings;

use crate::File;
use base::Diagnostic;
use findings::Findings;

/// What a configuration says, and what is to be said about it.
#[derive(Clone, PartialEq, Debug)]
pub struct Keepalived {
    /// Virtual routers that can run.
    pub vrrp: vrrp::config::Config,
    /// The role as a whole.
    pub settings: Settings,
    /// Virtual servers that can run.
    pub lvs: lvs::config::Config,
    /// Names of instances and servers that can't run as they are written; an error says why.
    pub disabled: Vec<String>,
    /// Everything that is wrong, or worth knowing, in the order keepalived would come to it.
    pub findings: Vec<Diagnostic>,
    /// All files that were read, the main one first, for showing findings.
    pub files: Vec<File>,
    /// What `keepalived -t` returns for it (docs/ancestors/keepalived.md, fact 15): 0 nothing to
    /// say, 2 a keyword lacks its parameter, 5 a complaint, 6 scripts without security or an
    /// `includea` without a file.
    pub exit_code: u8,
}

impl Keepalived {
    /// Something in it keepalived would end for. On reload the running configuration stays.
    pub fn is_fatal(&self) -> bool {
        self.findings.iter().any(|found| found.severity == base::Severity::Error)
    }
}

/// Reads a configuration. There is always a result: what can't run is left out and listed.
pub fn keepalived(file: &File, host: &Host<'_>) -> Keepalived {
    let mut found = Findings::default();
    let lines = preprocess::lines_of(file, host, &mut found);
    let mut tokens = Vec::new();
    for line in &lines {
        tokens.extend(lexer::tokens(line, &mut found));
    }
    let nodes = tree::read(tokens, &mut found);
    let lowered = lower::lower(&nodes, host, &mut found);
    let exit_code = found.exit_code();
    let (findings, files) = found.into_parts();
    let lower::Lowered { config, settings, lvs, disabled } = lowered;
    Keepalived { vrrp: config, settings, lvs, disabled, findings, files, exit_code }
}
