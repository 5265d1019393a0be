//! The pages of keepalived.conf, from the table that reads it, and of `keepalived`, from its list of
//! options.

use super::formats::page as file_page;
use super::{COMMANDS, Page, Part, terms, text};
use crate::client::KEEPALIVED_SOCKET;
use crate::keepalived as options;
use config::keepalived::{Block, directives};

/// keepalived.conf(5).
pub(crate) fn keepalived_conf() -> Page {
    let mut body = vec![
        text(
            "Every keyword of keepalived 2.2.7, and those that newer versions up to 2.4.3 added, \
             from the table by which the program reads the file. `handover check` shows what is \
             wrong with a file, line by line; `handover check --explain KEYWORD` shows one keyword.",
        ),
        Part::Heading("How it is read"),
        terms(("part", "rule"), &GRAMMAR),
        Part::Heading("Mistakes"),
        text(
            "As with keepalived, an unknown keyword is skipped and a bad value leaves the default. \
             Where keepalived ends altogether for one bad instance, that instance alone is disabled \
             here: the log, `handover status` and `handover check` say so. When the file is read \
             again, anything that keepalived would end for leaves everything as it is.",
        ),
    ];
    let mut block = None;
    for row in directives() {
        if block != Some(row.block) {
            block = Some(row.block);
            body.push(Part::Heading(match row.block {
                Block::Top => "Outside blocks",
                block => block.name(),
            }));
            body.push(Part::Terms(("keyword", "what it does"), rows_of(row.block)));
        }
    }
    body.push(Part::Heading("A whole file"));
    body.push(Part::Code(KEEPALIVED_CONF_EXAMPLE));
    let about = "virtual routers and virtual servers of a machine";
    let mut page = file_page("keepalived.conf", PATH, about, body);
    page.files = vec![(PATH, "the default; `keepalived -f FILE` reads another")];
    page.examples = vec![
        ("priority 150", "the highest priority of those that speak becomes master"),
        ("nopreempt", "a master that came back doesn't take the addresses from a lower one"),
        ("unicast_peer { 192.0.2.2 }", "where multicast doesn't reach the other router"),
    ];
    page.see_also = vec!["handover(8)", "handover-check(8)", "keepalived(8)", "handover.toml(5)"];
    page
}

const PATH: &str = "/etc/keepalived/keepalived.conf";

/// The lexer's rules (docs/ancestors/keepalived.md §1.1).
const GRAMMAR: [(&str, &str); 10] = [
    ("line", "a keyword and its words; more words than it takes are ignored"),
    ("comment", "from `#` or `!` to the end of the line, outside double quotes"),
    ("quotes", "double ones alone; a command is split again, there single quotes keep blanks too"),
    ("block", "`keyword name {` to `}`; the brace may stand alone on the next line"),
    ("twice", "of one keyword the last counts; of notify scripts and instance names the first"),
    ("truth", "`on`, `true`, `yes`, or `off`, `false`, `no`"),
    ("include", "`include PATTERN` reads files in place, relative to the one that names them"),
    ("condition", "`@NAME line` counts only with `-i NAME`, or on the host of that short name"),
    (
        "variable",
        "`$NAME=value`, then `$NAME` or `${NAME}`; `${_ENV NAME}`, `${_INSTANCE}` and such",
    ),
    ("loop", "`~SEQ(var, start, step, end)` and `~LST(var, a, b)` repeat their line"),
];

fn rows_of(block: Block) -> Vec<(String, String)> {
    directives()
        .filter(|row| row.block == block)
        .map(|row| {
            let mut what = row.doc.to_owned();
            for (label, fact) in row.facts() {
                what.push_str(&[" ", label, ": ", &fact, "."].concat());
            }
            (format!("`{}`", row.written().replace('`', "'")), what)
        })
        .collect()
}

/// Shown, and read by a test.
pub(super) const KEEPALIVED_CONF_EXAMPLE: &str = "\
global_defs {
    router_id gw1
    enable_script_security
    script_user root
}

vrrp_script chk_nginx {
    script \"/usr/bin/pidof nginx\"
    interval 2
    weight -30
}

vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 110
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass k4f9xq2w
    }
    virtual_ipaddress {
        192.0.2.10/24
    }
    track_script {
        chk_nginx
    }
    notify_master \"/usr/local/sbin/became master\"
}
";

/// keepalived(8).
pub(super) fn keepalived() -> Page {
    let (acting, unused): (Vec<_>, Vec<_>) =
        options::listed().partition(|(written, _)| options::acts(written));
    let owned = |rows: Vec<(String, &str)>| {
        rows.into_iter().map(|(written, what)| (written, what.to_owned())).collect()
    };
    let body = vec![
        text(
            "Reads keepalived.conf and runs its virtual routers and virtual servers, in the \
             background unless told otherwise. It is a role of its own, beside heartbeat: other \
             processes, another socket, another unit. On a machine with systemd: `systemctl start \
             keepalived`.",
        ),
        Part::Heading("Options"),
        Part::Terms(("option", "meaning"), owned(acting)),
        Part::Heading("Options without effect"),
        text("They are taken, so that command lines of keepalived go on working."),
        Part::Terms(("option", "instead"), owned(unused)),
        Part::Heading("Signals"),
        text("They go to the process of /run/keepalived.pid."),
        terms(("signal", "effect"), &SIGNALS),
        Part::Heading("Reading the configuration again"),
        text(
            "SIGHUP changes what differs: states, priorities that scripts gave, addresses that stay \
             and statistics are kept. With anything in the file that keepalived would end for, \
             nothing changes and the log says why. What is fixed at start (`net_namespace`, \
             `instance`, `use_pid_dir`) needs a restart.",
        ),
        Part::Heading("Upgrade"),
        text(
            "`handover restart keepalived --keep` exchanges the program while its addresses stay in \
             place: the other routers hear nothing of it unless it takes longer than they wait for \
             an advert. `-V` leaves them in place at every stop.",
        ),
    ];
    Page {
        name: "keepalived".to_owned(),
        section: COMMANDS,
        about: "run the virtual routers and virtual servers of this machine".to_owned(),
        synopsis: vec![
            "keepalived [OPTION]...".to_owned(),
            "keepalived -t[=FILE] [-f FILE]".to_owned(),
        ],
        body,
        exits: [
            (0, "it runs, or has stopped; with `-t`: nothing to complain about"),
            (1, "it could not be started, or runs already"),
            (2, "with `-t`: a keyword lacks its word"),
            (5, "with `-t`: something to complain about"),
            (6, "no file to read; with `-t`: scripts run without script security"),
        ]
        .map(|(code, what)| (code, what.to_owned()))
        .to_vec(),
        files: vec![
            (PATH, "what it runs"),
            ("/etc/default/keepalived", "`DAEMON_ARGS`, options for the unit"),
            ("/run/keepalived.pid", "the parent's process id; `/run/vrrp.pid` is the worker's"),
            ("/tmp/keepalived.data", "the state, after SIGUSR1"),
            ("/tmp/keepalived.stats", "what was counted, after SIGUSR2"),
            ("/tmp/keepalived.json", "both, after signal 36"),
            (KEEPALIVED_SOCKET, "where the role answers"),
        ],
        examples: vec![
            ("keepalived -t", "is the file right? (`handover check` tells more)"),
            ("keepalived -nlD", "stay in the foreground and log to the terminal"),
            ("kill -s $(keepalived --signum=JSON) $(cat /run/keepalived.pid)", "write the state"),
        ],
        see_also: vec![
            "handover(8)",
            "handover-status(8)",
            "handover-check(8)",
            "keepalived.conf(5)",
            "systemctl(1)",
        ],
    }
}

const SIGNALS: [(&str, &str); 6] = [
    ("SIGTERM, SIGINT", "say goodbye, release the addresses, stop"),
    ("SIGHUP", "read the configuration again"),
    ("SIGUSR1", "write the state to `/tmp/keepalived.data`"),
    ("SIGUSR2", "write what was counted to `/tmp/keepalived.stats`"),
    ("36 (`--signum=JSON`)", "write both to `/tmp/keepalived.json`"),
    ("63 (`--signum=STATS_CLEAR`)", "count from 0 again"),
];
