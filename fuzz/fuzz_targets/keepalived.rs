//! Any text as `keepalived.conf`, with a file that includes itself beside it: there is always a
//! result, never a panic; findings are limited, each lies inside a file that was read, and what
//! keepalived would end for is disabled with an error.
#![no_main]

use config::File;
use config::keepalived::{Host, Sources, keepalived};
use libfuzzer_sys::fuzz_target;

/// More findings than this are no help to anybody: the reader itself stops at about 1000, and says
/// so.
const FINDINGS_MAX: usize = 1100;

/// What `include again` finds.
const AGAIN: &str = "include again\nvrrp_instance X {\n";

struct Beside;

impl Sources for Beside {
    fn read(&self, path: &str) -> Option<String> {
        path.ends_with("again").then(|| AGAIN.to_owned())
    }

    fn matching(&self, pattern: &str) -> Vec<String> {
        let found = pattern.ends_with("again").then(|| pattern.to_owned());
        found.into_iter().collect()
    }
}

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let file = File::new("/etc/keepalived/keepalived.conf", text);
    let host = Host { sources: &Beside, ..Host::assumed("node1") };
    let read = keepalived(&file, &host);
    assert!(read.findings.len() <= FINDINGS_MAX, "{} findings", read.findings.len());
    for found in &read.findings {
        let file = read.files.iter().find(|file| file.path == found.file);
        let text = &file.expect("a finding names a file that was read").text;
        for span in found.labels.iter().map(|label| label.span).chain([found.span]) {
            assert!(text.get(span.range()).is_some(), "{span:?} is no part of {}", found.file);
        }
    }
    assert!(read.disabled.is_empty() || read.is_fatal(), "disabled without a word");
});
