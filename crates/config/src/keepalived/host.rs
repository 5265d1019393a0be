//! What reading a keepalived.conf asks of the machine: files, interfaces, programs, names.

use std::net::IpAddr;

/// Where the texts of files come from: this crate opens none.
pub trait Sources {
    /// The text of a file; `None` if it can't be read.
    fn read(&self, path: &str) -> Option<String>;
    /// The paths that match a pattern with `*`, `?`, `[…]` and `{a,b}`, sorted.
    fn matching(&self, pattern: &str) -> Vec<String>;
}

/// A network interface, as far as a configuration can be wrong about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interface {
    /// There is none of that name.
    Missing,
    /// It is a loopback interface: VRRP can't use it.
    Loopback,
    /// It is there.
    Present,
}

/// What a script's program is (docs/ancestors/keepalived.md §2.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Program {
    /// Not there, in `PATH` neither, or not executable.
    Missing,
    /// A part of its path can be written by others than root.
    Writable,
    /// It can be run.
    Fine,
}

/// The machine a configuration is read for.
#[derive(Clone, Copy)]
pub struct Host<'a> {
    /// Short host name: the id of `@id` lines unless `-i` gave one, and `router_id`.
    pub name: &'a str,
    /// What `-i` gave, or `None`.
    pub config_id: Option<&'a str>,
    /// The directory the program was started in (`${_PWD}`).
    pub directory: &'a str,
    /// Seed of `${_RANDOM}`.
    pub random: u64,
    /// Texts of included files.
    pub sources: &'a dyn Sources,
    /// An environment variable (`${_ENV NAME}`).
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// The interface of that name.
    pub interface: &'a dyn Fn(&str) -> Interface,
    /// Is there a user of that name?
    pub user_exists: &'a dyn Fn(&str) -> bool,
    /// Is there a group of that name?
    pub group_exists: &'a dyn Fn(&str) -> bool,
    /// The program of a script: a path, or a name to look for in `PATH`.
    pub program: &'a dyn Fn(&str) -> Program,
    /// The address of a host name; never asked for what is an address.
    pub resolve: &'a dyn Fn(&str) -> Option<IpAddr>,
}

/// No files beside the first.
struct Alone;

impl Sources for Alone {
    fn read(&self, _: &str) -> Option<String> {
        None
    }

    fn matching(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

impl<'a> Host<'a> {
    /// A host of that name on which all interfaces, users and programs asked for exist and no
    /// file can be included: to check a file meant for another machine.
    pub fn assumed(name: &'a str) -> Self {
        Self {
            name,
            config_id: None,
            directory: "/",
            random: 0,
            sources: &Alone,
            environment: &|_| None,
            interface: &|name| if name == "lo" { Interface::Loopback } else { Interface::Present },
            user_exists: &|_| true,
            group_exists: &|_| true,
            program: &|_| Program::Fine,
            resolve: &|_| Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST)),
        }
    }
}
