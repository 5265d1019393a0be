//! One client's conversation, from its connection to its end.

use super::answers::{self, INVALID, View, refused, response};
use super::door::{self, Applicant, Machine};
use super::pace::Pace;
use super::queue::Queue;
use super::{answers::VERSION, ask_node, complain, desk, is_online, online_word};
use crate::hub::Hub;
use api::NodeKind;
use cluster::Input;
use linux::process::Credentials;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{sleep, timeout};
use wire::heartbeat::{Message, decode_local, ipc};

/// A client has to sign on within this.
const SIGN_ON_WITHIN: Duration = Duration::from_secs(10);
/// A client takes what is written within this.
const READS_WITHIN: Duration = Duration::from_secs(30);
/// The last words to a client that is refused may take this long.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Longest frame of a client that is not signed on, in bytes: a sign-on has about a hundred.
const SIGN_ON_MAX: usize = 1024;
/// Longest frame of a client, in bytes: with our own fields it still fits one datagram.
const FRAME_MAX: usize = 60_000;
/// Length and magic before each message.
const HEADER: usize = 8;
/// Read at once.
const CHUNK: usize = 4096;

/// Frames of one client in a second, and at once; faster ones wait.
const FRAMES_PER_SECOND: u32 = 500;
const FRAMES_AT_ONCE: u32 = 500;
/// So long a wait is told.
const SLOWED_DOWN: Duration = Duration::from_millis(100);

/// What only the node itself says: from a client it would be a lie that other nodes act on.
const OWN_WORDS: [&str; 17] = [
    "status",
    "starting",
    "resource",
    "shutdone",
    "stonith",
    "reqnodes",
    "repnodes",
    "addnode",
    "delnode",
    "setweight",
    "setsite",
    "ip-request",
    "ip-request-resp",
    "ho-group",
    "hb_takeover",
    "query-cstatus",
    "respond-cstatus",
];

/// How a conversation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    SignedOff,
    /// The other end closed or broke the connection, or never said who it is.
    Gone,
    /// It was told why.
    Refused,
    /// What it sends can't be read.
    Broken,
    /// It does not read.
    Slow,
}

struct Session<'a> {
    hub: &'a Rc<Hub>,
    who: Credentials,
    queue: Rc<Queue>,
    /// Its number at the desk, once it is signed on.
    number: Option<u64>,
    pace: Pace,
}

/// Speaks with one client until one of both ends it.
pub(super) async fn run(hub: &Rc<Hub>, stream: UnixStream, who: Credentials) {
    let (mut reader, mut writer) = stream.into_split();
    let queue = Queue::new(who.pid);
    let pace = Pace::new(FRAMES_PER_SECOND, FRAMES_AT_ONCE);
    let mut session = Session { hub, who, queue: Rc::clone(&queue), number: None, pace };
    let end = tokio::select! {
        end = session.listen(&mut reader) => end,
        end = speak(&queue, &mut writer) => end,
        () = queue.overflow() => End::Slow,
    };
    match end {
        End::Refused | End::SignedOff => {
            let _ = timeout(LAST_WORDS, say_rest(&queue, &mut writer)).await;
        }
        End::Slow => session.complain("slow", || "does not read its messages: dropped".into()),
        End::Broken => session.complain("broken", || "sends what is no message: dropped".into()),
        End::Gone => {}
    }
    let info = if end == End::SignedOff { "signoff" } else { "disconnect" };
    if let Some(number) = session.number
        && let Some(message) = hub.desk.borrow_mut().sign_off(number, info)
    {
        hub.node.input(Input::Inject { message });
    }
}

async fn speak(queue: &Queue, writer: &mut OwnedWriteHalf) -> End {
    loop {
        let frame = queue.next().await;
        match timeout(READS_WITHIN, writer.write_all(&frame)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return End::Gone,
            Err(_) => return End::Slow,
        }
    }
}

async fn say_rest(queue: &Queue, writer: &mut OwnedWriteHalf) -> std::io::Result<()> {
    while let Some(frame) = queue.take() {
        writer.write_all(&frame).await?;
    }
    Ok(())
}

