//! The information base in a file: finding it by `CIB_file` and `CIB_shadow`, reading it, changing
//! it request by request and writing it back.
//!
//! [`CibFile::edit`] holds a lock on the file until it is dropped; what is written takes the old
//! file's place, with its owner and mode, and lies beside it until that is done.
//! (Pacemaker's own tools do not lock.)

use crate::exit::Exit;
use bzip2::Compression;
use bzip2::read::MultiBzDecoder;
use bzip2::write::BzEncoder;
use cib::request::{self, Change, Fault, FaultKind, Request};
use cib::xml::{Document, MAX_BYTES, Style};
use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Where shadow copies lie if `CIB_shadow_dir` says nothing else.
pub const SHADOW_DIRECTORY: &str = "/var/lib/pacemaker/cib";
/// How often the file may be put aside by another writer while we wait for its lock.
const LOCK_ATTEMPTS: u32 = 100;
/// The input is no CIB that could be used (`crm_error 78`).
const BAD_CONFIGURATION: u8 = 78;
/// There is no such file (`crm_error 105`).
const NO_SUCH: u8 = 105;
/// There is no cluster to ask (`crm_error 102`).
const DISCONNECTED: u8 = 102;
/// It could not be written (`crm_error 74`).
const NOT_WRITTEN: u8 = 74;
/// It may not be read or written (`crm_error 4`).
const NO_RIGHTS: u8 = 4;

/// Why the information base cannot be used: the reason in `crm_error`'s words, its code, and what
/// else is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unusable {
    /// The reason as Pacemaker's tools put it behind `Could not connect to the CIB: `.
    pub reason: String,
    /// The exit code.
    pub exit: Exit,
    /// What is wrong exactly, one sentence a line.
    pub details: Vec<String>,
}

impl Unusable {
    fn new(reason: &str, code: u8, detail: Option<String>) -> Self {
        Self {
            reason: reason.to_owned(),
            exit: Exit::Old(code),
            details: detail.into_iter().collect(),
        }
    }

    fn io(path: &Path, error: &io::Error) -> Self {
        let detail = Some(format!("{}: {error}", path.display()));
        match error.kind() {
            io::ErrorKind::NotFound => Self::new("No such device or address", NO_SUCH, detail),
            io::ErrorKind::PermissionDenied => Self::new("Permission denied", NO_RIGHTS, detail),
            _ => Self::new("Input/output error", NOT_WRITTEN, detail),
        }
    }

    fn configuration(detail: String) -> Self {
        let sentence = FaultKind::Schema.sentence();
        Self::new(sentence, BAD_CONFIGURATION, Some(detail))
    }
}

/// The environment's words about where the information base is.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Whereabouts {
    /// `CIB_file`.
    pub file: Option<OsString>,
    /// `CIB_shadow`, which wins.
    pub shadow: Option<OsString>,
    /// `CIB_shadow_dir`.
    pub shadow_dir: Option<OsString>,
}

impl Whereabouts {
    /// What this process was given.
    pub fn from_env() -> Self {
        let given = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            file: given("CIB_file"),
            shadow: given("CIB_shadow"),
            shadow_dir: given("CIB_shadow_dir"),
        }
    }

    /// Where shadow copies lie.
    pub fn shadow_directory(&self) -> PathBuf {
        self.shadow_dir.clone().map_or_else(|| SHADOW_DIRECTORY.into(), PathBuf::from)
    }

    /// The file of the shadow copy of this name.
    pub fn shadow_file(&self, name: &str) -> PathBuf {
        self.shadow_directory().join(format!("shadow.{name}"))
    }

    /// The file that tools read and change.
    ///
    /// # Errors
    /// Neither variable is set: a running cluster is meant, and there is none to ask.
    pub fn path(&self) -> Result<PathBuf, Unusable> {
        if let Some(name) = &self.shadow {
            return Ok(self.shadow_file(&name.to_string_lossy()));
        }
        let absent = || Unusable::new("Transport endpoint is not connected", DISCONNECTED, None);
        self.file.as_ref().map(PathBuf::from).ok_or_else(absent)
    }
}

/// An information base in a file.
#[derive(Debug)]
pub struct CibFile {
    /// The file itself, behind all symbolic links.
    path: PathBuf,
    document: Document,
    changed: bool,
    /// The open file with its lock, if it was opened for changing it.
    locked: Option<File>,
}

impl CibFile {
    /// Opens the information base the environment names, for reading.
    ///
    /// # Errors
    /// There is none, it cannot be read, or it does not conform to its schema.
    pub fn read() -> Result<Self, Unusable> {
        Self::open(&Whereabouts::from_env().path()?, false)
    }

