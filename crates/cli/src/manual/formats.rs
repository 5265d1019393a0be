//! The pages of the files that people write. ha.cf comes from the table that reads it; what is
//! said of the others is held against their readers by the tests.

use super::keepalived::keepalived_conf;
use super::{FILES, Page, Part, terms, text};
use config::ha_cf::{DIRECTIVES, FOREIGN};

/// The pages, in the order in which an administrator meets the files.
pub(crate) fn formats() -> Vec<Page> {
    vec![ha_cf(), authkeys(), haresources(), service_checks(), keepalived_conf(), handover_toml()]
}

pub(super) fn page(name: &str, path: &'static str, about: &str, body: Vec<Part>) -> Page {
    Page {
        name: name.to_owned(),
        section: FILES,
        about: about.to_owned(),
        synopsis: vec![path.to_owned()],
        body,
        exits: Vec::new(),
        files: Vec::new(),
        examples: Vec::new(),
        see_also: vec!["handover(8)", "handover-check(8)", "heartbeat(8)"],
    }
}

fn ha_cf() -> Page {
    let mut body = vec![
        text(
            "Every directive of Heartbeat 3.0.6, from the table by which the program reads the \
             file. `handover check --explain NAME` shows one of them.",
        ),
        text(
            "A line is a directive and its words; `#` begins a comment anywhere. Times are seconds \
             unless `ms` or `us` follows. Words after the directive may be separated by blanks, \
             tabs or commas. Truth is `on`, `yes`, `y`, `true`, `1`, or `off`, `no`, `n`, `false`, \
             `0`. An unknown directive is refused.",
        ),
        Part::Heading("Directives"),
    ];
    body.extend(DIRECTIVES.iter().map(|row| {
        let facts = [
            ("Default", row.default),
            ("Unit", row.unit),
            ("Allowed", row.range),
            ("Known since", row.since),
            ("A bad value", row.bad),
        ];
        Part::Entry {
            name: row.name,
            written: format!("{} {}", row.name, row.takes),
            doc: row.doc,
            facts: facts.into_iter().filter(|(_, fact)| !fact.is_empty()).collect(),
        }
    }));
    body.push(Part::Heading("What other versions knew"));
    body.push(text("These lines are refused, as 3.0.6 refuses them."));
    let foreign = FOREIGN.iter().map(|(name, who)| (format!("`{name}`"), (*who).to_owned()));
    body.push(Part::Terms(("directive", "who knew it"), foreign.collect()));
    let about = "nodes, links and timers of a cluster";
    let mut page = page("ha.cf", "/etc/ha.d/ha.cf", about, body);
    page.files = vec![
        ("/etc/ha.d/ha.cf", "may differ from node to node in its links, not in its nodes"),
        ("/etc/services", "the port `ha-cluster/udp`, unless `udpport` is written"),
    ];
    page.examples = vec![
        ("deadtime 5", "a node silent for 5 s is dead"),
        ("keepalive 500ms", "two beats a second"),
        ("ucast eth1 10.0.0.2", "beats to that address, out of eth1"),
        ("node alpha beta", "the members, as `uname -n` prints their names"),
    ];
    page.see_also.extend(["authkeys(5)", "haresources(5)", "service_checks(5)"]);
    page
}

fn authkeys() -> Page {
    let body = vec![
        text(
            "One line says which key signs, further lines are the keys. All of them are believed \
             when others sign with them, so keys can be changed while the cluster runs.",
        ),
        terms(
            ("line", "meaning"),
            &[
                ("`auth N`", "this node signs with key N; stands above the line of that key"),
                ("`N sha1 KEY`", "HMAC with SHA-1: use this"),
                ("`N md5 KEY`", "HMAC with MD5, for old peers"),
                ("`N crc`", "a checksum and no protection at all; takes no key"),
            ],
        ),
        text(
            "N is a number from 0 to 15; the last of two lines with one number counts. KEY is one \
             word without blanks; what follows it is ignored. A line that begins with `#` is a \
             comment, but `#` within a line is part of it.",
        ),
        text(
            "The group and others must not be able to read the file: mode 600. Otherwise nothing \
             starts. The file must have the same keys on all nodes.",
        ),
        Part::Heading("Changing the key"),
        text(
            "Three rounds, each on every node, each ended by `heartbeat -r`. First add the new key \
             below the old one. Then let `auth` name the new one. Then remove the old one. No beat \
             is lost.",
        ),
        Part::Heading("A whole file"),
        Part::Code(AUTHKEYS_EXAMPLE),
    ];
    let about = "the keys with which messages of a cluster are signed";
    let mut page = page("authkeys", "/etc/ha.d/authkeys", about, body);
    page.files = vec![("/etc/ha.d/authkeys", "owner root, mode 600")];
    page.examples = vec![
        ("openssl rand -hex 32", "makes a good key"),
        (
            "chmod 600 /etc/ha.d/authkeys",
            "when `handover check` says that others may read the keys",
        ),
    ];
    page.see_also.extend(["ha.cf(5)", "ha_propagate(8)"]);
    page
}

