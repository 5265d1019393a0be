//! Service checks: one try of one check.

use crate::agents::last_words;
use crate::executor::Wanted;
use crate::hub::Hub;
use crate::perform;
use cluster::Outcome;
use cluster::config::Probe;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A status line is shorter than this; more of an answer is not read.
const STATUS_LINE_MAX: usize = 512;

/// Tries once. The reason of a failure is one sentence.
pub(crate) async fn try_once(
    hub: &Hub,
    probe: &Probe,
    timeout: Duration,
    environment: BTreeMap<String, String>,
) -> Outcome {
    let result = match probe {
        Probe::Tcp { host, port } => in_time(timeout, tcp(host, *port)).await,
        Probe::Http { url } => in_time(timeout, http(url)).await,
        Probe::Command { path, args } => {
            let mut argv = vec![path.clone()];
            argv.extend(args.iter().cloned());
            program(hub, argv, timeout, environment).await
        }
        Probe::Unit { name } => {
            let argv = ["/usr/bin/systemctl", "is-active", "--", name].map(String::from).into();
            program(hub, argv, timeout, environment).await
        }
    };
    match result {
        Ok(()) => Outcome::Yes,
        Err(reason) => Outcome::Failed { reason },
    }
}

async fn in_time(
    timeout: Duration,
    check: impl Future<Output = Result<(), String>>,
) -> Result<(), String> {
    tokio::time::timeout(timeout, check)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} ms", timeout.as_millis())))
}

/// Connected is who has another end: the want of an error alone proves nothing where nobody answers
/// (`lvs::check` of this crate says when).
async fn tcp(host: &str, port: u16) -> Result<(), String> {
    TcpStream::connect((host, port))
        .await
        .and_then(|stream| stream.peer_addr())
        .map(drop)
        .map_err(|error| format!("{host} port {port}: {error}"))
}

/// GET over a connection of its own; a status from 200 to 399 passes.
async fn http(url: &str) -> Result<(), String> {
    let (authority, path) = split_url(url)?;
    let (host, port) = split_authority(authority)?;
    let tell = |error: std::io::Error| format!("{url}: {error}");
    let mut stream = TcpStream::connect((host, port)).await.map_err(tell)?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: handover\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.map_err(tell)?;
    let mut answer = Vec::with_capacity(STATUS_LINE_MAX);
    let mut limited = stream.take(STATUS_LINE_MAX as u64);
    while !answer.contains(&b'\n') {
        if limited.read_buf(&mut answer).await.map_err(tell)? == 0 {
            break;
        }
    }
    match status_code(&answer) {
        Some(200..=399) => Ok(()),
        Some(code) => Err(format!("{url}: answered {code}")),
        None => Err(format!("{url}: the answer is not HTTP")),
    }
}

/// Host with port, and path, of an `http` URL.
fn split_url(url: &str) -> Result<(&str, &str), String> {
    let rest = url.strip_prefix("http://").ok_or_else(|| format!("{url} is no http:// URL"))?;
    let at = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    let path = if path.is_empty() { "/" } else { path };
    if authority.is_empty() || url.chars().any(|c| c.is_control() || c == ' ') {
        return Err(format!("{url} is no http:// URL"));
    }
    Ok((authority, path))
}

/// Host and port, 80 unless written; an IPv6 address stands in brackets.
fn split_authority(authority: &str) -> Result<(&str, u16), String> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            (host, port.parse().map_err(|_| format!("`{port}` is no port"))?)
        }
        _ => (authority, 80),
    };
    Ok((host.trim_start_matches('[').trim_end_matches(']'), port))
}

/// The code of `HTTP/1.1 200 OK`.
fn status_code(answer: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(answer.split(|b| *b == b'\n').next()?).ok()?;
    let mut words = line.split_whitespace();
    words.next().filter(|version| version.starts_with("HTTP/"))?;
    words.next()?.parse().ok()
}

async fn program(
    hub: &Hub,
    argv: Vec<String>,
    timeout: Duration,
    environment: BTreeMap<String, String>,
) -> Result<(), String> {
    let called = argv.join(" ");
    let end = hub.executor.run(Wanted { argv, environment, timeout }).await;
    if end.code == Some(0) {
        return Ok(());
    }
    let words = last_words(&end.output).map(|words| format!(": {words}")).unwrap_or_default();
    Err(format!("{called} {}{words}", perform::ended(&end)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn server(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 512];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        format!("http://{address}/health")
    }

    #[tokio::test]
    async fn a_page_passes_and_an_error_page_fails() {
        assert_eq!(http(&server("HTTP/1.1 200 OK\r\n\r\n").await).await, Ok(()));
        assert_eq!(http(&server("HTTP/1.0 302 Found\r\n\r\n").await).await, Ok(()));
        let failed = http(&server("HTTP/1.1 503 Busy\r\n\r\n").await).await.unwrap_err();
        assert!(failed.contains("503"), "{failed}");
        assert!(http(&server("SSH-2.0-x\r\n").await).await.is_err());
    }

    #[tokio::test]
    async fn a_server_that_never_answers_fails_in_time() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let result = in_time(Duration::from_millis(50), http(&url)).await;
        assert!(result.unwrap_err().contains("50 ms"));
    }

    #[tokio::test]
    async fn a_closed_port_fails_with_its_reason() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert!(tcp("127.0.0.1", port).await.unwrap_err().contains(&port.to_string()));
    }

    #[test]
    fn urls_are_split() {
        assert_eq!(split_url("http://a:8080/x?y"), Ok(("a:8080", "/x?y")));
        assert_eq!(split_url("http://a"), Ok(("a", "/")));
        assert_eq!(split_authority("a:8080"), Ok(("a", 8080)));
        assert_eq!(split_authority("[::1]:8080"), Ok(("::1", 8080)));
        assert_eq!(split_authority("[::1]"), Ok(("::1", 80)));
        assert!(split_url("https://a").is_err());
        assert!(split_url("http://a/\r\nx").is_err());
    }
}
