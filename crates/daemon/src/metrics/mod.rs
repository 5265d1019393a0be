//! Figures for Prometheus: a page of text on a port that handover.toml names; off without it.
//!
//! The page is made of the same status that the control socket gives, on the ordinary thread. A
//! scraper costs the real-time thread one status a second at most, however many there are; one
//! that sends or reads slowly keeps nobody else waiting, and few are served at once. The form is
//! Prometheus' text exposition format 0.0.4.

mod heartbeat;
mod keepalived;
mod text;

use crate::api_server::Service;
use crate::paths;
use api::{Reply, Request};
use config::File;
use config::handover_toml::{self, Metrics};
use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

/// Scrapers served at once: one Prometheus has one connection, a pair of them two.
const CLIENTS_MAX: usize = 8;
/// One that has not sent its question, or not read the answer, is dropped after this.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest question: a scraper's headers are a few hundred bytes.
const QUESTION_MAX: usize = 4096;
/// A page is given to everybody who asks within this time of its making.
const FRESH: Duration = Duration::from_secs(1);
/// After an accept that failed (no descriptors left) it waits so long.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves a role's figures on the port that handover.toml names for it, if it names one.
///
/// # Errors
/// A sentence, when the file can't be read or the port can't be had. The role runs without.
pub(crate) fn start(
    role: &Rc<impl Service>,
    of: impl Fn(&Metrics) -> Option<SocketAddr>,
) -> Result<(), String> {
    if let Some(at) = of(&wanted()?) {
        tokio::task::spawn_local(serve(Rc::clone(role), bind(at)?));
    }
    Ok(())
}

/// What handover.toml says; nothing without the file.
fn wanted() -> Result<Metrics, String> {
    let text = match std::fs::read_to_string(paths::HANDOVER_TOML) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Metrics::default()),
        Err(error) => return Err(format!("cannot read {}: {error}", paths::HANDOVER_TOML)),
    };
    let mut found = Vec::new();
    let settings = handover_toml::read(&File::new(paths::HANDOVER_TOML, &*text), &mut found);
    let Some(finding) = found.first() else { return Ok(settings.metrics) };
    let (line, column) = finding.line_column(&text);
    let help = finding.help.as_deref().unwrap_or_default();
    Err(format!("{}:{line}:{column}: {}; {help}", finding.file, finding.message))
}

fn bind(at: SocketAddr) -> Result<TcpListener, String> {
    let bound = std::net::TcpListener::bind(at).and_then(|listener| {
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    });
    bound.map_err(|error| {
        format!("no figures are given: {at} can't be had: {error}; see [metrics] in handover.toml")
    })
}

/// The page as it was last made.
#[derive(Default)]
struct Page(RefCell<Option<(Instant, Rc<str>)>>);

impl Page {
    async fn get(&self, role: &Rc<impl Service>) -> Option<Rc<str>> {
        let kept = self.0.borrow().clone();
        if let Some((_, page)) = kept.filter(|(made, _)| made.elapsed() < FRESH) {
            return Some(page);
        }
        let page: Rc<str> = match Rc::clone(role).answer(Request::Status).await {
            Reply::Status(status) => heartbeat::page(&status).into(),
            Reply::Vrrp(report) => keepalived::page(&report).into(),
            _ => return None,
        };
        *self.0.borrow_mut() = Some((Instant::now(), Rc::clone(&page)));
        Some(page)
    }
}

/// Serves scrapers for ever.
async fn serve(role: Rc<impl Service>, listener: TcpListener) {
    let clients = Rc::new(Cell::new(0_usize));
    let page = Rc::new(Page::default());
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        if clients.get() >= CLIENTS_MAX {
            continue;
        }
        clients.set(clients.get() + 1);
        let (role, clients, page) = (Rc::clone(&role), Rc::clone(&clients), Rc::clone(&page));
        tokio::task::spawn_local(async move {
            // One that goes away, or asks for something else, just ends.
            let _ = timeout(PATIENCE, client(&role, &page, stream)).await;
            clients.set(clients.get() - 1);
        });
    }
}

async fn client(role: &Rc<impl Service>, page: &Page, mut stream: TcpStream) -> io::Result<()> {
    let question = question(&mut stream).await?;
    let path = question.strip_prefix("GET ").and_then(|rest| rest.split([' ', '?']).next());
    let answer = match path {
        Some("/metrics") => match page.get(role).await {
            Some(page) => answer("200 OK", "text/plain; version=0.0.4; charset=utf-8", &page),
            None => answer("503 Service Unavailable", "text/plain", "the daemon is stopping\n"),
        },
        Some(_) => answer("404 Not Found", "text/plain", "ask for /metrics\n"),
        None => answer("405 Method Not Allowed", "text/plain", "only GET is answered\n"),
    };
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// Reads as far as the headers go; what they say besides the first line doesn't matter.
async fn question(stream: &mut TcpStream) -> io::Result<String> {
    let (mut all, mut part) = (Vec::new(), [0; 512]);
    while !all.windows(4).any(|end| end == b"\r\n\r\n") {
        let length = stream.read(&mut part).await?;
        let read = part.get(..length).unwrap_or_default();
        if read.is_empty() || all.len() + read.len() > QUESTION_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        all.extend_from_slice(read);
    }
    Ok(String::from_utf8_lossy(&all).into_owned())
}

fn answer(status: &str, kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests;
