//! What the targets for configuration files share: a good set of files, of which one is replaced.
//!
//! A configuration is read whole, so that a hostile file also meets the code that puts the files
//! together.

use config::{File, Host, Sources};

const HA_CF: &str = "udpport 694\nbcast eth0\nauto_failback on\nnode node1 node2\n";
const AUTHKEYS: &str = "auth 1\n1 sha1 secret\n";
const HARESOURCES: &str = "node1 192.0.2.10/24/eth0 web\n";

/// Which file of a configuration is hostile.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hostile {
    /// `ha.cf`
    HaCf,
    /// `authkeys`
    Authkeys,
    /// `haresources`
    Haresources,
}

/// Reads a configuration with one hostile file. Nothing panics; a configuration that is refused
/// says why; what a diagnostic points at lies inside the file.
pub(crate) fn read(hostile: Hostile, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let file = |which: Hostile, path: &str, good: &str| File {
        path: path.to_owned(),
        text: if which == hostile { text.clone().into_owned() } else { good.to_owned() },
        mode: Some(0o600),
    };
    let sources = Sources {
        ha_cf: file(Hostile::HaCf, "/etc/ha.d/ha.cf", HA_CF),
        authkeys: file(Hostile::Authkeys, "/etc/ha.d/authkeys", AUTHKEYS),
        haresources: Some(file(Hostile::Haresources, "/etc/ha.d/haresources", HARESOURCES)),
        service_checks: None,
        handover_toml: None,
    };
    let (configuration, diagnostics) = config::heartbeat(&sources, &Host::assumed("node1"));
    let file = match hostile {
        Hostile::HaCf => &sources.ha_cf,
        Hostile::Authkeys => &sources.authkeys,
        Hostile::Haresources => sources.haresources.as_ref().expect("given above"),
    };
    for found in diagnostics.iter().filter(|d| d.file == file.path) {
        for span in found.labels.iter().map(|l| l.span).chain([found.span]) {
            assert!(file.text.get(span.range()).is_some(), "{span:?} is no part of the text");
        }
    }
    assert!(configuration.is_some() || !diagnostics.is_empty(), "refused without a word");
}
