//! The scheduler corpus beside the workspace (`../shared`) or where `HANDOVER_SHARED` says.

use flate2::read::GzDecoder;
use std::io::Read as _;
use std::path::PathBuf;

/// The bytes of a tar header; files follow in blocks of the same size.
const BLOCK: usize = 512;

/// Name and text of every CIB in the corpus; `None`, and a word about it, without corpus.
pub(crate) fn inputs() -> Option<Vec<(String, String)>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("HANDOVER_SHARED").unwrap_or_else(|_| beside.into());
    let path = PathBuf::from(shared).join("scheduler-corpus/corpus.tar.gz");
    let Ok(packed) = std::fs::read(&path) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no corpus: {}", path.display());
        println!("skipped: no corpus");
        return None;
    };
    let mut tar = Vec::new();
    GzDecoder::new(&packed[..]).read_to_end(&mut tar).expect("a whole archive");
    Some(files(&tar).filter(|(name, _)| name.contains("/xml/")).collect())
}

/// The files of an ustar archive without long names.
fn files(tar: &[u8]) -> impl Iterator<Item = (String, String)> {
    let mut rest = tar;
    std::iter::from_fn(move || {
        let (header, after) = rest.split_at_checked(BLOCK)?;
        let field = |range: std::ops::Range<usize>| {
            let text = String::from_utf8_lossy(&header[range]);
            text.trim_end_matches('\0').trim().to_owned()
        };
        let name = field(0..100);
        let size = usize::from_str_radix(&field(124..136), 8).ok()?;
        let content = after.get(..size)?;
        rest = after.get(size.next_multiple_of(BLOCK)..)?;
        Some((name, String::from_utf8_lossy(content).into_owned()))
    })
}
