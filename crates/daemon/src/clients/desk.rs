//! Who is signed on, and what each of them is to hear.

use super::door::Applicant;
use super::pace::{Complaints, Pace};
use super::queue::Queue;
use base::Instant;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use wire::heartbeat::{Format, Message, encode_local, ipc};

/// Connections at once, signed on or not: as many as the ancestor's packages hold, several times.
const CONNECTIONS_MAX: usize = 64;
/// Connections of one user other than root, so that nobody takes all places.
const CONNECTIONS_OF_USER: usize = 16;

/// New connections of one user in a second, and at once; faster ones wait.
const CONNECTS_PER_SECOND: u32 = 100;
const CONNECTS_AT_ONCE: u32 = 100;

/// Messages of all clients together to the cluster, in a second and at once: each is kept for
/// repetition and must be acknowledged by every node (docs/ancestors/heartbeat.md §1.8).
const MESSAGES_PER_SECOND: u32 = 100;
const MESSAGES_AT_ONCE: u32 = 100;
/// A message counts once for each so many bytes that are begun.
const MESSAGE_UNIT: usize = 4096;

/// Filter bit: messages, changes of nodes and links. The one that is set at first.
const KEEP: u32 = 1;
/// Every bit that the ancestor knows.
const KNOWN: u32 = 0x3f;

/// The clients of this node.
pub(crate) struct Desk {
    members: BTreeMap<u64, Member>,
    /// Connections of each user.
    connections: BTreeMap<u32, Places>,
    /// The number of the last sign-on: `client_gen`.
    last: u64,
    /// Questions to other nodes about their clients, by the name that asks.
    questions: BTreeMap<String, oneshot::Sender<bool>>,
    pub(super) complaints: Complaints,
    outward: Pace,
    /// False while clients have to wait for the other nodes' acknowledgements.
    pub(super) may_send: watch::Sender<bool>,
}

/// What one user's programs take.
struct Places {
    taken: usize,
    pace: Pace,
}

struct Member {
    name: String,
    is_casual: bool,
    mask: u32,
    queue: Rc<Queue>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            members: BTreeMap::new(),
            connections: BTreeMap::new(),
            last: 0,
            questions: BTreeMap::new(),
            complaints: Complaints::default(),
            outward: Pace::new(MESSAGES_PER_SECOND, MESSAGES_AT_ONCE),
            may_send: watch::Sender::new(true),
        }
    }
}

impl Desk {
    /// A place for one more connection of this user, and how long it has to wait for it. `None`
    /// when there is none.
    pub(super) fn connect(&mut self, uid: u32, now: Instant) -> Option<Duration> {
        self.connections.retain(|_, places| places.taken > 0 || !places.pace.is_full(now));
        let all: usize = self.connections.values().map(|places| places.taken).sum();
        let own = self.connections.entry(uid).or_insert_with(|| Places {
            taken: 0,
            pace: Pace::new(CONNECTS_PER_SECOND, CONNECTS_AT_ONCE),
        });
        if all >= CONNECTIONS_MAX || (uid != 0 && own.taken >= CONNECTIONS_OF_USER) {
            return None;
        }
        own.taken += 1;
        Some(own.pace.take(now, 1))
    }

    /// Gives the place back.
    pub(super) fn disconnect(&mut self, uid: u32) {
        if let Some(own) = self.connections.get_mut(&uid) {
            own.taken = own.taken.saturating_sub(1);
        }
    }

    /// How long a message of so many bytes has to wait before it goes to the cluster.
    pub(super) fn wait_to_send(&mut self, bytes: usize, now: Instant) -> Duration {
        let count = u32::try_from(bytes / MESSAGE_UNIT + 1).unwrap_or(u32::MAX);
        self.outward.take(now, count)
    }

    /// Signs a client on; its number is its `client_gen`. `None` if the name is taken.
    pub(super) fn sign_on(&mut self, applicant: &Applicant, queue: &Rc<Queue>) -> Option<u64> {
        if self.is_online(&applicant.name) {
            return None;
        }
        self.last += 1;
        let member = Member {
            name: applicant.name.clone(),
            is_casual: applicant.is_casual,
            mask: KEEP,
            queue: Rc::clone(queue),
        };
        self.members.insert(self.last, member);
        Some(self.last)
    }

    /// Signs it off. `Some` is what the cluster is to be told.
    pub(super) fn sign_off(&mut self, number: u64, info: &str) -> Option<Message> {
        let member = self.members.remove(&number)?;
        (!member.is_casual).then(|| client_status(&member.name, number, "leave", info))
    }

    /// What the cluster is told about a new client; casual ones are nobody's business.
    pub(super) fn join(&self, number: u64) -> Option<Message> {
        let member = self.members.get(&number).filter(|member| !member.is_casual)?;
        Some(client_status(&member.name, number, "join", "signon"))
    }

    /// True while a client of this name is signed on here.
    pub(super) fn is_online(&self, name: &str) -> bool {
        self.members.values().any(|member| member.name == name)
    }

    /// The name of a client.
    pub(super) fn name(&self, number: u64) -> Option<&str> {
        self.members.get(&number).map(|member| member.name.as_str())
    }

    /// Sets what a client hears. False for what is no filter.
    pub(super) fn set_filter(&mut self, number: u64, mask: Option<u64>) -> bool {
        let mask = mask.and_then(|mask| u32::try_from(mask).ok());
        let Some(mask) = mask.filter(|mask| *mask != 0 && *mask & !KNOWN == 0) else {
            return false;
        };
        if let Some(member) = self.members.get_mut(&number) {
            member.mask = mask;
        }
        true
    }

