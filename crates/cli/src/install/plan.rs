//! What goes where.

use super::{Ancestor, files};
use crate::args;
use std::fs;
use std::path::Path;

/// Where the program itself lies; every old name is a link to it.
const PROGRAM: &str = "/usr/sbin/handover";

/// One path and what is put there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Item {
    /// Absolute, below the root.
    pub path: String,
    /// What.
    pub content: Content,
    /// Its mode, unless it is a link.
    pub mode: u32,
}

/// What can be put somewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Content {
    /// A copy of this program.
    Program,
    /// A link to this target.
    Link(String),
    /// A text file.
    Text(String),
    /// An empty directory.
    Directory,
}

impl Item {
    /// Whether the file that lies there came from an earlier install of ours.
    pub(crate) fn is_ours(&self, path: &Path) -> bool {
        match self.content {
            Content::Program => true,
            _ => fs::read(path)
                .is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(files::MARK)),
        }
    }
}

/// The old names with the paths at which Debian's packages and older ones had them
/// (`docs/ancestors/heartbeat.md §7`), and where a shell finds them without a path.
const HEARTBEAT_LINKS: [&str; 22] = [
    "/usr/sbin/heartbeat",
    "/usr/libexec/heartbeat/heartbeat",
    "/usr/lib/heartbeat/heartbeat",
    "/usr/bin/cl_status",
    "/usr/sbin/hb_standby",
    "/usr/sbin/hb_takeover",
    "/usr/sbin/hb_addnode",
    "/usr/sbin/hb_delnode",
    "/usr/sbin/ha_propagate",
    "/usr/sbin/haresources2cib",
    "/usr/share/heartbeat/hb_standby",
    "/usr/share/heartbeat/hb_takeover",
    "/usr/share/heartbeat/hb_addnode",
    "/usr/share/heartbeat/hb_delnode",
    "/usr/share/heartbeat/ha_propagate",
    "/usr/lib/heartbeat/hb_standby",
    "/usr/lib/heartbeat/hb_takeover",
    "/usr/lib/heartbeat/hb_addnode",
    "/usr/lib/heartbeat/hb_delnode",
    "/usr/lib/heartbeat/ha_propagate",
    "/usr/lib/heartbeat/haresources2cib",
    "/usr/lib/heartbeat/cl_status",
];

/// Where Debian's package has keepalived.
const KEEPALIVED_LINK: &str = "/usr/sbin/keepalived";

/// Where Debian's packages have Pacemaker's commands.
const PACEMAKER_LINKS: [&str; 7] = [
    "/usr/sbin/crm_simulate",
    "/usr/sbin/cibadmin",
    "/usr/sbin/crm_verify",
    "/usr/sbin/crm_diff",
    "/usr/sbin/crm_shadow",
    "/usr/sbin/crm_rule",
    "/usr/sbin/iso8601",
];
/// The directory of its daemons.
const PACEMAKER_DAEMONS: &str = "/usr/lib/pacemaker";

/// The page of a file that has the name of the ancestor's: it is installed with its names.
const KEEPALIVED_PAGE: &str = "keepalived.conf";

/// A page of the manual in its place.
fn page(page: args::ManualPage) -> Item {
    let args::ManualPage { name, section, text } = page;
    let path = format!("/usr/share/man/man{section}/{name}.{section}");
    Item { path, content: Content::Text(text), mode: 0o644 }
}

