//! Why a request is refused.

use crate::upgrade::{self, Generation};
use crate::validate::{self, Finding};
use crate::xml::Document;
use std::fmt;

/// The newest schema whose documents are accepted.
const SCHEMAS: [&str; 3] = ["none", "pacemaker-next", upgrade::NEWEST];

/// A refused request.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Why.
    pub kind: FaultKind,
    /// What could not be carried out, as the tools print it: `<failed>` with the objects.
    pub failed: Option<Box<Document>>,
    /// The document that does not conform to its schema.
    pub refused: Option<Box<Document>>,
    /// Its mistakes.
    pub findings: Vec<Finding>,
}

/// The reasons, with the sentences and exit codes of Pacemaker's tools (`crm_error`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// What should be changed is not there.
    NotFound,
    /// What should be added is there already.
    Exists,
    /// The request makes no sense.
    Invalid,
    /// The result does not conform to the schema.
    Schema,
    /// The result would be older than what is there.
    Old,
    /// The document is of a newer feature set.
    FeatureSet,
    /// A patchset leads from elsewhere.
    Diff,
    /// The user may not do that, or not see anything.
    Rights,
}

impl FaultKind {
    /// The sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NotFound => "No such device or address",
            Self::Exists => "File exists",
            Self::Invalid => "Invalid argument",
            Self::Schema => "Update does not conform to the configured schema",
            Self::Old => "Update was older than existing configuration",
            Self::FeatureSet => "Protocol not supported",
            Self::Diff => "Application of update diff failed, requesting full refresh",
            Self::Rights => "Permission denied",
        }
    }

    /// The exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::NotFound => 105,
            Self::Exists => 108,
            Self::Invalid => 70,
            Self::Schema => 78,
            Self::Old => 103,
            Self::FeatureSet => 76,
            Self::Diff => 1,
            Self::Rights => 4,
        }
    }
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Self { kind, failed: None, refused: None, findings: Vec::new() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.sentence())
    }
}

/// Checks a document against the schema it names.
///
/// # Errors
/// It does not conform, or names a schema that is not known.
pub fn validate(document: &Document) -> Result<(), Fault> {
    let findings = match document.root().get("validate-with") {
        Some("none") => return Ok(()),
        Some(schema) if !is_known(schema) => Vec::new(),
        _ => {
            let mut newer = document.clone();
            if upgrade::generation(document) < Generation::V3 {
                upgrade::to_generation_3(&mut newer);
            }
            let findings = validate::validate(&newer);
            if findings.is_empty() {
                return Ok(());
            }
            findings
        }
    };
    Err(Fault { refused: Some(Box::new(document.clone())), findings, ..FaultKind::Schema.into() })
}

/// True if a document may ask for this schema.
fn is_known(schema: &str) -> bool {
    let numbered = |prefix: &str, most: u32| {
        let minor = schema.strip_prefix(prefix).and_then(|minor| minor.parse::<u32>().ok());
        minor.is_some_and(|minor| minor <= most)
    };
    SCHEMAS.contains(&schema)
        || schema == "pacemaker-0.6"
        || schema == "transitional-0.6"
        || numbered("pacemaker-1.", 3)
        || numbered("pacemaker-2.", 10)
        || numbered("pacemaker-3.", 10)
}
