//! Applying a patchset as a request.

use super::{Fault, FaultKind, Request};
use crate::patch::{self, Refused};
use crate::version::Version;
use crate::xml::Document;

/// Applies the patchset. What is none changes nothing (measured), one that leads no further than
/// the document is refused as old.
pub(super) fn patch(result: &mut Document, request: &Request<'_>) -> Result<bool, Fault> {
    let Some(data) = request.data.filter(|data| data.is("diff")) else { return Ok(false) };
    let at = Version::of(result.root());
    let version = |name: &str| Some(Version::of(data.child("version")?.child(name)?));
    if version("target").is_some_and(|target| target <= at) {
        return Err(FaultKind::Old.into());
    }
    let document = Document::copy_of(data);
    match patch::apply(result, &document) {
        Ok(()) => Ok(false),
        // Without changes it leads nowhere, whatever it is.
        Err(_) if data.child("change").is_none() && data.get("format").is_none() => Ok(false),
        Err(Refused::Version { from, at }) if from < at => Err(FaultKind::Old.into()),
        Err(Refused::Path(_)) => Err(FaultKind::NotFound.into()),
        Err(_) => Err(FaultKind::Diff.into()),
    }
}
