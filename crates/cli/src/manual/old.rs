//! The pages of the ancestor's commands, which keep their words and exit codes
//! (`docs/ancestors/heartbeat.md §5.6, §6.6, §6.7`).

use super::keepalived::keepalived;
use super::{COMMANDS, Page, Part, terms, text};
use crate::cl_status;

/// The page of an old name.
pub(crate) fn old(name: &str) -> Option<Page> {
    Some(match name {
        "heartbeat" => heartbeat(),
        "cl_status" => cl_status(),
        "hb_standby" => hb_standby(),
        "hb_takeover" => hb_takeover(),
        "hb_addnode" => hb_addnode(),
        "hb_delnode" => hb_delnode(),
        "ha_propagate" => ha_propagate(),
        "haresources2cib" => haresources2cib(),
        "crm_simulate" => crm_simulate(),
        "keepalived" => keepalived(),
        _ => return super::pacemaker::page(name).or_else(|| super::on_file::page(name)),
    })
}

const SOCKET: (&str, &str) = (crate::client::SOCKET, "where the daemon answers");
const HA_CF: (&str, &str) = ("/etc/ha.d/ha.cf", "nodes, links, timers");
const AUTHKEYS: (&str, &str) = ("/etc/ha.d/authkeys", "the keys");

fn page(name: &str, about: &str, synopsis: &[&str]) -> Page {
    Page {
        name: name.to_owned(),
        section: COMMANDS,
        about: about.to_owned(),
        synopsis: synopsis.iter().map(|line| (*line).to_owned()).collect(),
        body: Vec::new(),
        exits: Vec::new(),
        files: vec![SOCKET],
        examples: Vec::new(),
        see_also: vec!["handover(8)", "heartbeat(8)", "ha.cf(5)"],
    }
}

fn exits(rows: &[(u8, &str)]) -> Vec<(u8, String)> {
    rows.iter().map(|(code, meaning)| (*code, (*meaning).to_owned())).collect()
}

fn heartbeat() -> Page {
    let mut page = page(
        "heartbeat",
        "start, stop, reload or query the cluster daemon of this machine",
        &["heartbeat [-dfvMlr] [-R -C SET]", "heartbeat -s | -k | -r | -V | -D | -W"],
    );
    page.body = vec![
        text(
            "Without an option that says otherwise it starts the daemon in the background and ends \
             when the daemon is ready. On a machine with systemd the unit does the same with `-f`: \
             `systemctl start heartbeat`.",
        ),
        Part::Heading("Options"),
        terms(
            ("option", "meaning"),
            &[
                ("-s", "say whether it runs"),
                ("-k", "hand groups over, stop, and wait until that is done"),
                (
                    "-r",
                    "check the files, then let the running daemon read them again; with an error in \
                     them nothing changes. Starts the daemon if it doesn't run",
                ),
                ("-f", "stay in the foreground, and log to stderr too"),
                ("-d", "tell more for debugging; more with each `-d`"),
                ("-v", "say more"),
                ("-M", "only messages: no group is started here"),
                ("-l", "no real-time priority and no locked memory"),
                (
                    "-R -C SET",
                    "groups run here already: `none`, `local`, `foreign` or `all` of them",
                ),
                ("-V", "print the version whose files and packets are understood"),
                ("-D", "list the directives of ha.cf with their defaults; `-W` as an HTML table"),
                ("--help", "print this"),
            ],
        ),
        Part::Heading("Signals"),
        terms(
            ("signal", "effect on the daemon"),
            &[
                ("SIGTERM", "hand over and stop, as `-k`"),
                ("SIGHUP", "read the files again, as `-r`"),
                ("SIGUSR1", "open the logs anew, one debug level more"),
                ("SIGUSR2", "one debug level less"),
            ],
        ),
    ];
    page.exits = exits(&[
        (0, "done; with `-s`: it runs; started while it runs: nothing to do"),
        (1, "failed, or `-r` found errors; with `-s`: stopped, and an old pid file is left"),
        (2, "the command line was not understood"),
        (3, "with `-s`: it doesn't run"),
        (6, "the configuration has errors"),
    ]);
    page.files = vec![
        HA_CF,
        AUTHKEYS,
        ("/etc/ha.d/haresources", "the groups"),
        ("/etc/ha.d/service_checks", "what must answer; optional"),
        ("/etc/default/heartbeat", "environment of the unit and the init script"),
        ("/run/heartbeat.pid", "the daemon's process id"),
        ("/var/lib/heartbeat", "uuid, generation, the FIFO for scripts"),
        SOCKET,
    ];
    page.examples = vec![
        ("heartbeat -s", "does it run?"),
        ("heartbeat -k", "give everything to the other node and stop"),
        ("heartbeat -r", "after a change of the files"),
    ];
    page.see_also = vec![
        "handover(8)",
        "handover-check(8)",
        "cl_status(8)",
        "hb_standby(8)",
        "ha.cf(5)",
        "authkeys(5)",
        "haresources(5)",
        "service_checks(5)",
    ];
    page
}

