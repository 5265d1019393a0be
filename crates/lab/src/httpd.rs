//! The web server of the web pair: one page that names its node, and the init script that starts
//! and stops it as old init scripts did.

use crate::client::PAGE_PORT;
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// Where the server leaves its process id once it listens.
const PID_FILE: &str = "/run/httpd.pid";

/// How long a client may take over its request.
const REQUEST_TIME: Duration = Duration::from_secs(1);

/// `lab httpd`: serves until it is ended.
///
/// # Errors
/// When the port is taken.
pub(crate) fn run() -> Result<()> {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let listener = TcpListener::bind(("0.0.0.0", PAGE_PORT)).context("the web port is taken")?;
    std::fs::write(PID_FILE, std::process::id().to_string())?;
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

/// The script `/etc/init.d/httpd` for a host: start, stop and status with the words that
/// Heartbeat reads (docs/ancestors/heartbeat.md §3.11).
pub(crate) fn init_script(program: &str) -> String {
    let mut script = String::from("#!/bin/sh\n# The lab's web server.\n");
    let _ = write!(
        script,
        r#"alive() {{ [ -s {PID_FILE} ] && kill -0 "$(cat {PID_FILE})" 2>/dev/null; }}
case "$1" in
start)
    alive && exit 0
    rm -f {PID_FILE}
    setsid '{program}' lab httpd </dev/null >/dev/null 2>&1 &
    for i in $(seq 250); do
        alive && exit 0
        sleep 0.02
    done
    echo "httpd did not start"; exit 1 ;;
stop)
    if alive; then
        pid=$(cat {PID_FILE})
        kill "$pid"
        while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
    fi
    rm -f {PID_FILE}; exit 0 ;;
status)
    if alive; then echo "httpd is running"; exit 0; fi
    echo "httpd is stopped"; exit 3 ;;
*)
    echo "usage: httpd start|stop|status"; exit 2 ;;
esac
"#
    );
    script
}
