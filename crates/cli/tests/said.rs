//! What the commands say, word for word, for a pair whose first node has died.

use api::{
    Event, EventKind, GroupState, GroupStatus, Held, Level, LinkState, LinkStatus, NodeKind,
    NodeState, NodeStatus, Placement, Reply, Request, RoleStatus, Subject,
};
use base::{Instant, WallTime};
use cli::client::{Ask, AskError};
use cli::clock::Clock;
use cli::console::{Console, Machine};
use cli::{Exit, cl_status, status, story};

const KEY: &str = "IPaddr::172.16.100.1/24/eth0";
const START: u64 = 1_700_000_000_000;

fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn event(id: u64, cause: u64, millis: u64, kind: EventKind, subject: Subject, text: &str) -> Event {
    let level = if kind == EventKind::NodeDead { Level::Warning } else { Level::Info };
    Event {
        id,
        cause: (cause != 0).then_some(cause),
        at: at(millis),
        wall: WallTime::from_millis(START + millis),
        level,
        kind,
        subject,
        text: text.to_owned(),
    }
}

fn node(name: &str, kind: NodeKind, state: NodeState, heard: u64) -> NodeStatus {
    let alive = state.is_alive();
    NodeStatus {
        name: name.to_owned(),
        kind,
        state,
        is_me: name == "node2",
        links: vec![LinkStatus {
            name: if kind == NodeKind::Ping { name.to_owned() } else { "eth0".to_owned() },
            state: if alive { LinkState::Up } else { LinkState::Dead },
            last_heard: Some(at(heard)),
        }],
        last_beat: Some(at(heard)),
        holds: (kind == NodeKind::Normal).then_some(if alive { Held::ALL } else { Held::NONE }),
        is_handover: kind == NodeKind::Normal,
        config_differs: false,
        weight: 100,
        site: String::new(),
        uuid: None,
    }
}

/// node1 died; node2 took over.
fn taken_over() -> RoleStatus {
    let group = || Subject::Group(KEY.to_owned());
    let script = |name: &str| Subject::Resource(name.to_owned(), KEY.to_owned());
    let node1 = || Subject::Node("node1".to_owned());
    let link = Subject::Link("node1".to_owned(), "eth0".to_owned());
    let address = Subject::Address("172.16.100.1/24".to_owned());
    RoleStatus {
        node: "node2".to_owned(),
        version: "0.1.0".to_owned(),
        now: at(75_000),
        wall: WallTime::from_millis(START + 75_000),
        held: Held::ALL,
        stable: true,
        auto_failback: "on".to_owned(),
        nodes: vec![
            node("node1", NodeKind::Normal, NodeState::Dead, 58_000),
            node("node2", NodeKind::Normal, NodeState::Active, 74_800),
            node("10.0.0.254", NodeKind::Ping, NodeState::Ping, 74_600),
        ],
        groups: vec![GroupStatus {
            key: KEY.to_owned(),
            home: "node1".to_owned(),
            resources: vec![KEY.to_owned(), "httpd".to_owned()],
            state: GroupState::Running,
            placement: Placement::Here,
            because: Some(5),
            failing_checks: vec!["tcp 12345".to_owned()],
        }],
        warnings: vec![(Level::Critical, "node1 is dead: nobody could take over".to_owned())],
        refused: vec![("wrong digest".to_owned(), 3), ("malformed".to_owned(), 0)],
        events: vec![
            event(1, 0, 10_000, EventKind::Started, Subject::Cluster, "handover 0.1.0 started"),
            event(2, 0, 60_000, EventKind::LinkDown, link, "node1 is silent on eth0"),
            event(3, 2, 60_001, EventKind::NodeDead, node1(), "node1 is dead: silent for 2.0 s"),
            event(4, 3, 60_002, EventKind::Takeover, group(), "taking over what node1 held"),
            event(5, 4, 60_003, EventKind::GroupStarting, group(), "starting the group"),
            event(6, 5, 60_004, EventKind::AddressUp, address, "172.16.100.1/24 added to eth0"),
            event(7, 5, 60_005, EventKind::ScriptStarted, script("httpd"), "httpd start"),
            event(8, 7, 60_090, EventKind::ScriptFinished, script("httpd"), "httpd started"),
            event(9, 8, 60_091, EventKind::GroupStarted, group(), "the group runs here"),
            event(10, 0, 70_000, EventKind::Notice, Subject::Cluster, "something else"),
        ],
    }
}

#[test]
fn status_shows_what_needs_attention_first() {
    insta::assert_snapshot!("status", status::render(&taken_over(), &Clock::utc(), false));
}

#[test]
fn why_tells_a_groups_story_from_the_silence_to_the_script() {
    let role = taken_over();
    let topic = story::topic(&role, "172.16.100.1").expect("the address is known");
    insta::assert_snapshot!("why-group", story::tell(&role, topic, &Clock::utc(), false));
}

#[test]
fn why_tells_a_nodes_story() {
    let role = taken_over();
    let topic = story::topic(&role, "NODE1").expect("case does not matter");
    insta::assert_snapshot!("why-node", story::tell(&role, topic, &Clock::utc(), false));
}