    /// Opens the information base the environment names, for changing it: waits until nobody else
    /// does.
    ///
    /// # Errors
    /// As for [`Self::read`].
    pub fn edit() -> Result<Self, Unusable> {
        Self::open(&Whereabouts::from_env().path()?, true)
    }

    /// Opens a file, for reading or for changing it.
    ///
    /// # Errors
    /// It cannot be read, is no information base, or does not conform to its schema.
    pub fn open(path: &Path, edit: bool) -> Result<Self, Unusable> {
        let failed = |error: io::Error| Unusable::io(path, &error);
        let path = &fs::canonicalize(path).map_err(failed)?;
        let (file, locked) = if edit {
            let locked = lock(path).map_err(failed)?;
            (locked.try_clone().map_err(failed)?, Some(locked))
        } else {
            (File::open(path).map_err(failed)?, None)
        };
        let document = parse(path, file)?;
        request::validate(&document).map_err(|fault| Unusable {
            details: fault.findings.iter().map(ToString::to_string).collect(),
            ..Unusable::new(fault.kind.sentence(), fault.kind.code(), None)
        })?;
        Ok(Self { path: path.clone(), document, changed: false, locked })
    }

    /// What it holds now.
    pub const fn document(&self) -> &Document {
        &self.document
    }

    /// What it holds, to keep.
    pub fn into_document(self) -> Document {
        self.document
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Carries a request out in memory; [`Self::save`] makes it last.
    ///
    /// # Errors
    /// Why it is refused; nothing is changed then.
    pub fn perform(&mut self, request: &Request<'_>) -> Result<Change, Fault> {
        let change = request::perform(&mut self.document, request)?;
        self.changed |= change != Change::Nothing;
        Ok(change)
    }

    /// Takes a changed copy of [`Self::document`] over, with its version counted up.
    ///
    /// # Errors
    /// Why it is refused; nothing is changed then.
    pub fn adopt(&mut self, result: Document) -> Result<Change, Fault> {
        let change = request::adopt(&mut self.document, result, false)?;
        self.changed |= change != Change::Nothing;
        Ok(change)
    }

    /// Writes what was changed, if anything was.
    ///
    /// # Errors
    /// It cannot be written; the file is as it was.
    pub fn save(&mut self) -> Result<(), Unusable> {
        if self.changed {
            write(&self.path, &self.document).map_err(|error| Unusable::io(&self.path, &error))?;
            self.changed = false;
            // The lock was on the file that was replaced.
            self.locked = None;
        }
        Ok(())
    }
}

/// Locks the file that has this name once the lock is ours: who waited may hold one that has been
/// replaced meanwhile.
fn lock(path: &Path) -> io::Result<File> {
    for _ in 0..LOCK_ATTEMPTS {
        let file = File::open(path)?;
        match file.lock() {
            // Some file systems have no locks; the replacement in one step still holds.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => return Ok(file),
            locked => locked?,
        }
        let same = |held: &Metadata, named: &Metadata| {
            (held.dev(), held.ino()) == (named.dev(), named.ino())
        };
        if same(&file.metadata()?, &fs::metadata(path)?) {
            return Ok(file);
        }
    }
    Err(io::Error::new(io::ErrorKind::ResourceBusy, "others keep changing it"))
}

/// Reads an information base; one called `.bz2` is unpacked. A missing status is added, and who
/// names no schema asks for no validation (measured).
fn parse(path: &Path, file: File) -> Result<Document, Unusable> {
    let mut bytes = Vec::new();
    // One byte more than is allowed tells too much from just enough.
    let most = MAX_BYTES as u64 + 1;
    let read = if is_packed(path) {
        MultiBzDecoder::new(file).take(most).read_to_end(&mut bytes)
    } else {
        file.take(most).read_to_end(&mut bytes)
    };
    read.map_err(|error| Unusable::io(path, &error))?;
    let name = path.display();
    let refused = |why: &dyn std::fmt::Display| Unusable::configuration(format!("{name}: {why}"));
    let text = String::from_utf8(bytes).map_err(|_| refused(&"it is not UTF-8"))?;
    let mut document = Document::parse(text).map_err(|error| refused(&error))?;
    if !document.root().is("cib") {
        return Err(refused(&format!("<{}> is no cib", document.root().name())));
    }
    let root = document.root().id();
    if document.root().get("validate-with").is_none() {
        document.set(root, "validate-with", "none");
    }
    if document.root().child("status").is_none() {
        document.append(root, "status");
    }
    Ok(document)
}

fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "bz2")
}

