//! Keywords to typed configuration: each block in the order of the file, then what the parts
//! mean together (docs/ancestors/keepalived.md §2.1).

mod addresses;
mod authentication;
mod checkers;
mod commands;
mod complete;
mod global;
mod groups;
mod instance;
mod interfaces;
mod names;
mod objects;
mod role;
mod routes;
mod rules;
mod servers;
mod services;
mod shared;
mod tracking;
mod usual;

use super::findings::{Findings, Place};
use super::host::{Host, Interface};
use super::settings::{MadeInterface, Settings};
use super::tree::Node;
use crate::text::quote;
use std::sync::Arc;
use vrrp::config::{Config, LinkDelay, Notify, Pace};

/// Everything a configuration says.
pub(super) struct Lowered {
    /// Virtual routers.
    pub config: Config,
    /// The role as a whole.
    pub settings: Settings,
    /// Virtual servers.
    pub lvs: lvs::config::Config,
    /// Instances and servers that can't run as they are written.
    pub disabled: Vec<String>,
}

/// What is being put together.
struct Lowering<'a> {
    host: &'a Host<'a>,
    found: &'a mut Findings,
    globals: global::Globals,
    settings: Settings,
    scripts: Vec<objects::ScriptDraft>,
    instances: Vec<instance::Draft>,
    groups: Vec<groups::GroupDraft>,
    link_delays: Vec<LinkDelay>,
    lvs: lvs::config::Config,
    disabled: Vec<String>,
    /// Interfaces that are to be made.
    made: Vec<MadeInterface>,
    /// What lines with a `track_group` depend on, by the group's name.
    tied: Vec<(String, String)>,
    /// What `garp_group`s say.
    paces: Vec<Pace>,
    /// Whom the last instance tells.
    last_notify: Option<Arc<Notify>>,
    /// The first script that will run.
    first_script: Option<Place>,
    /// Scripts that are disabled for their program; keepalived says so after all else.
    scripts_later: Vec<(Place, String, &'static str)>,
}

/// Lowers the keywords of a whole configuration.
pub(super) fn lower(nodes: &[Node], host: &Host<'_>, found: &mut Findings) -> Lowered {
    let mut lowering = Lowering {
        host,
        found,
        globals: global::Globals::default(),
        settings: global::defaults(),
        scripts: Vec::new(),
        instances: Vec::new(),
        groups: Vec::new(),
        link_delays: Vec::new(),
        lvs: lvs::config::Config::default(),
        disabled: Vec::new(),
        made: Vec::new(),
        tied: Vec::new(),
        paces: Vec::new(),
        last_notify: None,
        first_script: None,
        scripts_later: Vec::new(),
    };
    // Settings first: instances and scripts of the same file use them wherever they stand. And of
    // these first whom scripts run as, for readers of FIFOs are settings too.
    let globals = || nodes.iter().filter(|node| node.name() == "global_defs");
    globals().for_each(|block| lowering.script_user(block));
    lowering.default_user();
    globals().for_each(|block| lowering.global_defs(block));
    for node in nodes {
        lowering.top(node);
    }
    lowering.script_security();
    let config = lowering.complete();
    let Lowering { settings, mut lvs, disabled, .. } = lowering;
    number_sync_daemon(&mut lvs, &config);
    Lowered { config, settings, lvs, disabled }
}

/// A sync daemon without a number has that of its instance (docs/ancestors/keepalived.md §1.3).
fn number_sync_daemon(lvs: &mut lvs::config::Config, config: &Config) {
    let Some(sync) = lvs.ipvs.sync.as_mut().filter(|sync| sync.id.is_none()) else { return };
    let named = |name: &String| config.instances.iter().find(|instance| instance.name == *name);
    sync.id = sync.instance.as_ref().and_then(named).map(|instance| instance.vrid.0);
}

impl Lowering<'_> {
    fn top(&mut self, node: &Node) {
        match node.name() {
            "vrrp_script" => self.script(node),
            "track_file" => self.track_file(node),
            "vrrp_track_process" => self.track_process(node),
            "bfd_instance" => self.bfd(node),
            "vrrp_instance" => self.instance(node),
            "vrrp_sync_group" => self.group(node),
            "virtual_server" => self.virtual_server(node),
            "virtual_server_group" => self.server_group(node),
            "SSL" => self.ssl(node),
            "interface_up_down_delays" => self.up_down_delays(node),
            _ => self.outside_blocks(node),
        }
    }

    /// Says that an interface isn't there yet; who needs it waits for it.
    fn awaited(&mut self, name: &str, at: Place, of: &str) {
        if self.settings.dynamic_interfaces || (self.host.interface)(name) != Interface::Missing {
            return;
        }
        let what = format!("there is no interface {} ({of})", quote(name));
        let then = [
            "at the start the instance waits for it in FAULT, and its sync group goes on without it; \
             a reload changes nothing",
            "keepalived ends with exit code 2, and nothing runs",
            "correct the name, or write `dynamic_interfaces` into global_defs",
        ];
        self.found.disable(at, "no-interface", what, then);
    }

    /// The interface of that name can be used, or come later; else a finding.
    fn interface_usable(&mut self, name: &str, at: Place, of: &str) -> bool {
        if self.settings.dynamic_interfaces || (self.host.interface)(name) != Interface::Missing {
            return true;
        }
        let what = format!("there is no interface {} ({of})", quote(name));
        let then = [
            "the instance is disabled; all others run",
            "keepalived ends with exit code 2, and nothing runs",
            "correct the name, or write `dynamic_interfaces` into global_defs",
        ];
        self.found.disable(at, "no-interface", what, then);
        false
    }

    /// Says what happens to scripts without script security, and to those that can't run.
    fn script_security(&mut self) {
        if let Some(at) = self.first_script.filter(|_| !self.settings.scripts.security) {
            let what = "scripts run without script security".to_owned();
            let then = [
                "whoever can write to a script or its directory can act as the script's user",
                "keepalived runs them as well; `keepalived -t` returns 6 for it",
                "write `enable_script_security` and `script_user USER` into global_defs",
            ];
            self.found.security(at, "script-security", what, then);
        }
        for (at, name, why) in std::mem::take(&mut self.scripts_later) {
            let what = format!("the script {} {why}", quote(&name));
            let then = [
                "it isn't tracked: its instances run as if it were not configured",
                "keepalived does the same, with one line in the log",
                "install it, or correct its path or permissions",
            ];
            self.found.complain(at, "script-unusable", what, then);
        }
    }
}
