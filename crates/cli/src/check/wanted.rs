//! Which files are to be checked, and whose they are.

use super::DIRECTORY;
use std::path::{Path, PathBuf};

/// Where keepalived.conf is.
pub(super) const KEEPALIVED_CONF: &str = "/etc/keepalived/keepalived.conf";

/// What a directory of keepalived's has.
const CONF_NAME: &str = "keepalived.conf";

/// What is to be checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Wanted {
    /// Heartbeat's directory or files.
    pub(super) heartbeat: Option<Vec<PathBuf>>,
    /// keepalived's files.
    pub(super) keepalived: Vec<PathBuf>,
}

impl Wanted {
    /// What the words of the command line name; without any, what this machine has.
    pub(super) fn of(paths: &[PathBuf]) -> Self {
        if paths.is_empty() {
            return Self::of_machine(Path::new(DIRECTORY), Path::new(KEEPALIVED_CONF));
        }
        let (mut heartbeat, mut keepalived) = (Vec::new(), Vec::new());
        for path in paths {
            if path.is_dir() {
                let conf = path.join(CONF_NAME);
                let has_both = conf.exists() && path.join("ha.cf").exists();
                if conf.exists() {
                    keepalived.push(conf);
                }
                if has_both || !path.join(CONF_NAME).exists() {
                    heartbeat.push(path.clone());
                }
            } else if is_keepalived(path) {
                keepalived.push(path.clone());
            } else {
                heartbeat.push(path.clone());
            }
        }
        Self { heartbeat: Some(heartbeat).filter(|paths| !paths.is_empty()), keepalived }
    }

    /// A machine without either is told that ha.cf is missing: a new node begins there.
    fn of_machine(directory: &Path, conf: &Path) -> Self {
        let has_conf = conf.exists();
        let heartbeat =
            (directory.join("ha.cf").exists() || !has_conf).then(|| vec![directory.to_owned()]);
        Self { heartbeat, keepalived: has_conf.then(|| conf.to_owned()).into_iter().collect() }
    }
}

/// By its name: `keepalived…`, or anything that ends in `.conf`, as none of Heartbeat's files does.
fn is_keepalived(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("keepalived") || path.extension().is_some_and(|ending| ending == "conf")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_is_told_by_its_name_and_a_directory_by_what_it_has() {
        let dir = tempfile::tempdir().expect("a directory");
        let both = dir.path().to_owned();
        fs::write(both.join("ha.cf"), "").expect("write");
        fs::write(both.join("keepalived.conf"), "").expect("write");
        let wanted = Wanted::of(&[both.clone(), "x/vrrp.conf".into(), "x/ha.cf.node1".into()]);
        assert_eq!(wanted.heartbeat, Some(vec![both.clone(), "x/ha.cf.node1".into()]));
        assert_eq!(wanted.keepalived, [both.join("keepalived.conf"), "x/vrrp.conf".into()]);
    }

    #[test]
    fn without_words_what_the_machine_has_is_checked() {
        let dir = tempfile::tempdir().expect("a directory");
        let conf = dir.path().join("keepalived.conf");
        let of = || Wanted::of_machine(dir.path(), &conf);
        assert!(of().heartbeat.is_some() && of().keepalived.is_empty());
        fs::write(&conf, "").expect("write");
        assert!(of().heartbeat.is_none() && of().keepalived.len() == 1);
        fs::write(dir.path().join("ha.cf"), "").expect("write");
        assert!(of().heartbeat.is_some() && of().keepalived.len() == 1);
    }
}