fn cl_status() -> Page {
    let mut page = page(
        "cl_status",
        "print one fact about the cluster, in the words that scripts expect",
        &["cl_status SUB-COMMAND [OPTIONS] [PARAMETERS]"],
    );
    let rows = cl_status::commands()
        .map(|(name, _, parameters, what)| {
            (format!("{name} {parameters}").trim_end().to_owned(), what.to_owned())
        })
        .collect();
    page.body = vec![
        text(
            "For people `handover status` tells more. With `-m` each sub-command prints a sentence \
             instead of a word.",
        ),
        Part::Heading("Sub-commands"),
        Part::Terms(("sub-command", "prints"), rows),
    ];
    page.exits = exits(&[
        (0, "yes, or the answer is printed"),
        (1, "no, or the daemon doesn't run"),
        (11, "an unknown name, or a parameter is missing"),
        (12, "no answer within 5 s"),
        (13, "the daemon has no such answer"),
    ]);
    page.examples = vec![
        ("cl_status nodestatus node2", "`active`, `dead`, or another state of that node"),
        ("cl_status rscstatus", "`all`, `local`, `foreign`, `none` or `transition`"),
        ("cl_status hbparameter -p deadtime", "a directive as ha.cf has it, or its default"),
    ];
    page.see_also = vec!["handover-status(8)", "heartbeat(8)"];
    page
}

/// The sets of groups that can be moved.
fn sets() -> Vec<Part> {
    vec![
        Part::Heading("Sets"),
        terms(
            ("set", "groups"),
            &[
                ("all", "all that the giving node has; the default"),
                ("local", "those whose home the giving node is"),
                ("foreign", "those whose home is the other node"),
                ("failback", "the same as `foreign`"),
            ],
        ),
    ]
}

/// The exit codes of commands that ask the daemon for a change.
fn change(done: &str) -> Vec<(u8, String)> {
    exits(&[
        (0, done),
        (1, "refused, and nothing has changed: stderr has the reason; or wrong words"),
        (3, "the daemon doesn't run on this machine"),
    ])
}

fn hb_standby() -> Page {
    let mut page = page(
        "hb_standby",
        "give groups of this node to the other one",
        &["hb_standby [all|local|foreign|failback]"],
    );
    page.body = vec![text(
        "Groups stop here, then start there. The command waits until that is done. While something \
         is still on its way on either node it waits up to 10 s for that, and is then refused. It \
         is refused at once if the other node is not there, and with `auto_failback legacy` if that \
         one is a real Heartbeat.",
    )];
    page.body.extend(sets());
    page.exits = change("done: the other node has the groups");
    page.examples = vec![
        ("hb_standby", "give everything away, before work on this machine"),
        ("hb_standby foreign", "send home what belongs to the other node"),
    ];
    page.see_also = vec!["hb_takeover(8)", "handover-status(8)", "heartbeat(8)"];
    page
}

fn hb_takeover() -> Page {
    let mut page = page(
        "hb_takeover",
        "get groups from the other node",
        &["hb_takeover [all|local|foreign|failback]"],
    );
    page.body = vec![text(
        "The other node is asked to stop them; then they start here. The command ends when the \
         other node has been asked: `handover status` tells what became of it. It is refused as \
         `hb_standby` is. A node on which a group had failed is trusted with it again. `local` and \
         `foreign` are seen from this node.",
    )];
    page.body.push(Part::Heading("Sets"));
    page.body.push(terms(
        ("set", "groups"),
        &[
            ("all", "all that the other node has; the default"),
            ("local", "those whose home this node is"),
            ("foreign", "those whose home is the other node"),
            ("failback", "the same as `foreign`"),
        ],
    ));
    page.exits = change("the other node has been asked");
    page.examples = vec![
        ("hb_takeover", "get everything"),
        ("hb_takeover local", "get back what belongs here"),
    ];
    page.see_also = vec!["hb_standby(8)", "handover-status(8)", "heartbeat(8)"];
    page
}

fn hb_addnode() -> Page {
    let mut page =
        page("hb_addnode", "tell the running cluster of new nodes", &["hb_addnode NODE..."]);
    page.body = vec![text(
        "All running nodes learn of it. It lasts until they are started again, so write the node \
         into every ha.cf too. Groups move between two nodes; a third only listens.",
    )];
    page.exits = change("done: all nodes have been told");
    page.files.push(HA_CF);
    page.examples = vec![("hb_addnode node3", "node3 may now speak")];
    page.see_also = vec!["hb_delnode(8)", "heartbeat(8)", "ha.cf(5)"];
    page
}

