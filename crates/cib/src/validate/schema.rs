//! The elements of a configuration: their attributes, what stands in them, what they need.
//! (Pacemaker Explained, each chapter's tables; compared with the verdicts of `xmllint`.)

use super::values::Kind::{self, Boolean, Id, Number, OneOf, Positive, Reference, Score, Text};

/// What one element may look like.
#[derive(Clone, Copy)]
pub(super) struct Element {
    pub(super) name: &'static str,
    pub(super) attributes: &'static [(&'static str, Kind)],
    pub(super) children: &'static [&'static str],
    /// Of each list one attribute or child is needed.
    pub(super) required: &'static [&'static [&'static str]],
    /// True if nothing inside is checked.
    pub(super) is_free: bool,
}

/// The rules for an element of this name.
pub(super) fn element(name: &str) -> Option<&'static Element> {
    ELEMENTS.iter().find(|element| element.name == name)
}

/// True if the element's `id` is its own, which no other element may have.
pub(super) fn has_own_id(name: &str) -> bool {
    let id = |element: &Element| element.attributes.contains(&("id", Id));
    element(name).is_some_and(id)
}

/// Elements by their parent of which there is at most one; of several in a list one in all.
const ONCE: &[(&str, &[&str])] = &[
    ("cib", &["configuration"]),
    ("cib", &["status"]),
    ("configuration", &["crm_config"]),
    ("configuration", &["nodes"]),
    ("configuration", &["resources"]),
    ("configuration", &["constraints"]),
    ("configuration", &["rsc_defaults"]),
    ("configuration", &["op_defaults"]),
    ("configuration", &["acls"]),
    ("configuration", &["tags"]),
    ("configuration", &["alerts"]),
    ("configuration", &["fencing-topology"]),
    ("primitive", &["operations"]),
    ("template", &["operations"]),
    ("clone", &["primitive", "group"]),
    ("master", &["primitive", "group"]),
    ("bundle", &["docker", "podman", "rkt"]),
    ("bundle", &["network"]),
    ("bundle", &["storage"]),
    ("bundle", &["primitive"]),
];

/// The children this parent has at most one of, in lists that count together.
pub(super) fn once(parent: &str) -> impl Iterator<Item = &'static [&'static str]> {
    ONCE.iter().filter(move |(name, _)| *name == parent).map(|(_, children)| *children)
}

const BLOCK_CHILDREN: &[&str] = &["rule", "nvpair"];
const BLOCK: &[(&str, Kind)] = &[("id", Id), ("id-ref", Reference), ("score", Score)];
const ROLES: Kind = OneOf(&["Stopped", "Started", "Promoted", "Unpromoted", "Master", "Slave"]);
const ACTIONS: Kind = OneOf(&["start", "promote", "demote", "stop"]);
const CLASSES: Kind =
    OneOf(&["ocf", "lsb", "heartbeat", "stonith", "service", "systemd", "upstart", "nagios"]);
const RULE_CHILDREN: &[&str] =
    &["expression", "date_expression", "rsc_expression", "op_expression", "rule"];
const CONTAINER: &[(&str, Kind)] = &[
    ("image", Text),
    ("replicas", Positive),
    ("replicas-per-host", Positive),
    ("masters", Number),
    ("promoted-max", Number),
    ("run-command", Text),
    ("network", Text),
    ("options", Text),
];
const AGENT: &[(&str, Kind)] = &[
    ("id", Id),
    ("description", Text),
    ("class", CLASSES),
    ("provider", Text),
    ("type", Text),
    ("template", Reference),
];
const DATE_FIELDS: &[(&str, Kind)] = &[
    ("id", Id),
    ("seconds", Text),
    ("minutes", Text),
    ("hours", Text),
    ("monthdays", Text),
    ("weekdays", Text),
    ("yeardays", Text),
    ("months", Text),
    ("weeks", Text),
    ("years", Text),
    ("weekyears", Text),
    ("moon", Text),
    ("days", Text),
];

const fn plain(
    name: &'static str,
    attributes: &'static [(&'static str, Kind)],
    children: &'static [&'static str],
    required: &'static [&'static [&'static str]],
) -> Element {
    Element { name, attributes, children, required, is_free: false }
}