/// Shown, and read by a test.
pub(super) const AUTHKEYS_EXAMPLE: &str = "\
auth 2
1 sha1 the-old-key-until-all-nodes-have-the-new-one
2 sha1 put-a-long-random-word-here
";

fn haresources() -> Page {
    let body = vec![
        text(
            "A line is a group: the name of its home node, then its resources. They start from \
             left to right and stop from right to left, all on one node. The first resource is the \
             group's key, by which it is named in commands and logs. A line that ends in `\\` goes \
             on in the next one; `#` begins a comment.",
        ),
        terms(
            ("resource", "meaning"),
            &[
                ("`ADDRESS`", "the same as `IPaddr::ADDRESS`"),
                (
                    "`ADDRESS/BITS/INTERFACE`",
                    "an IPv4 address with its prefix length and interface. Without them, those of \
                     the network it fits into",
                ),
                ("`NAME`", "the program of that name, called with `start`, `stop` and `status`"),
                ("`NAME::A::B`", "the same with the arguments A and B before that word"),
            ],
        ),
        Part::Heading("Where a name is looked up"),
        text(
            "`IPaddr`, `IPaddr2`, `IPv6addr`, `SendArp`, `IPsrcaddr`, `MailTo` and `Filesystem` are \
             built in, unless `scripts` in handover.toml names them. Any other name is looked for \
             in `/etc/ha.d/resource.d`, then in `/etc/init.d`, then among the OCF agents of \
             `/usr/lib/ocf/resource.d/heartbeat`, last as a systemd unit.",
        ),
        Part::Heading("Rules"),
        text(
            "The home must be a node of ha.cf; letters' case doesn't matter. The file must be the \
             same on both nodes: `handover status` tells when it isn't. Two lines with one key are \
             one group. What is started here must not be started at boot by the system itself. \
             `heartbeat -r` applies changes; groups that did not change run on.",
        ),
        Part::Heading("A whole file"),
        Part::Code(HARESOURCES_EXAMPLE),
    ];
    let about = "the groups of a cluster, and the home of each";
    let mut page = page("haresources", "/etc/ha.d/haresources", about, body);
    page.files = vec![
        ("/etc/ha.d/haresources", "the same on both nodes"),
        ("/etc/ha.d/resource.d", "scripts of resources, looked at first"),
        ("/etc/init.d", "init scripts, looked at next"),
        ("/usr/lib/ocf/resource.d/heartbeat", "OCF agents"),
    ];
    page.examples = vec![
        ("alpha 192.0.2.10", "an address whose home is alpha"),
        ("alpha 192.0.2.10/24/eth0 nginx", "nginx behind it"),
        (
            "beta Filesystem::/dev/drbd0::/srv::ext4 192.0.2.11 postgresql",
            "a disk, an address and a database",
        ),
    ];
    page.see_also.extend(["ha.cf(5)", "service_checks(5)", "handover.toml(5)"]);
    page
}

/// Shown, and read by a test for the nodes alpha and beta.
pub(super) const HARESOURCES_EXAMPLE: &str = "\
alpha 192.0.2.10/24/eth0 nginx
beta Filesystem::/dev/drbd0::/srv::ext4 \\
     192.0.2.11/24/eth0 postgresql MailTo::admin@example.org
";

/// The options of a check: as written, default, meaning.
pub(super) const CHECK_OPTIONS: [(&str, &str, &str); 5] = [
    ("interval TIME", "10s", "from the start of one try to the next, 100ms to 24h"),
    (
        "timeout TIME",
        "2s, or the interval if that is shorter",
        "no answer by then is a failure, 100ms to the interval",
    ),
    ("failures N", "2", "so many in a row count, 1 to 1000; one lost answer is no fault"),
    ("group NAME", "every group", "a group's key, or the address in it"),
    ("restart", "no", "restart the group's last resource first, once; move only if it fails again"),
];

