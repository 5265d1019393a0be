//! Real servers of the guest: small web servers, all ports of one host in one thread. They can be
//! ended and started again, and send a long file slowly.

use super::site::Host;
use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a client may take over its request.
const REQUEST_TIME: Duration = Duration::from_secs(2);
/// How often a server that waits for clients looks whether it is to end.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// The long file, in pieces: sent over twelve seconds, so that something can happen meanwhile.
pub(crate) const PIECES: usize = 120;
/// The size of a piece, in bytes.
pub(crate) const PIECE: usize = 8 << 10;
/// Between two pieces.
const PACE: Duration = Duration::from_millis(100);
/// What is asked for to get the long file.
pub(crate) const LONG: &str = "/long";

/// The web servers of one host; they end for good when this is dropped.
pub(crate) struct Web(Arc<State>);

#[derive(Default)]
struct State {
    up: AtomicBool,
    listening: AtomicBool,
    ended: AtomicBool,
}

impl Web {
    /// Starts servers on these ports of a host, which answer with its name.
    pub(crate) fn start(host: &Host, ports: &[u16]) -> Self {
        let state = Arc::new(State { up: true.into(), ..State::default() });
        let (host, ports, served) = (host.clone(), ports.to_vec(), state.clone());
        std::thread::spawn(move || {
            if let Err(error) = serve(&host, &ports, &served) {
                println!("the servers of {} ended: {error:#}", host.name());
            }
        });
        Self(state)
    }

    /// Ends them, so that connections are refused, or starts them again; waits until it is so.
    pub(crate) fn set(&self, up: bool) {
        const LIMIT: Duration = Duration::from_secs(10);
        self.0.up.store(up, Ordering::SeqCst);
        super::site::wait_for(LIMIT, || self.0.listening.load(Ordering::SeqCst) == up);
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::SeqCst);
    }
}

fn serve(host: &Host, ports: &[u16], state: &State) -> Result<()> {
    host.step_in()?;
    let mut sockets: Vec<TcpListener> = Vec::new();
    while !state.ended.load(Ordering::SeqCst) {
        let up = state.up.load(Ordering::SeqCst);
        if up && sockets.is_empty() {
            for &port in ports {
                let socket = TcpListener::bind(("::", port)).context("a port is taken")?;
                socket.set_nonblocking(true)?;
                sockets.push(socket);
            }
        } else if !up {
            sockets.clear();
        }
        state.listening.store(!sockets.is_empty(), Ordering::SeqCst);
        let mut polled: Vec<PollFd<'_>> =
            sockets.iter().map(|socket| PollFd::new(socket, PollFlags::IN)).collect();
        poll(&mut polled, Some(&LOOK)).ok();
        for socket in &sockets {
            while let Ok((stream, _)) = socket.accept() {
                let name = host.name().to_owned();
                // A client that hangs up early does not matter to the next one.
                std::thread::spawn(move || answer(stream, &name).ok());
            }
        }
    }
    Ok(())
}

fn answer(mut stream: TcpStream, name: &str) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(REQUEST_TIME))?;
    let mut request = Vec::new();
    let mut part = [0_u8; 1024];
    while !request.ends_with(b"\r\n\r\n") && request.len() < part.len() {
        match stream.read(&mut part)? {
            0 => return Ok(()),
            more => request.extend_from_slice(&part[..more]),
        }
    }
    stream
        .write_all(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n")?;
    if request.windows(LONG.len()).any(|word| word == LONG.as_bytes()) {
        for number in 0..PIECES {
            stream.write_all(&piece(number))?;
            std::thread::sleep(PACE);
        }
        return Ok(());
    }
    stream.write_all(format!("{name}\n").as_bytes())
}

/// One piece of the long file: no two are alike.
pub(crate) fn piece(number: usize) -> Vec<u8> {
    (0..PIECE)
        .map(|at| (at.wrapping_mul(31).wrapping_add(number.wrapping_mul(7)) % 251) as u8)
        .collect()
}