fn hb_delnode() -> Page {
    let mut page =
        page("hb_delnode", "take nodes out of the running cluster", &["hb_delnode NODE..."]);
    page.body = vec![text(
        "A node must be dead before it is taken out: stop it first. It lasts until the nodes are \
         started again, so take it out of every ha.cf too.",
    )];
    page.exits = change("done: all nodes have been told");
    page.files.push(HA_CF);
    page.examples = vec![("hb_delnode node3", "node3 is no longer listened to")];
    page.see_also = vec!["hb_addnode(8)", "heartbeat(8)", "ha.cf(5)"];
    page
}

fn ha_propagate() -> Page {
    let mut page = page(
        "ha_propagate",
        "copy the configuration to the other nodes",
        &["ha_propagate [--all]"],
    );
    page.body = vec![
        text(
            "Copies ha.cf and authkeys as root over ssh to each node that ha.cf names, and says for \
             each what it did. A connection that breaks leaves the old files there. Files with \
             errors are not copied. Afterwards run `heartbeat -r` on each node.",
        ),
        text("A ha.cf with `ucast` lines that differ from node to node must not be copied."),
        Part::Heading("Options"),
        terms(
            ("option", "meaning"),
            &[("--all", "haresources and service_checks too, where they exist")],
        ),
    ];
    page.exits = exits(&[
        (0, "copied to all nodes"),
        (1, "not copied to all; each node's line says why"),
        (2, "the command line was not understood"),
        (6, "a file is missing or can't be read"),
    ]);
    page.files = vec![HA_CF, AUTHKEYS];
    page.files.push(("/etc/ha.d/haresources", "with `--all`"));
    page.files.push(("/etc/ha.d/service_checks", "with `--all`"));
    page.examples = vec![("ha_propagate --all", "after a change, from the node that has it right")];
    page.see_also = vec!["heartbeat(8)", "ssh(1)", "ha.cf(5)"];
    page
}

fn crm_simulate() -> Page {
    let mut page = page(
        "crm_simulate",
        "show what the cluster will do, and what comes of it",
        &["crm_simulate -x FILE|-p|-L [OPTIONS]"],
    );
    page.body = vec![
        text(
            "Plans for a CIB as Pacemaker 3.0.2 does, and with `-S` carries the plan out in memory. \
             Before that, nodes, operations, tickets and quorum can be changed. Nothing real is \
             touched.",
        ),
        text(
            "An OPSPEC is `RESOURCE_OPERATION_INTERVAL@NODE=RESULT`, the interval in milliseconds, \
             the result as agents give it: `web_monitor_10000@node1=7`.",
        ),
        Part::Heading("Options"),
        Part::Terms(("option", "meaning"), crate::simulate::rows().collect()),
    ];
    page.exits = exits(&[
        (0, "done, whatever the simulated cluster made of it"),
        (64, "the command line was not understood"),
        (66, "there is nothing to read, or it is no CIB"),
        (70, "the file cannot be read, or is no XML"),
        (74, "a graph or a drawing could not be written"),
        (78, "the CIB is of a later feature set, and more than a plan was asked for"),
        (105, "a CIB could not be written"),
    ]);
    page.files = vec![
        ("/var/lib/pacemaker/pengine/pe-input-*.bz2", "what Pacemaker planned for"),
        ("/var/lib/pacemaker/cib/cib.xml", "its CIB"),
    ];
    page.examples = vec![
        ("crm_simulate -x cib.xml -S", "what would happen now"),
        ("crm_simulate -x cib.xml -S -d node2", "what would happen without node2"),
        ("crm_simulate -x cib.xml -sR", "why resources are placed where they are, in numbers"),
    ];
    page.see_also = vec!["handover-simulate(8)", "handover(8)"];
    page
}

fn haresources2cib() -> Page {
    let mut page = page(
        "haresources2cib",
        "make a CIB of haresources",
        &["haresources2cib [OPTIONS] [HARESOURCES]"],
    );
    page.body = vec![
        text(
            "Each line becomes a primitive, or a group, that prefers its node with a score of 100. \
             The CIB is in today's syntax; fencing is off in it, as it always was, and should be \
             configured next. A CIB that is there already stays as it is.",
        ),
        Part::Heading("Options"),
        terms(
            ("option", "meaning"),
            &[
                ("--stdout", "print the CIB"),
                ("--no-ocf", "agents stay of class heartbeat, with numbered parameters"),
                ("--no-monitor", "no monitor operations"),
                ("-c HA_CF", "where the nodes stand; without it /etc/ha.d/ha.cf"),
                ("--help", "print this"),
            ],
        ),
    ];
    page.exits = exits(&[(0, "done"), (1, "nothing was written, and a sentence says why")]);
    page.files = vec![HA_CF, ("/var/lib/heartbeat/crm/cib.xml", "where the CIB goes")];
    page.examples = vec![("haresources2cib --stdout", "what /etc/ha.d/haresources means")];
    page.see_also = vec!["handover-import(8)", "haresources(5)", "ha.cf(5)"];
    page
}
