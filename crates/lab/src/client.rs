//! Who uses the service: a process on the client host that asks every 10 ms, and the record of
//! its answers that outages are measured on.

use crate::init::ECHO_PORT;
use anyhow::{Context, Result};
use rustix::time::{ClockId, clock_gettime};
use sim::scenario::Service;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often the client asks.
pub const INTERVAL: Duration = Duration::from_millis(10);

/// How long one question waits for its answer.
const TIMEOUT: Duration = Duration::from_millis(400);

/// Most questions that wait at once: those of one timeout.
const IN_FLIGHT_MAX: usize = 40;

/// The port of the page.
pub(crate) const PAGE_PORT: u16 = 80;

/// Longest answer the client reads, in bytes: a head and a node's name.
const ANSWER_MAX: u64 = 4096;

/// Now, on the clock that daemons stamp their events with.
pub(crate) fn now() -> base::Instant {
    let time = clock_gettime(ClockId::Boottime);
    base::Instant::from_nanos(
        u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000
            + u64::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// `lab client page|address ADDRESS`: asks for ever, one line of output an answer.
///
/// # Errors
/// When the client's socket can't be made.
pub(crate) fn run(kind: &str, address: &str) -> Result<()> {
    let address: Ipv4Addr = address.parse().context("not an address")?;
    if kind == "page" { ask_page(address) } else { ask_echo(address) }
}

fn tell(name: &str) {
    let line = format!("{} {}\n", now().as_nanos(), name.trim());
    // When nobody listens any more, the world is about to end.
    let mut out = std::io::stdout().lock();
    if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

fn ask_page(address: Ipv4Addr) -> Result<()> {
    let server = SocketAddr::from((address, PAGE_PORT));
    let waiting = Arc::new(AtomicUsize::new(0));
    loop {
        if waiting.load(Ordering::Relaxed) < IN_FLIGHT_MAX {
            waiting.fetch_add(1, Ordering::Relaxed);
            let waiting = Arc::clone(&waiting);
            let ask = move || {
                if let Some(name) = page(server) {
                    tell(&name);
                }
                waiting.fetch_sub(1, Ordering::Relaxed);
            };
            std::thread::Builder::new().stack_size(64 << 10).spawn(ask)?;
        }
        std::thread::sleep(INTERVAL);
    }
}

/// The page's only line: the node that served it.
fn page(server: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&server, TIMEOUT).ok()?;
    stream.set_read_timeout(Some(TIMEOUT)).ok()?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.take(ANSWER_MAX).read_to_string(&mut answer).ok()?;
    let body = answer.split_once("\r\n\r\n")?.1.trim();
    (!body.is_empty()).then(|| body.to_owned())
}

/// Any host answers a datagram with its name, from its own address; so every answer counts,
/// wherever it comes from.
fn ask_echo(address: Ipv4Addr) -> Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0").context("cannot open the client's socket")?;
    let listening = socket.try_clone()?;
    std::thread::spawn(move || {
        let mut answer = [0_u8; 256];
        loop {
            if let Ok((length, _)) = listening.recv_from(&mut answer) {
                tell(&String::from_utf8_lossy(&answer[..length]));
            }
        }
    });
    loop {
        // While nobody has the address there is nobody to send to.
        socket.send_to(b"who", (address, ECHO_PORT)).ok();
        std::thread::sleep(INTERVAL);
    }
}

/// One answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// When it came.
    pub at: base::Instant,
    /// The node that gave it.
    pub node: String,
}

/// All answers so far.
#[derive(Clone, Default)]
pub(crate) struct Record(Arc<Mutex<Vec<Answer>>>);

impl Record {
    /// Starts a client with `command` (made for the client host) and records its answers.
    pub(crate) fn start(mut command: Command) -> Result<(Self, Child)> {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("no client")?;
        let out = child.stdout.take().context("the client has no output")?;
        let record = Self::default();
        let copy = record.clone();
        std::thread::spawn(move || copy.listen(out));
        Ok((record, child))
    }

    fn listen(&self, out: ChildStdout) {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if let Some((at, node)) = line.split_once(' ')
                && let Ok(at) = at.parse()
            {
                self.push(Answer { at: base::Instant::from_nanos(at), node: node.to_owned() });
            }
        }
    }

    fn push(&self, answer: Answer) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
    }

    /// The answers since a moment, in order of arrival.
    pub(crate) fn since(&self, from: base::Instant) -> Vec<Answer> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = all.iter().rev().take_while(|answer| answer.at >= from);
        let mut answers: Vec<_> = recent.cloned().collect();
        answers.reverse();
        answers
    }

    /// The longest time without an answer between `from` and `until`, and which it was. Counted
    /// from the last answer before; nothing counts before the very first answer.
    pub(crate) fn longest_outage(&self, from: base::Instant, until: base::Instant) -> Duration {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        longest_gap(&all, from, until)
    }
}

fn longest_gap(answers: &[Answer], from: base::Instant, until: base::Instant) -> Duration {
    let first = answers.partition_point(|answer| answer.at < from).saturating_sub(1);
    let times = answers[first..].iter().map(|answer| answer.at).filter(|at| *at <= until);
    let mut longest = Duration::ZERO;
    let mut last = None;
    for at in times.chain([until]) {
        longest = longest.max(last.map_or(Duration::ZERO, |last| at.since(last)));
        last = Some(at);
    }
    if answers.is_empty() { Duration::ZERO } else { longest }
}

/// The word that `lab client` takes for a service.
pub(crate) const fn word(service: Service) -> &'static str {
    match service {
        Service::Page => "page",
        Service::Address => "address",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> base::Instant {
        base::Instant::from_nanos(millis * 1_000_000)
    }

    fn answers(times: &[u64]) -> Vec<Answer> {
        times.iter().map(|&t| Answer { at: at(t), node: "a".into() }).collect()
    }

    #[test]
    fn an_outage_is_counted_from_the_last_answer_before_it() {
        let got = longest_gap(&answers(&[0, 10, 20, 520, 530]), at(30), at(540));
        assert_eq!(got, Duration::from_millis(500));
    }

    #[test]
    fn an_outage_that_lasts_counts_up_to_now() {
        assert_eq!(longest_gap(&answers(&[0, 10]), at(5), at(300)), Duration::from_millis(290));
    }

    #[test]
    fn before_the_first_answer_there_is_no_outage() {
        assert_eq!(longest_gap(&[], at(0), at(300)), Duration::ZERO);
    }
}
