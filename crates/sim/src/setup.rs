//! The cluster of a random schedule: two nodes with a few knobs, turned by the seed.

use base::{Dice, GroupKey, LinkName, NodeName};
use cluster::config::{
    AutoFailback, Config, DuplicateAddress, Group, Link, Medium, Resource, StonithDevice, Timing,
};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
use wire::heartbeat::{Compression, Format, Key, Keys, Method};

/// The nodes' names.
pub const NODES: [&str; 2] = ["node1.anyisalin.com", "node2.anyisalin.com"];

/// The links' names.
pub const LINKS: [&str; 2] = ["eth0", "eth1"];

/// What the seed decides about the cluster itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setup {
    /// `auto_failback`.
    pub auto_failback: AutoFailback,
    /// Seconds of `deadtime`; keepalive is one second.
    pub deadtime: u64,
    /// Seconds of `initdead`.
    pub initdead: u64,
    /// One link or two.
    pub links: usize,
    /// `ucast` instead of `bcast`.
    pub ucast: bool,
    /// How many groups; they are at home on the nodes in turn.
    pub groups: usize,
    /// A fence device is configured.
    pub stonith: bool,
    /// A ping node and ipfail are configured.
    pub ipfail: bool,
}

impl Setup {
    /// The web pair: one link, one group, nothing else, with a deadtime of three seconds.
    pub const fn plain() -> Self {
        Self {
            auto_failback: AutoFailback::Off,
            deadtime: 3,
            initdead: 8,
            links: 1,
            ucast: false,
            groups: 1,
            stonith: false,
            ipfail: false,
        }
    }

    /// Turns every knob.
    pub fn random(dice: &mut Dice) -> Self {
        let deadtime = 3 + dice.below(3);
        Self {
            auto_failback: match dice.below(10) {
                0..=3 => AutoFailback::On,
                4..=7 => AutoFailback::Off,
                _ => AutoFailback::Legacy,
            },
            deadtime,
            initdead: deadtime + 3 + dice.below(4),
            links: if dice.percent(40) { 2 } else { 1 },
            ucast: dice.percent(50),
            groups: 1 + dice.below(3) as usize,
            stonith: dice.percent(20),
            ipfail: dice.percent(15),
        }
    }

    /// The configuration of the node at `host`.
    pub fn config(&self, host: usize) -> Config {
        let mut key = BTreeMap::new();
        key.insert(1, Key::new(Method::Md5, b"d41d8cd98f00b204e9800998ecf8427e"));
        let keys = Keys::new(1, key).expect("key 1 was just put in");
        let nodes: Vec<NodeName> = NODES.iter().map(|n| NodeName::from(*n)).collect();
        let deadtime = Duration::from_secs(self.deadtime);
        Config {
            me: nodes[host].clone(),
            links: self.media(host),
            timing: Timing {
                keepalive: Duration::from_secs(1),
                deadtime,
                warntime: deadtime / 2,
                initdead: Duration::from_secs(self.initdead),
                deadping: deadtime,
                max_rexmit_delay: Duration::from_millis(250),
            },
            auto_failback: self.auto_failback,
            keys,
            format: Format::Classic,
            compression: Compression::Zlib,
            compression_threshold: 2048,
            traditional_compression: false,
            hopfudge: 1,
            groups: (0..self.groups).map(|index| group(index, &nodes[index % 2])).collect(),
            stonith: self
                .stonith
                .then(|| StonithDevice { kind: "null".into(), parameters: vec![] })
                .into_iter()
                .collect(),
            ipfail: self.ipfail,
            clients: Vec::new(),
            apiauth: BTreeMap::new(),
            checks: Vec::new(),
            duplicate_address: DuplicateAddress::Take,
            autojoin: false,
            manage_resources: true,
            parameters: BTreeMap::new(),
            environment: BTreeMap::new(),
            digest: String::new(),
            nodes,
        }
    }

    fn media(&self, host: usize) -> Vec<Link> {
        let link = |name: &str| Link {
            name: LinkName::from(name),
            medium: if self.ucast {
                Medium::Ucast { peer: NODES[1 - host].into(), v6: false, port: 694 }
            } else {
                Medium::Bcast { port: 694 }
            },
        };
        let gateway = || Link {
            name: LinkName::from("gateway"),
            medium: Medium::Ping { hosts: vec!["gateway".into()], group: false, v6: false },
        };
        LINKS[..self.links].iter().map(|n| link(n)).chain(self.ipfail.then(gateway)).collect()
    }
}

fn group(index: usize, home: &NodeName) -> Group {
    let address = format!("172.16.100.{}", index + 1);
    let resource = |written: String, name: &str, args: Vec<String>| Resource {
        written,
        name: name.into(),
        args,
    };
    Group {
        key: GroupKey::from(format!("IPaddr::{address}")),
        home: home.clone(),
        resources: vec![
            resource(format!("IPaddr::{address}"), "IPaddr", vec![address]),
            resource("httpd".into(), "httpd", vec![]),
        ],
    }
}

/// As the head of a scenario file: what is changed in the web pair's files.
impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "cluster web-pair")?;
        writeln!(f, "set ha.cf deadtime {}", self.deadtime)?;
        writeln!(f, "set ha.cf warntime {}", self.deadtime.div_ceil(2))?;
        writeln!(f, "set ha.cf initdead {}", self.initdead)?;
        writeln!(f, "set ha.cf auto_failback {}", self.auto_failback.word())?;
        if self.ucast {
            writeln!(f, "drop ha.cf bcast")?;
        }
        for (index, link) in LINKS[..self.links].iter().enumerate() {
            match (self.ucast, index) {
                (true, 0) => {
                    writeln!(f, "on node1 set ha.cf ucast {link} 172.16.100.8")?;
                    writeln!(f, "on node2 set ha.cf ucast {link} 172.16.100.7")?;
                }
                (true, _) => {
                    writeln!(f, "on node1 set ha.cf ucast {link} 10.0.0.2")?;
                    writeln!(f, "on node2 set ha.cf ucast {link} 10.0.0.1")?;
                }
                (false, 0) => {}
                (false, _) => writeln!(f, "set ha.cf bcast {link}")?,
            }
        }
        if self.ipfail {
            writeln!(f, "set ha.cf ping 172.16.100.254")?;
            writeln!(f, "set ha.cf respawn hacluster /usr/lib/heartbeat/ipfail")?;
        }
        for index in 1..self.groups {
            let (home, address) = (NODES[index % 2], index + 1);
            writeln!(f, "set haresources {home} IPaddr::172.16.100.{address} httpd")?;
        }
        if self.stonith {
            writeln!(f, "set ha.cf stonith_host * null {} {}", NODES[0], NODES[1])?;
        }
        Ok(())
    }
}
