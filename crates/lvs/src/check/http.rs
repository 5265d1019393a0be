//! HTTP_GET and SSL_GET: one page, and what must be true of the answer
//! (docs/ancestors/keepalived.md §5).
//!
//! What is digested and matched is everything behind the headers as it came, as keepalived does:
//! a chunked answer with its frames. The page ends with the connection, or with its
//! Content-Length.

use super::pattern::Pattern;
use super::{Step, Verdict};
use crate::config::{Connection, Http, Url};
use md5::{Digest as _, Md5};
use std::net::IpAddr;

/// The longest status line and headers, as common servers limit them.
pub const HEAD_MAX: usize = 64 * 1024;
/// The longest page that is looked at. Pages made for checks are a thousand times shorter, and
/// one check may not take more memory than this.
pub const BODY_MAX: u64 = 4 * 1024 * 1024;
/// Interim answers (1xx) before the real one; servers send one or two.
const INTERIM_MAX: u32 = 10;

/// The conversation.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Page {
    request: Vec<u8>,
    status: Vec<(u16, u16)>,
    digest: Option<String>,
    pattern: Option<Pattern>,
    part: Part,
}

#[derive(Clone, PartialEq, Debug)]
enum Part {
    Head { read: Vec<u8>, interim: u32 },
    Body { status: u16, left: Option<u64>, sum: Sum, kept: Vec<u8>, length: u64 },
}

/// The sum of what was read so far; two are equal when their texts would be.
#[derive(Clone)]
struct Sum(Md5);

impl PartialEq for Sum {
    fn eq(&self, other: &Self) -> bool {
        self.0.clone().finalize() == other.0.clone().finalize()
    }
}

impl std::fmt::Debug for Sum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sum")
    }
}

impl Page {
    pub(super) fn new(http: &Http, url: &Url, to: &Connection) -> Result<Self, String> {
        Ok(Self {
            request: request(http, url, to),
            status: url.status.clone(),
            digest: url.digest.clone(),
            pattern: url.regex.as_ref().map(Pattern::new).transpose()?,
            part: Part::Head { read: Vec::new(), interim: 0 },
        })
    }

    pub(super) fn connected(&self) -> Step {
        Step::Send(self.request.clone())
    }

    pub(super) fn heard(&mut self, bytes: &[u8]) -> Step {
        match &mut self.part {
            Part::Head { read, .. } => {
                read.extend_from_slice(bytes);
                self.head()
            }
            Part::Body { .. } => self.body(bytes),
        }
    }

    pub(super) fn closed(&mut self) -> Verdict {
        match self.part {
            Part::Head { .. } => failed("the connection was closed before the headers ended"),
            Part::Body { .. } => self.finish(),
        }
    }

    /// Looks whether the headers are complete.
    fn head(&mut self) -> Step {
        loop {
            let Part::Head { read, interim } = &mut self.part else { return Step::Wait };
            let Some(end) = end_of_head(read) else {
                if read.len() > HEAD_MAX {
                    return Step::Done(failed("the headers don't end"));
                }
                return Step::Wait;
            };
            let rest = read.split_off(end);
            let head = match Head::parse(read) {
                Ok(head) => head,
                Err(why) => return Step::Done(failed(why)),
            };
            // 101 ends HTTP; all others of 1xx announce the real answer.
            if (100..200).contains(&head.status) && head.status != 101 {
                *interim += 1;
                if *interim > INTERIM_MAX {
                    return Step::Done(failed("the answer is only announced"));
                }
                *read = rest;
                continue;
            }
            self.part = Part::Body {
                status: head.status,
                // These never have a body (RFC 9110 §6.4.1).
                left: if matches!(head.status, 204 | 304) { Some(0) } else { head.length },
                sum: Sum(Md5::new()),
                kept: Vec::new(),
                length: 0,
            };
            return self.body(&rest);
        }
    }

