//! The machine as a whole: its name, its reboot, the service manager that started us.

use rustix::system::RebootCommand;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// This node's name as `uname -n` prints it.
pub fn node_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Syncs the disks and reboots at once, without asking any process. In a PID namespace it ends
/// that namespace only.
///
/// # Errors
/// `PermissionDenied` without `CAP_SYS_BOOT`. It doesn't return otherwise.
pub fn reboot() -> io::Result<()> {
    rustix::fs::sync();
    Ok(rustix::system::reboot(RebootCommand::Restart)?)
}

/// Tells the service manager `text` (such as `READY=1`), if there is one: true when it was told.
///
/// # Errors
/// Those of sending to the socket that `NOTIFY_SOCKET` names.
pub fn sd_notify(text: &str) -> io::Result<bool> {
    match std::env::var_os("NOTIFY_SOCKET") {
        Some(name) => notify(name.as_encoded_bytes(), text).map(|()| true),
        None => Ok(false),
    }
}

/// Sends to a datagram socket by path, or by abstract name after `@` (sd_notify(3)).
fn notify(name: &[u8], text: &str) -> io::Result<()> {
    let address = match name.split_first() {
        Some((b'@', rest)) => SocketAddr::from_abstract_name(rest)?,
        _ => SocketAddr::from_pathname(OsStr::from_bytes(name))?,
    };
    UnixDatagram::unbound()?.send_to_addr(text.as_bytes(), &address)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_node_has_the_name_the_kernel_tells() {
        let told = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("proc");
        assert_eq!(node_name(), told.trim_end());
    }

    #[test]
    fn a_service_manager_is_told_by_path_and_by_abstract_name() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).expect("binds");
        notify(path.as_os_str().as_encoded_bytes(), "READY=1").expect("tells");
        let mut buffer = [0; 64];
        let length = manager.recv(&mut buffer).expect("hears");
        assert_eq!(&buffer[..length], b"READY=1");

        let name = format!("handover-test-{}", std::process::id());
        let abstract_name = SocketAddr::from_abstract_name(&name).expect("name");
        let manager = UnixDatagram::bind_addr(&abstract_name).expect("binds");
        notify(format!("@{name}").as_bytes(), "STOPPING=1").expect("tells");
        let length = manager.recv(&mut buffer).expect("hears");
        assert_eq!(&buffer[..length], b"STOPPING=1");
    }
}
