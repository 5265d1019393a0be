//! The corpus of cases: read from a directory or from its archive.
//!
//! It lies beside the workspace (`../shared/scheduler-corpus`) or where `HANDOVER_SHARED` says.

use anyhow::{Context as _, Result, bail};
use flate2::read::GzDecoder;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// One case: an input and what is expected of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The part of the name that related cases share.
    pub family: String,
    /// The stage of the curriculum it belongs to; 0 if nobody says.
    pub tier: u32,
    /// Arguments of both runs, after the input.
    pub args: Vec<String>,
    /// The CIB.
    pub input: String,
    /// Expected text of the simulation.
    pub summary: String,
    /// Expected scores, one a line, in any order.
    pub scores: String,
    /// Expected transition graph.
    pub graph: String,
    /// Expected standard error of the second run; empty for nearly all.
    pub stderr: String,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    family: String,
    args: Vec<String>,
    stderr: bool,
}

/// Files of the archive by their path inside it.
type Files = BTreeMap<String, String>;

const ARCHIVE: &str = "corpus.tar.gz";
const TIERS: &str = "cases.tsv";
const INDEX: &str = "index.json";
/// The archive's only directory.
const FOLDER: &str = "scheduler";

/// Where the corpus lies if nobody says.
pub fn usual_place() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("HANDOVER_SHARED").unwrap_or_else(|_| beside.into());
    Path::new(&shared).join("scheduler-corpus")
}

/// Reads every case below `place`: a directory with the archive, with `scheduler/index.json`, or
/// with `index.json` itself.
///
/// # Errors
/// A missing or broken file, by its name.
pub fn load(place: &Path) -> Result<Vec<Case>> {
    let nested = place.join(FOLDER);
    let files = if place.join(INDEX).exists() {
        directory(place)?
    } else if nested.join(INDEX).exists() {
        directory(&nested)?
    } else if place.join(ARCHIVE).exists() {
        archive(&place.join(ARCHIVE))?
    } else {
        bail!("{}: neither {INDEX} nor {FOLDER}/{INDEX} nor {ARCHIVE}", place.display());
    };
    let tiers = [place.to_owned(), usual_place()]
        .into_iter()
        .find_map(|place| fs::read_to_string(place.join(TIERS)).ok())
        .map(|text| tiers(&text))
        .unwrap_or_default();
    let index: Vec<Entry> =
        serde_json::from_str(take(&files, INDEX)?).with_context(|| INDEX.to_owned())?;
    let mut cases = Vec::new();
    for entry in index {
        let name = &entry.name;
        let file = |kind: &str, ending: &str| {
            take(&files, &format!("{kind}/{name}.{ending}")).map(str::to_owned)
        };
        cases.push(Case {
            input: file("xml", "xml")?,
            summary: file("summary", "summary")?,
            scores: file("scores", "scores")?,
            graph: file("exp", "exp")?,
            stderr: if entry.stderr { file("stderr", "stderr")? } else { String::new() },
            tier: tiers.get(name).copied().unwrap_or(0),
            family: entry.family,
            args: entry.args,
            name: entry.name,
        });
    }
    Ok(cases)
}

fn take<'f>(files: &'f Files, path: &str) -> Result<&'f str> {
    files.get(path).map(String::as_str).with_context(|| format!("the corpus lacks {path}"))
}

/// Name and tier of every case, from the table beside the archive.
fn tiers(text: &str) -> BTreeMap<String, u32> {
    let rows = text.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter_map(|row| Some((row.first()?.to_string(), row.get(2)?.parse().ok()?))).collect()
}

fn directory(place: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut open = vec![place.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).with_context(|| directory.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let inside = path.strip_prefix(place).unwrap_or(&path);
            files.insert(inside.to_string_lossy().into_owned(), text);
        }
    }
    Ok(files)
}

fn archive(path: &Path) -> Result<Files> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let mut bytes = Vec::new();
    GzDecoder::new(file).read_to_end(&mut bytes).with_context(|| path.display().to_string())?;
    ustar(&bytes).with_context(|| format!("{} is no ustar archive", path.display()))
}

/// The block of which a tar archive is made.
const BLOCK: usize = 512;

/// Regular files of a ustar archive (POSIX.1-1988), without their first directory.
fn ustar(bytes: &[u8]) -> Option<Files> {
    let mut files = Files::new();
    let mut at = 0;
    loop {
        let header = bytes.get(at..at + BLOCK)?;
        if header.iter().all(|byte| *byte == 0) {
            return Some(files);
        }
        let field = |from: usize, length: usize| {
            let field = &header[from..from + length];
            let end = field.iter().position(|byte| *byte == 0).unwrap_or(length);
            std::str::from_utf8(&field[..end]).ok()
        };
        let size = usize::from_str_radix(field(124, 12)?.trim(), 8).ok()?;
        let (name, kind, prefix) = (field(0, 100)?, header[156], field(345, 155)?);
        let body = bytes.get(at + BLOCK..at + BLOCK + size)?;
        if matches!(kind, 0 | b'0') {
            let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
            let inside = path.split_once('/').map_or(path.as_str(), |(_, rest)| rest);
            files.insert(inside.to_owned(), String::from_utf8(body.to_vec()).ok()?);
        }
        at += BLOCK + size.div_ceil(BLOCK) * BLOCK;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_read_file_by_file() {
        let mut bytes = Vec::new();
        for (name, kind, body) in
            [("top/", b'5', ""), ("top/a", b'0', "one"), ("top/b/c", b'0', "")]
        {
            let mut header = [0; BLOCK];
            header[..name.len()].copy_from_slice(name.as_bytes());
            header[124..135].copy_from_slice(format!("{:011o}", body.len()).as_bytes());
            header[156] = kind;
            bytes.extend(header);
            bytes.extend(body.as_bytes());
            bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        }
        bytes.resize(bytes.len() + 2 * BLOCK, 0);
        let files = ustar(&bytes).expect("an archive");
        let pairs: Vec<_> = files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(pairs, [("a", "one"), ("b/c", "")]);
        assert_eq!(ustar(&bytes[..BLOCK * 3]), None, "cut off");
    }

    #[test]
    fn the_table_of_tiers_is_read_by_column() {
        let table = tiers("name\tfamily\ttier\targs\nsimple1\tsimple\t1\t\nx\ty\t14\t\n");
        assert_eq!(table.get("x"), Some(&14));
        assert_eq!(table.len(), 2);
    }
}