    fn body(&mut self, bytes: &[u8]) -> Step {
        let Part::Body { left, sum, kept, length, .. } = &mut self.part else { return Step::Wait };
        let allowed = left.unwrap_or(u64::MAX).min(BODY_MAX - *length);
        let taken = bytes.len().min(usize::try_from(allowed).unwrap_or(usize::MAX));
        let (bytes, over) = bytes.split_at(taken);
        sum.0.update(bytes);
        *length += taken as u64;
        if self.pattern.is_some() {
            kept.extend_from_slice(bytes);
        }
        let ended = left.as_mut().is_some_and(|left| {
            *left -= taken as u64;
            *left == 0
        });
        if ended {
            return Step::Done(self.finish());
        }
        if over.is_empty() {
            return Step::Wait;
        }
        // Longer than a page may be: it can't be judged whole.
        if self.digest.is_some() || self.pattern.is_some() {
            return Step::Done(failed(format!("the page is longer than {BODY_MAX} bytes")));
        }
        Step::Done(self.finish())
    }

    fn finish(&mut self) -> Verdict {
        let Part::Body { status, sum, kept, length, .. } = &self.part else {
            return failed("the headers did not end");
        };
        let is_well = |(first, last): &(u16, u16)| (*first..=*last).contains(status);
        if !self.status.is_empty() && !self.status.iter().any(is_well) {
            return failed(format!("status {status}"));
        }
        if let Some(wanted) = &self.digest {
            let sum = sum.0.clone().finalize();
            let sum = sum.iter().fold(String::new(), |sum, byte| sum + &format!("{byte:02x}"));
            if !sum.eq_ignore_ascii_case(wanted) {
                return failed(format!("the page's MD5 sum is {sum}, not {wanted}"));
            }
        }
        if let Some(Err(why)) = self.pattern.as_ref().map(|pattern| pattern.judge(kept)) {
            return failed(why);
        }
        Verdict::Passed(format!("status {status}, {length} bytes"))
    }
}

fn failed(words: impl Into<String>) -> Verdict {
    Verdict::Failed(words.into())
}

/// The request; `Host` is the address with its port unless a name is configured
/// (docs/ancestors/keepalived.md §5).
fn request(http: &Http, url: &Url, to: &Connection) -> Vec<u8> {
    let version = if http.protocol.starts_with("1.1") { "1.1" } else { "1.0" };
    let connection = match http.protocol.as_str() {
        "1.0K" | "1.0k" | "1.1K" | "1.1k" => "Connection: keep-alive\r\n",
        "1.0" => "",
        _ => "Connection: close\r\n",
    };
    let host = url.host.as_ref().or(http.host.as_ref()).cloned();
    let host = host.unwrap_or_else(|| match to.ip {
        IpAddr::V4(ip) => format!("{ip}:{}", to.port),
        IpAddr::V6(ip) => format!("[{ip}]:{}", to.port),
    });
    let path = &url.path;
    let text = format!(
        "GET {path} HTTP/{version}\r\nUser-Agent: KeepAliveClient\r\n{connection}Host: {host}\r\n\r\n"
    );
    text.into_bytes()
}

/// Where the headers end, if they do: behind an empty line.
fn end_of_head(read: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(place) = read.get(from..)?.iter().position(|byte| *byte == b'\n') {
        let next = from + place + 1;
        match read.get(next..) {
            Some([b'\n', ..]) => return Some(next + 1),
            Some([b'\r', b'\n', ..]) => return Some(next + 2),
            _ => from = next,
        }
    }
    None
}

/// What the headers say that matters here.
struct Head {
    status: u16,
    length: Option<u64>,
}

impl Head {
    fn parse(read: &[u8]) -> Result<Self, &'static str> {
        let mut lines = read.split(|byte| *byte == b'\n');
        let status = lines.next().and_then(status_of).ok_or("it does not answer in HTTP")?;
        let length = lines.find_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = line.split_at(colon);
            let value = std::str::from_utf8(value.get(1..)?).ok()?;
            name.eq_ignore_ascii_case(b"content-length").then(|| value.trim().parse().ok())?
        });
        Ok(Self { status, length })
    }
}