const ELEMENTS: &[Element] = &[
    plain(
        "cib",
        &[
            ("validate-with", Text),
            ("admin_epoch", Number),
            ("epoch", Number),
            ("num_updates", Number),
            ("crm_feature_set", Text),
            ("remote-tls-port", Number),
            ("remote-clear-port", Number),
            ("have-quorum", Boolean),
            ("dc-uuid", Text),
            ("cib-last-written", Text),
            ("no-quorum-panic", Boolean),
            ("update-origin", Text),
            ("update-client", Text),
            ("update-user", Text),
            ("execution-date", Text),
        ],
        &["configuration", "status"],
        &[&["admin_epoch"], &["epoch"], &["num_updates"], &["configuration"], &["status"]],
    ),
    Element { is_free: true, ..plain("status", &[], &[], &[]) },
    plain(
        "configuration",
        &[],
        &[
            "crm_config",
            "nodes",
            "resources",
            "constraints",
            "rsc_defaults",
            "op_defaults",
            "acls",
            "tags",
            "alerts",
            "fencing-topology",
        ],
        &[&["crm_config"], &["nodes"], &["resources"], &["constraints"]],
    ),
    plain("crm_config", &[], &["cluster_property_set"], &[]),
    plain("rsc_defaults", &[], &["meta_attributes"], &[]),
    plain("op_defaults", &[], &["meta_attributes"], &[]),
    plain("cluster_property_set", BLOCK, BLOCK_CHILDREN, &[&["id"]]),
    plain("instance_attributes", BLOCK, BLOCK_CHILDREN, &[&["id"]]),
    plain("meta_attributes", BLOCK, BLOCK_CHILDREN, &[&["id"]]),
    plain("utilization", BLOCK, BLOCK_CHILDREN, &[&["id"]]),
    plain(
        "nvpair",
        &[("id", Id), ("id-ref", Reference), ("name", Text), ("value", Text)],
        &[],
        &[&["id"], &["name"]],
    ),
    plain("nodes", &[], &["node"], &[]),
    plain(
        "node",
        &[
            ("id", Text),
            ("uname", Text),
            ("type", OneOf(&["member", "ping", "remote"])),
            ("description", Text),
            ("score", Score),
        ],
        &["instance_attributes", "utilization"],
        &[&["id"], &["uname"]],
    ),
    plain("resources", &[], &["primitive", "template", "group", "clone", "master", "bundle"], &[]),
    plain(
        "primitive",
        AGENT,
        &["meta_attributes", "instance_attributes", "utilization", "operations"],
        &[&["id"], &["class", "template"], &["type", "template"]],
    ),
    plain(
        "template",
        AGENT,
        &["meta_attributes", "instance_attributes", "utilization", "operations"],
        &[&["id"], &["class"], &["type"]],
    ),
    plain("operations", &[("id", Id), ("id-ref", Reference), ("description", Text)], &["op"], &[]),
    plain(
        "op",
        &[
            ("id", Id),
            ("name", Text),
            ("interval", Text),
            ("description", Text),
            ("start-delay", Text),
            ("interval-origin", Text),
            ("timeout", Text),
            ("enabled", Boolean),
            ("record-pending", Boolean),
            ("role", ROLES),
            (
                "on-fail",
                OneOf(&[
                    "ignore",
                    "block",
                    "demote",
                    "stop",
                    "restart",
                    "standby",
                    "fence",
                    "restart-container",
                ]),
            ),
        ],
        &["instance_attributes", "meta_attributes"],
        &[&["id"], &["name"], &["interval"]],
    ),
    plain(
        "group",
        &[("id", Id), ("description", Text)],
        &["meta_attributes", "instance_attributes", "primitive"],
        &[&["id"], &["primitive"]],
    ),
    plain(
        "clone",
        &[("id", Id), ("description", Text)],
        &["meta_attributes", "instance_attributes", "primitive", "group"],
        &[&["id"], &["primitive", "group"]],
    ),
    plain(
        "master",
        &[("id", Id), ("description", Text)],
        &["meta_attributes", "instance_attributes", "primitive", "group"],
        &[&["id"], &["primitive", "group"]],
    ),
    plain(
        "bundle",
        &[("id", Id), ("description", Text)],
        &[
            "meta_attributes",
            "instance_attributes",
            "docker",
            "podman",
            "rkt",
            "network",
            "storage",
            "primitive",
        ],
        &[&["id"], &["docker", "podman", "rkt"]],
    ),
    plain("docker", CONTAINER, &[], &[&["image"]]),
    plain("podman", CONTAINER, &[], &[&["image"]]),
    plain("rkt", CONTAINER, &[], &[&["image"]]),
    plain(
        "network",
        &[
            ("ip-range-start", Text),
            ("control-port", Number),
            ("host-interface", Text),
            ("host-netmask", Number),
            ("add-host", Boolean),
        ],
        &["port-mapping"],
        &[],
    ),
    plain(
        "port-mapping",
        &[("id", Id), ("port", Number), ("internal-port", Number), ("range", Text)],
        &[],
        &[&["id"], &["port", "range"]],
    ),
    plain("storage", &[], &["storage-mapping"], &[]),
    plain(
        "storage-mapping",
        &[
            ("id", Id),
            ("source-dir", Text),
            ("source-dir-root", Text),
            ("target-dir", Text),
            ("options", Text),
        ],
        &[],
        &[&["id"], &["source-dir", "source-dir-root"], &["target-dir"]],
    ),
    plain("constraints", &[], &["rsc_location", "rsc_colocation", "rsc_order", "rsc_ticket"], &[]),
    plain(
        "rsc_location",
        &[
            ("id", Id),
            ("rsc", Reference),
            ("rsc-pattern", Text),
            ("role", ROLES),
            ("node", Text),
            ("score", Score),
            ("resource-discovery", OneOf(&["always", "never", "exclusive"])),
        ],
        &["resource_set", "rule", "lifetime"],
        &[&["id"], &["rsc", "rsc-pattern", "resource_set"], &["node", "rule"], &["score", "rule"]],
    ),
    plain(
        "rsc_colocation",
        &[
            ("id", Id),
            ("score", Score),
            ("rsc", Reference),
            ("rsc-instance", Number),
            ("rsc-role", ROLES),
            ("with-rsc", Reference),
            ("with-rsc-instance", Number),
            ("with-rsc-role", ROLES),
            ("node-attribute", Text),
            ("influence", Text),
        ],
        &["resource_set", "lifetime"],
        &[&["id"], &["rsc", "resource_set"], &["with-rsc", "resource_set"]],
    ),
    plain(
        "rsc_order",
        &[
            ("id", Id),
            ("score", Score),
            ("kind", OneOf(&["Optional", "Mandatory", "Serialize"])),
            ("symmetrical", Boolean),
            ("require-all", Boolean),
            ("first", Reference),
            ("first-instance", Number),
            ("first-action", ACTIONS),
            ("then", Reference),
            ("then-instance", Number),
            ("then-action", ACTIONS),
        ],
        &["resource_set", "lifetime"],
        &[&["id"], &["first", "resource_set"], &["then", "resource_set"]],
    ),
    plain(
        "rsc_ticket",
        &[
            ("id", Id),
            ("ticket", Text),
            ("loss-policy", OneOf(&["stop", "demote", "fence", "freeze"])),
            ("rsc", Reference),
            ("rsc-instance", Number),
            ("rsc-role", ROLES),
        ],
        &["resource_set"],
        &[&["id"], &["ticket"], &["rsc", "resource_set"]],
    ),
    plain(
        "resource_set",
        &[
            ("id", Id),
            ("id-ref", Reference),
            ("sequential", Boolean),
            ("require-all", Boolean),
            ("ordering", OneOf(&["group", "listed"])),
            ("action", ACTIONS),
            ("role", ROLES),
            ("score", Score),
            ("kind", OneOf(&["Optional", "Mandatory", "Serialize"])),
        ],
        &["resource_ref"],
        &[&["id"], &["resource_ref"]],
    ),
    plain("resource_ref", &[("id", Reference)], &[], &[&["id"]]),
    plain("lifetime", &[], &["rule"], &[&["rule"]]),
    plain(
        "rule",
        &[
            ("id", Id),
            ("id-ref", Reference),
            ("score", Score),
            ("score-attribute", Text),
            ("boolean-op", OneOf(&["and", "or"])),
            ("role", Text),
        ],
        RULE_CHILDREN,
        &[&["id"], RULE_CHILDREN],
    ),
    plain(
        "expression",
        &[
            ("id", Id),
            ("attribute", Text),
            ("operation", OneOf(&["lt", "gt", "lte", "gte", "eq", "ne", "defined", "not_defined"])),
            ("value", Text),
            ("type", OneOf(&["string", "integer", "number", "version"])),
            ("value-source", OneOf(&["literal", "param", "meta"])),
        ],
        &[],
        &[&["id"], &["attribute"], &["operation"]],
    ),
    plain(
        "date_expression",
        &[
            ("id", Id),
            ("operation", OneOf(&["in_range", "date_spec", "gt", "lt"])),
            ("start", Text),
            ("end", Text),
        ],
        &["duration", "date_spec"],
        &[&["id"], &["start", "end", "date_spec"]],
    ),
    plain("date_spec", DATE_FIELDS, &[], &[&["id"]]),
    plain("duration", DATE_FIELDS, &[], &[&["id"]]),
    plain(
        "rsc_expression",
        &[("id", Id), ("class", Text), ("provider", Text), ("type", Text)],
        &[],
        &[&["id"]],
    ),
    plain(
        "op_expression",
        &[("id", Id), ("name", Text), ("interval", Text)],
        &[],
        &[&["id"], &["name"]],
    ),
    plain("fencing-topology", &[], &["fencing-level"], &[]),
    plain(
        "fencing-level",
        &[
            ("id", Id),
            ("target", Text),
            ("target-pattern", Text),
            ("target-attribute", Text),
            ("target-value", Text),
            ("index", Positive),
            ("devices", Text),
        ],
        &[],
        &[&["id"], &["target", "target-pattern", "target-attribute"], &["index"], &["devices"]],
    ),
    plain("acls", &[], &["acl_target", "acl_group", "acl_role"], &[]),
    plain("acl_target", &[("id", Text), ("name", Text)], &["role"], &[&["id"]]),
    plain("acl_group", &[("id", Text), ("name", Text)], &["role"], &[&["id"]]),
    plain("role", &[("id", Reference)], &[], &[&["id"]]),
    plain("acl_role", &[("id", Id), ("description", Text)], &["acl_permission"], &[&["id"]]),
    plain(
        "acl_permission",
        &[
            ("id", Id),
            ("kind", OneOf(&["read", "write", "deny"])),
            ("xpath", Text),
            ("reference", Reference),
            ("object-type", Text),
            ("attribute", Text),
            ("description", Text),
        ],
        &[],
        &[&["id"], &["kind"], &["xpath", "reference", "object-type"]],
    ),
    plain("tags", &[], &["tag"], &[]),
    plain("tag", &[("id", Id)], &["obj_ref"], &[&["id"], &["obj_ref"]]),
    plain("obj_ref", &[("id", Text)], &[], &[&["id"]]),
    plain("alerts", &[], &["alert"], &[]),
    plain(
        "alert",
        &[("id", Id), ("description", Text), ("path", Text)],
        &["meta_attributes", "instance_attributes", "select", "recipient"],
        &[&["id"], &["path"]],
    ),
    plain(
        "recipient",
        &[("id", Id), ("description", Text), ("value", Text)],
        &["meta_attributes", "instance_attributes"],
        &[&["id"], &["value"]],
    ),
    plain(
        "select",
        &[],
        &["select_nodes", "select_fencing", "select_resources", "select_attributes"],
        &[],
    ),
    plain("select_nodes", &[], &[], &[]),
    plain("select_fencing", &[], &[], &[]),
    plain("select_resources", &[], &[], &[]),
    plain("select_attributes", &[], &["attribute"], &[]),
    plain("attribute", &[("id", Id), ("name", Text)], &[], &[&["id"], &["name"]]),
];
