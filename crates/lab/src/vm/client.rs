//! Clients of the guest: who answers, and what becomes of a long file.

use super::site::Host;
use super::web::{LONG, PIECE, PIECES, piece};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a client waits for one answer.
const ANSWER_TIME: Duration = Duration::from_secs(3);
/// How long a client that loads a long file bears silence: retries of TCP grow up to this in the
/// time that two directors need to take over from each other.
const SILENCE_MAX: Duration = Duration::from_secs(45);

/// Who answered, how often.
pub(crate) type Shares = BTreeMap<String, usize>;

/// The name of the server that answers a request.
///
/// # Errors
/// When nobody does in time.
pub(crate) fn ask(client: &Host, address: IpAddr, port: u16) -> Result<String> {
    client.inside(|| {
        let mut stream = request((address, port).into(), "/", ANSWER_TIME)?;
        let mut text = String::new();
        stream.read_to_string(&mut text).context("no whole answer")?;
        let (_, body) = text.split_once("\r\n\r\n").context("no answer of a web server")?;
        Ok(body.trim().to_owned())
    })
}

/// Who answers so many requests, one after the other.
///
/// # Errors
/// When one is not answered.
pub(crate) fn shares(client: &Host, address: IpAddr, port: u16, times: usize) -> Result<Shares> {
    let mut found = Shares::new();
    for _ in 0..times {
        *found.entry(ask(client, address, port)?).or_default() += 1;
    }
    Ok(found)
}

/// What a client has of a long file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loaded {
    /// The longest time nothing came.
    pub(crate) silence: Duration,
}

/// A client that loads the long file, in a thread of its own.
pub(crate) fn load(client: &Host, address: IpAddr, port: u16) -> JoinHandle<Result<Loaded>> {
    let client = client.clone();
    std::thread::spawn(move || {
        client.step_in()?;
        let mut stream = request((address, port).into(), LONG, SILENCE_MAX)?;
        let (mut text, mut part) = (Vec::new(), vec![0_u8; 16 << 10]);
        let (mut last, mut silence) = (Instant::now(), Duration::ZERO);
        loop {
            let length = stream
                .read(&mut part)
                .with_context(|| format!("the download broke off after {} bytes", text.len()))?;
            silence = silence.max(last.elapsed());
            last = Instant::now();
            match length {
                0 => break,
                more => text.extend_from_slice(&part[..more]),
            }
        }
        let begin = text.windows(4).position(|end| end == b"\r\n\r\n").context("no answer")? + 4;
        let whole: Vec<u8> = (0..PIECES).flat_map(piece).collect();
        ensure!(
            text[begin..] == whole,
            "the download has {} of {} bytes, or others than were sent",
            text.len() - begin,
            PIECE * PIECES
        );
        Ok(Loaded { silence })
    })
}

fn request(address: SocketAddr, path: &str, patience: Duration) -> Result<TcpStream> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_TIME)
        .with_context(|| format!("no connection to {address}"))?;
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes())?;
    Ok(stream)
}