fn service_checks() -> Page {
    let options = CHECK_OPTIONS.iter().map(|(written, default, meaning)| {
        (format!("`{written}`"), format!("{meaning}. Default: {default}"))
    });
    let body = vec![
        text(
            "One check a line: what is tried, then options in any order. A node whose check fails \
             gives the group to the other node, if that one is healthy. Without the file nothing is \
             checked. Heartbeat doesn't read it.",
        ),
        Part::Heading("What is tried"),
        terms(
            ("check", "passes when"),
            &[
                ("`tcp PORT`", "127.0.0.1 takes a connection on that port"),
                ("`tcp HOST:PORT`", "that host does; IPv6 as `[::1]:80`"),
                (
                    "`http http://HOST[:PORT]/PATH`",
                    "the answer's status is 200 to 399. No https: use `command`",
                ),
                (
                    "`command PATH ARGUMENTS`",
                    "the program ends with 0. PATH is a full path; no shell is between, and a word \
                     that looks like an option stands in double quotes",
                ),
                ("`unit NAME`", "systemd calls the unit active"),
            ],
        ),
        Part::Heading("Options"),
        Part::Terms(("option", "meaning"), options.collect()),
        text(
            "Times are whole numbers with `ms`, `s`, `m` or `h`; without a unit they are seconds. \
             `#` begins a comment. At most 256 checks. A mistake in the file is refused at start; \
             `heartbeat -r` then leaves everything as it is.",
        ),
        Part::Heading("When it fails"),
        text(
            "With `restart`, the group's last resource is stopped and started once. Otherwise the \
             group moves if the other node can run it, and stays if not: an ailing service is \
             better than none.",
        ),
        text(
            "For a group of addresses alone the check is tried on both nodes all the time, and a \
             node that passes again is fit again. For a group that starts the service itself it is \
             tried only where the group runs, and a node that failed is trusted again after \
             `hb_takeover` there.",
        ),
        Part::Heading("A whole file"),
        Part::Code(SERVICE_CHECKS_EXAMPLE),
    ];
    let about = "what must answer for a node to be healthy";
    let mut page = page("service_checks", "/etc/ha.d/service_checks", about, body);
    page.files = vec![("/etc/ha.d/service_checks", "optional; the same on both nodes")];
    page.examples = vec![
        ("tcp 12345 interval 10s timeout 2s failures 2", "the defaults, written out"),
        ("http http://127.0.0.1/health restart", "restart the service before moving it"),
    ];
    page.see_also.extend(["haresources(5)", "handover-status(8)"]);
    page
}

/// Shown, and read by a test.
pub(super) const SERVICE_CHECKS_EXAMPLE: &str = "\
tcp 12345 interval 10s timeout 2s failures 2
http http://127.0.0.1/health group 192.0.2.10 restart
command /usr/local/sbin/replication-is-fresh --max 30 interval 1m
unit nginx.service failures 1
";

/// The settings: as written, default, meaning.
pub(super) const SETTINGS: [(&str, &str, &str); 4] = [
    (
        "duplicate_address = \"take\" or \"wait\"",
        "\"take\"",
        "another machine answers for an address that is to be taken here. `take`: ask again for up \
         to 3 s, then take it. `wait`: hold back for as long as somebody answers",
    ),
    (
        "scripts = [\"NAME\", ...]",
        "[], the built-in ones",
        "for these resources the script in `/etc/ha.d/resource.d` is run instead of what is built in",
    ),
    (
        "announce_interval = \"TIME\"",
        "only after it was taken",
        "how often a held address is announced again, \"100ms\" to \"24h\"; a whole number with ms, \
         s, m or h",
    ),
    (
        "metrics = { heartbeat = \"ADDRESS:PORT\", keepalived = \"ADDRESS:PORT\" }",
        "nowhere",
        "where each role gives its figures in Prometheus' text form, as `http://ADDRESS:PORT/metrics`; \
         read at start. Whoever reaches the port may read them, so 127.0.0.1 unless you have a reason",
    ),
];

fn handover_toml() -> Page {
    let rows = SETTINGS.iter().map(|(written, default, meaning)| {
        (format!("`{written}`"), format!("{meaning}. Default: {default}"))
    });
    let body = vec![
        text(
            "What the old files have no word for. The file is TOML, it may be missing, and \
             nothing in it is ever needed. An unknown setting is refused at start; `handover check` \
             names it. `heartbeat -r` reads the file again.",
        ),
        Part::Heading("Settings"),
        Part::Terms(("setting", "meaning"), rows.collect()),
        Part::Heading("A whole file"),
        Part::Code(HANDOVER_TOML_EXAMPLE),
    ];
    let about = "settings of Handover that Heartbeat's files have no word for";
    let path = "/etc/handover/handover.toml";
    let mut page = page("handover.toml", path, about, body);
    page.files = vec![(path, "optional")];
    page.examples = vec![
        ("scripts = [\"IPaddr\"]", "your own `resource.d/IPaddr` does the addresses"),
        ("duplicate_address = \"wait\"", "never take an address that another machine answers for"),
    ];
    page.see_also.extend(["ha.cf(5)", "haresources(5)"]);
    page
}

/// Shown, and read by a test.
pub(super) const HANDOVER_TOML_EXAMPLE: &str = "\
duplicate_address = \"wait\"
scripts = [\"IPaddr\"]
announce_interval = \"60s\"

[metrics]
heartbeat = \"127.0.0.1:9650\"
keepalived = \"127.0.0.1:9651\"
";
