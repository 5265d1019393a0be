//! Whole conversations, with a node that only notes what it is given.

use super::session;
use crate::channel::{self, ToNode};
use crate::executor;
use crate::family::StartOptions;
use crate::hub::Hub;
use crate::journal::Journal;
use crate::logs::Log;
use crate::settings;
use crate::state::Store;
use base::{Dice, Instant};
use cluster::{Boot, Input, Node};
use config::{File, Host, Sources};
use linux::process::Credentials;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use wire::heartbeat::{Format, Message, decode_local, encode_local, ipc};

const HA_CF: &str = "bcast eth0\nauto_failback on\nnode node1 node2\nlogfile /dev/null\n\
                     apiauth watcher uid=4711\napiauth ping uid=4711\napiauth anon uid=4711\n";

/// Generous: what is waited for takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

struct Bench {
    hub: Rc<Hub>,
    /// Messages that went to the node.
    sent: Rc<RefCell<Vec<Message>>>,
    _directory: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let sources = Sources {
            ha_cf: File::new("ha.cf", HA_CF),
            authkeys: File::new("authkeys", "auth 1\n1 sha1 secret\n"),
            haresources: Some(File::new("haresources", "node1 10.0.0.9\n")),
            ..Sources::default()
        };
        let (whole, _) = config::heartbeat(&sources, &Host::assumed("node1"));
        let settings = settings::lower(whole.unwrap(), &StartOptions::default());
        let boot = Boot { generation: 1, uuid: [7; 16], dice: Dice::new(1), predecessor: None };
        let node = Node::new(Arc::new(settings.cluster.clone()), boot);
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), directory.path()).unwrap();
        let poller = linux::rt::Poller::new().unwrap();
        let (handle, mut inbox, _, _) =
            channel::channel::<ToNode, cluster::Output>(poller.waker()).unwrap();
        let (ours, _) = std::os::unix::net::UnixDatagram::pair().unwrap();
        let executor = executor::Client::new(ours.into(), 0).unwrap();
        let (log, _) = Log::open("node1", settings.log.clone(), 0);
        let hub = Hub::new(handle, executor, settings, store, Journal::new(None), log);
        let sent = Rc::new(RefCell::new(Vec::new()));
        let (heard, answering) = (Rc::clone(&sent), Rc::clone(&hub));
        spawn_local(async move {
            let _poller = poller;
            loop {
                answering.node.flush();
                while let Ok(item) = inbox.pop() {
                    match item {
                        ToNode::Input(Input::Inject { message }) => {
                            heard.borrow_mut().push(message);
                        }
                        ToNode::Status(number) => {
                            answering.take_status(number, node.status(Instant::ZERO));
                        }
                        other => panic!("{other:?}"),
                    }
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        Self { hub, sent, _directory: directory }
    }

    fn connect(&self, uid: u32) -> Client {
        let (here, there) = UnixStream::pair().unwrap();
        let who = Credentials { pid: i32::try_from(std::process::id()).unwrap(), uid, gid: uid };
        let hub = Rc::clone(&self.hub);
        let session = spawn_local(async move { session::run(&hub, there, who).await });
        Client { stream: here, received: Vec::new(), who, name: String::new(), session }
    }

    async fn sign_on(&self, name: &str) -> Client {
        let mut client = self.connect(4711);
        assert_eq!(client.sign_on(name).await.text("result"), Some("OK"), "{name}");
        client
    }

    /// The types of the messages that were sent, once there are so many.
    async fn sent(&self, count: usize) -> Vec<String> {
        let kinds = || -> Vec<String> {
            let all = self.sent.borrow();
            all.iter().map(|m| m.message_type().unwrap_or_default().to_owned()).collect()
        };
        let wait = async {
            while kinds().len() < count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "only {:?}", kinds());
        kinds()
    }
}

struct Client {
    stream: UnixStream,
    received: Vec<u8>,
    who: Credentials,
    name: String,
    session: JoinHandle<()>,
}

impl Client {
    async fn say(&mut self, message: &Message) {
        let frame = ipc::wrap(&encode_local(message, Format::Classic));
        // A client that was dropped can't write; tests look at what follows.
        let _ = self.stream.write_all(&frame).await;
    }

    fn request(&self, kind: &str) -> Message {
        Message::of_type("hbapi-req")
            .with("reqtype", kind)
            .with("dest", "node1")
            .with("pid", self.who.pid.to_string())
            .with("from_id", &self.name)
    }

    async fn sign_on(&mut self, name: &str) -> Message {
        name.clone_into(&mut self.name);
        let (uid, gid) = (self.who.uid.to_string(), self.who.gid.to_string());
        let request = self.request("signon").with("uid", uid).with("gid", gid);
        self.say(&request).await;
        self.hear().await.unwrap()
    }

    async fn ask(&mut self, kind: &str) -> Message {
        let request = self.request(kind);
        self.say(&request).await;
        self.hear().await.unwrap()
    }

    /// The next message; `None` at the end.
    async fn hear(&mut self) -> Option<Message> {
        loop {
            if let Some(frame) = ipc::split(&self.received).unwrap() {
                let message = decode_local(frame.message).unwrap();
                self.received = frame.rest.to_vec();
                return Some(message);
            }
            let mut chunk = [0; 4096];
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut chunk));
            match read.await.expect("no answer") {
                Ok(length @ 1..) => self.received.extend_from_slice(&chunk[..length]),
                _ => return None,
            }
        }
    }

    /// Waits until the daemon has done with it.
    async fn was_dropped(self) -> bool {
        tokio::time::timeout(PATIENCE, self.session).await.is_ok()
    }
}

