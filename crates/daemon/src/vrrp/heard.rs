//! What was heard of signed adverts, for a successor: one that was recorded on the wire must not
//! be believed because a process was started anew (docs/ancestors/keepalived.md §3.1).

use super::hub::Hub;
use super::real_time::ToRole;
use crate::paths;
use api::Level;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;
use vrrp::Heard;
use vrrp::config::Authentication;
use wire::vrrp::Stamp;

/// On a file system that a reboot empties: numbers of before would keep out peers that begin anew.
const FILE: &str = "/run/handover/keepalived.heard";
/// Of the file's form. Another one is not read.
const VERSION: u32 = 1;
/// It says who speaks here, and no secret.
const MODE: u32 = 0o600;
/// Noted so often: what came in the last moment before a crash may be believed once more.
const NOTE_EVERY: Duration = Duration::from_millis(500);

#[derive(PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct Note {
    version: u32,
    routers: Vec<Router>,
}

/// Seconds, fraction, counter.
type Moment = (u32, u16, u16);

#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Router {
    instance: String,
    ah_sequence: u32,
    sequences: Vec<(IpAddr, u32)>,
    stamps: Vec<(IpAddr, Moment)>,
    sent: Option<Moment>,
}

/// What stands in the file, and whether it was told that it can't be written.
#[derive(Default)]
pub(crate) struct Noted(RefCell<(Vec<Heard>, bool)>);

/// What a worker before this one heard.
pub(crate) fn find() -> Vec<Heard> {
    read(Path::new(FILE))
}

/// Asks the machine again and again, as long as adverts are signed.
pub(crate) async fn keep_noting(hub: Rc<Hub>) {
    loop {
        tokio::time::sleep(NOTE_EVERY).await;
        let signs = hub.settings().vrrp.instances.iter().any(|instance| {
            matches!(instance.authentication, Authentication::Ah(_) | Authentication::Hmac(_))
        });
        if signs {
            hub.role.send(ToRole::Heard);
        }
    }
}

/// Notes what the machine says.
pub(crate) fn note(hub: &Hub, heard: Vec<Heard>) {
    let mut noted = hub.heard.0.borrow_mut();
    if noted.0 == heard {
        return;
    }
    match write(Path::new(FILE), &heard) {
        Ok(()) => *noted = (heard, false),
        Err(error) => {
            if !noted.1 {
                let text = format!(
                    "{FILE} can't be written: {error}; after a restart an old signed advert could \
                     be believed once more"
                );
                hub.notice(Level::Warning, text);
            }
            noted.1 = true;
        }
    }
}

/// Renamed into place, and not synced: it is for a successor, not for after a crash of the host.
fn write(path: &Path, heard: &[Heard]) -> io::Result<()> {
    let moment = |stamp: Stamp| (stamp.seconds, stamp.fraction, stamp.counter);
    let routers = heard.iter().map(|of| Router {
        instance: of.instance.clone(),
        ah_sequence: of.ah_sequence,
        sequences: of.sequences.clone(),
        stamps: of.stamps.iter().map(|(ip, stamp)| (*ip, moment(*stamp))).collect(),
        sent: of.sent.map(moment),
    });
    let note = Note { version: VERSION, routers: routers.collect() };
    let beside = path.with_extension("heard.new");
    fs::create_dir_all(path.parent().unwrap_or(Path::new(paths::OWN_RUN_DIR)))?;
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(MODE).open(&beside)?;
    file.write_all(&serde_json::to_vec(&note)?)?;
    fs::rename(beside, path)
}

fn read(path: &Path) -> Vec<Heard> {
    let text = fs::read(path).unwrap_or_default();
    let note: Note = serde_json::from_slice(&text).unwrap_or_default();
    if note.version != VERSION {
        return Vec::new();
    }
    let stamp = |(seconds, fraction, counter)| Stamp { seconds, fraction, counter };
    let routers = note.routers.into_iter().map(|of| Heard {
        instance: of.instance,
        ah_sequence: of.ah_sequence,
        sequences: of.sequences,
        stamps: of.stamps.into_iter().map(|(ip, moment)| (ip, stamp(moment))).collect(),
        sent: of.sent.map(stamp),
    });
    routers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_reads_what_was_heard_and_nothing_of_another_form() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run/keepalived.heard");
        assert_eq!(read(&path), []);
        let stamp = Stamp { seconds: 1_700_000_000, fraction: 7, counter: 1 };
        let heard = Heard {
            instance: "VI_1".into(),
            ah_sequence: 12,
            sequences: vec![([10, 0, 0, 2].into(), 12)],
            stamps: vec![([10, 0, 0, 3].into(), stamp)],
            sent: Some(stamp),
        };
        write(&path, std::slice::from_ref(&heard)).unwrap();
        assert_eq!(read(&path), [heard]);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("\"version\":1", "\"version\":2")).unwrap();
        assert_eq!(read(&path), []);
        fs::write(&path, "half a no").unwrap();
        assert_eq!(read(&path), []);
    }
}
