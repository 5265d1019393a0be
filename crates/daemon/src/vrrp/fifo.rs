//! The notify FIFOs: a line for every change, in order (docs/ancestors/keepalived.md §2.5).

use super::hub::{Hub, Wanted};
use super::settings::Settings;
use api::Level;
use config::keepalived::settings::Fifo;
use linux::process::{User, group_id};
use rustix::fs::{FileType, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::rc::Rc;

/// Readers other than the owner may open it.
const MODE: Mode = Mode::from_raw_mode(0o644);

/// The open FIFOs.
#[derive(Default)]
pub(crate) struct Fifos(Vec<Open>);

/// Of what a FIFO is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum About {
    /// Of everything (`notify_fifo`).
    All,
    /// Of virtual routers (`vrrp_notify_fifo`).
    Routers,
    /// Of virtual servers (`lvs_notify_fifo`).
    Servers,
}

struct Open {
    about: About,
    configured: Fifo,
    file: File,
    /// It is full: told once, until it takes a line again.
    full: bool,
    /// The script that reads it.
    script: Rc<std::cell::Cell<Option<u64>>>,
}

impl Fifos {
    /// Writes a line about something into each FIFO that is told of it. Returned are sentences for
    /// the log.
    pub(crate) fn write(&mut self, about: About, line: &str) -> Vec<String> {
        let mut troubles = Vec::new();
        for fifo in self.0.iter_mut().filter(|fifo| [About::All, about].contains(&fifo.about)) {
            // Short enough to go in whole or not at all (pipe(7)).
            match fifo.file.write_all(line.as_bytes()) {
                Ok(()) => fifo.full = false,
                Err(error) => {
                    if !fifo.full {
                        let path = &fifo.configured.path;
                        troubles.push(format!("{path} doesn't take lines ({error}); left out"));
                    }
                    fifo.full = true;
                }
            }
        }
        troubles
    }
}

impl Open {
    fn is(&self, (about, configured): &(About, Fifo)) -> bool {
        self.about == *about && self.configured == *configured
    }
}

/// Opens the FIFOs of this configuration; those that are the same stay open, those that are gone
/// are removed.
pub(crate) async fn install(hub: &Rc<Hub>, settings: &Settings) {
    let whole = &settings.whole;
    let configured = [
        (About::All, &whole.fifo),
        (About::Routers, &whole.vrrp_fifo),
        (About::Servers, &whole.lvs_fifo),
    ];
    let wanted: Vec<(About, Fifo)> =
        configured.into_iter().filter_map(|(about, fifo)| Some((about, fifo.clone()?))).collect();
    let old = std::mem::take(&mut hub.fifos.borrow_mut().0);
    let (kept, gone): (Vec<Open>, Vec<Open>) =
        old.into_iter().partition(|open| wanted.iter().any(|wanted| open.is(wanted)));
    for open in gone {
        close(hub, open).await;
    }
    let missing: Vec<(About, Fifo)> =
        wanted.into_iter().filter(|wanted| !kept.iter().any(|open| open.is(wanted))).collect();
    hub.fifos.borrow_mut().0 = kept;
    for (about, fifo) in missing {
        match create(&fifo) {
            Ok(file) => {
                let script = Rc::default();
                if fifo.script.is_some() {
                    let running = Rc::clone(&script);
                    tokio::task::spawn_local(run(Rc::clone(hub), fifo.clone(), running));
                }
                let open = Open { about, configured: fifo, file, full: false, script };
                hub.fifos.borrow_mut().0.push(open);
            }
            Err(error) => {
                hub.notice(Level::Error, format!("there is no FIFO {}: {error}", fifo.path));
            }
        }
    }
}

/// Removes all FIFOs; their scripts are asked to end.
pub(crate) async fn remove_all(hub: &Rc<Hub>) {
    let all = std::mem::take(&mut hub.fifos.borrow_mut().0);
    for open in all {
        close(hub, open).await;
    }
}

async fn close(hub: &Rc<Hub>, open: Open) {
    let _ = std::fs::remove_file(&open.configured.path);
    if let Some(id) = open.script.get() {
        hub.terminate(id).await;
    }
}

/// Runs the script that reads a FIFO.
async fn run(hub: Rc<Hub>, fifo: Fifo, running: Rc<std::cell::Cell<Option<u64>>>) {
    let Some(command) = &fifo.script else { return };
    let path = [fifo.path.clone()];
    let (id, end) = hub.begin(Wanted::configured(command, &path, None, &hub.settings())).await;
    running.set(Some(id));
    let end = end.await;
    running.set(None);
    if end.code != Some(0) {
        let text = format!("the script of {} ended: {}", fifo.path, end.how);
        hub.notice(Level::Warning, text);
    }
}

/// Makes the FIFO, or takes the one that is there, and opens it so that writing never waits and
/// never fails for want of a reader.
fn create(fifo: &Fifo) -> io::Result<File> {
    match rustix::fs::mknodat(rustix::fs::CWD, &fifo.path, FileType::Fifo, MODE, 0) {
        Err(error) if error != Errno::EXIST => return Err(error.into()),
        _ => {}
    }
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed())
        .open(&fifo.path)?;
    if !file.metadata()?.file_type().is_fifo() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a file of that name is no FIFO"));
    }
    rustix::fs::fchmod(&file, MODE)?;
    let user = fifo.user.as_deref().map(User::by_name).transpose()?.flatten();
    let gid = match &fifo.group {
        Some(group) => group_id(group)?,
        None => user.as_ref().map(|user| user.gid),
    };
    if user.is_some() || gid.is_some() {
        let uid = user.map(|user| Uid::from_raw(user.uid));
        rustix::fs::fchown(&file, uid, gid.map(Gid::from_raw))?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn fifo(path: &std::path::Path) -> Fifo {
        Fifo { path: path.to_string_lossy().into_owned(), ..Fifo::default() }
    }

    fn opened(about: About, configured: Fifo) -> Fifos {
        let file = create(&configured).unwrap();
        Fifos(vec![Open { about, configured, file, full: false, script: Rc::default() }])
    }

    #[test]
    fn lines_come_out_in_order_and_are_never_replayed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo");
        let mut fifos = opened(About::Routers, fifo(&path));
        let mut write = |about, line| assert_eq!(fifos.write(about, line), Vec::<String>::new());
        write(About::Routers, "INSTANCE \"a\" MASTER 100\n");
        write(About::Servers, "VS [10.0.0.1]:tcp:80 UP\n");
        write(About::Routers, "INSTANCE \"a\" STOP 100\n");
        let mut text = [0; 200];
        let mut reader = OpenOptions::new()
            .read(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(&path)
            .unwrap();
        let length = reader.read(&mut text).unwrap();
        assert_eq!(&text[..length], b"INSTANCE \"a\" MASTER 100\nINSTANCE \"a\" STOP 100\n");
        assert!(reader.read(&mut text).is_err());
    }

    #[test]
    fn a_full_fifo_is_told_once_and_holds_nobody_up() {
        let dir = tempfile::tempdir().unwrap();
        let mut fifos = opened(About::All, fifo(&dir.path().join("fifo")));
        let line = "x".repeat(4000) + "\n";
        let told: usize = (0..100).map(|_| fifos.write(About::Servers, &line).len()).sum();
        assert_eq!(told, 1);
    }

    #[test]
    fn a_file_in_its_place_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo");
        std::fs::write(&path, "precious").unwrap();
        assert!(create(&fifo(&path)).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }
}
