//! The kernel's load balancer, told over generic netlink what to spread over whom
//! (docs/ancestors/keepalived.md §4.1).
//!
//! One request at a time, each with its answer: when a call returns, the kernel has done it or
//! said why not. A call blocks for the kernel alone; adding a service may load its scheduler's
//! module. The messages are those of `wire::ipvs`.

mod conversation;

pub use conversation::Error;

use conversation::Conversation;
use wire::ipvs::{
    Command, Counters, Daemon, Destination, Family, Info, Reply, Service, ServiceKey, Timeouts,
};

/// The kernel's own name of the program that loads modules.
const LOADER: &str = "/proc/sys/kernel/modprobe";
/// Where that program usually is.
const USUAL_LOADER: &str = "/sbin/modprobe";

/// A conversation with the load balancer of one network namespace: that of the thread that
/// opened it, whatever thread uses it later.
#[derive(Debug)]
pub struct Ipvs {
    kernel: Conversation,
    family: u16,
}

/// A destination as the kernel tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// What was configured.
    pub destination: Destination,
    /// Connections that carry data.
    pub active: u32,
    /// Connections that are about to end, or UDP.
    pub inactive: u32,
    /// Clients that stay with it.
    pub persistent: u32,
    /// What was counted.
    pub counters: Counters,
}

impl Ipvs {
    /// Opens the conversation.
    ///
    /// # Errors
    /// [`Error::Missing`] when the kernel has no load balancer, or its module is not loaded;
    /// [`module_loader`] says what loads it. [`Error::Io`] without descriptors.
    pub fn open() -> Result<Self, Error> {
        Self::over(Conversation::open()?)
    }

    /// Opens it over a socket that is connected already.
    fn over(mut kernel: Conversation) -> Result<Self, Error> {
        let family = kernel.family()?;
        Ok(Self { kernel, family })
    }

    /// Has the kernel do one thing, to the letter.
    ///
    /// # Errors
    /// [`Error::Refused`] with the kernel's reason.
    pub fn command(&mut self, command: &Command) -> Result<(), Error> {
        self.kernel.ask(self.family, command, |_| Ok(()))
    }

    /// Has the kernel do one thing so that afterwards it is as asked, whatever was there before:
    /// what is to be added and exists is changed, what is to be changed and is missing is added,
    /// and what is to be removed may be gone already.
    ///
    /// # Errors
    /// [`Error::Refused`] for every other reason.
    pub fn apply(&mut self, command: &Command) -> Result<(), Error> {
        let Err(refused) = self.command(command) else { return Ok(()) };
        match (command, refused.errno()) {
            (Command::NewService(service), Some(libc::EEXIST)) => {
                self.command(&Command::SetService(service.clone()))
            }
            (Command::SetService(service), Some(libc::ESRCH | libc::ENOENT)) => {
                self.command(&Command::NewService(service.clone()))
            }
            (Command::NewDestination(service, destination), Some(libc::EEXIST)) => {
                self.command(&Command::SetDestination(service.clone(), *destination))
            }
            (Command::SetDestination(service, destination), Some(libc::ENOENT)) => {
                self.command(&Command::NewDestination(service.clone(), *destination))
            }
            (Command::NewDaemon(_), Some(libc::EEXIST))
            | (
                Command::DelService(_) | Command::DelDestination(..) | Command::DelDaemon { .. },
                Some(libc::ESRCH | libc::ENOENT),
            ) => Ok(()),
            _ => Err(refused),
        }
    }

    /// All services, with what was counted for each.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn services(&mut self) -> Result<Vec<(Service, Counters)>, Error> {
        self.dump(&Command::GetServices, Family::V4, |reply| match reply {
            Reply::Service(service, counters) => Some((service, counters)),
            _ => None,
        })
    }

    /// All destinations of a service; none for a service that isn't there.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn destinations(&mut self, of: ServiceKey) -> Result<Vec<Server>, Error> {
        self.dump(&Command::GetDestinations(of), of.family(), |reply| match reply {
            Reply::Destination { destination, active, inactive, persistent, counters } => {
                Some(Server { destination, active, inactive, persistent, counters })
            }
            _ => None,
        })
    }

    /// The halves of the sync daemon that run.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn daemons(&mut self) -> Result<Vec<Daemon>, Error> {
        self.dump(&Command::GetDaemons, Family::V4, |reply| match reply {
            Reply::Daemon(daemon) => Some(daemon),
            _ => None,
        })
    }

    /// How long connections are remembered.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn timeouts(&mut self) -> Result<Timeouts, Error> {
        let mut found = self.dump(&Command::GetTimeouts, Family::V4, |reply| match reply {
            Reply::Timeouts(timeouts) => Some(timeouts),
            _ => None,
        })?;
        found.pop().ok_or(Error::Silent)
    }

    /// The load balancer's version and size.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn info(&mut self) -> Result<Info, Error> {
        let mut found = self.dump(&Command::GetInfo, Family::V4, |reply| match reply {
            Reply::Info(info) => Some(info),
            _ => None,
        })?;
        found.pop().ok_or(Error::Silent)
    }

    fn dump<T>(
        &mut self,
        command: &Command,
        family: Family,
        pick: impl Fn(Reply) -> Option<T>,
    ) -> Result<Vec<T>, Error> {
        let mut found = Vec::new();
        self.kernel.ask(self.family, command, |payload| {
            found.extend(pick(Reply::decode(payload, family)?));
            Ok(())
        })?;
        Ok(found)
    }
}

