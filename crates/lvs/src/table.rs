//! What the kernel has of ours, and the commands that make it what it is to be.
//!
//! Commands follow from a difference: what is there already is left alone, what is new comes
//! before what goes, so that clients always find a server while there is one
//! (docs/ancestors/keepalived.md §8/18; keepalived removes first).

use crate::io::Output;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use wire::ipvs::{Command, Destination, Service, ServiceKey};

/// Error numbers of Linux.
pub(crate) mod errno {
    pub(crate) const ENOENT: i32 = 2;
    pub(crate) const ESRCH: i32 = 3;
    pub(crate) const EEXIST: i32 = 17;
}

/// A service with what it spreads over.
pub(crate) type Wanted = (Service, Vec<Destination>);

/// A service in the kernel.
#[derive(Clone, Debug)]
struct Placed {
    service: Service,
    destinations: Vec<Destination>,
}

impl Placed {
    fn find(&mut self, like: &Destination) -> Option<&mut Destination> {
        self.destinations.iter_mut().find(|placed| place(placed) == place(like))
    }
}

fn place(destination: &Destination) -> (IpAddr, u16) {
    (destination.address, destination.port)
}

/// A command whose answer is awaited.
#[derive(Clone, Debug)]
struct Pending {
    command: Command,
    /// It is the second try already.
    again: bool,
}

/// The kernel refused something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Refusal {
    /// The service it was about.
    pub(crate) key: Option<ServiceKey>,
    /// What was refused and why, in one sentence.
    pub(crate) words: String,
}

/// What the kernel has of ours.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    placed: BTreeMap<ServiceKey, Placed>,
    pending: BTreeMap<u64, Pending>,
    last: u64,
}

impl Table {
    /// Takes over a service that is there already.
    pub(crate) fn adopt(&mut self, service: Service, destinations: Vec<Destination>) {
        self.placed.insert(service.key, Placed { service, destinations });
    }

    /// The services that are there.
    pub(crate) fn keys(&self) -> Vec<ServiceKey> {
        self.placed.keys().copied().collect()
    }

    /// A destination's weight, if it is there.
    pub(crate) fn weight(&self, key: &ServiceKey, like: &Destination) -> Option<u32> {
        let placed = self.placed.get(key)?;
        let found = placed.destinations.iter().find(|placed| place(placed) == place(like));
        found.map(|destination| destination.weight)
    }

    /// Gives a command to the kernel.
    pub(crate) fn tell(&mut self, command: Command, out: &mut Vec<Output>) {
        self.send(command, false, out);
    }

    fn send(&mut self, command: Command, again: bool, out: &mut Vec<Output>) {
        self.last += 1;
        self.pending.insert(self.last, Pending { command: command.clone(), again });
        out.push(Output::Ipvs { number: self.last, command });
    }

    /// Makes services and their destinations what they are to be.
    pub(crate) fn bring(&mut self, wanted: &[Wanted], out: &mut Vec<Output>) {
        for (service, _) in wanted {
            self.bring_service(service, out);
        }
        let most = wanted.iter().map(|(_, destinations)| destinations.len()).max().unwrap_or(0);
        // Who serves comes before those whose clients are to go elsewhere.
        for serves in [true, false] {
            for nth in 0..most {
                for (service, destinations) in wanted {
                    let nth = destinations.get(nth);
                    if let Some(destination) = nth.filter(|nth| (nth.weight > 0) == serves) {
                        self.bring_destination(service, destination, out);
                    }
                }
            }
        }
        let stale: Vec<(&Service, Vec<Destination>)> = wanted
            .iter()
            .map(|(service, destinations)| (service, self.stale(&service.key, destinations)))
            .collect();
        self.remove_destinations(&stale, out);
    }

    fn bring_service(&mut self, service: &Service, out: &mut Vec<Output>) {
        match self.placed.get_mut(&service.key) {
            Some(placed) if placed.service == *service => {}
            Some(placed) => {
                placed.service = service.clone();
                self.tell(Command::SetService(service.clone()), out);
            }
            None => {
                self.adopt(service.clone(), Vec::new());
                self.tell(Command::NewService(service.clone()), out);
            }
        }
    }

    fn bring_destination(&mut self, of: &Service, wanted: &Destination, out: &mut Vec<Output>) {
        let Some(placed) = self.placed.get_mut(&of.key) else { return };
        let (of, wanted) = (of.of_destinations(), *wanted);
        match placed.find(&wanted) {
            Some(there) if *there == wanted => {}
            Some(there) => {
                *there = wanted;
                self.tell(Command::SetDestination(of, wanted), out);
            }
            None => {
                placed.destinations.push(wanted);
                self.tell(Command::NewDestination(of, wanted), out);
            }
        }
    }

    /// What is there and not wanted, and no longer there for us.
    fn stale(&mut self, key: &ServiceKey, wanted: &[Destination]) -> Vec<Destination> {
        let Some(placed) = self.placed.get_mut(key) else { return Vec::new() };
        let wanted: BTreeSet<_> = wanted.iter().map(place).collect();
        let (stays, goes) = std::mem::take(&mut placed.destinations)
            .into_iter()
            .partition(|there| wanted.contains(&place(there)));
        placed.destinations = stays;
        goes
    }

