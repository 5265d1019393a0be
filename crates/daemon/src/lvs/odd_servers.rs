//! Checks against servers that answer oddly, on loopback.

use super::check::{Talk, talk};
use super::tls::Connector;
use lvs::check::{Conversation, USUAL_PAYLOAD, Verdict};
use lvs::config::{Connection, Http, Tls, Url};
use lvs::{Outcome, Transport};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_rustls::TlsAcceptor;

/// More than enough for anything on loopback.
const LONG: Duration = Duration::from_secs(20);
/// What a server that says nothing is waited for.
const SHORT: Duration = Duration::from_millis(200);

fn connection(to: SocketAddr, patience: Duration) -> Connection {
    Connection {
        ip: to.ip(),
        port: to.port(),
        bind: None,
        bind_port: None,
        bind_interface: None,
        mark: None,
        timeout: patience,
    }
}

fn connector() -> Connector {
    let (connector, trouble) = Connector::new(&Tls::default());
    assert_eq!(trouble, None);
    connector
}

async fn check(
    transport: Transport,
    connection: Connection,
    conversation: Conversation,
    limit: Duration,
) -> Outcome {
    talk(Talk { transport, connection, conversation, limit }, &connector()).await
}

async fn tcp(to: SocketAddr, patience: Duration) -> Outcome {
    check(Transport::Tcp, connection(to, patience), Conversation::tcp(), LONG).await
}

fn passed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Said(Verdict::Passed(_)))
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Nobody listens there: the port was just given back.
async fn nobody() -> SocketAddr {
    listener().await.1
}

#[tokio::test]
async fn a_port_that_accepts_is_well_and_one_that_refuses_is_not() {
    let (_open, address) = listener().await;
    assert!(passed(&tcp(address, LONG).await));
    let refused = tcp(nobody().await, LONG).await;
    assert_eq!(refused, Outcome::Refused("Connection refused".into()));
}

/// A queue of connections that is full takes no more, as a host that drops everything.
#[tokio::test]
async fn a_black_hole_takes_no_longer_than_its_time() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let full = socket.listen(0).unwrap();
    let address = full.local_addr().unwrap();
    let mut waiting = Vec::new();
    let outcome = loop {
        assert!(waiting.len() < 64, "the queue never fills");
        match tokio::time::timeout(SHORT, TcpStream::connect(address)).await {
            Ok(stream) => waiting.push(stream.unwrap()),
            Err(_) => break tcp(address, SHORT).await,
        }
    };
    assert_eq!(outcome, Outcome::TimedOut);
}

#[tokio::test]
async fn an_address_that_is_not_ours_is_our_own_fault_and_not_the_servers() {
    let (_open, address) = listener().await;
    let mut from = connection(address, LONG);
    from.bind = Some(IpAddr::from([192, 0, 2, 1]));
    let outcome = check(Transport::Tcp, from, Conversation::tcp(), LONG).await;
    assert!(matches!(outcome, Outcome::NotRun(_)), "{outcome:?}");
}

async fn udp(to: SocketAddr, reply: Option<Vec<(u8, u8)>>) -> Outcome {
    let conversation = Conversation::udp(USUAL_PAYLOAD.to_vec(), reply, (0, 255));
    check(Transport::Udp, connection(to, SHORT), conversation, LONG).await
}

#[tokio::test]
async fn a_datagram_is_refused_by_icmp_or_taken_in_silence() {
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = silent.local_addr().unwrap();
    assert!(passed(&udp(address, None).await));
    let missing = udp(address, Some(vec![(b'o', 0xff)])).await;
    assert!(matches!(missing, Outcome::Said(Verdict::Failed(_))), "{missing:?}");
    drop(silent);
    assert_eq!(udp(address, None).await, Outcome::Refused("Connection refused".into()));
}

#[tokio::test]
async fn a_datagrams_answer_is_compared() {
    let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = server.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let mut buffer = [0; 64];
        loop {
            let (length, from) = server.recv_from(&mut buffer).await.unwrap();
            assert_eq!(&buffer[..length], USUAL_PAYLOAD);
            server.send_to(b"ok", from).await.unwrap();
        }
    });
    assert!(passed(&udp(address, Some(vec![(b'o', 0xff), (b'k', 0xff)])).await));
    assert!(!passed(&udp(address, Some(vec![(b'n', 0xff)])).await));
    serving.abort();
}

/// A TLS server with a certificate that nobody signed; it says which name it was greeted with.
async fn tls_server() -> (SocketAddr, tokio::task::JoinHandle<Option<String>>) {
    let made = rcgen::generate_simple_self_signed(vec!["somebody.else".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (listener, address) = listener().await;
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let stream = acceptor.accept(stream).await.unwrap();
        stream.get_ref().1.server_name().map(str::to_owned)
    });
    (address, serving)
}

