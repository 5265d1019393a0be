//! The FIFO through which scripts speak to the cluster: classic messages, as `hb_standby` and the
//! hooks of old write them (docs/ancestors/heartbeat.md §5.5). Root only, by its mode.

use crate::hub::Hub;
use crate::paths;
use api::Level;
use cluster::Input;
use rustix::fs::{CWD, FileType, Mode};
use std::io;
use std::path::Path;
use std::rc::Rc;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::{self, Receiver};
use wire::heartbeat::classic_stream::Reader;
use wire::heartbeat::decode_local;

/// Read at once.
const CHUNK: usize = 4096;

/// Makes the FIFO anew and opens it for reading and writing: so it never ends.
///
/// # Errors
/// Those of the file system.
pub(crate) fn open() -> io::Result<Receiver> {
    let path = Path::new(paths::FIFO);
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mode = Mode::RUSR | Mode::WUSR;
    rustix::fs::mknodat(CWD, path, FileType::Fifo, mode, 0)?;
    pipe::OpenOptions::new().read_write(true).open_receiver(path)
}

/// Gives every message to the node, for ever.
///
/// # Errors
/// Those of reading.
pub(crate) async fn serve(hub: Rc<Hub>, mut fifo: Receiver) -> io::Result<()> {
    let mut frames = Reader::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        let length = fifo.read(&mut buffer).await?;
        let mut whole = Vec::new();
        frames.push(&buffer[..length], &mut whole);
        for frame in whole {
            match decode_local(&frame) {
                Ok(message) if message.message_type().is_some() => {
                    hub.node.input(Input::Inject { message });
                }
                Ok(_) => hub.log(Level::Warning, "a message in the FIFO has no type"),
                Err(why) => hub.log(Level::Warning, &format!("a message in the FIFO: {why}")),
            }
        }
    }
}
