//! Which files are to be checked, and whose they are.

use super::DIRECTORY;
use std::path::{Path, PathBuf};

/// Where keepalived.conf is.
pub(super) const KEEPALIVED_CONF: &str = "/etc/keepalived/keepalived.conf";

/// What a directory of keepalived's has.
const CONF_NAME: &str = "keepalived.conf";

/// What a directory of Heartbeat's has.
const HA_CF: &str = "ha.cf";

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
    ///
    /// # Errors
    /// A sentence, when there is nothing to check.
    pub(super) fn of(paths: &[PathBuf]) -> Result<Self, String> {
        if paths.is_empty() {
            return Self::of_machine(Path::new(DIRECTORY), Path::new(KEEPALIVED_CONF));
        }
        let (mut heartbeat, mut keepalived) = (Vec::new(), Vec::new());
        for path in paths {
            if path.is_dir() {
                let (conf, ha_cf) = (path.join(CONF_NAME), path.join(HA_CF));
                if !conf.exists() && !ha_cf.exists() {
                    return Err(format!("{} has neither {HA_CF} nor {CONF_NAME}", path.display()));
                }
                if ha_cf.exists() {
                    heartbeat.push(path.clone());
                }
                if conf.exists() {
                    keepalived.push(conf);
                }
            } else if is_keepalived(path) {
                keepalived.push(path.clone());
            } else {
                heartbeat.push(path.clone());
            }
        }
        Ok(Self { heartbeat: Some(heartbeat).filter(|paths| !paths.is_empty()), keepalived })
    }

    fn of_machine(directory: &Path, conf: &Path) -> Result<Self, String> {
        let (has_conf, ha_cf) = (conf.exists(), directory.join(HA_CF));
        if !has_conf && !ha_cf.exists() {
            return Err(format!(
                "this machine has neither {} nor {}: name a file or a directory to check",
                ha_cf.display(),
                conf.display()
            ));
        }
        let heartbeat = ha_cf.exists().then(|| vec![directory.to_owned()]);
        Ok(Self { heartbeat, keepalived: has_conf.then(|| conf.to_owned()).into_iter().collect() })
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
        let wanted = Wanted::of(&[both.clone(), "x/vrrp.conf".into(), "x/ha.cf.node1".into()])
            .expect("a directory with both");
        assert_eq!(wanted.heartbeat, Some(vec![both.clone(), "x/ha.cf.node1".into()]));
        assert_eq!(wanted.keepalived, [both.join("keepalived.conf"), "x/vrrp.conf".into()]);
    }

    #[test]
    fn without_words_what_the_machine_has_is_checked() {
        let dir = tempfile::tempdir().expect("a directory");
        let conf = dir.path().join("keepalived.conf");
        let of = || Wanted::of_machine(dir.path(), &conf).expect("one is there");
        let nothing = Wanted::of_machine(dir.path(), &conf).expect_err("neither is there");
        assert!(nothing.contains("neither") && nothing.contains("name a file"), "{nothing}");
        assert!(Wanted::of(&[dir.path().to_owned()]).is_err());
        fs::write(&conf, "").expect("write");
        assert!(of().heartbeat.is_none() && of().keepalived.len() == 1);
        fs::write(dir.path().join("ha.cf"), "").expect("write");
        assert!(of().heartbeat.is_some() && of().keepalived.len() == 1);
    }
}
