//! Bundles: the resources a bundle stands for are written out, one set for each replica.

use std::fmt::Write as _;

use cib::value::{self, Score};
use cib::xml::{Document, Node, NodeId};

use super::collectives::unpack_any;
use super::expand::{block, operation};
use super::nodes::is_connection;
use super::resources::{create, shared};
use super::values::HOST_NAME;
use crate::world::resource::{BundleKind, Discovery, Replica};
use crate::world::{Flags, Kind, NodeIx, RscIx, Table, World};

/// Where a connection to a replica listens, unless the bundle says otherwise.
const REMOTE_PORT: &str = "3121";
/// More replicas than any cluster can hold are a mistake.
const MAX_REPLICAS: i32 = 1000;

/// What a bundle element says.
struct Spec {
    id: String,
    agent: &'static str,
    image: String,
    replicas: i32,
    per_host: i32,
    promoted_max: i32,
    network: Option<String>,
    run_command: Option<String>,
    options: Option<String>,
    first_ip: Option<String>,
    port: Option<String>,
    interface: Option<String>,
    netmask: Option<String>,
    add_host: bool,
    mounts: Vec<Mount>,
    ports: Vec<String>,
    has_primitive: bool,
    has_network: bool,
}

struct Mount {
    source: String,
    target: String,
    options: Option<String>,
    /// The source is a directory with one subdirectory for each replica.
    root: bool,
}

/// Writes out all bundles.
pub(crate) fn expand(doc: &mut Document, resources: NodeId) {
    let bundles: Vec<NodeId> = doc.node(resources).children_named("bundle").map(Node::id).collect();
    for bundle in bundles {
        let Some(spec) = Spec::read(doc.node(bundle)) else { continue };
        spec.write(doc, bundle);
    }
}

impl Spec {
    fn read(bundle: Node<'_>) -> Option<Spec> {
        let (agent, container) = ["docker", "podman"]
            .into_iter()
            .find_map(|agent| bundle.child(agent).map(|node| (agent, node)))?;
        let number = |name: &str| container.get(name).and_then(|text| text.parse::<i32>().ok());
        let text = |name: &str| container.get(name).map(str::to_owned);
        let promoted_max = number("promoted-max").or_else(|| number("masters")).unwrap_or(0).max(0);
        let default = if promoted_max > 0 { promoted_max } else { 1 };
        let network = bundle.child("network");
        let of_network = |name: &str| network.and_then(|n| n.get(name)).map(str::to_owned);
        let mounts = bundle.child("storage").into_iter().flat_map(|storage| {
            storage.children_named("storage-mapping").filter_map(Mount::read).collect::<Vec<_>>()
        });
        let ports =
            network.into_iter().flat_map(|n| n.children_named("port-mapping")).filter_map(|port| {
                match (port.get("port"), port.get("range")) {
                    (Some(outer), _) => {
                        Some(format!("{outer}:{}", port.get("internal-port").unwrap_or(outer)))
                    }
                    (None, Some(range)) => Some(format!("{range}:{range}")),
                    _ => None,
                }
            });
        Some(Spec {
            id: bundle.get("id")?.to_owned(),
            agent,
            image: text("image").unwrap_or_default(),
            replicas: number("replicas").unwrap_or(default).clamp(0, MAX_REPLICAS),
            per_host: number("replicas-per-host").unwrap_or(1).max(1),
            promoted_max,
            network: text("network"),
            run_command: text("run-command"),
            options: text("options"),
            first_ip: of_network("ip-range-start"),
            port: of_network("control-port"),
            interface: of_network("host-interface"),
            netmask: of_network("host-netmask"),
            add_host: of_network("add-host").and_then(|t| value::boolean(&t)).unwrap_or(true),
            mounts: mounts.collect(),
            ports: ports.collect(),
            has_primitive: bundle.child("primitive").is_some(),
            has_network: network.is_some(),
        })
    }

    fn write(&self, doc: &mut Document, bundle: NodeId) {
        let mut addresses: Vec<Option<String>> = Vec::new();
        let mut address = self.first_ip.clone();
        for _ in 0..self.replicas {
            addresses.push(address.clone());
            address = address.as_deref().map(next_address);
        }
        if let Some(primitive) = doc.node(bundle).child("primitive").map(Node::id) {
            self.write_clone(doc, bundle, primitive);
        }
        for (number, address) in addresses.iter().enumerate() {
            let replica = doc.append(bundle, "replica");
            doc.set(replica, "number", &number.to_string());
            if let Some(address) = address {
                self.write_ip(doc, replica, address);
            }
            self.write_container(doc, replica, number, &addresses);
            let reachable = self.first_ip.is_some() || self.port.is_some();
            if self.has_primitive && self.has_network && reachable {
                self.write_remote(doc, replica, number, address.as_deref());
            }
        }
    }

