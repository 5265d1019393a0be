//! One check that speaks with a server: the socket, the time limits, and what went wrong with
//! them. What is said, and what the answers mean, is `lvs::check`'s.

use super::tls::Connector;
use linux::probe::{self, Origin};
use lvs::check::{Conversation, DATAGRAM_MAX, Step};
use lvs::config::Connection;
use lvs::{Outcome, Transport};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::time::timeout;

/// As much of a stream is read at once.
const PIECE: usize = 16 << 10;

/// What is to be said, and to whom.
pub(super) struct Talk {
    /// In what.
    pub(super) transport: Transport,
    /// With whom, from where.
    pub(super) connection: Connection,
    /// What.
    pub(super) conversation: Conversation,
    /// All of it ends after this.
    pub(super) limit: Duration,
}

/// Makes one check. It ends within [`Talk::limit`], whatever the other end does.
pub(super) async fn talk(talk: Talk, connector: &Connector) -> Outcome {
    let limit = talk.limit;
    match timeout(limit, begin(talk, connector)).await {
        Ok(Ok(outcome) | Err(outcome)) => outcome,
        Err(_) => Outcome::TimedOut,
    }
}

async fn begin(talk: Talk, connector: &Connector) -> Result<Outcome, Outcome> {
    let Talk { transport, connection, conversation, .. } = talk;
    let patience = connection.timeout;
    match transport {
        Transport::Tcp => {
            let stream = connect(&connection).await?;
            over_stream(stream, conversation, patience).await
        }
        Transport::Tls { server_name } => {
            let stream = connect(&connection).await?;
            let shaken = connector.connect(server_name.as_deref(), connection.ip, stream);
            match timeout(patience, shaken).await {
                Ok(Ok(stream)) => over_stream(stream, conversation, patience).await,
                Ok(Err(error)) => Err(Outcome::Refused(format!("TLS: {}", words(&error)))),
                Err(_) => Err(Outcome::TimedOut),
            }
        }
        Transport::Udp | Transport::Icmp => {
            let socket = datagrams(&transport, &connection).map_err(not_run)?;
            over_datagrams(socket, conversation, patience).await
        }
    }
}

fn origin(connection: &Connection) -> Origin {
    Origin {
        address: connection.bind,
        port: connection.bind_port,
        interface: connection.bind_interface.clone(),
        mark: connection.mark,
    }
}

async fn connect(connection: &Connection) -> Result<TcpStream, Outcome> {
    let origin = origin(connection);
    let to = SocketAddr::new(connection.ip, connection.port);
    let to = probe::scoped(to, &origin).map_err(not_run)?;
    let socket = TcpSocket::from_std_stream(probe::tcp(connection.ip, &origin).map_err(not_run)?);
    match timeout(connection.timeout, socket.connect(to)).await {
        Ok(Ok(stream)) => proven(stream),
        Ok(Err(error)) => Err(Outcome::Refused(words(&error))),
        Err(_) => Err(Outcome::TimedOut),
    }
}

/// A stream counts as connected when the kernel knows its other end, not by the want of an error.
/// Where nobody answers for an address, Linux 6.1 now and then reports an error to who polls and
/// none to who asks which (seen once in 768 attempts on a busy machine): a server that nobody
/// reaches must not be taken for one that is well.
fn proven(stream: TcpStream) -> Result<TcpStream, Outcome> {
    match stream.peer_addr() {
        Ok(_) => Ok(stream),
        Err(error) => Err(Outcome::Refused(words(&error))),
    }
}

/// The socket of a check without connections.
fn datagrams(transport: &Transport, connection: &Connection) -> io::Result<UdpSocket> {
    let origin = origin(connection);
    let socket = if *transport == Transport::Icmp {
        match probe::echo(connection.ip, &origin) {
            // As the ancestor does, and only when it is needed.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                probe::let_our_group_ping()?;
                probe::echo(connection.ip, &origin)
            }
            other => other,
        }
    } else {
        probe::udp(SocketAddr::new(connection.ip, connection.port), &origin)
    };
    UdpSocket::from_std(socket?)
}

async fn over_stream<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    mut conversation: Conversation,
    patience: Duration,
) -> Result<Outcome, Outcome> {
    let mut buffer = vec![0; PIECE];
    let mut step = conversation.connected();
    loop {
        match step {
            Step::Done(verdict) => return Ok(Outcome::Said(verdict)),
            Step::Send(bytes) => {
                let sent = async {
                    stream.write_all(&bytes).await?;
                    stream.flush().await
                };
                in_time(sent, patience).await?;
            }
            Step::Wait => {}
        }
        step = match timeout(patience, stream.read(&mut buffer)).await {
            Err(_) => Step::Done(conversation.silent()),
            Ok(Ok(0)) => Step::Done(conversation.closed()),
            // TLS without its goodbye.
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Step::Done(conversation.closed())
            }
            Ok(Err(error)) => return Err(Outcome::Refused(words(&error))),
            Ok(Ok(length)) => conversation.heard(buffer.get(..length).unwrap_or_default()),
        };
    }
}

async fn over_datagrams(
    socket: UdpSocket,
    mut conversation: Conversation,
    patience: Duration,
) -> Result<Outcome, Outcome> {
    // Untouched pages of it take no memory.
    let mut buffer = vec![0; DATAGRAM_MAX];
    let mut step = conversation.connected();
    loop {
        match step {
            Step::Done(verdict) => return Ok(Outcome::Said(verdict)),
            Step::Send(bytes) => {
                in_time(async { socket.send(&bytes).await.map(|_| ()) }, patience).await?;
            }
            Step::Wait => {}
        }
        step = match timeout(patience, socket.recv(&mut buffer)).await {
            Err(_) => Step::Done(conversation.silent()),
            Ok(Err(error)) => return Err(Outcome::Refused(words(&error))),
            Ok(Ok(length)) => conversation.heard(buffer.get(..length).unwrap_or_default()),
        };
    }
}

async fn in_time(
    sent: impl Future<Output = io::Result<()>>,
    patience: Duration,
) -> Result<(), Outcome> {
    match timeout(patience, sent).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Outcome::Refused(words(&error))),
        Err(_) => Err(Outcome::TimedOut),
    }
}

fn not_run(error: io::Error) -> Outcome {
    Outcome::NotRun(words(&error))
}

/// The system's words, without its number.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, TcpListener};

    fn runtime() -> tokio::runtime::Runtime {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().expect("a runtime")
    }

    #[test]
    fn a_socket_without_another_end_is_no_connection() {
        runtime().block_on(async {
            let socket = probe::tcp(Ipv4Addr::LOCALHOST.into(), &Origin::default());
            let stream = TcpStream::from_std(socket.expect("opens")).expect("registers");
            assert!(matches!(proven(stream), Err(Outcome::Refused(_))));
        });
    }

    #[test]
    fn a_server_that_listens_is_reached() {
        runtime().block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("listens");
            let address = listener.local_addr().expect("an address");
            let stream = TcpStream::connect(address).await.expect("connects");
            assert!(proven(stream).is_ok());
        });
    }
}
