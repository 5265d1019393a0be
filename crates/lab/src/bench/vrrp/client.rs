//! Who uses the service: a thread in the client's network that asks every 5 ms, and one in each
//! router's network that answers with that host's letter.

use super::net::{Net, Seat};
use anyhow::{Context, Result};
use linux::rt::now;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the client asks.
pub(super) const INTERVAL: Duration = Duration::from_millis(5);
/// The port of the echo (RFC 862).
const PORT: u16 = 7;
/// How often threads look whether they are still wanted.
const LOOK: Duration = Duration::from_millis(100);

/// An answer: when it came, and whose it was.
type Answer = (base::Instant, u8);

/// The client with its answers, and the services.
pub(super) struct Client {
    answers: Arc<Mutex<Vec<Answer>>>,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Client {
    /// Starts everything; `address` is the one that moves.
    pub(super) fn start(net: &Net, address: Ipv4Addr) -> Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for seat in [Seat::A, Seat::B] {
            let socket = net.inside(seat, || socket(PORT))?;
            let over = Arc::clone(&over);
            threads.push(std::thread::spawn(move || echo(&socket, seat, &over)));
        }
        let asking = net.inside(Seat::Client, || socket(0))?;
        let listening = asking.try_clone()?;
        let answers = Arc::new(Mutex::new(Vec::new()));
        let (kept, done) = (Arc::clone(&answers), Arc::clone(&over));
        threads.push(std::thread::spawn(move || {
            let mut letter = [0];
            while !done.load(Ordering::Relaxed) {
                if let Ok(1) = listening.recv(&mut letter) {
                    lock(&kept).push((now(), letter[0]));
                }
            }
        }));
        let done = Arc::clone(&over);
        threads.push(std::thread::spawn(move || {
            let to = SocketAddr::from((address, PORT));
            while !done.load(Ordering::Relaxed) {
                // While nobody has the address there is nobody to send to.
                asking.send_to(b"?", to).ok();
                std::thread::sleep(INTERVAL);
            }
        }));
        Ok(Self { answers, over, threads })
    }

    /// Who answered last, if that was less than `ago` ago.
    pub(super) fn served_by(&self, ago: Duration) -> Option<Seat> {
        let (at, letter) = *lock(&self.answers).last()?;
        let seat = [Seat::A, Seat::B].into_iter().find(|seat| seat.letter() as u8 == letter);
        seat.filter(|_| now().since(at) < ago)
    }

    /// From the last answer of A before the first one of B after `act` to that one; and that
    /// one's moment. `None`: B has not answered since.
    pub(super) fn outage(&self, act: base::Instant) -> Option<(Duration, base::Instant)> {
        let answers = lock(&self.answers);
        let b = Seat::B.letter() as u8;
        let first = answers.iter().position(|(at, letter)| *at >= act && *letter == b)?;
        let served = answers[first].0;
        let last = answers[..first].iter().rev().find(|(_, letter)| *letter != b)?;
        Some((served.since(last.0), served))
    }

    /// Forgets all answers so far.
    pub(super) fn forget(&self) {
        lock(&self.answers).clear();
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // Whatever ended it, the measurement is over.
            thread.join().ok();
        }
    }
}

fn lock(answers: &Mutex<Vec<Answer>>) -> std::sync::MutexGuard<'_, Vec<Answer>> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}

fn socket(port: u16) -> Result<UdpSocket> {
    let socket = UdpSocket::bind(("0.0.0.0", port)).context("cannot open a socket")?;
    socket.set_read_timeout(Some(LOOK))?;
    Ok(socket)
}

fn echo(socket: &UdpSocket, seat: Seat, over: &AtomicBool) {
    let mut question = [0; 8];
    while !over.load(Ordering::Relaxed) {
        if let Ok((_, from)) = socket.recv_from(&mut question) {
            // A client that is gone is its own affair.
            socket.send_to(&[seat.letter() as u8], from).ok();
        }
    }
}