    /// The primitive becomes a clone with one instance for each replica.
    fn write_clone(&self, doc: &mut Document, bundle: NodeId, primitive: NodeId) {
        let clone = doc.insert(bundle, Some(primitive), "clone");
        let suffix = if self.promoted_max > 0 { "master" } else { "clone" };
        doc.set(clone, "id", &format!("{}-{suffix}", self.id));
        let mut meta = vec![
            ("ordered", "true".to_owned()),
            ("clone-max", self.replicas.to_string()),
            ("clone-node-max", self.per_host.to_string()),
            ("globally-unique", (self.per_host > 1).to_string()),
        ];
        if self.promoted_max > 0 {
            meta.push(("promotable", "true".to_owned()));
            meta.push(("promoted-max", self.promoted_max.to_string()));
        }
        block(doc, clone, "meta_attributes", &meta);
        doc.copy(clone, None, primitive);
        doc.remove(primitive);
    }

    fn write_ip(&self, doc: &mut Document, replica: NodeId, address: &str) {
        let id = format!("{}-ip-{address}", self.id);
        let mut parameters = vec![("ip", address.to_owned())];
        parameters.extend(self.interface.clone().map(|nic| ("nic", nic)));
        parameters.push(("cidr_netmask", self.netmask.clone().unwrap_or("32".to_owned())));
        primitive(doc, replica, &id, ("heartbeat", "IPaddr2"), &parameters, "60s");
    }

    fn write_container(
        &self,
        doc: &mut Document,
        replica: NodeId,
        number: usize,
        addresses: &[Option<String>],
    ) {
        let id = format!("{}-{}-{number}", self.id, self.agent);
        let (run_opts, mount_points) = self.run_options(number, addresses);
        let mut parameters = vec![
            ("image", self.image.clone()),
            ("allow_pull", "true".to_owned()),
            ("force_kill", "false".to_owned()),
            ("reuse", "false".to_owned()),
            ("run_opts", run_opts),
            ("mount_points", mount_points),
            ("monitor_cmd", "/bin/true".to_owned()),
        ];
        let command = match &self.run_command {
            Some(command) => Some(command.clone()),
            None if self.has_primitive => Some("/usr/sbin/pacemaker-remoted".to_owned()),
            None => None,
        };
        parameters.extend(command.map(|command| ("run_cmd", command)));
        primitive(doc, replica, &id, ("heartbeat", self.agent), &parameters, "60s");
    }

    fn write_remote(
        &self,
        doc: &mut Document,
        replica: NodeId,
        number: usize,
        address: Option<&str>,
    ) {
        let id = format!("{}-{number}", self.id);
        let port = self.port.clone().unwrap_or(REMOTE_PORT.to_owned());
        let parameters = [("addr", address.unwrap_or(HOST_NAME).to_owned()), ("port", port)];
        let remote = primitive(doc, replica, &id, ("pacemaker", "remote"), &parameters, "30s");
        let container = format!("{}-{}-{number}", self.id, self.agent);
        let meta = [("internal_rsc", "true".to_owned()), ("container", container)];
        block(doc, remote, "meta_attributes", &meta);
    }

    /// How the container is run, and where its own directories are.
    fn run_options(&self, number: usize, addresses: &[Option<String>]) -> (String, String) {
        let mut text = String::new();
        let mut points: Vec<String> = Vec::new();
        if self.agent == "docker" {
            text.push_str(" --restart=no");
        }
        if self.first_ip.is_some() {
            let _ = write!(text, " -h {}-{number}", self.id);
        }
        text.push_str(" -e PCMK_stderr=1");
        if let Some(network) = &self.network {
            let _ = write!(text, " --net={network}");
        }
        let port = self.port.as_deref().unwrap_or(REMOTE_PORT);
        let _ = write!(text, " -e PCMK_remote_port={port}");
        for mount in &self.mounts {
            let source = if mount.root {
                format!("{}/{}-{number}", mount.source, self.id)
            } else {
                mount.source.clone()
            };
            let _ = write!(text, " -v {source}:{}", mount.target);
            if let Some(options) = &mount.options {
                let _ = write!(text, ":{options}");
            }
            if mount.root {
                points.push(source);
            }
        }
        if self.has_primitive {
            text.push_str(" -v /etc/pacemaker/authkey:/etc/pacemaker/authkey");
            if !self.mounts.iter().any(|mount| mount.target == "/var/log") {
                let own = format!("/var/log/pacemaker/bundles/{}-{number}", self.id);
                let _ = write!(text, " -v {own}:/var/log");
                points.push(own);
            }
        }
        if self.network.as_deref() != Some("host") {
            let own = format!("{port}:{port}");
            let remote = self.has_primitive.then_some(&own);
            for port in self.ports.iter().chain(remote) {
                match addresses.get(number).and_then(Option::as_deref) {
                    Some(ip) => drop(write!(text, " -p {ip}:{port}")),
                    None => drop(write!(text, " -p {port}")),
                }
            }
        }
        if let Some(options) = &self.options {
            let _ = write!(text, " {options}");
        }
        text.push(' ');
        if self.add_host && self.first_ip.is_some() {
            for (other, address) in addresses.iter().enumerate() {
                let address = address.as_deref().unwrap_or_default();
                let _ = write!(text, " --add-host={}-{other}:{address}", self.id);
            }
        }
        (text, points.join(","))
    }
}

