//! Namespaces and what is mounted in them: the hosts of the lab.
//!
//! Most calls change the calling thread or process only and say which. They work as root and,
//! after [`unshare`] with `user` and [`map_root`], as an ordinary user where the kernel allows
//! user namespaces.

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};
use rustix::process::Pid;
use rustix::thread::{LinkNameSpaceType, UnshareFlags};
use std::ffi::{CString, OsString};
use std::io;
use std::path::Path;

/// Which namespaces to make.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Spaces {
    /// Users: makes the caller root inside. Only in a process with one thread.
    pub user: bool,
    /// Interfaces, addresses, routes, ports.
    pub network: bool,
    /// Mounts.
    pub mount: bool,
    /// The host name.
    pub uts: bool,
    /// Processes: the first child started afterwards is number 1 inside.
    pub pid: bool,
    /// System V IPC and POSIX message queues.
    pub ipc: bool,
}

/// One kind of namespace, as named in `/proc/PID/ns`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `user`
    User,
    /// `net`
    Network,
    /// `mnt`
    Mount,
    /// `uts`
    Uts,
    /// `pid`
    Pid,
    /// `ipc`
    Ipc,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Network => "net",
            Self::Mount => "mnt",
            Self::Uts => "uts",
            Self::Pid => "pid",
            Self::Ipc => "ipc",
        }
    }

    const fn link_type(self) -> LinkNameSpaceType {
        match self {
            Self::User => LinkNameSpaceType::User,
            Self::Network => LinkNameSpaceType::Network,
            Self::Mount => LinkNameSpaceType::Mount,
            Self::Uts => LinkNameSpaceType::HostNameAndNISDomainName,
            Self::Pid => LinkNameSpaceType::ProcessID,
            Self::Ipc => LinkNameSpaceType::InterProcessCommunication,
        }
    }
}

/// Moves the calling thread (for `user`: process) into new namespaces.
///
/// # Errors
/// `PermissionDenied` without the right; `InvalidInput` for `user` in a process with threads;
/// `ENOSPC` when the system's limit of namespaces is reached.
pub fn unshare(spaces: Spaces) -> io::Result<()> {
    let mut flags = UnshareFlags::empty();
    let wanted = [
        (spaces.user, UnshareFlags::NEWUSER),
        (spaces.network, UnshareFlags::NEWNET),
        (spaces.mount, UnshareFlags::NEWNS),
        (spaces.uts, UnshareFlags::NEWUTS),
        (spaces.pid, UnshareFlags::NEWPID),
        (spaces.ipc, UnshareFlags::NEWIPC),
    ];
    wanted.iter().filter(|(wanted, _)| *wanted).for_each(|(_, flag)| flags |= *flag);
    // SAFETY: `FILES` is never among the flags, so all threads keep one table of descriptors.
    Ok(unsafe { rustix::thread::unshare_unsafe(flags) }?)
}

/// In a new user namespace: makes the outer user `uid` and group `gid` root inside.
///
/// # Errors
/// `PermissionDenied` when the mapping was made already or isn't allowed.
pub fn map_root(uid: u32, gid: u32) -> io::Result<()> {
    // An ordinary user may map groups only after giving up setgroups (user_namespaces(7)).
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
    std::fs::write("/proc/self/gid_map", format!("0 {gid} 1"))
}

/// A namespace of another process, or of the calling thread, to be entered later. It lives as
/// long as this descriptor.
///
/// # Errors
/// `NotFound` when the process is gone, `PermissionDenied`.
pub fn of(process: Option<Pid>, kind: Kind) -> io::Result<OwnedFd> {
    let path = match process {
        Some(pid) => format!("/proc/{}/ns/{}", pid.as_raw_nonzero(), kind.name()),
        None => format!("/proc/thread-self/ns/{}", kind.name()),
    };
    Ok(rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?)
}

/// Moves the calling thread into a namespace. `Pid` counts for children started afterwards;
/// `Mount` needs a thread whose working directory is its own, as a process with one thread has.
///
/// # Errors
/// `PermissionDenied`; `InvalidInput` when the descriptor is of another kind, or for `User` and
/// `Mount` in a process with threads.
pub fn enter(namespace: impl AsFd, kind: Kind) -> io::Result<()> {
    let fd: BorrowedFd<'_> = namespace.as_fd();
    Ok(rustix::thread::move_into_link_name_space(fd, Some(kind.link_type()))?)
}

