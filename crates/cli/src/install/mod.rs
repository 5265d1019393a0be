//! `handover install`: the program, its old names, units, init script, man pages, completions.
//!
//! [`plan()`] lists what goes where; packages call the same code with `--root`. Nothing that
//! belongs to somebody else is overwritten without `--force`.

mod files;
mod plan;

use crate::console::{Console, Stop};
use crate::exit::Exit;
use plan::{Content, Item};
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

pub(crate) use plan::plan;

/// What to install and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Options {
    /// Everything goes below this directory; `/` on a running system.
    pub root: PathBuf,
    /// The old names of these ancestors too.
    pub compat: Vec<Ancestor>,
    /// Replace files that are not ours.
    pub force: bool,
    /// Say what would be done.
    pub dry_run: bool,
}

/// Whose names we can answer to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Ancestor {
    /// Heartbeat 3.0.6, at Debian's paths.
    Heartbeat,
    /// keepalived 2.2.7, at Debian's paths.
    Keepalived,
    /// Pacemaker's commands, at Debian's paths.
    Pacemaker,
}

impl Ancestor {
    /// Whose program an old name is.
    pub(crate) fn of(old_name: &str) -> Self {
        match old_name {
            "keepalived" => Self::Keepalived,
            "crm_simulate" => Self::Pacemaker,
            name if crate::tools::NAMES.contains(&name) => Self::Pacemaker,
            name if crate::crm::NAMES.contains(&name) => Self::Pacemaker,
            _ => Self::Heartbeat,
        }
    }
}

/// What happened to one path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Done {
    Written,
    Unchanged,
    /// Something else lies there.
    Foreign,
}

/// Installs and says per path what was done.
///
/// # Errors
/// When a file can't be written; what was written before stays.
pub(crate) fn run(options: &Options, console: &mut Console<'_>) -> Result<Exit, Stop> {
    let binary = std::env::current_exe()
        .map_err(|error| Stop::failed(format!("cannot find our own program: {error}")))?;
    let mut exit = Exit::Done;
    for item in plan(&options.compat) {
        let path = options.root.join(item.path.trim_start_matches('/'));
        let done = place(&item, &path, &binary, options)
            .map_err(|error| Stop::failed(format!("cannot install {}: {error}", path.display())))?;
        let word = match done {
            Done::Written if options.dry_run => "would install",
            Done::Written => "installed",
            Done::Unchanged => "unchanged",
            Done::Foreign => {
                exit = Exit::Failed;
                "LEFT ALONE (another program's file; --force replaces it)"
            }
        };
        writeln!(console.out, "{word:13} {}", path.display())?;
    }
    if options.root == Path::new("/") && !options.dry_run {
        let unit = match options.compat.as_slice() {
            [Ancestor::Keepalived] => "handover-keepalived",
            [] | [Ancestor::Heartbeat] => "handover-heartbeat",
            _ => "handover-heartbeat handover-keepalived",
        };
        writeln!(
            console.err,
            "Next: handover check, then: systemctl daemon-reload && systemctl enable --now {unit}"
        )?;
        if !fs::read_to_string("/etc/group").is_ok_and(|groups| groups.contains("\nhaclient:")) {
            writeln!(
                console.err,
                "There is no group haclient, so only root may move groups; \
                 make it with: groupadd --system haclient"
            )?;
        }
    }
    Ok(exit)
}

fn place(item: &Item, path: &Path, binary: &Path, options: &Options) -> io::Result<Done> {
    let wanted = match &item.content {
        Content::Link(target) => {
            return link(target, path, options);
        }
        Content::Directory => {
            if path.is_dir() {
                return Ok(Done::Unchanged);
            }
            if !options.dry_run {
                fs::create_dir_all(path)?;
            }
            return Ok(Done::Written);
        }
        Content::Program => fs::read(binary)?,
        Content::Text(text) => text.clone().into_bytes(),
    };
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_file() => {
            if fs::read(path)? == wanted {
                return Ok(Done::Unchanged);
            }
            if !options.force && !item.is_ours(path) {
                return Ok(Done::Foreign);
            }
        }
        Ok(_) if !options.force => return Ok(Done::Foreign),
        Ok(_) | Err(_) => {}
    }
    if !options.dry_run {
        write(path, &wanted, item.mode)?;
    }
    Ok(Done::Written)
}