#[tokio::test]
async fn a_client_signs_on_asks_and_leaves_and_the_cluster_knows() {
    let conversation = async {
        let bench = Bench::new();
        let mut client = bench.sign_on("watcher").await;
        assert_eq!(client.ask("numnodes").await.text("numnodes"), Some("2"));
        assert_eq!(client.ask("dance").await.text("result"), Some("badreq"));
        client.say(&client.request("signoff")).await;
        assert_eq!(client.hear().await, None);
        assert_eq!(bench.sent(2).await, ["hbapi-clstat", "hbapi-clstat"]);
        let sent = bench.sent.borrow();
        assert_eq!((sent[0].text("st"), sent[1].text("st")), (Some("join"), Some("leave")));
        assert_eq!(sent[1].text("info"), Some("signoff"));
    };
    LocalSet::new().run_until(conversation).await;
}

#[tokio::test]
async fn strangers_liars_and_doubles_are_told_why_and_dropped() {
    let conversation = async {
        let bench = Bench::new();
        let _first = bench.sign_on("watcher").await;
        for (name, uid, why) in [
            ("watcher", 4711, "duplicate add request"),
            ("watcher", 4712, "client failed authorization"),
            ("nobody", 4711, "no default client auth"),
        ] {
            let mut client = bench.connect(uid);
            let answer = client.sign_on(name).await;
            assert_eq!(answer.text("result"), Some("badreq"));
            assert_eq!(answer.text("info"), Some(why));
            assert_eq!(client.hear().await, None);
        }
        let mut silent = bench.connect(4711);
        silent.say(&Message::of_type("x")).await;
        assert_eq!(silent.hear().await, None);
        let mut long = bench.connect(4711);
        long.say(&Message::of_type("hbapi-req").with("x", "y".repeat(5000))).await;
        assert_eq!(long.hear().await, None);
        assert_eq!(bench.sent(1).await, ["hbapi-clstat"], "the first one's");
    };
    LocalSet::new().run_until(conversation).await;
}