    /// One destination after the other, each from all its services.
    fn remove_destinations(
        &mut self,
        gone: &[(&Service, Vec<Destination>)],
        out: &mut Vec<Output>,
    ) {
        let most = gone.iter().map(|(_, destinations)| destinations.len()).max().unwrap_or(0);
        for nth in 0..most {
            for (service, destinations) in gone {
                if let Some(destination) = destinations.get(nth) {
                    let of = service.of_destinations();
                    self.tell(Command::DelDestination(of, *destination), out);
                }
            }
        }
    }

    /// Removes services: `whole`, or one destination after the other first.
    pub(crate) fn remove(&mut self, keys: &[ServiceKey], whole: bool, out: &mut Vec<Output>) {
        let gone: Vec<Placed> = keys.iter().filter_map(|key| self.placed.remove(key)).collect();
        if !whole {
            let destinations: Vec<_> =
                gone.iter().map(|placed| (&placed.service, placed.destinations.clone())).collect();
            self.remove_destinations(&destinations, out);
        }
        for placed in gone {
            self.tell(Command::DelService(placed.service), out);
        }
    }

    /// The kernel's table is emptied.
    pub(crate) fn flush(&mut self, out: &mut Vec<Output>) {
        self.placed.clear();
        self.tell(Command::Flush, out);
    }

    /// An answer came. What can be mended is mended; the rest is told.
    pub(crate) fn answered(
        &mut self,
        number: u64,
        result: Result<(), i32>,
        out: &mut Vec<Output>,
    ) -> Option<Refusal> {
        let Pending { command, again } = self.pending.remove(&number)?;
        let error = result.err()?;
        if !again && self.mend(&command, error, out) {
            return None;
        }
        self.refused(&command, error)
    }

    /// Does what was meant when somebody else was there before; false if that can't help.
    fn mend(&mut self, command: &Command, error: i32, out: &mut Vec<Output>) -> bool {
        use errno::{EEXIST, ENOENT, ESRCH};
        match (command.clone(), error) {
            (Command::NewService(service), EEXIST) => {
                self.send(Command::SetService(service), true, out);
            }
            (Command::NewDestination(of, destination), EEXIST) => {
                self.send(Command::SetDestination(of, destination), true, out);
            }
            (Command::SetDestination(of, destination), ENOENT) => {
                self.send(Command::NewDestination(of, destination), true, out);
            }
            (Command::SetService(service), ENOENT | ESRCH) => {
                let placed = self.placed.get(&service.key);
                let destinations = placed.map(|placed| placed.destinations.clone());
                let of = service.of_destinations();
                self.send(Command::NewService(service), true, out);
                for destination in destinations.unwrap_or_default() {
                    self.send(Command::NewDestination(of.clone(), destination), true, out);
                }
            }
            (
                Command::DelService(_) | Command::DelDestination(..) | Command::DelDaemon { .. },
                ENOENT | ESRCH,
            )
            | (Command::NewDaemon(_), EEXIST) => {}
            _ => return false,
        }
        true
    }

    /// What is not there is forgotten, so that the next comparison asks for it again.
    fn refused(&mut self, command: &Command, error: i32) -> Option<Refusal> {
        let (key, what) = match command {
            Command::NewService(service) => {
                self.placed.remove(&service.key)?;
                (Some(service.key), format!("add the service with scheduler {}", service.scheduler))
            }
            Command::SetService(service) => {
                self.placed.remove(&service.key)?;
                (Some(service.key), "change the service".to_owned())
            }
            Command::NewDestination(of, destination) | Command::SetDestination(of, destination) => {
                let placed = self.placed.get_mut(&of.key)?;
                placed.destinations.retain(|there| place(there) != place(destination));
                let (ip, port) = place(destination);
                (Some(of.key), format!("take [{ip}] port {port} as a destination"))
            }
            Command::DelService(service) => (Some(service.key), "remove the service".to_owned()),
            Command::DelDestination(of, destination) => {
                (Some(of.key), format!("remove destination [{}]", destination.address))
            }
            Command::NewDaemon(daemon) => {
                (None, format!("start the sync daemon on {}", daemon.interface))
            }
            Command::DelDaemon { .. } => (None, "end the sync daemon".to_owned()),
            Command::SetTimeouts(_) => (None, "change the timeouts".to_owned()),
            Command::Flush => (None, "empty its table".to_owned()),
            Command::GetServices
            | Command::GetDestinations(_)
            | Command::GetDaemons
            | Command::GetTimeouts
            | Command::GetInfo => (None, "answer a question".to_owned()),
        };
        Some(Refusal { key, words: format!("the kernel does not {what}: {}", describe(error)) })
    }
}

/// An error number in words (errno(3)).
fn describe(error: i32) -> String {
    let words = match error {
        1 => "operation not permitted (CAP_NET_ADMIN is needed)",
        errno::ENOENT => "no such thing (is the scheduler's module there?)",
        errno::ESRCH => "no such service",
        12 => "out of memory",
        errno::EEXIST => "it exists already",
        19 => "no such device",
        22 => "invalid argument",
        34 => "a number is out of range",
        93 => "the kernel knows no such protocol",
        97 => "the kernel knows no such address family",
        other => return format!("error {other}"),
    };
    format!("{words}, error {error}")
}
