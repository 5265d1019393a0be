//! The kernel's load balancer as the director sees it: what is in it, and what is asked of it.

use linux::ipvs::{Error, Ipvs};
use lvs::Kernel;
use wire::ipvs::{Command, Info};

/// What an error without a number counts as: input/output error (`asm-generic/errno-base.h`).
const INPUT_OUTPUT: i32 = 5;

/// The load balancer, if it can be reached.
#[derive(Default)]
pub(super) struct Balancer(Option<Ipvs>);

impl Balancer {
    /// True when it could be opened.
    pub(super) const fn is_open(&self) -> bool {
        self.0.is_some()
    }

    /// Opens it and tells what is in it.
    pub(super) fn open(&mut self) -> Result<(Info, Kernel), Error> {
        let mut ipvs = Ipvs::open()?;
        let found = (ipvs.info()?, look(&mut ipvs)?);
        self.0 = Some(ipvs);
        Ok(found)
    }

    /// Has it do one thing; an error is a number of Linux.
    pub(super) fn obey(&mut self, command: &Command) -> Result<(), i32> {
        let Some(ipvs) = &mut self.0 else { return Err(INPUT_OUTPUT) };
        ipvs.apply(command).map_err(|error| match error {
            Error::Refused(errno) => errno,
            Error::Io(error) => error.raw_os_error().unwrap_or(INPUT_OUTPUT),
            Error::Missing | Error::Malformed(_) | Error::Silent => INPUT_OUTPUT,
        })
    }
}

fn look(ipvs: &mut Ipvs) -> Result<Kernel, Error> {
    let mut services = Vec::new();
    for (service, _) in ipvs.services()? {
        let servers = ipvs.destinations(service.key)?;
        services.push((service, servers.into_iter().map(|server| server.destination).collect()));
    }
    Ok(Kernel { services, daemons: ipvs.daemons()?, timeouts: ipvs.timeouts()? })
}
