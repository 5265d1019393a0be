//! The crates as their manifests tell them, and as ARCHITECTURE.md does.

use anyhow::{Context as _, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Crates without I/O, clock, threads, randomness and unsafe.
pub(crate) const PURE: [&str; 10] =
    ["base", "wire", "api", "cib", "scheduler", "cluster", "vrrp", "lvs", "config", "sim"];

/// The only crate that may contain unsafe code.
pub(crate) const UNSAFE: &str = "linux";

/// Which crates of ours each crate uses in its product code.
pub(crate) type Uses = BTreeMap<String, BTreeSet<String>>;

/// As the manifests have it. Test-only dependencies don't count: they ship with nobody.
pub(crate) fn by_manifest(root: &Path) -> Result<Uses> {
    let mut uses = Uses::new();
    for entry in fs::read_dir(root.join("crates"))? {
        let directory = entry?.path();
        let Some(name) = directory.file_name().map(|name| name.to_string_lossy().into_owned())
        else {
            continue;
        };
        let path = directory.join("Cargo.toml");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let manifest: toml::Table = text.parse().with_context(|| path.display().to_string())?;
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        let ours = |name: &&String| root.join("crates").join(name.as_str()).is_dir();
        let named = dependencies.map(|table| table.keys().filter(ours).cloned().collect());
        uses.insert(name, named.unwrap_or_default());
    }
    Ok(uses)
}

/// As the crate table says: rows ``| `name` | kind | `a`, `b` | what |``.
pub(crate) fn by_table(text: &str) -> Uses {
    let mut uses = Uses::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let ["", name, _kind, used, _what, ""] = cells.as_slice()
            && let Some(name) = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'))
        {
            uses.insert(name.to_owned(), quoted(used).map(str::to_owned).collect());
        }
    }
    uses
}

/// The words between back-ticks.
pub(crate) fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_row_by_row() {
        let text = "| crate | kind | uses | what |\n|---|---|---|---|\n\
                    | `wire` | pure | `base` | bytes |\n| `cli` | shell | `api`, `base` | words |";
        let uses = by_table(text);
        assert_eq!(uses.len(), 2);
        assert_eq!(uses["cli"], BTreeSet::from(["api".to_owned(), "base".to_owned()]));
    }
}