    /// Hands a message to every client that it is for: those of the name in `to_id`, or all.
    pub(super) fn deliver(&mut self, message: &Message, format: Format) {
        let to = message.text("to_id");
        if let Some(question) = to.and_then(|to| self.questions.remove(to)) {
            // Whoever asked may have stopped waiting.
            let _ = question.send(message.text("cs") == Some("online"));
            return;
        }
        let mut frame: Option<Rc<[u8]>> = None;
        let hears =
            |member: &&Member| member.mask & KEEP != 0 && to.is_none_or(|to| to == member.name);
        for member in self.members.values().filter(hears) {
            let frame = frame.get_or_insert_with(|| self::frame(message, format));
            member.queue.push(Rc::clone(frame));
        }
    }

    /// Waits for an answer of another node that comes under this name.
    pub(super) fn question(&mut self, name: &str) -> oneshot::Receiver<bool> {
        let (sender, receiver) = oneshot::channel();
        self.questions.retain(|_, waiting| !waiting.is_closed());
        self.questions.insert(name.to_owned(), sender);
        receiver
    }
}

/// A message as it goes through the socket.
pub(super) fn frame(message: &Message, format: Format) -> Rc<[u8]> {
    ipc::wrap(&encode_local(message, format)).into()
}

fn client_status(name: &str, number: u64, state: &str, info: &str) -> Message {
    Message::of_type("hbapi-clstat")
        .with("st", state)
        .with("from_id", name)
        .with("to_id", name)
        .with("info", info)
        .with("client_gen", number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applicant(name: &str, is_casual: bool) -> Applicant {
        Applicant { name: name.to_owned(), is_casual }
    }

    fn queue() -> Rc<Queue> {
        Queue::new(1)
    }

    #[test]
    fn a_name_is_taken_until_its_owner_leaves() {
        let mut desk = Desk::default();
        let first = desk.sign_on(&applicant("ccm", false), &queue()).unwrap();
        assert_eq!(desk.sign_on(&applicant("ccm", false), &queue()), None);
        let left = desk.sign_off(first, "disconnect").unwrap();
        assert_eq!((left.text("st"), left.text("info")), (Some("leave"), Some("disconnect")));
        assert!(!desk.is_online("ccm"));
        assert!(desk.sign_on(&applicant("ccm", false), &queue()) > Some(first));
    }

    #[test]
    fn the_cluster_hears_of_clients_with_a_name_only() {
        let mut desk = Desk::default();
        let named = desk.sign_on(&applicant("ping", false), &queue()).unwrap();
        let casual = desk.sign_on(&applicant("403", true), &queue()).unwrap();
        assert!(desk.join(named).is_some() && desk.join(casual).is_none());
        assert!(desk.is_online("403"));
        assert_eq!(desk.sign_off(casual, "signoff"), None);
    }

    #[test]
    fn a_message_reaches_those_it_is_addressed_to_and_who_wants_it() {
        let mut desk = Desk::default();
        let queues = [queue(), queue(), queue()];
        for (name, queue) in ["ping", "ccm", "deaf"].into_iter().zip(&queues) {
            desk.sign_on(&applicant(name, false), queue).unwrap();
        }
        assert!(desk.set_filter(3, Some(4)));
        let got = || queues.each_ref().map(|queue| std::iter::from_fn(|| queue.take()).count());
        desk.deliver(&Message::of_type("resource"), Format::Classic);
        assert_eq!(got(), [1, 1, 0]);
        desk.deliver(&Message::of_type("x").with("to_id", "ccm"), Format::Classic);
        assert_eq!(got(), [0, 1, 0]);
    }

    #[test]
    fn a_filter_has_known_bits_and_at_least_one() {
        let mut desk = Desk::default();
        for wrong in [None, Some(0), Some(0x40), Some(u64::MAX)] {
            assert!(!desk.set_filter(1, wrong), "{wrong:?}");
        }
        assert!(desk.set_filter(1, Some(0x3f)));
    }

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn one_user_can_not_take_all_places() {
        let mut desk = Desk::default();
        let mut connect = |uid| desk.connect(uid, at(0)).is_some();
        assert_eq!((0..CONNECTIONS_MAX).filter(|_| connect(1000)).count(), CONNECTIONS_OF_USER);
        let left = CONNECTIONS_MAX - CONNECTIONS_OF_USER;
        assert_eq!((0..CONNECTIONS_MAX).filter(|_| connect(0)).count(), left);
        desk.disconnect(1000);
        assert!(desk.connect(1000, at(0)).is_some() && desk.connect(0, at(0)).is_none());
    }

    #[test]
    fn who_connects_again_and_again_waits_and_others_do_not() {
        let mut desk = Desk::default();
        let mut waits = |uid| {
            let wait = desk.connect(uid, at(0));
            desk.disconnect(uid);
            wait.is_some_and(|wait| !wait.is_zero())
        };
        assert_eq!((0..150).filter(|_| waits(1000)).count(), 50);
        assert!(!waits(1001));
        assert_eq!(desk.connect(1000, at(10_000)), Some(Duration::ZERO));
        assert_eq!(desk.connections.len(), 1, "who rests is forgotten");
    }

    #[test]
    fn a_long_message_counts_as_several() {
        let mut desk = Desk::default();
        let free = (0..100).filter(|_| desk.wait_to_send(60_000, at(0)).is_zero()).count();
        assert_eq!(free, 6);
    }

    #[tokio::test]
    async fn the_answer_to_our_own_question_reaches_who_asked() {
        let mut desk = Desk::default();
        let answer = desk.question("q1");
        desk.deliver(
            &Message::of_type("respond-cstatus").with("to_id", "q1").with("cs", "online"),
            Format::Classic,
        );
        assert_eq!(answer.await, Ok(true));
    }
}