/// Writes a document to a file. The whole of it lies beside the file before a byte of that is
/// touched, and goes when the file is whole: a crash loses nothing. A file that is there stays the
/// same one, since pcs reads the result from the file it holds open.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, document: &Document) -> io::Result<()> {
    let text = document.root().to_text(Style::Pretty);
    let bytes = if is_packed(path) {
        let mut packer = BzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(text.as_bytes())?;
        packer.finish()?
    } else {
        text.into_bytes()
    };
    let old = fs::metadata(path).ok();
    let beside = path.with_file_name(format!(
        "{}.{}",
        path.file_name().unwrap_or_default().to_string_lossy(),
        std::process::id()
    ));
    match copy(&beside, &bytes, old.as_ref()) {
        // A file may be ours to write where its directory is not.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && old.is_some() => {
            return overwrite(path, &bytes);
        }
        Err(error) => {
            fs::remove_file(&beside).ok();
            return Err(error);
        }
        Ok(()) => {}
    }
    if old.is_none() {
        return fs::rename(&beside, path);
    }
    overwrite(path, &bytes)?;
    fs::remove_file(&beside)
}

/// A new file with these bytes, safe on the disk, with the old one's mode.
fn copy(beside: &Path, bytes: &[u8], old: Option<&Metadata>) -> io::Result<()> {
    let mode = old.map_or(0o600, |old| old.permissions().mode() & 0o7777);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(beside)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Other bytes in the same file.
fn overwrite(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut same = OpenOptions::new().write(true).open(path)?;
    same.write_all(bytes)?;
    same.set_len(bytes.len() as u64)?;
    same.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cib::request::Verb;
    use std::os::unix::fs::symlink;

    const CIB: &str = "<cib validate-with=\"none\" epoch=\"1\"><configuration/></cib>";

    fn bump(path: &Path) -> Result<(), Unusable> {
        let mut file = CibFile::open(path, true)?;
        file.perform(&Request::plain(Verb::Bump)).expect("a new epoch");
        file.save()
    }

    #[test]
    fn a_change_takes_the_files_place_behind_links_and_keeps_its_mode() {
        let directory = tempfile::tempdir().expect("a directory");
        let (file, link) = (directory.path().join("cib.xml"), directory.path().join("link"));
        fs::write(&file, CIB).expect("a file");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("a mode");
        symlink("cib.xml", &link).expect("a link");
        bump(&link).expect("changed");
        assert!(fs::read_to_string(&file).expect("text").contains("epoch=\"2\""));
        assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).expect("a link").is_symlink());
        assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 2, "no leavings");
    }

    #[test]
    fn changes_at_the_same_time_are_made_one_after_the_other() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("cib.xml");
        fs::write(&file, CIB).expect("a file");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| bump(&file).expect("changed"));
            }
        });
        assert!(fs::read_to_string(&file).expect("text").contains("epoch=\"9\""));
    }

    #[test]
    fn a_packed_file_stays_packed() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("cib.xml.bz2");
        let document = Document::parse(CIB).expect("a document");
        write(&file, &document).expect("written");
        bump(&file).expect("changed");
        assert!(fs::read(&file).expect("bytes").starts_with(b"BZh"));
        let read = CibFile::open(&file, false).expect("read");
        assert_eq!(read.document().root().get("epoch"), Some("2"));
    }

    #[test]
    fn what_is_no_cib_is_refused_and_said() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("cib.xml");
        for (text, says) in [("", "cib.xml: "), ("<cib><con", "line 1"), ("<a/>", "<a> is no cib")]
        {
            fs::write(&file, text).expect("a file");
            let refused = CibFile::open(&file, false).expect_err("refused");
            assert_eq!(refused.exit, Exit::Old(78));
            assert!(refused.details[0].contains(says), "{:?}", refused.details);
        }
        let missing = CibFile::open(&directory.path().join("none"), false).expect_err("missing");
        assert_eq!(missing.exit, Exit::Old(105));
    }

    #[test]
    fn a_shadow_wins_over_a_file_and_without_both_there_is_no_cluster() {
        let mut places = Whereabouts { file: Some("/a".into()), ..Whereabouts::default() };
        assert_eq!(places.path(), Ok("/a".into()));
        places.shadow = Some("s".into());
        places.shadow_dir = Some("/d".into());
        assert_eq!(places.path(), Ok("/d/shadow.s".into()));
        assert_eq!(Whereabouts::default().path().map_err(|no| no.exit), Err(Exit::Old(102)));
    }
}