/// A new network namespace that no thread is in; the calling thread stays where it is.
///
/// # Errors
/// As [`unshare`].
pub fn new_network() -> io::Result<OwnedFd> {
    on_a_thread(|| {
        unshare(Spaces { network: true, ..Spaces::default() })?;
        of(None, Kind::Network)
    })?
}

/// Runs `work` on a thread of its own in a network namespace and waits for it. Sockets opened
/// there stay in that namespace wherever they are used.
///
/// # Errors
/// As [`enter`], and when no thread can be started.
pub fn in_network<T: Send>(
    namespace: impl AsFd + Sync,
    work: impl FnOnce() -> T + Send,
) -> io::Result<T> {
    on_a_thread(|| enter(&namespace, Kind::Network).map(|()| work()))?
}

/// Runs `work` on a new thread; a panic in it goes on in the caller.
fn on_a_thread<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().spawn_scoped(scope, work)?;
        thread.join().or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Sets the host name of the UTS namespace.
///
/// # Errors
/// `PermissionDenied`; `InvalidInput` for more than 64 bytes.
pub fn set_host_name(name: &str) -> io::Result<()> {
    Ok(rustix::system::sethostname(name.as_bytes())?)
}

/// Makes all mounts private, so that later ones stay in this mount namespace.
///
/// # Errors
/// `PermissionDenied`.
pub fn private_mounts() -> io::Result<()> {
    let flags = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    Ok(rustix::mount::mount_change("/", flags)?)
}

/// Makes `source`, file or directory with all that is mounted below it, appear at `target`,
/// which must exist and be of the same sort.
///
/// # Errors
/// `NotFound`, `NotADirectory`, `PermissionDenied`.
pub fn bind(source: &Path, target: &Path) -> io::Result<()> {
    Ok(rustix::mount::mount_bind_recursive(source, target)?)
}

/// Makes an existing bind mount read-only.
///
/// # Errors
/// `InvalidInput` when nothing is mounted there, `PermissionDenied`.
pub fn bind_read_only(target: &Path) -> io::Result<()> {
    Ok(rustix::mount::mount_remount(target, MountFlags::BIND | MountFlags::RDONLY, c"")?)
}

/// Shows the directories `lower` (the first on top) at `target`, with changes kept in `upper`;
/// `work` is an empty directory on the same file system as `upper`.
///
/// # Errors
/// `InvalidInput` for a path with `,` or `:` in it or an `upper` the kernel can't use (another
/// overlay), `NotFound`, `PermissionDenied`.
pub fn overlay(lower: &[&Path], upper: &Path, work: &Path, target: &Path) -> io::Result<()> {
    let mut options = OsString::from("lowerdir=");
    for (index, directory) in lower.iter().enumerate() {
        if index > 0 {
            options.push(":");
        }
        options.push(plain(directory)?);
    }
    options.push(",upperdir=");
    options.push(plain(upper)?);
    options.push(",workdir=");
    options.push(plain(work)?);
    let options = CString::new(options.into_encoded_bytes())?;
    Ok(rustix::mount::mount("overlay", target, "overlay", MountFlags::empty(), &*options)?)
}

/// A path that means itself within overlay's options.
fn plain(path: &Path) -> io::Result<&Path> {
    let bytes = path.as_os_str().as_encoded_bytes();
    if bytes.iter().any(|byte| b",:\\".contains(byte)) {
        let text = format!("{} can't be part of an overlay", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(path)
}

/// An empty file system in memory at `target`.
///
/// # Errors
/// `NotFound`, `PermissionDenied`.
pub fn tmpfs(target: &Path) -> io::Result<()> {
    Ok(rustix::mount::mount("tmpfs", target, "tmpfs", MountFlags::empty(), c"mode=755")?)
}

/// The processes of this PID namespace at `target`, usually `/proc`.
///
/// # Errors
/// `NotFound`, `PermissionDenied`.
pub fn proc(target: &Path) -> io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    Ok(rustix::mount::mount("proc", target, "proc", flags, None)?)
}

/// The devices of this network namespace at `target`, usually `/sys`.
///
/// # Errors
/// `NotFound`, `PermissionDenied`.
pub fn sysfs(target: &Path) -> io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    Ok(rustix::mount::mount("sysfs", target, "sysfs", flags, None)?)
}

