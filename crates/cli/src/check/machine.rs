//! What this machine answers when its own configuration is checked.

use config::Host;
use std::fs;
use std::net::ToSocketAddrs as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

/// The resources that need no script.
const BUILT_IN: [&str; 7] =
    ["IPaddr", "IPaddr2", "IPv6addr", "SendArp", "IPsrcaddr", "MailTo", "Filesystem"];

/// Where a resource's script may be.
const SCRIPTS: [&str; 3] =
    ["/etc/ha.d/resource.d", "/etc/init.d", "/usr/lib/ocf/resource.d/heartbeat"];

/// Where systemd keeps units.
const UNITS: [&str; 3] = ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system"];

/// Where STONITH plugins are: programs, and modules for the program `stonith`.
const STONITH: &str = "/usr/lib/stonith/plugins";

/// Calls `with` with a host of that name whose answers come from this machine.
pub(super) fn with_answers<T>(name: &str, with: impl FnOnce(&Host<'_>) -> T) -> T {
    with(&Host {
        node_name: name,
        user_exists: &|user| listed("/etc/passwd", user),
        group_exists: &|group| listed("/etc/group", group),
        file_exists: &|path| Path::new(path).exists(),
        is_character_device: &|path| {
            fs::metadata(path).is_ok_and(|about| about.file_type().is_char_device())
        },
        interface_exists: &|name| {
            !name.contains('/') && Path::new("/sys/class/net").join(name).exists()
        },
        host_resolves: &|host| {
            (host, 0).to_socket_addrs().is_ok_and(|mut found| found.next().is_some())
        },
        stonith_type_exists: &stonith_type,
        read_file: &|path| fs::read_to_string(path).ok(),
        resource_exists: &resource,
        cluster_port: cluster_port(&fs::read_to_string("/etc/services").unwrap_or_default()),
    })
}

/// Whether the first field of a line of `file` is `name`.
fn listed(file: &str, name: &str) -> bool {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().any(|line| line.split(':').next() == Some(name))
}

fn stonith_type(kind: &str) -> bool {
    if kind.split('/').any(|part| part == "..") {
        return false;
    }
    let plugins = Path::new(STONITH);
    match kind.strip_prefix("external/") {
        Some(_) => plugins.join(kind).is_file(),
        None => plugins.join("stonith2").join(format!("{kind}.so")).is_file(),
    }
}

fn resource(name: &str) -> bool {
    let in_directory = |directory: &&str| Path::new(directory).join(name).is_file();
    let unit = format!("{name}.service");
    BUILT_IN.contains(&name)
        || SCRIPTS.iter().any(in_directory)
        || UNITS.iter().any(|directory| Path::new(directory).join(&unit).exists())
}

/// The port of `ha-cluster` over UDP in a services file.
fn cluster_port(services: &str) -> Option<u16> {
    services.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        let port = words.next()?.strip_suffix("/udp")?;
        (name == "ha-cluster").then(|| port.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_the_cluster_service_is_found() {
        let services = "ntp\t123/udp\nha-cluster\t694/tcp\nha-cluster\t695/udp\t# x\n";
        assert_eq!(cluster_port(services), Some(695));
        assert_eq!(cluster_port("ntp 123/udp"), None);
    }
}