/// Everything, in the order it is installed.
pub(crate) fn plan(compat: &[Ancestor]) -> Vec<Item> {
    let mut items = vec![Item { path: PROGRAM.into(), content: Content::Program, mode: 0o755 }];
    let text = |path: &str, text: String, mode| Item {
        path: path.into(),
        content: Content::Text(text),
        mode,
    };
    let link = |path: &str, to: &str| Item {
        path: path.into(),
        content: Content::Link(to.into()),
        mode: 0,
    };
    let unit = "/usr/lib/systemd/system/handover-heartbeat.service";
    let alias = if compat.contains(&Ancestor::Heartbeat) { files::UNIT_ALIAS } else { "" };
    items.push(text(unit, [files::UNIT, alias].concat(), 0o644));
    items.push(text("/etc/logrotate.d/handover", files::LOGROTATE.to_owned(), 0o644));
    let alias = if compat.contains(&Ancestor::Keepalived) { files::KEEPALIVED_ALIAS } else { "" };
    let unit = "/usr/lib/systemd/system/handover-keepalived.service";
    items.push(text(unit, [files::KEEPALIVED_UNIT, alias].concat(), 0o644));
    let pages = args::manual().into_iter();
    items.extend(pages.filter(|page| page.name != KEEPALIVED_PAGE).map(page));
    for (path, script) in args::completions() {
        items.push(text(&path, script, 0o644));
    }
    if compat.contains(&Ancestor::Heartbeat) {
        items.extend(HEARTBEAT_LINKS.iter().map(|path| link(path, PROGRAM)));
        items.extend(args::old_manual_of(Ancestor::Heartbeat).into_iter().map(page));
        items.push(link("/usr/lib/systemd/system/heartbeat.service", "handover-heartbeat.service"));
        items.push(text("/etc/init.d/heartbeat", files::INIT_SCRIPT.to_owned(), 0o755));
        for directory in ["/etc/ha.d/resource.d", "/etc/ha.d/rc.d", "/var/lib/heartbeat"] {
            items.push(Item { path: directory.into(), content: Content::Directory, mode: 0o755 });
        }
    }
    if compat.contains(&Ancestor::Keepalived) {
        items.push(link(KEEPALIVED_LINK, PROGRAM));
        items.extend(args::old_manual_of(Ancestor::Keepalived).into_iter().map(page));
        let pages = args::manual().into_iter();
        items.extend(pages.filter(|page| page.name == KEEPALIVED_PAGE).map(page));
        for (path, script) in args::keepalived_completions() {
            items.push(text(&path, script, 0o644));
        }
        let unit = "/usr/lib/systemd/system/keepalived.service";
        items.push(link(unit, "handover-keepalived.service"));
        let directory = "/etc/keepalived".into();
        items.push(Item { path: directory, content: Content::Directory, mode: 0o755 });
    }
    if compat.contains(&Ancestor::Pacemaker) {
        items.extend(PACEMAKER_LINKS.iter().map(|path| link(path, PROGRAM)));
        for name in crate::crm::NAMES {
            let daemon = name.starts_with("pacemaker-");
            let directory = if daemon { PACEMAKER_DAEMONS } else { "/usr/sbin" };
            items.push(link(&format!("{directory}/{name}"), PROGRAM));
        }
        items.extend(args::old_manual_of(Ancestor::Pacemaker).into_iter().map(page));
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Ancestor; 3] = [Ancestor::Heartbeat, Ancestor::Keepalived, Ancestor::Pacemaker];

    #[test]
    fn every_path_is_absolute_and_comes_once() {
        let mut paths: Vec<String> = plan(&ALL).into_iter().map(|item| item.path).collect();
        assert!(paths.iter().all(|path| path.starts_with('/')));
        paths.sort();
        let count = paths.len();
        paths.dedup();
        assert_eq!(paths.len(), count);
    }

    #[test]
    fn without_compat_no_old_name_is_taken() {
        let names: Vec<String> = plan(&[])
            .iter()
            .filter_map(|item| item.path.rsplit('/').next().map(str::to_owned))
            .collect();
        for old in crate::OLD_NAMES {
            let taken = names.iter().find(|name| name.split('.').next() == Some(old));
            assert_eq!(taken, None);
        }
    }

    #[test]
    fn one_ancestors_names_come_without_the_others() {
        let has = |compat: &[Ancestor], path: &str| plan(compat).iter().any(|i| i.path == path);
        let (of_one, of_other) = ("/usr/sbin/keepalived", "/usr/bin/cl_status");
        assert!(has(&[Ancestor::Keepalived], of_one) && !has(&[Ancestor::Keepalived], of_other));
        assert!(has(&[Ancestor::Heartbeat], of_other) && !has(&[Ancestor::Heartbeat], of_one));
        for (compat, page) in
            [(Ancestor::Keepalived, "cl_status"), (Ancestor::Heartbeat, "keepalived")]
        {
            assert!(!has(&[compat], &format!("/usr/share/man/man8/{page}.8")), "{page}");
        }
    }

    #[test]
    fn each_old_name_is_found_by_a_shell_and_at_its_old_path_and_has_a_page() {
        let items = plan(&ALL);
        let has = |path: &str| items.iter().any(|item| item.path == path);
        for name in crate::OLD_NAMES {
            let directories = ["/usr/sbin", "/usr/bin", PACEMAKER_DAEMONS];
            assert!(directories.iter().any(|dir| has(&format!("{dir}/{name}"))), "{name}");
            let of_heartbeat = Ancestor::of(name) == Ancestor::Heartbeat;
            assert_eq!(has(&format!("/usr/lib/heartbeat/{name}")), of_heartbeat, "{name}");
            assert!(has(&format!("/usr/share/man/man8/{name}.8")), "{name}");
        }
        for name in ["hb_standby", "hb_takeover", "hb_addnode", "hb_delnode", "ha_propagate"] {
            assert!(has(&format!("/usr/share/heartbeat/{name}")), "{name}");
        }
        for path in [
            "/usr/libexec/heartbeat/heartbeat",
            "/etc/init.d/heartbeat",
            "/usr/lib/systemd/system/heartbeat.service",
            "/usr/lib/systemd/system/keepalived.service",
            "/usr/lib/systemd/system/handover-keepalived.service",
            "/usr/share/man/man5/keepalived.conf.5",
            "/usr/share/bash-completion/completions/keepalived",
            "/usr/share/man/man5/ha.cf.5",
            "/usr/share/man/man5/authkeys.5",
            "/usr/share/man/man5/haresources.5",
            "/usr/share/man/man5/service_checks.5",
            "/usr/share/man/man5/handover.toml.5",
            "/usr/share/man/man8/handover-why.8",
            "/usr/share/bash-completion/completions/handover",
            "/usr/share/zsh/vendor-completions/_handover",
            "/usr/share/fish/vendor_completions.d/handover.fish",
        ] {
            assert!(has(path), "{path}");
        }
    }
}
