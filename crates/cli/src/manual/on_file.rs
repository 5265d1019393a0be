//! The pages of Pacemaker's tools that work on an information base in a file.

use super::{COMMANDS, Page, Part, text};

/// A tool: its name, what it is, how it is called, an example and what that does.
type Tool = (&'static str, &'static str, &'static str, &'static str, &'static str);

const TOOLS: [Tool; 12] = [
    (
        "crm_attribute",
        "cluster options, defaults and node attributes",
        "crm_attribute -n NAME -G|-D|-v VALUE [OPTIONS]",
        "crm_attribute -N node1 -n standby -v on",
        "node1 goes to standby",
    ),
    (
        "crm_error",
        "what a code means",
        "crm_error [-X|-r] CODE...",
        "crm_error -X 105",
        "what exit code 105 means",
    ),
    (
        "crm_failcount",
        "how often a resource failed on a node",
        "crm_failcount -r RESOURCE -N NODE -G|-D [OPTIONS]",
        "crm_failcount -r web -N node1 -G",
        "failures of web on node1",
    ),
    (
        "crm_master",
        "a resource's promotion score",
        "crm_master -r RESOURCE -N NODE -G|-D|-v VALUE [OPTIONS]",
        "crm_master -r db -N node1 -v 10",
        "db is rather promoted on node1",
    ),
    (
        "crm_mon",
        "the cluster's status",
        "crm_mon -1 [OPTIONS]",
        "crm_mon -1 -r --output-as=xml",
        "nodes and all resources, as XML",
    ),
    (
        "crm_node",
        "what the membership says of nodes",
        "crm_node -l|-n|-p|-q|-i|-N ID|-R NAME",
        "crm_node -l",
        "all nodes",
    ),
    (
        "crm_resource",
        "ask and change resources",
        "crm_resource -r RESOURCE COMMAND [OPTIONS]",
        "crm_resource -r web --ban -N node1",
        "web may not run on node1",
    ),
    (
        "crm_standby",
        "put a node in standby, or take it out",
        "crm_standby -N NODE -v on|off",
        "crm_standby -N node1 -v on",
        "node1 hands its resources over",
    ),
    (
        "crm_ticket",
        "the state of a site's tickets",
        "crm_ticket -t TICKET COMMAND [OPTIONS]",
        "crm_ticket -t west --grant --force",
        "this site has the ticket west",
    ),
    (
        "pacemaker-based",
        "the options of the information base, as tools ask for them",
        "pacemaker-based metadata",
        "pacemaker-based metadata",
        "the list, in XML",
    ),
    (
        "pacemaker-controld",
        "the options of the controller, as tools ask for them",
        "pacemaker-controld metadata",
        "pacemaker-controld metadata",
        "the list, in XML",
    ),
    (
        "pacemaker-fenced",
        "the parameters of every fence device, as tools ask for them",
        "pacemaker-fenced metadata",
        "pacemaker-fenced metadata",
        "the list, in XML",
    ),
];

/// The scheduler's page, which has more to refer to.
const SCHEDULER: Tool = (
    "pacemaker-schedulerd",
    "the options of the scheduler, as tools ask for them",
    "pacemaker-schedulerd metadata",
    "pacemaker-schedulerd metadata",
    "the list, in XML",
);

/// The page of one of these tools.
pub(crate) fn page(name: &str) -> Option<Page> {
    let all = TOOLS.iter().chain([&SCHEDULER]);
    let (name, about, synopsis, example, does) = *all.into_iter().find(|tool| tool.0 == name)?;
    let metadata = name.starts_with("pacemaker-");
    let mut body = vec![text(if metadata {
        "Prints names, types and defaults of options as an agent's metadata."
    } else {
        "Works on the information base in the file that `CIB_file` names, or the shadow copy that \
         `CIB_shadow` names, as Pacemaker 2.1.5 does on a file."
    })];
    if !metadata {
        body.push(Part::Heading("Options"));
        body.push(Part::Terms(("option", "meaning"), crate::crm::shown(name)));
    }
    let exits: &[(u8, &str)] = if metadata {
        &[(0, "printed"), (64, "only `metadata` is known")]
    } else {
        &[
            (0, "done"),
            (64, "the command line was not understood"),
            (78, "the file is no valid information base"),
            (102, "no file is named, and there is no cluster"),
            (105, "what is asked for is not there"),
        ]
    };
    Some(Page {
        name: name.to_owned(),
        section: COMMANDS,
        about: about.to_owned(),
        synopsis: vec![synopsis.to_owned()],
        body,
        exits: exits.iter().map(|(code, what)| (*code, (*what).to_owned())).collect(),
        files: vec![if metadata {
            ("/usr/lib/pacemaker", "where tools look for it")
        } else {
            ("/var/lib/pacemaker/cib/shadow.NAME", "shadow copies")
        }],
        examples: vec![(example, does)],
        see_also: vec!["crm_simulate(8)"],
    })
}