/// Whether a link is one of an earlier install, or leads nowhere.
fn may_be_replaced(link: &Path, target: &Path) -> bool {
    let name = target.file_name().map(|name| name.to_string_lossy());
    name.is_some_and(|name| name.starts_with(files::MARK)) || !link.exists()
}

/// A link of ours or a dangling one is replaced; what is somebody else's is not.
fn link(target: &str, path: &Path, options: &Options) -> io::Result<Done> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_symlink() => {
            let known = fs::read_link(path)?;
            if known == Path::new(target) {
                return Ok(Done::Unchanged);
            }
            if !options.force && !may_be_replaced(path, &known) {
                return Ok(Done::Foreign);
            }
        }
        Ok(_) if !options.force => return Ok(Done::Foreign),
        Ok(_) | Err(_) => {}
    }
    if options.dry_run {
        return Ok(Done::Written);
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let beside = beside(path);
    let _ = fs::remove_file(&beside);
    symlink(target, &beside)?;
    fs::rename(&beside, path)?;
    Ok(Done::Written)
}

/// Writes beside and renames: a running program is replaced, not overwritten.
fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let beside = beside(path);
    fs::write(&beside, bytes)?;
    fs::set_permissions(&beside, fs::Permissions::from_mode(mode))?;
    fs::rename(&beside, path)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".handover-new");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(root: &Path, force: bool) -> (Exit, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::to_buffers(&mut out, &mut err);
        let options = Options {
            root: root.to_owned(),
            compat: vec![Ancestor::Heartbeat],
            force,
            dry_run: false,
        };
        let exit = run(&options, &mut console).expect("installs");
        (exit, String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn a_second_install_changes_nothing() {
        let root = tempfile::tempdir().expect("a temporary directory");
        assert_eq!(install(root.path(), false).0, Exit::Done);
        let (exit, said) = install(root.path(), false);
        assert_eq!(exit, Exit::Done);
        assert!(said.lines().all(|line| line.starts_with("unchanged")), "{said}");
        let link = fs::read_link(root.path().join("usr/bin/cl_status")).expect("a link");
        assert_eq!(link, Path::new("/usr/sbin/handover"));
    }

    #[test]
    fn the_ancestors_own_files_are_left_alone() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let path = root.path().join("etc/init.d/heartbeat");
        write(&path, b"#!/bin/sh\n# the old one\n", 0o755).expect("write");
        let (exit, said) = install(root.path(), false);
        assert_eq!(exit, Exit::Failed);
        assert!(said.contains("LEFT ALONE"), "{said}");
        assert!(fs::read_to_string(&path).expect("read").contains("the old one"));
        assert_eq!(install(root.path(), true).0, Exit::Done);
        assert!(!fs::read_to_string(&path).expect("read").contains("the old one"));
    }

    #[test]
    fn a_link_to_another_program_is_left_alone_and_one_that_leads_nowhere_is_not() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let path = root.path().join("usr/bin/cl_status");
        fs::create_dir_all(path.parent().expect("a parent")).expect("create");
        symlink("/bin/sh", &path).expect("link");
        assert_eq!(install(root.path(), false).0, Exit::Failed);
        assert_eq!(fs::read_link(&path).expect("a link"), Path::new("/bin/sh"));
        fs::remove_file(&path).expect("remove");
        symlink("/no/such/program", &path).expect("link");
        assert_eq!(install(root.path(), false).0, Exit::Done);
        assert_eq!(fs::read_link(&path).expect("a link"), Path::new("/usr/sbin/handover"));
    }
}