async fn tls(to: SocketAddr, server_name: Option<&str>) -> Outcome {
    let server_name = server_name.map(str::to_owned);
    let connection = connection(to, LONG);
    check(Transport::Tls { server_name }, connection, Conversation::tcp(), LONG).await
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_is_taken_and_a_name_is_said_only_if_asked_for() {
    for name in [Some("www.example.org"), None] {
        let (address, serving) = tls_server().await;
        let outcome = tls(address, name).await;
        assert!(passed(&outcome), "{outcome:?}");
        assert_eq!(serving.await.unwrap().as_deref(), name);
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_fails_and_one_that_says_nothing_times_out() {
    let (listener, address) = listener().await;
    let serving = tokio::spawn(async move {
        let (mut plain, _) = listener.accept().await.unwrap();
        plain.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n").await.unwrap();
        let (silent, _) = listener.accept().await.unwrap();
        (plain, silent)
    });
    let outcome = tls(address, None).await;
    assert!(matches!(&outcome, Outcome::Refused(why) if why.starts_with("TLS: ")), "{outcome:?}");
    let mut short = connection(address, SHORT);
    short.timeout = SHORT;
    let transport = Transport::Tls { server_name: None };
    let outcome = check(transport, short, Conversation::tcp(), LONG).await;
    assert_eq!(outcome, Outcome::TimedOut);
    serving.await.unwrap();
}

/// Serves one connection: what is heard is answered in turn with the next piece, and after the
/// last the connection is closed, or held if `holds`.
async fn scripted(pieces: Vec<Vec<u8>>, greets: bool, holds: bool) -> SocketAddr {
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 1024];
        let mut silent = greets;
        for piece in pieces {
            if !silent && stream.read(&mut buffer).await.unwrap_or(0) == 0 {
                return;
            }
            silent = false;
            if stream.write_all(&piece).await.is_err() {
                return;
            }
        }
        if holds {
            tokio::time::sleep(LONG).await;
        }
    });
    address
}

async fn page(to: SocketAddr, patience: Duration, limit: Duration) -> Outcome {
    let url =
        Url { path: "/".into(), host: None, digest: None, status: vec![(200, 299)], regex: None };
    let http = Http {
        tls: false,
        sni: false,
        sni_name: None,
        protocol: "1.0".into(),
        fast_recovery: false,
        host: None,
        urls: vec![url.clone()],
    };
    let connection = connection(to, patience);
    let conversation = Conversation::page(&http, &url, &connection).unwrap();
    check(Transport::Tcp, connection, conversation, limit).await
}

fn failed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Said(Verdict::Failed(_)) | Outcome::TimedOut | Outcome::Refused(_))
}

#[tokio::test]
async fn a_page_is_judged_by_its_status() {
    let well = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec();
    let outcome = page(scripted(vec![well], false, false).await, LONG, LONG).await;
    assert!(passed(&outcome), "{outcome:?}");
    let wrong = b"HTTP/1.0 503 Service Unavailable\r\n\r\n".to_vec();
    let outcome = page(scripted(vec![wrong], false, false).await, LONG, LONG).await;
    assert!(matches!(outcome, Outcome::Said(Verdict::Failed(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_server_that_closes_or_falls_silent_in_the_middle_of_an_answer_fails() {
    let half = b"HTTP/1.0 20".to_vec();
    for (pieces, holds) in [(vec![half.clone()], false), (vec![half], true), (vec![], false)] {
        let outcome = page(scripted(pieces, false, holds).await, SHORT, LONG).await;
        assert!(failed(&outcome), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_body_without_end_is_ended_by_the_limit() {
    let (listener, address) = listener().await;
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").await;
        while stream.write_all(b"and on ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let outcome = page(address, LONG, SHORT).await;
    assert_eq!(outcome, Outcome::TimedOut);
    serving.await.unwrap();
}

#[tokio::test]
async fn a_mail_server_must_keep_to_the_dialogue() {
    let say =
        |words: &[&str]| words.iter().map(|word| format!("{word}\r\n").into_bytes()).collect();
    let dialogues: [(&[&str], bool); 4] = [
        (&["220 mx ready", "250 mx", "221 bye"], true),
        (&["554 go away"], false),
        (&["220 mx ready", "502 what?"], false),
        (&["220 mx ready"], false),
    ];
    for (words, well) in dialogues {
        let to = connection(scripted(say(words), true, false).await, SHORT);
        let conversation = Conversation::smtp("check.example.org");
        let outcome = check(Transport::Tcp, to, conversation, LONG).await;
        assert_eq!(passed(&outcome), well, "{words:?}: {outcome:?}");
    }
}

/// Asks a name server that answers with the question changed by `change`.
async fn name(change: fn(&mut Vec<u8>)) -> Outcome {
    let server = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = server.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let mut buffer = [0; 512];
        let (length, from) = server.recv_from(&mut buffer).await.unwrap();
        let mut answer = buffer[..length].to_vec();
        answer[2] |= 0x80;
        change(&mut answer);
        server.send_to(&answer, from).await.unwrap();
        server
    });
    let conversation = Conversation::dns(4711, "SOA", ".").unwrap();
    let outcome = check(Transport::Udp, connection(address, SHORT), conversation, LONG).await;
    serving.await.unwrap();
    outcome
}

#[tokio::test]
async fn a_name_servers_answer_must_be_one_to_our_question_and_without_error() {
    let well = name(|_| {}).await;
    assert!(passed(&well), "{well:?}");
    let changes: [fn(&mut Vec<u8>); 4] =
        [|a| a[3] |= 2, |a| a[0] ^= 1, |a| a[2] &= 0x7f, |a| a.truncate(5)];
    for (number, change) in changes.into_iter().enumerate() {
        let outcome = name(change).await;
        assert!(failed(&outcome), "change {number}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_host_that_answers_echoes_is_well() {
    for ip in ["127.0.0.1", "::1"] {
        let to = connection(SocketAddr::new(ip.parse().unwrap(), 0), LONG);
        let conversation = Conversation::ping(to.ip.is_ipv6(), 0x1234);
        match check(Transport::Icmp, to, conversation, LONG).await {
            Outcome::NotRun(why) if std::env::var_os("CI").is_none() => {
                println!("skipped: echoes may not be sent here ({why})");
            }
            outcome => assert!(passed(&outcome), "{ip}: {outcome:?}"),
        }
    }
}