impl Mount {
    fn read(node: Node<'_>) -> Option<Mount> {
        let root = node.get("source-dir-root");
        Some(Mount {
            source: node.get("source-dir").or(root)?.to_owned(),
            target: node.get("target-dir")?.to_owned(),
            options: node.get("options").map(str::to_owned),
            root: node.get("source-dir").is_none(),
        })
    }
}

/// Appends a primitive with parameters and one monitor.
fn primitive(
    doc: &mut Document,
    parent: NodeId,
    id: &str,
    (provider, agent): (&str, &str),
    parameters: &[(&str, String)],
    monitor: &str,
) -> NodeId {
    let rsc = doc.append(parent, "primitive");
    for (name, value) in [("id", id), ("class", "ocf"), ("provider", provider), ("type", agent)] {
        doc.set(rsc, name, value);
    }
    block(doc, rsc, "instance_attributes", parameters);
    let operations = doc.append(rsc, "operations");
    operation(doc, operations, id, "monitor", monitor, if monitor == "30s" { "30s" } else { "" });
    rsc
}

/// The address after one: the last octet counts to 254, then the third goes up.
fn next_address(address: &str) -> String {
    let octets: Vec<u32> = address.split('.').filter_map(|octet| octet.parse().ok()).collect();
    match octets[..] {
        [a, b, c, d] if d < 254 => format!("{a}.{b}.{c}.{}", d + 1),
        [a, b, c, _] => format!("{a}.{b}.{}.1", c + 1),
        _ => address.to_owned(),
    }
}

/// Reads a bundle that has been written out.
pub(crate) fn unpack<'d>(w: &mut World<'d>, node: Node<'d>) -> Option<RscIx> {
    let spec = Spec::read(node)?;
    let common = shared(w, node, None);
    let kind = BundleKind { image: spec.image, per_host: spec.per_host, ..BundleKind::default() };
    let bundle = create(w, node, &common, Kind::Bundle(Box::new(kind.clone())), None, None);
    let mut kind = kind;
    kind.child = node.child("clone").and_then(|clone| unpack_any(w, clone, Some(bundle), None));
    for (at, replica) in node.children_named("replica").enumerate() {
        let instance = kind.child.and_then(|clone| w[clone].children.get(at).copied());
        kind.replicas.extend(unpack_replica(w, bundle, replica, instance));
    }
    w[bundle].kind = Kind::Bundle(Box::new(kind));
    for node in w[bundle].allowed.nodes() {
        if w[node].reserved {
            w[bundle].allowed.remove(node);
        }
    }
    Some(bundle)
}

fn unpack_replica<'d>(
    w: &mut World<'d>,
    bundle: RscIx,
    node: Node<'d>,
    child: Option<RscIx>,
) -> Option<Replica> {
    let mut replica = Replica { ip: None, container: bundle, remote: None, child, node: None };
    for part in node.children_named("primitive") {
        let own_node = w.nodes.iter().position(|node| Some(node.name) == part.get("id"));
        if let (Some(own), Some(child)) = (own_node.filter(|_| is_connection(part)), child) {
            reserve_node(w, NodeIx(own as u32), child);
        }
        let rsc = unpack_any(w, part, Some(bundle), None)?;
        w[rsc].flags.set(Flags::IMPLICIT | Flags::UNIQUE | Flags::REPLICA);
        if w[rsc].is(Flags::CONNECTION) {
            keep_off_remote_nodes(w, rsc);
        }
        match w[rsc].agent {
            "IPaddr2" => replica.ip = Some(rsc),
            "remote" => replica.remote = Some(rsc),
            _ => replica.container = rsc,
        }
    }
    if replica.container == bundle {
        return None;
    }
    if let Some(child) = child {
        w[child].flags.set(Flags::REPLICA);
    }
    replica.node = replica.remote.and_then(|remote| w[remote].remote_node);
    Some(replica)
}

/// A connection is made from a full member of the cluster.
fn keep_off_remote_nodes(w: &mut World<'_>, connection: RscIx) {
    for node in w[connection].allowed.nodes() {
        if w[node].is_remote() {
            w[connection].allowed.set(node, Score::NEG_INF);
        }
    }
}

/// The score of a replica's node for its own instance.
const OWN_NODE: i64 = 500;

/// A replica's node is for its own instance only. What was read before may know the node already;
/// what is read later does not.
fn reserve_node(w: &mut World<'_>, node: NodeIx, child: RscIx) {
    for rsc in w.top.clone() {
        refuse(w, rsc, node);
    }
    w[child].allowed = Table::none(w.nodes.len());
    w[child].allowed.set(node, Score::new(OWN_NODE));
    w[child].discovery.push((node, Discovery::Exclusive));
    if let Some(clone) = w[child].parent {
        w[clone].allowed.set(node, Score::NEG_INF);
    }
    w[node].listed = true;
    w[node].reserved = true;
}

fn refuse(w: &mut World<'_>, rsc: RscIx, node: NodeIx) {
    if w[rsc].allowed.has(node) {
        w[rsc].allowed.set(node, Score::NEG_INF);
        w[rsc].discovery.push((node, Discovery::Never));
    }
    for child in w[rsc].children.clone() {
        refuse(w, child, node);
    }
}
