//! The node's files as the old commands need them: whether they are in order, which nodes they
//! name, and what holds when they say nothing.

use crate::check::{Checked, check};
use crate::console::{Console, Stop};
use crate::render;
use base::{Places, Severity};
use std::fmt::Write as _;
use std::path::Path;

/// The nodes of ha.cf.
///
/// # Errors
/// When the files have errors: then nothing in them should be spread.
pub(crate) fn nodes(directory: &Path, console: &mut Console<'_>) -> Result<Vec<String>, Stop> {
    let checked = check(&[directory.to_owned()], None, console.machine)?;
    tell_errors(&checked, console)?;
    let heartbeat = checked.heartbeat.ok_or_else(|| {
        let directory = directory.display();
        Stop::failed(format!("{directory} has errors; nothing was copied. See: handover check"))
    })?;
    Ok(heartbeat.cluster.nodes.iter().map(ToString::to_string).collect())
}

/// Whether the daemon would refuse to start with these files; the errors go to stderr.
///
/// # Errors
/// When a file can't be read or stderr can't be written.
pub(crate) fn have_errors(directory: &Path, console: &mut Console<'_>) -> Result<bool, Stop> {
    let checked = check(&[directory.to_owned()], None, console.machine)?;
    tell_errors(&checked, console)?;
    Ok(checked.heartbeat.is_none())
}

fn tell_errors(checked: &Checked, console: &mut Console<'_>) -> Result<(), Stop> {
    for finding in checked.found.iter().filter(|found| found.severity == Severity::Error) {
        let drawn = render::finding(finding, &Places::of(checked.text(finding)), false);
        writeln!(console.err, "{drawn}")?;
    }
    Ok(())
}

/// The defaults of ha.cf as `heartbeat -D` lists them (measured), or as an HTML table for `-W`.
pub(crate) fn defaults(html: bool) -> String {
    let rows = config::ha_cf::DIRECTIVES.iter().filter(|row| !row.default.is_empty());
    if html {
        let mut text = String::from("<table>\n");
        for row in rows {
            let (name, default) = (row.name, row.default);
            let _ =
                writeln!(text, "<tr><td>{name}</td><td>{default}</td><td>{}</td></tr>", row.doc);
        }
        text.push_str("</table>\n");
        return text;
    }
    let mut text =
        format!("{:<24} {:<9} Description\n{}\n", "Directive", "Default", "-".repeat(80));
    for row in rows {
        let _ = writeln!(text, "{:<24} {:<9} {}", row.name, row.default, row.doc);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    fn pair(ha_cf: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary directory");
        fs::write(dir.path().join("ha.cf"), ha_cf).expect("write");
        let authkeys = dir.path().join("authkeys");
        fs::write(&authkeys, "auth 1\n1 md5 key\n").expect("write");
        fs::set_permissions(&authkeys, fs::Permissions::from_mode(0o600)).expect("mode");
        fs::write(dir.path().join("haresources"), "").expect("write");
        dir
    }

    #[test]
    fn the_nodes_are_those_of_ha_cf() {
        let me = crate::old::host_name();
        let dir = pair(&format!("logfile /var/log/ha-log\nbcast eth0\nnode {me} other\n"));
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::to_buffers(&mut out, &mut err);
        let nodes = nodes(dir.path(), &mut console).expect("in order");
        assert_eq!(nodes, [me.as_str(), "other"]);
    }

    #[test]
    fn an_error_is_told_with_its_place() {
        let dir = pair("logfile /var/log/ha-log\nbcast eth0\nnode node1 node2\nbogus 1\n");
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::to_buffers(&mut out, &mut err);
        assert!(have_errors(dir.path(), &mut console).expect("streams"));
        let said = String::from_utf8_lossy(&err);
        assert!(said.contains("ha.cf:4:1"), "{said}");
    }

    #[test]
    fn defaults_are_listed_in_the_old_columns() {
        let list = defaults(false);
        assert!(list.contains("\ndeadtime                 30000ms   "), "{list}");
    }
}