impl Session<'_> {
    async fn listen(&mut self, reader: &mut OwnedReadHalf) -> End {
        let deadline = tokio::time::Instant::now() + SIGN_ON_WITHIN;
        let mut received = Vec::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            if let Err(end) = self.take_frames(&mut received).await {
                return end;
            }
            let read = reader.read(&mut chunk);
            let read = if self.number.is_some() {
                read.await
            } else {
                match tokio::time::timeout_at(deadline, read).await {
                    Ok(read) => read,
                    Err(_) => return End::Gone,
                }
            };
            match read {
                Ok(1..) if received.len() > self.frame_max() + HEADER => return End::Broken,
                Ok(length @ 1..) => received.extend_from_slice(&chunk[..length]),
                _ => return End::Gone,
            }
        }
    }

    fn frame_max(&self) -> usize {
        if self.number.is_some() { FRAME_MAX } else { SIGN_ON_MAX }
    }

    /// Takes every whole frame off what was received.
    async fn take_frames(&mut self, received: &mut Vec<u8>) -> Result<(), End> {
        let mut rest: &[u8] = received;
        while let Some(frame) = ipc::split(rest).map_err(|_| End::Broken)? {
            if frame.message.len() > self.frame_max() {
                return Err(End::Broken);
            }
            rest = frame.rest;
            let message = decode_local(frame.message).map_err(|_| End::Broken)?;
            self.wait_for_turn().await;
            self.message(message, frame.message.len()).await?;
        }
        let taken = received.len() - rest.len();
        received.drain(..taken);
        Ok(())
    }

    async fn wait_for_turn(&mut self) {
        let wait = self.pace.take(linux::rt::now(), 1);
        if wait >= SLOWED_DOWN {
            self.complain("fast", || {
                format!("sends more than {FRAMES_PER_SECOND} requests a second: slowed down")
            });
        }
        if !wait.is_zero() {
            sleep(wait).await;
        }
    }

    async fn message(&mut self, message: Message, bytes: usize) -> Result<(), End> {
        let is_request = message.message_type() == Some("hbapi-req");
        let kind = if is_request { message.text("reqtype") } else { None };
        let Some(number) = self.number else {
            if kind == Some("signon") {
                return self.sign_on(&message).await;
            }
            self.complain("stranger", || "speaks without having signed on: dropped".into());
            return Err(End::Refused);
        };
        match kind {
            Some("signoff") => return Err(End::SignedOff),
            Some(kind) => self.request(number, kind, &message).await,
            None if is_request => self.complain("untyped", || "asks without a question".into()),
            None => self.send(number, message, bytes).await,
        }
        Ok(())
    }

    fn complain(&self, kind: &'static str, text: impl FnOnce() -> String) {
        complain(self.hub, self.who, kind, text);
    }

    fn reply(&self, message: &Message) {
        self.queue.push(desk::frame(message, self.hub.settings().cluster.format));
    }

    async fn sign_on(&mut self, request: &Message) -> Result<(), End> {
        let admitted = self.admit(request).await;
        if admitted.as_ref().is_ok_and(|applicant| !applicant.is_casual) {
            // Its coming and going is told to the cluster.
            self.wait_for_cluster(0).await;
        }
        let signed_on = admitted.and_then(|applicant| {
            let number = self.hub.desk.borrow_mut().sign_on(&applicant, &self.queue);
            number.ok_or("duplicate add request")
        });
        let answer = response("signon");
        match signed_on {
            Ok(number) => {
                self.number = Some(number);
                self.reply(&self.describe(answer.with("result", "OK")));
                if let Some(message) = self.hub.desk.borrow().join(number) {
                    self.hub.node.input(Input::Inject { message });
                }
                Ok(())
            }
            Err(why) => {
                self.complain("refused", || {
                    let name = request.text("from_id").unwrap_or_default();
                    let name: String = name.escape_debug().take(NAME_SHOWN).collect();
                    format!("may not sign on as `{name}`: {why}")
                });
                self.reply(&self.describe(answer.with("info", why).with("result", "badreq")));
                Err(End::Refused)
            }
        }
    }

    async fn admit(&self, request: &Message) -> Result<Applicant, &'static str> {
        let applicant = door::applicant(request, self.who)?;
        let settings = self.hub.settings();
        let rule = door::rule(&settings.cluster.apiauth, &applicant)?;
        let who = self.who;
        // The user database may be slow.
        let asked = tokio::task::spawn_blocking(move || door::admits(&rule, who, &Machine));
        if !asked.await.unwrap_or(false) {
            return Err("client failed authorization");
        }
        if applicant.name == "ipfail" && settings.cluster.ipfail {
            return Err("duplicate add request");
        }
        Ok(applicant)
    }

    /// Adds what every answer to a sign-on tells.
    fn describe(&self, answer: Message) -> Message {
        let settings = self.hub.settings();
        let timing = &settings.cluster.timing;
        let facility = settings.log.facility.map_or(-1, |number| i32::from(number) << 3);
        answer
            .with("deadtime", format!("{:x}", timing.deadtime.as_millis()))
            .with("keepalive", format!("{:x}", timing.keepalive.as_millis()))
            .with("node", settings.cluster.me.as_str())
            .with("hbversion", VERSION)
            .with("pacemaker", "false")
            .with("logfacility", facility.to_string())
    }

    async fn request(&self, number: u64, kind: &str, request: &Message) {
        let decimal = |name| request.decimal(name);
        let done = match kind {
            "setfilter" => self.hub.desk.borrow_mut().set_filter(number, request.hex("fmask")),
            "setsignal" => {
                let Some(signal) = decimal("signal") else { return self.reply(&refused(kind)) };
                i32::try_from(signal).is_ok_and(|signal| self.queue.set_signal(signal))
            }
            "set_sendqlen" => {
                // The ancestor answers nothing, whatever it says.
                let frames = decimal("sendqlen").and_then(|frames| usize::try_from(frames).ok());
                self.queue.set_limit(frames);
                return;
            }
            "clientstatus" => return self.client_status(number, request).await,
            _ => return self.question(kind, request).await,
        };
        self.reply(&if done {
            response(kind).with("result", "OK")
        } else {
            refused(kind).with("info", INVALID)
        });
    }

    async fn question(&self, kind: &str, request: &Message) {
        let Some(status) = self.hub.status().await else { return };
        let settings = self.hub.settings();
        let view = View { status: &status, config: &settings.cluster };
        if let Some(answers) = answers::answer(kind, request, &view) {
            return answers.iter().for_each(|answer| self.reply(answer));
        }
        let shown: String = kind.chars().filter(char::is_ascii_graphic).take(NAME_SHOWN).collect();
        self.complain("unknown", || format!("asks what nobody knows: `{shown}`"));
        self.reply(&refused(&shown));
    }

    /// Another node's answer comes as a message of its own.
    async fn client_status(&self, number: u64, request: &Message) {
        let kind = "clientstatus";
        let Some(status) = self.hub.status().await else { return };
        let node = request.text("node").and_then(|name| answers::find(&status, name));
        let (Some(node), Some(name)) = (node, request.text("cn")) else {
            return self.reply(&refused(kind).with("info", INVALID));
        };
        if node.kind == NodeKind::Normal && !node.is_me {
            if let Some(asks) = self.name(number) {
                ask_node(self.hub, &node.name, name, &asks);
            }
            return;
        }
        let state = online_word(node.is_me && is_online(self.hub, name));
        let answer = response(kind).with("subt", "respond-cstatus").with("cs", state);
        self.reply(&answer.with("result", "OK"));
    }

    fn name(&self, number: u64) -> Option<String> {
        self.hub.desk.borrow().name(number).map(str::to_owned)
    }

    /// Sends a message to the clients of the same name on other nodes, and to the nodes.
    async fn send(&self, number: u64, mut message: Message, bytes: usize) {
        let Some(name) = self.name(number) else { return };
        let kind = message.message_type().unwrap_or_default();
        if kind.is_empty() {
            return self.complain("untyped", || "sends a message without a type: not sent".into());
        }
        if OWN_WORDS.contains(&kind) || is_reserved(kind) {
            let kind: String = kind.escape_debug().take(NAME_SHOWN).collect();
            return self.complain("own word", || {
                format!("({name}) may not send `{kind}`, which only the node says: not sent")
            });
        }
        if let Some(node) = message.text("dest") {
            let known = self.hub.status().await.is_some_and(|status| {
                answers::find(&status, node).is_some_and(|node| node.kind == NodeKind::Normal)
            });
            if !known {
                let node: String = node.escape_debug().take(NAME_SHOWN).collect();
                return self.complain("nowhere", || {
                    format!("({name}) sends to `{node}`, which is no node: not sent")
                });
            }
        }
        message.set("from_id", &name);
        message.set("to_id", &name);
        message.set("client_gen", number.to_string());
        self.wait_for_cluster(bytes).await;
        self.hub.node.input(Input::Inject { message });
    }

    /// Waits while other nodes lag behind, and for this client's turn among all.
    async fn wait_for_cluster(&self, bytes: usize) {
        let wait = self.hub.desk.borrow_mut().wait_to_send(bytes, linux::rt::now());
        if wait >= SLOWED_DOWN {
            self.complain("loud", || "and others send more than the cluster takes: waiting".into());
        }
        if !wait.is_zero() {
            sleep(wait).await;
        }
        let mut may_send = self.hub.desk.borrow().may_send.subscribe();
        // Fails only when the desk is gone, and everything with it.
        let _ = may_send.wait_for(|may_send| *may_send).await;
    }
}

/// Characters of a client's text that a log line shows.
const NAME_SHOWN: usize = 40;

/// The names of messages without a number, and of the library's own.
fn is_reserved(kind: &str) -> bool {
    kind.starts_with("NS_") || kind.starts_with("hbapi-")
}