/// `HTTP/x.y NNN words`.
fn status_of(line: &[u8]) -> Option<u16> {
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    words.next().filter(|word| word.starts_with(b"HTTP/"))?;
    let code = std::str::from_utf8(words.next()?).ok()?.trim();
    (code.len() == 3).then(|| code.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Regex;
    use std::time::Duration;

    fn connection(ip: &str) -> Connection {
        Connection {
            ip: ip.parse().unwrap(),
            port: 8080,
            bind: None,
            bind_port: None,
            bind_interface: None,
            mark: None,
            timeout: Duration::from_secs(5),
        }
    }

    fn http(protocol: &str) -> Http {
        Http {
            tls: false,
            sni: false,
            sni_name: None,
            protocol: protocol.into(),
            fast_recovery: false,
            host: None,
            urls: Vec::new(),
        }
    }

    fn url() -> Url {
        Url { path: "/x".into(), host: None, digest: None, status: vec![(200, 299)], regex: None }
    }

    fn page(url: &Url) -> Page {
        Page::new(&http("1.0"), url, &connection("10.0.0.1")).unwrap()
    }

    /// The verdict over an answer that comes in pieces of `size` and then ends.
    fn verdict(mut page: Page, answer: &[u8], size: usize) -> Verdict {
        for piece in answer.chunks(size.max(1)) {
            match page.heard(piece) {
                Step::Wait => {}
                Step::Done(verdict) => return verdict,
                Step::Send(_) => panic!("nothing more is sent"),
            }
        }
        page.closed()
    }

    fn passes(url: &Url, answer: &str) -> bool {
        let all = verdict(page(url), answer.as_bytes(), usize::MAX);
        for size in 1..7 {
            assert_eq!(verdict(page(url), answer.as_bytes(), size), all, "pieces of {size}");
        }
        matches!(all, Verdict::Passed(_))
    }

    #[test]
    fn the_request_is_keepaliveds() {
        let text = |http: &Http, url: &Url, ip| {
            String::from_utf8(request(http, url, &connection(ip))).unwrap()
        };
        let plain = "GET /x HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: 10.0.0.1:8080\r\n\r\n";
        assert_eq!(text(&http("1.0"), &url(), "10.0.0.1"), plain);
        let v6 = text(&http("1.0"), &url(), "2001:db8::1");
        assert!(v6.contains("Host: [2001:db8::1]:8080\r\n"), "{v6}");
    }

    #[test]
    fn newer_versions_say_that_the_connection_is_to_be_closed() {
        for (protocol, line, header) in [
            ("1.1", "HTTP/1.1\r\n", "Connection: close\r\n"),
            ("1.0C", "HTTP/1.0\r\n", "Connection: close\r\n"),
            ("1.1K", "HTTP/1.1\r\n", "Connection: keep-alive\r\n"),
        ] {
            let bytes = request(&http(protocol), &url(), &connection("10.0.0.1"));
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains(line) && text.contains(header), "{text}");
        }
    }

    #[test]
    fn a_virtual_host_replaces_the_address_and_a_pages_own_comes_first() {
        let mut http = http("1.0");
        http.host = Some("server.example".into());
        let mut url = url();
        let text = |http: &Http, url: &Url| {
            String::from_utf8(request(http, url, &connection("10.0.0.1"))).unwrap()
        };
        assert!(text(&http, &url).contains("Host: server.example\r\n"));
        url.host = Some("page.example".into());
        assert!(text(&http, &url).contains("Host: page.example\r\n"));
    }

    #[test]
    fn the_status_must_be_in_a_range() {
        assert!(passes(&url(), "HTTP/1.1 204 No Content\r\n\r\n"));
        assert!(!passes(&url(), "HTTP/1.1 301 Moved\r\n\r\n"));
        let two = Url { status: vec![(200, 200), (301, 302)], ..url() };
        assert!(passes(&two, "HTTP/1.1 302 Found\r\n\r\n"));
        assert!(!passes(&two, "HTTP/1.1 201 Created\r\n\r\n"));
    }

    #[test]
    fn what_is_not_http_fails() {
        for answer in ["SSH-2.0-x\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "\n\n"] {
            assert!(!passes(&url(), answer), "{answer:?}");
        }
    }

    #[test]
    fn headers_that_end_with_the_connection_fail() {
        assert!(!passes(&url(), "HTTP/1.1 200 OK\r\nServer: x\r\n"));
        assert!(!passes(&url(), ""));
    }

    #[test]
    fn bare_line_feeds_end_headers_too() {
        assert!(passes(&url(), "HTTP/1.0 200 OK\nServer: x\n\nbody"));
    }

    #[test]
    fn headers_without_end_are_given_up() {
        let mut endless = page(&url());
        let line = [b"HTTP/1.0 200 OK\r\n".to_vec(), vec![b'a'; 1000]].concat();
        let done = (0..100).any(|_| matches!(endless.heard(&line), Step::Done(Verdict::Failed(_))));
        assert!(done);
    }

    #[test]
    fn the_digest_is_of_everything_behind_the_headers() {
        // md5 of "hello"
        let right = Url { digest: Some("5D41402abc4b2a76b9719d911017c592".into()), ..url() };
        assert!(passes(&right, "HTTP/1.0 200 OK\r\n\r\nhello"));
        assert!(!passes(&right, "HTTP/1.0 200 OK\r\n\r\nhello\n"));
        assert!(!passes(&right, "HTTP/1.0 500 Oops\r\n\r\nhello"), "the status counts as well");
    }

    #[test]
    fn without_status_codes_a_digest_alone_decides() {
        let digest = Some("5d41402abc4b2a76b9719d911017c592".into());
        let alone = Url { digest, status: Vec::new(), ..url() };
        assert!(passes(&alone, "HTTP/1.0 500 Oops\r\n\r\nhello"));
    }

    #[test]
    fn a_page_ends_with_its_length() {
        let mut page = page(&url());
        let step = page.heard(b"HTTP/1.1 200 OK\r\ncontent-LENGTH: 5\r\n\r\nhello");
        assert!(matches!(step, Step::Done(Verdict::Passed(_))), "{step:?}");
    }

    #[test]
    fn an_answer_without_body_ends_with_its_headers() {
        let step = page(&url()).heard(b"HTTP/1.1 204 No Content\r\n\r\n");
        assert!(matches!(step, Step::Done(Verdict::Passed(_))), "{step:?}");
    }

    #[test]
    fn an_interim_answer_is_not_the_answer() {
        assert!(passes(&url(), "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"));
        assert!(!passes(&url(), "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\n\r\n"));
        assert!(!passes(&url(), &"HTTP/1.1 100 Continue\r\n\r\n".repeat(50)));
    }

    #[test]
    fn a_pattern_is_found_across_pieces() {
        let regex = Regex {
            pattern: "he.*lo".into(),
            inverted: false,
            options: Vec::new(),
            min_offset: 0,
            max_offset: None,
        };
        let url = Url { regex: Some(regex), ..url() };
        assert!(passes(&url, "HTTP/1.0 200 OK\r\n\r\nsay hello world"));
        assert!(!passes(&url, "HTTP/1.0 200 OK\r\n\r\ngoodbye"));
    }

    #[test]
    fn a_page_without_end_passes_for_its_status_and_fails_where_it_must_be_whole() {
        let huge = vec![b'x'; 1024 * 1024];
        for (url, well) in [(url(), true), (Url { digest: Some("0".repeat(32)), ..url() }, false)] {
            let mut page = page(&url);
            assert_eq!(page.heard(b"HTTP/1.0 200 OK\r\n\r\n"), Step::Wait);
            let end = (0..6).find_map(|_| match page.heard(&huge) {
                Step::Done(verdict) => Some(verdict),
                _ => None,
            });
            assert_eq!(matches!(end, Some(Verdict::Passed(_))), well, "{end:?}");
        }
    }
}