#[test]
fn why_suggests_what_was_meant() {
    let role = taken_over();
    let sentence = story::topic(&role, "htpd").expect_err("a slip");
    assert!(sentence.contains("did you mean httpd?"), "{sentence}");
}

#[test]
fn a_loop_of_causes_ends() {
    let mut role = taken_over();
    role.events[1].cause = Some(9);
    let topic = story::topic(&role, KEY).expect("the key is known");
    assert!(story::walk(&role.events, topic).len() <= role.events.len());
}

#[test]
fn a_failed_group_is_told_with_its_last_words() {
    let mut role = taken_over();
    role.groups[0].state = GroupState::Failed {
        resource: "httpd".to_owned(),
        reason: "exit code 1: cannot bind port 80".to_owned(),
    };
    role.groups[0].placement = Placement::Nowhere;
    let topic = story::topic(&role, "httpd").expect("the script is known");
    let said = story::tell(&role, topic, &Clock::utc(), false);
    assert!(said.contains("httpd failed here: exit code 1: cannot bind port 80"), "{said}");
    assert!(status::render(&role, &Clock::utc(), false).contains("cannot bind port 80"));
}

#[test]
fn nothing_is_said_by_colour_alone() {
    let role = taken_over();
    let coloured = status::render(&role, &Clock::utc(), true);
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, escape)) = rest.split_once('\x1b') {
        plain.push_str(before);
        rest = escape.split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    assert_eq!(plain, status::render(&role, &Clock::utc(), false));
}

/// Answers from a status.
struct Daemon(Option<RoleStatus>);

impl Ask for Daemon {
    fn ask(&mut self, request: &Request) -> Result<Reply, AskError> {
        let Some(role) = &self.0 else { return Err(AskError::NotRunning("/run/x.sock".into())) };
        Ok(match request {
            Request::Status => Reply::Status(Box::new(role.clone())),
            Request::Parameter { name } => {
                Reply::Parameter { value: (name == "deadtime").then(|| "5".to_owned()) }
            }
            Request::ClientStatus { client, .. } => {
                let state = if client == "ipfail" { "online" } else { "offline" };
                Reply::Parameter { value: Some(state.to_owned()) }
            }
            other => panic!("cl_status never asks {other:?}"),
        })
    }
}

/// Exit code, stdout, and stderr without the prefix of date, host and pid.
/// No machine is asked: a node of that name, on which everything is as it should be.
const MACHINE: Machine = Machine {
    heartbeat: |name, ask| ask(&config::Host::assumed(name)),
    keepalived: |ask| ask(&config::keepalived::Host::assumed("localhost")),
};

fn cl_status(daemon: &mut Daemon, line: &str) -> String {
    let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console { out: &mut out, err: &mut err, colour: false, machine: MACHINE };
    let exit = cl_status::run(&args, daemon, &cl_status::voice(), &mut console);
    let exit = exit.unwrap_or(Exit::Failed).code();
    let err = String::from_utf8_lossy(&err).into_owned();
    let err: Vec<&str> =
        err.lines().map(|line| line.split_once("]: ").map_or(line, |(_, rest)| rest)).collect();
    let out = String::from_utf8_lossy(&out).replace('\t', "~");
    let err: String = err.iter().flat_map(|line| ["! ", line, "\n"]).collect();
    format!("{line} -> {exit}\n{out}{err}")
}

#[test]
fn cl_status_says_what_the_old_one_said() {
    let mut daemon = Daemon(Some(taken_over()));
    let lines = [
        "hbstatus",
        "hbstatus -v",
        "listnodes",
        "listnodes -n",
        "listnodes -p",
        "nodestatus node1",
        "nodestatus -m node2",
        "nodestatus 10.0.0.254",
        "nodestatus nix",
        "nodestatus",
        "nodetype 10.0.0.254",
        "nodetype -m node1",
        "nodeweight node1",
        "nodeweight nix",
        "nodesite node1",
        "listhblinks node1",
        "listhblinks nix",
        "hblinkstatus node2 eth0",
        "hblinkstatus -m node1 eth0",
        "hblinkstatus node1 eth9",
        "hblinkstatus node1",
        "clientstatus node2 ipfail",
        "clientstatus node2 foo",
        "clientstatus node2",
        "rscstatus",
        "rscstatus -m",
        "rscstatus -q",
        "hbparameter -p deadtime",
        "hbparameter -m -p deadtime",
        "hbparameter -p nix",
        "hbparameter deadtime",
        "foo",
        "rsctatus",
    ];
    let said: String = lines.iter().map(|line| cl_status(&mut daemon, line)).collect();
    insta::assert_snapshot!("cl-status", said);
}

#[test]
fn cl_status_of_a_stopped_daemon_says_so() {
    let mut daemon = Daemon(None);
    let said: String =
        ["hbstatus", "nodestatus", "rscstatus"].map(|line| cl_status(&mut daemon, line)).concat();
    insta::assert_snapshot!("cl-status-stopped", said);
}
