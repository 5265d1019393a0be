//! The servers of the lab's nodes, the web pair's `httpd` and the `listener` that service checks
//! look at: one page that names its node, and init scripts as old ones were.

use crate::client::PAGE_PORT;
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// The web pair's init script: the page that clients ask for.
pub(crate) const HTTPD: Server = Server { name: "httpd", port: PAGE_PORT };

/// A server that no group starts, on the port that the port-check pair's how-to watches.
pub(crate) const LISTENER: Server = Server { name: "listener", port: 12_345 };

/// The published nginx pair's server. Its check looks for a process of this name.
pub(crate) const NGINX: Server = Server { name: "nginx", port: PAGE_PORT };

/// Where that program is on its hosts.
pub(crate) const NGINX_PROGRAM: &str = "usr/sbin/nginx";

/// With this file the server can't be started, as with a mistake in its configuration.
const BROKEN: &str = "/etc/broken";

/// A server with an init script of its own.
#[derive(Clone, Copy)]
pub(crate) struct Server {
    /// The script's name in `/etc/init.d`.
    pub(crate) name: &'static str,
    /// Its TCP port.
    port: u16,
}

/// How long a client may take over its request.
const REQUEST_TIME: Duration = Duration::from_secs(1);

/// `lab httpd PORT FILE`: serves until it is ended; leaves its process id in the file once it
/// listens.
///
/// # Errors
/// When the port is taken.
pub(crate) fn run(port: &str, pid_file: &str) -> Result<()> {
    let port: u16 = port.parse().context("not a port")?;
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let listener = TcpListener::bind(("0.0.0.0", port)).context("the port is taken")?;
    std::fs::write(pid_file, std::process::id().to_string())?;
    for stream in listener.incoming().flatten() {
        // A client that hangs up early does not matter to the next one.
        serve(stream, &name).ok();
    }
    Ok(())
}

fn serve(mut stream: TcpStream, name: &str) -> std::io::Result<()> {
    stream.set_read_timeout(Some(REQUEST_TIME))?;
    let mut request = [0_u8; 1024];
    let mut length = 0;
    while length < request.len() && !request[..length].ends_with(b"\r\n\r\n") {
        match stream.read(&mut request[length..])? {
            0 => break,
            more => length += more,
        }
    }
    let head = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nConnection: close";
    stream.write_all(format!("{head}\r\n\r\n{name}\n").as_bytes())
}

/// A server's init script: start, stop and status with the words that Heartbeat reads
/// (docs/ancestors/heartbeat.md §3.11).
pub(crate) fn init_script(server: Server, program: &str) -> String {
    let Server { name, port } = server;
    let pid_file = format!("/run/{name}.pid");
    let named = format!("/{NGINX_PROGRAM}");
    let program = if name == NGINX.name { &named } else { program };
    let mut script = format!("#!/bin/sh\n# The lab's {name}.\n");
    let _ = write!(
        script,
        r#"alive() {{ [ -s {pid_file} ] && kill -0 "$(cat {pid_file})" 2>/dev/null; }}
case "$1" in
start)
    alive && exit 0
    [ -e {BROKEN}-{name} ] && {{ echo "{name} did not start"; exit 1; }}
    rm -f {pid_file}
    setsid '{program}' lab httpd {port} {pid_file} </dev/null >/dev/null 2>&1 &
    for i in $(seq 250); do
        alive && exit 0
        sleep 0.02
    done
    echo "{name} did not start"; exit 1 ;;
stop)
    if alive; then
        pid=$(cat {pid_file})
        kill "$pid"
        while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
    fi
    rm -f {pid_file}; exit 0 ;;
status)
    if alive; then echo "{name} is running"; exit 0; fi
    echo "{name} is stopped"; exit 3 ;;
*)
    echo "usage: {name} start|stop|status"; exit 2 ;;
esac
"#
    );
    script
}
