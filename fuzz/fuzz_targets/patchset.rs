//! Two documents: the patchset of the two leads from one to the other, and either taken for a
//! patchset of the other is applied or refused.
#![no_main]

use cib::patch::{Options, apply, create};
use cib::xml::Document;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|texts: (&str, &str)| {
    let (Ok(old), Ok(new)) = (Document::parse(texts.0), Document::parse(texts.1)) else { return };
    let _ = apply(&mut old.clone(), &new);
    // A path can neither rename the root nor give it another text.
    if old.root().name() != new.root().name() || texts.1.contains("CDATA") {
        return;
    }
    let options = Options { versions: true, digest: false };
    if let Some(patch) = create(&old, &new, options) {
        let _ = apply(&mut old.clone(), &patch);
    }
});