/// Makes `root`, which must be a mount of its own, the root of this mount namespace and takes
/// the old root away.
///
/// # Errors
/// `InvalidInput` when `root` isn't a mount or the old root is the first one (initramfs): use
/// [`chroot`] there. `PermissionDenied`.
pub fn pivot_root(root: &Path) -> io::Result<()> {
    rustix::process::chdir(root)?;
    // Stacking the old root over the new one needs no directory for it (pivot_root(2)).
    rustix::process::pivot_root(".", ".")?;
    rustix::mount::unmount(".", UnmountFlags::DETACH)?;
    Ok(rustix::process::chdir("/")?)
}

/// Makes `root` the root directory of the calling process.
///
/// # Errors
/// `NotFound`, `NotADirectory`, `PermissionDenied`.
pub fn chroot(root: &Path) -> io::Result<()> {
    rustix::process::chroot(root)?;
    Ok(rustix::process::chdir("/")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    /// Runs a shell command in a child that first does `prepare`. `None`: not allowed here.
    fn shell_after(
        prepare: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
        script: &str,
    ) -> Option<String> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        // SAFETY: between fork and exec only system calls and small allocations are made, and
        // glibc's allocator is usable in a forked child.
        unsafe { command.pre_exec(prepare) };
        match command.output() {
            Ok(output) => Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "no namespaces: {error}");
                println!("skipped: namespaces are not allowed here ({error})");
                None
            }
        }
    }

    #[test]
    fn a_user_namespace_makes_anyone_root_with_a_host_name_of_its_own() {
        let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        let prepare = move || {
            unshare(Spaces { user: true, uts: true, network: true, ..Spaces::default() })?;
            map_root(uid, gid)?;
            set_host_name("node1")
        };
        if let Some(said) = shell_after(prepare, "id -u; uname -n") {
            assert_eq!(said, "0\nnode1");
        }
        assert_ne!(crate::system::node_name(), "node1");
    }

    #[test]
    fn mounts_made_inside_stay_inside() {
        let directory = tempfile::tempdir().expect("directory");
        let dir = |name: &str| {
            let path = directory.path().join(name);
            std::fs::create_dir(&path).expect("creates");
            path
        };
        let (base, lower, target) = (dir("base"), dir("lower"), dir("target"));
        std::fs::write(lower.join("file"), "below").expect("writes");
        let path = target.clone();
        let prepare = move || {
            unshare(Spaces { mount: true, ..Spaces::default() })?;
            private_mounts()?;
            tmpfs(&base)?;
            let (upper, work) = (base.join("upper"), base.join("work"));
            std::fs::create_dir(&upper)?;
            std::fs::create_dir(&work)?;
            overlay(&[&lower], &upper, &work, &path)?;
            std::fs::write(path.join("file"), "above")?;
            bind(&path, &base.join("upper"))
        };
        let script = format!("cat {}", target.join("file").display());
        if let Some(said) = shell_after(prepare, &script) {
            assert_eq!(said, "above");
        }
        assert!(!target.join("file").exists());
        let below = std::fs::read_to_string(directory.path().join("lower/file")).expect("reads");
        assert_eq!(below, "below");
    }

    #[test]
    fn a_new_root_hides_the_old_one() {
        let directory = tempfile::tempdir().expect("directory");
        let root = directory.path().to_owned();
        let prepare = move || {
            unshare(Spaces { mount: true, ..Spaces::default() })?;
            private_mounts()?;
            tmpfs(&root)?;
            for name in ["bin", "lib", "lib64", "usr"] {
                let from = Path::new("/").join(name);
                if from.exists() {
                    std::fs::create_dir(root.join(name))?;
                    bind(&from, &root.join(name))?;
                    bind_read_only(&root.join(name))?;
                }
            }
            pivot_root(&root).or_else(|_| chroot(&root))
        };
        if let Some(said) =
            shell_after(prepare, "test -e /etc || echo hidden; touch /usr/x || echo sealed")
        {
            assert_eq!(said, "hidden\nsealed");
        }
    }

    #[test]
    fn an_overlay_refuses_paths_that_would_mean_something_else() {
        let bad = Path::new("/tmp/a:b");
        let error = overlay(&[bad], bad, bad, bad).expect_err("colon");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
