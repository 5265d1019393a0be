//! Virtual servers in the running role: the kernel's load balancer and the checks of real servers
//! (docs/ancestors/keepalived.md §4, §5).
//!
//! `director` is a thread of its own, started when the configuration has virtual servers or a
//! sync daemon. Its machine is `lvs::Director`; `kernel` is what it commands, `check` and `tls`
//! speak with servers. `shell` is the side of the worker's ordinary thread: scripts, FIFOs, mail,
//! log, what the machine is told of routers, addresses and tracked files, and the `dump` of
//! SIGUSR1.

mod check;
mod director;
mod dump;
mod kernel;
mod left;
mod shell;
mod tls;

pub(crate) use shell::{Servers, install, usual_pid_file, write_data};

#[cfg(test)]
mod odd_servers;
