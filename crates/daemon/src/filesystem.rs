//! The built-in `Filesystem device directory [fstype [options]]`, by system calls.

use linux::mount;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Times a busy file system is tried to be unmounted before it counts as failed; the node repeats
/// the whole stop.
const UNMOUNT_TRIES: u32 = 5;
/// Between two of them.
const UNMOUNT_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// The arguments of the resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FilesystemSpec {
    device: String,
    directory: PathBuf,
    kind: Option<String>,
    options: String,
}

impl FilesystemSpec {
    /// Reads the arguments of haresources.
    ///
    /// # Errors
    /// A sentence that names what is missing.
    pub(crate) fn parse(args: &[String]) -> Result<Self, String> {
        let [device, directory, rest @ ..] = args else {
            return Err("Filesystem needs a device and a directory".into());
        };
        let directory = PathBuf::from(directory);
        if !directory.is_absolute() || directory == Path::new("/") {
            return Err(format!("{} is no directory to mount at", directory.display()));
        }
        Ok(Self {
            device: device.clone(),
            directory,
            kind: rest.first().filter(|kind| !kind.is_empty() && *kind != "auto").cloned(),
            options: rest.get(1).cloned().unwrap_or_default(),
        })
    }

    /// Is something mounted at the directory?
    ///
    /// # Errors
    /// Those of reading `/proc`.
    pub(crate) fn is_mounted(&self) -> io::Result<bool> {
        match mount::mounted_at(&self.directory) {
            Ok(found) => Ok(found.is_some()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The command line that mounts what the kernel can't by itself: a kind with a helper, or a
    /// device named by label, by uuid or without its kind.
    pub(crate) fn command(&self) -> Option<Vec<String>> {
        let plain = self.device.starts_with('/') && self.kind.is_some();
        let helped = self.kind.as_deref().and_then(mount::helper);
        if plain && helped.is_none() {
            return None;
        }
        let mut argv = vec!["/bin/mount".to_owned()];
        if let Some(kind) = &self.kind {
            argv.extend(["-t".into(), kind.clone()]);
        }
        if !self.options.is_empty() {
            argv.extend(["-o".into(), self.options.clone()]);
        }
        argv.push("--".into());
        argv.extend([self.device.clone(), self.directory.display().to_string()]);
        Some(argv)
    }

    /// Mounts. Blocks as long as the device does.
    ///
    /// # Errors
    /// A sentence for the administrator.
    pub(crate) fn mount(&self) -> Result<(), String> {
        let kind = self.kind.as_deref().unwrap_or_default();
        mount::mount(&self.device, &self.directory, kind, &self.options).map_err(|error| {
            format!("{} can't be mounted at {}: {error}", self.device, self.directory.display())
        })
    }

    /// Unmounts all that is mounted at the directory. Blocks as long as the device does.
    ///
    /// # Errors
    /// A sentence for the administrator.
    pub(crate) fn unmount(&self) -> Result<(), String> {
        let tell =
            |error: io::Error| format!("{} can't be unmounted: {error}", self.directory.display());
        let mut tries = 0;
        while self.is_mounted().map_err(tell)? {
            match mount::unmount(&self.directory, false, false) {
                Ok(()) => {}
                Err(error)
                    if error.kind() == io::ErrorKind::ResourceBusy && tries < UNMOUNT_TRIES =>
                {
                    tries += 1;
                    std::thread::sleep(UNMOUNT_AGAIN_AFTER);
                }
                Err(error) => return Err(tell(error)),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(args: &[&str]) -> Result<FilesystemSpec, String> {
        FilesystemSpec::parse(&args.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn device_and_directory_are_needed() {
        assert!(spec(&["/dev/sdb1"]).is_err());
        assert!(spec(&["/dev/sdb1", "srv"]).is_err());
        assert!(spec(&["/dev/sdb1", "/"]).is_err());
    }

    #[test]
    fn a_plain_device_is_mounted_by_the_kernel_alone() {
        assert_eq!(spec(&["/dev/sdb1", "/srv", "ext4", "noatime"]).unwrap().command(), None);
    }

    #[test]
    fn a_label_or_an_unknown_kind_goes_through_mount() {
        assert_eq!(
            spec(&["LABEL=data", "/srv", "ext4", "noatime"]).unwrap().command().unwrap(),
            ["/bin/mount", "-t", "ext4", "-o", "noatime", "--", "LABEL=data", "/srv"]
        );
        assert_eq!(
            spec(&["-o/dev/sdb1", "/srv"]).unwrap().command().unwrap(),
            ["/bin/mount", "--", "-o/dev/sdb1", "/srv"]
        );
    }

    #[test]
    fn nothing_is_mounted_at_a_directory_that_does_not_exist() {
        assert!(!spec(&["/dev/x", "/nonexistent/dir", "ext4"]).unwrap().is_mounted().unwrap());
    }
}
