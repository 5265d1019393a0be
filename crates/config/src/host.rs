//! What the machine knows and the text doesn't: users, programs, interfaces.

use std::net::IpAddr;

/// The host a configuration is read for. `config` itself asks nothing; the caller answers.
#[derive(Clone, Copy)]
pub struct Host<'a> {
    /// The name this node goes by, as `uname -n` prints it.
    pub node_name: &'a str,
    /// Is there a user of that name?
    pub user_exists: &'a dyn Fn(&str) -> bool,
    /// Is there a group of that name?
    pub group_exists: &'a dyn Fn(&str) -> bool,
    /// Is there a file (of any kind) of that path?
    pub file_exists: &'a dyn Fn(&str) -> bool,
    /// Is that path a character device?
    pub is_character_device: &'a dyn Fn(&str) -> bool,
    /// Is there a network interface of that name?
    pub interface_exists: &'a dyn Fn(&str) -> bool,
    /// Does that name (never an address) have an address?
    pub host_resolves: &'a dyn Fn(&str) -> bool,
    /// Is there a STONITH plugin of that type?
    pub stonith_type_exists: &'a dyn Fn(&str) -> bool,
    /// The text of a file, for `stonith TYPE FILE`.
    pub read_file: &'a dyn Fn(&str) -> Option<String>,
    /// Can a resource of that name be run: a script, an agent, a unit or built in?
    pub resource_exists: &'a dyn Fn(&str) -> bool,
    /// The port of the service `ha-cluster/udp` in the services file.
    pub cluster_port: Option<u16>,
}

impl<'a> Host<'a> {
    /// A host of that name on which everything asked for exists: to check files meant for
    /// another machine.
    pub fn assumed(node_name: &'a str) -> Self {
        Self {
            node_name,
            user_exists: &|_| true,
            group_exists: &|_| true,
            file_exists: &|_| true,
            is_character_device: &|_| true,
            interface_exists: &|_| true,
            host_resolves: &|_| true,
            stonith_type_exists: &|_| true,
            read_file: &|_| Some(String::new()),
            resource_exists: &|_| true,
            cluster_port: None,
        }
    }

    /// Whether `host` is an address, or a name that has one.
    pub(crate) fn reaches(&self, host: &str) -> bool {
        host.parse::<IpAddr>().is_ok() || (self.host_resolves)(host)
    }
}
