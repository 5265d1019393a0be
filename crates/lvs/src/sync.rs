//! The kernel's sync daemon, which follows a virtual router: as master it tells other balancers
//! of connections, as backup it listens (docs/ancestors/keepalived.md §4.1).

use crate::config::SyncDaemon;
use crate::director::Director;
use crate::io::Output;
use crate::step::Step;
use crate::table::Table;
use api::{EventKind, Level, Subject};
use wire::ipvs::{Command, Daemon, SyncState};

/// The halves of the daemon that run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sync {
    running: Vec<Daemon>,
}

/// One half as it is configured.
fn half(config: &SyncDaemon, state: SyncState) -> Daemon {
    Daemon {
        state,
        interface: config.interface.clone(),
        sync_id: config.id.unwrap_or(0),
        max_len: config.maxlen,
        port: config.port,
        ttl: config.ttl,
        group: config.group,
    }
}

/// Whether a daemon of the kernel is the one that is wanted; what we leave to the kernel may be
/// anything.
fn is(there: &Daemon, wanted: &Daemon) -> bool {
    let left_or = |wanted: Option<u64>, there: Option<u64>| wanted.is_none() || wanted == there;
    (there.state, &there.interface, there.sync_id)
        == (wanted.state, &wanted.interface, wanted.sync_id)
        && left_or(wanted.max_len.map(u64::from), there.max_len.map(u64::from))
        && left_or(wanted.port.map(u64::from), there.port.map(u64::from))
        && left_or(wanted.ttl.map(u64::from), there.ttl.map(u64::from))
        && (wanted.group.is_none() || wanted.group == there.group)
}

impl Sync {
    /// What a predecessor left running.
    pub(crate) fn adopt(&mut self, daemons: Vec<Daemon>) {
        self.running = daemons;
    }

    /// The halves that run, by their words.
    pub(crate) fn halves(&self) -> Vec<String> {
        let word = |daemon: &Daemon| match daemon.state {
            SyncState::Master => "master".to_owned(),
            SyncState::Backup => "backup".to_owned(),
        };
        self.running.iter().map(word).collect()
    }

    /// Ends what is not wanted, then starts what is missing; true if anything changed.
    fn bring(&mut self, wanted: &[Daemon], out: &mut Vec<Output>, table: &mut Table) -> bool {
        let (stay, go): (Vec<_>, Vec<_>) = std::mem::take(&mut self.running)
            .into_iter()
            .partition(|there| wanted.iter().any(|wanted| is(there, wanted)));
        for daemon in &go {
            let Daemon { state, sync_id, .. } = *daemon;
            table.tell(Command::DelDaemon { state, sync_id }, out);
        }
        let missing = wanted.iter().filter(|wanted| !stay.iter().any(|there| is(there, wanted)));
        let missing: Vec<Daemon> = missing.cloned().collect();
        for daemon in &missing {
            table.tell(Command::NewDaemon(daemon.clone()), out);
        }
        let changed = !go.is_empty() || !missing.is_empty();
        self.running = stay.into_iter().chain(missing).collect();
        changed
    }

    /// Starts again what may have been refused; what runs says `EEXIST`, which is no harm.
    pub(crate) fn retry(&self, out: &mut Vec<Output>, table: &mut Table) {
        for daemon in &self.running {
            table.tell(Command::NewDaemon(daemon.clone()), out);
        }
    }

    /// Ends all of it.
    pub(crate) fn end(&mut self, out: &mut Vec<Output>, table: &mut Table) {
        self.bring(&[], out, table);
    }
}

impl Director {
    /// Lets the sync daemon follow its virtual router. Without `lvs_sync_daemon` one that
    /// somebody else started is left alone.
    pub(crate) fn follow_routers(&mut self, step: &mut Step<'_>) {
        let wanted: Vec<Daemon> = match &self.config.ipvs.sync {
            None if !self.syncs => return,
            None => Vec::new(),
            Some(sync) => {
                let states: &[SyncState] = match &sync.instance {
                    None => &[SyncState::Master, SyncState::Backup],
                    Some(name) if self.routers.get(name) == Some(&true) => &[SyncState::Master],
                    Some(_) => &[SyncState::Backup],
                };
                states.iter().map(|state| half(sync, *state)).collect()
            }
        };
        self.syncs = self.config.ipvs.sync.is_some();
        if self.sync.bring(&wanted, step.out, &mut self.table) {
            let halves = self.sync.halves();
            let text = if halves.is_empty() {
                "The sync daemon ends".to_owned()
            } else {
                format!("The sync daemon runs as {}", halves.join(" and "))
            };
            step.tell(Level::Info, EventKind::Balancer, Subject::Cluster, text);
        }
    }
}