/// The program that loads the load balancer's module, with its arguments. Running it may take as
/// long as a disk does.
pub fn module_loader() -> Vec<String> {
    let program = std::fs::read_to_string(LOADER).unwrap_or_default();
    let program = Some(program.trim()).filter(|program| program.starts_with('/'));
    [program.unwrap_or(USUAL_LOADER), "-q", "ip_vs"].map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests {
    use super::conversation::scripted::{Said, kernel};
    use super::*;
    use wire::ipvs::{Flags, Forward, Mask, Protocol};

    fn service() -> Service {
        let address = "10.0.0.100".parse().expect("address");
        Service {
            key: ServiceKey::Address { protocol: Protocol::Tcp, address, port: 80 },
            scheduler: "rr".into(),
            flags: Flags::NONE,
            persistence_engine: None,
            timeout: 0,
            mask: Mask::host(Family::V4),
        }
    }

    fn destination(weight: u32) -> Destination {
        let address = "10.0.0.2".parse().expect("address");
        Destination { address, port: 80, forward: Forward::Nat, weight, upper: 0, lower: 0 }
    }

    #[test]
    fn a_kernel_without_load_balancer_is_a_reason_of_its_own() {
        let (socket, kernel) = kernel(vec![Said::Errno(libc::ENOENT)]);
        let error = Ipvs::over(socket).expect_err("has none");
        assert!(matches!(error, Error::Missing), "{error}");
        assert_eq!(kernel.join().expect("ends").len(), 1);
    }

    #[test]
    fn this_machines_kernel_answers_or_says_that_it_has_none() {
        match Ipvs::open() {
            Ok(mut ipvs) => assert!(ipvs.info().is_ok()),
            Err(error) => assert!(matches!(error, Error::Missing), "{error}"),
        }
    }

    #[test]
    fn what_exists_is_changed_and_what_is_missing_is_added() {
        let script = vec![
            Said::Family,
            Said::Errno(libc::EEXIST),
            Said::Errno(0),
            Said::Errno(libc::EEXIST),
            Said::Errno(0),
            Said::Errno(libc::ENOENT),
            Said::Errno(0),
            Said::Errno(libc::ENOENT),
            Said::Errno(libc::ESRCH),
        ];
        let (socket, kernel) = kernel(script);
        let mut ipvs = Ipvs::over(socket).expect("opens");
        let of = service().of_destinations();
        let all = [
            Command::NewService(service()),
            Command::NewDestination(of.clone(), destination(1)),
            Command::SetDestination(of.clone(), destination(2)),
            Command::DelDestination(of.clone(), destination(2)),
            Command::DelService(service()),
        ];
        for command in &all {
            ipvs.apply(command).expect("is as asked");
        }
        drop(ipvs);
        let heard = kernel.join().expect("ends");
        let expected = [
            Command::NewService(service()),
            Command::SetService(service()),
            Command::NewDestination(of.clone(), destination(1)),
            Command::SetDestination(of.clone(), destination(1)),
            Command::SetDestination(of.clone(), destination(2)),
            Command::NewDestination(of.clone(), destination(2)),
            Command::DelDestination(of, destination(2)),
            Command::DelService(service()),
        ];
        assert_eq!(heard[1..], expected.iter().map(Command::encode).collect::<Vec<_>>());
    }

    #[test]
    fn another_refusal_comes_back_with_its_reason() {
        let (socket, kernel) = kernel(vec![Said::Family, Said::Errno(libc::EPERM)]);
        let mut ipvs = Ipvs::over(socket).expect("opens");
        let error = ipvs.apply(&Command::NewService(service())).expect_err("refused");
        assert_eq!(error.errno(), Some(libc::EPERM));
        drop(ipvs);
        assert_eq!(kernel.join().expect("ends").len(), 2);
    }

    #[test]
    fn a_dump_goes_on_to_its_end_and_what_belongs_to_others_is_passed_over() {
        let other = Service { scheduler: "wlc".into(), ..service() };
        let script = vec![
            Said::Family,
            Said::Dump(vec![
                Command::NewService(service()).encode(),
                Command::NewService(other.clone()).encode(),
            ]),
            Said::Dump(vec![]),
        ];
        let (socket, kernel) = kernel(script);
        let mut ipvs = Ipvs::over(socket).expect("opens");
        let found = ipvs.services().expect("tells");
        let found: Vec<Service> = found.into_iter().map(|(service, _)| service).collect();
        assert_eq!(found, [service(), other]);
        assert_eq!(ipvs.destinations(service().key).expect("tells"), []);
        drop(ipvs);
        kernel.join().expect("ends");
    }

    #[test]
    fn a_kernel_that_talks_nonsense_is_an_error_and_not_the_end() {
        let script = vec![Said::Family, Said::Nonsense, Said::Errno(0)];
        let (socket, kernel) = kernel(script);
        let mut ipvs = Ipvs::over(socket).expect("opens");
        assert!(matches!(ipvs.services(), Err(Error::Malformed(_))));
        ipvs.command(&Command::Flush).expect("the next is heard again");
        drop(ipvs);
        kernel.join().expect("ends");
    }

    #[test]
    fn the_module_is_loaded_by_an_absolute_path() {
        let words = module_loader();
        assert!(words[0].starts_with('/'), "{words:?}");
        assert_eq!(words.last().map(String::as_str), Some("ip_vs"));
    }
}