#[tokio::test]
async fn a_client_speaks_under_its_own_name_and_never_for_the_node() {
    let conversation = async {
        let bench = Bench::new();
        let mut client = bench.sign_on("watcher").await;
        for kind in ["status", "resource", "shutdone", "NS_ackmsg", "hbapi-clstat", "addnode"] {
            client.say(&Message::of_type(kind).with("st", "dead")).await;
        }
        client.say(&Message::of_type("news").with("dest", "node9")).await;
        let lie = Message::of_type("news").with("from_id", "ccm").with("to_id", "ccm");
        client.say(&lie.with("dest", "node2")).await;
        assert_eq!(bench.sent(2).await, ["hbapi-clstat", "news"]);
        let sent = bench.sent.borrow();
        assert_eq!(sent[1].text("from_id"), Some("watcher"));
        assert_eq!(sent[1].text("to_id"), Some("watcher"));
        assert_eq!(sent[1].text("dest"), Some("node2"));
    };
    LocalSet::new().run_until(conversation).await;
}

#[tokio::test]
async fn a_flood_of_messages_reaches_the_cluster_as_a_trickle_and_others_are_served() {
    let conversation = async {
        let bench = Bench::new();
        let began = std::time::Instant::now();
        let mut loud = bench.sign_on("watcher").await;
        let mut other = bench.sign_on("ping").await;
        let flood = spawn_local(async move {
            for _ in 0..10_000 {
                loud.say(&Message::of_type("news").with("x", "y".repeat(100))).await;
            }
        });
        bench.sent(50).await;
        assert_eq!(other.ask("numnodes").await.text("numnodes"), Some("2"));
        bench.sent(102).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let sent = bench.sent.borrow().len();
        // A hundred at once and a hundred a second; two signed on.
        let most = 103 + usize::try_from(began.elapsed().as_millis() / 10).unwrap();
        assert!(sent <= most, "{sent} of {most}");
        flood.abort();
    };
    LocalSet::new().run_until(conversation).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_was_dropped_and_nobody_waits_for_it() {
    let conversation = async {
        let bench = Bench::new();
        let mut deaf = bench.sign_on("watcher").await;
        let mut other = bench.sign_on("ping").await;
        let message = Message::of_type("news").with("x", "y".repeat(20_000));
        for _ in 0..200 {
            // The other one reads every message; the deaf one's pile up behind its socket.
            super::deliver(&bench.hub, &message);
            assert_eq!(other.hear().await.unwrap().message_type(), Some("news"));
        }
        deaf.say(&deaf.request("numnodes")).await;
        assert!(deaf.was_dropped().await);
        assert!(!super::is_online(&bench.hub, "watcher"));
        assert_eq!(other.ask("numnodes").await.text("numnodes"), Some("2"));
    };
    LocalSet::new().run_until(conversation).await;
}

#[tokio::test]
async fn clients_wait_while_other_nodes_lag_behind() {
    let conversation = async {
        let bench = Bench::new();
        let mut client = bench.sign_on("watcher").await;
        bench.sent(1).await;
        super::pause(&bench.hub, false);
        client.say(&Message::of_type("news")).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(bench.sent.borrow().len(), 1);
        super::pause(&bench.hub, true);
        assert_eq!(bench.sent(2).await[1], "news");
    };
    LocalSet::new().run_until(conversation).await;
}

#[tokio::test]
async fn another_nodes_question_about_a_client_is_answered_to_who_asked() {
    let conversation = async {
        let bench = Bench::new();
        let _client = bench.sign_on("watcher").await;
        let query = Message::of_type("query-cstatus").with("src", "node2").with("from_id", "403");
        for name in ["watcher", "nobody"] {
            super::deliver(&bench.hub, &query.clone().with("cn", name));
        }
        bench.sent(3).await;
        let sent = bench.sent.borrow();
        let states: Vec<_> = sent[1..].iter().map(|m| (m.text("cs"), m.text("to_id"))).collect();
        assert_eq!(states, [(Some("online"), Some("403")), (Some("offline"), Some("403"))]);
        assert_eq!(sent[1].text("dest"), Some("node2"));
    };
    LocalSet::new().run_until(conversation).await;
}
