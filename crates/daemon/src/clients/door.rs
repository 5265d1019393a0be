//! Who may sign on as what: `apiauth` and its built-in defaults, held against what the kernel says
//! about the other end of the socket (docs/ancestors/heartbeat.md §6.2).

use cluster::config::ApiAuth;
use linux::process::Credentials;
use std::collections::BTreeMap;
use wire::heartbeat::Message;

/// The longest name of a client, in bytes, as `apiauth` limits it
/// (docs/ancestors/heartbeat.md §5.2).
const NAME_MAX: usize = 31;

/// The name whose rule is for clients without a name of their own.
const NAMELESS: &str = "anon";
/// The name whose rule is for names without a rule.
const DEFAULT: &str = "default";

/// A client that asks to be let in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Applicant {
    /// The name it gives itself.
    pub(super) name: String,
    /// It has none: it names itself after its process.
    pub(super) is_casual: bool,
}

/// Reads a sign-on and holds it against the socket's other end.
///
/// # Errors
/// The reason, in the words of the ancestor.
pub(super) fn applicant(
    request: &Message,
    credentials: Credentials,
) -> Result<Applicant, &'static str> {
    let number = |name| request.text(name)?.trim().parse::<i64>().ok();
    let (Some(name), Some(pid), Some(uid), Some(gid)) =
        (request.text("from_id"), number("pid"), number("uid"), number("gid"))
    else {
        return Err("invalid id info");
    };
    let plain = |c: char| c.is_ascii_graphic();
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(plain) {
        return Err("invalid id info");
    }
    if pid != i64::from(credentials.pid) {
        return Err("pid mismatch");
    }
    if (uid, gid) != (credentials.uid.into(), credentials.gid.into()) {
        return Err("incorrect/false credentials");
    }
    let is_casual = name == credentials.pid.to_string();
    Ok(Applicant { name: name.to_owned(), is_casual })
}

/// The rule for this client.
///
/// # Errors
/// The reason, in the words of the ancestor, when there is none.
pub(super) fn rule(
    rules: &BTreeMap<String, ApiAuth>,
    applicant: &Applicant,
) -> Result<ApiAuth, &'static str> {
    let name = if applicant.is_casual { NAMELESS } else { applicant.name.as_str() };
    let written = rules.get(name).cloned();
    let found = written.or_else(|| built_in(name)).or_else(|| rules.get(DEFAULT).cloned());
    found.ok_or("no default client auth")
}

fn built_in(name: &str) -> Option<ApiAuth> {
    let (users, groups): (&[&str], &[&str]) = match name {
        "ipfail" | "ccm" => (&["hacluster"], &[]),
        "ping" => (&[], &["haclient"]),
        "lha-snmpagent" => (&["root"], &[]),
        NAMELESS => (&["root"], &["haclient"]),
        _ => return None,
    };
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Some(ApiAuth { users: owned(users), groups: owned(groups) })
}

/// The numbers of users and groups, from wherever the system keeps them.
pub(super) trait Accounts {
    /// The number of this user.
    fn user(&self, name: &str) -> Option<u32>;
    /// The number of this group.
    fn group(&self, name: &str) -> Option<u32>;
}

/// True if the rule lets this user or its first group in. A name may be a number.
pub(super) fn admits(rule: &ApiAuth, credentials: Credentials, accounts: &dyn Accounts) -> bool {
    let number = |name: &str| name.parse::<u32>().ok();
    rule.users.iter().any(|n| accounts.user(n).or_else(|| number(n)) == Some(credentials.uid))
        || rule
            .groups
            .iter()
            .any(|n| accounts.group(n).or_else(|| number(n)) == Some(credentials.gid))
}

/// This machine's own accounts. Asking may block.
pub(super) struct Machine;

impl Accounts for Machine {
    fn user(&self, name: &str) -> Option<u32> {
        linux::process::User::by_name(name).ok().flatten().map(|user| user.uid)
    }

    fn group(&self, name: &str) -> Option<u32> {
        linux::process::group_id(name).ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HACLUSTER: Credentials = Credentials { pid: 77, uid: 994, gid: 994 };
    const ROOT: Credentials = Credentials { pid: 78, uid: 0, gid: 0 };
    const STRANGER: Credentials = Credentials { pid: 79, uid: 65_534, gid: 65_534 };

    struct Few;

    impl Accounts for Few {
        fn user(&self, name: &str) -> Option<u32> {
            [("root", 0), ("hacluster", 994)].iter().find(|(n, _)| *n == name).map(|(_, id)| *id)
        }
        fn group(&self, name: &str) -> Option<u32> {
            (name == "haclient").then_some(994)
        }
    }

    fn sign_on(name: &str, who: Credentials) -> Message {
        Message::of_type("hbapi-req")
            .with("reqtype", "signon")
            .with("pid", who.pid.to_string())
            .with("from_id", name)
            .with("uid", who.uid.to_string())
            .with("gid", who.gid.to_string())
    }

    fn enters(name: &str, who: Credentials, rules: &BTreeMap<String, ApiAuth>) -> bool {
        let applicant = applicant(&sign_on(name, who), who).unwrap();
        rule(rules, &applicant).is_ok_and(|rule| admits(&rule, who, &Few))
    }

    #[test]
    fn the_defaults_let_in_whom_the_ancestor_lets_in() {
        let none = BTreeMap::new();
        assert!(enters("ipfail", HACLUSTER, &none) && enters("ping", HACLUSTER, &none));
        assert!(enters("78", ROOT, &none) && enters("77", HACLUSTER, &none));
        assert!(!enters("ping", ROOT, &none), "root is not in the group");
        assert!(!enters("ipfail", ROOT, &none));
        assert!(!enters("79", STRANGER, &none) && !enters("lha-snmpagent", STRANGER, &none));
        assert!(!enters("watcher", ROOT, &none), "no rule, no entrance");
    }

    #[test]
    fn a_line_replaces_its_default_and_default_is_for_the_others() {
        let auth = |users: &[&str]| ApiAuth {
            users: users.iter().map(|&user| user.to_owned()).collect(),
            groups: Vec::new(),
        };
        let rules = BTreeMap::from([
            ("ping".to_owned(), auth(&["root"])),
            ("default".to_owned(), auth(&["65534"])),
        ]);
        assert!(enters("ping", ROOT, &rules) && !enters("ping", HACLUSTER, &rules));
        assert!(enters("watcher", STRANGER, &rules) && !enters("watcher", ROOT, &rules));
        assert!(!enters("79", STRANGER, &rules), "the nameless have a rule");
    }

    #[test]
    fn who_lies_about_itself_is_refused() {
        let why = |claimed, real| applicant(&sign_on("ping", claimed), real).unwrap_err();
        assert_eq!(why(ROOT, Credentials { pid: 1, ..ROOT }), "pid mismatch");
        assert_eq!(why(ROOT, Credentials { uid: 5, ..ROOT }), "incorrect/false credentials");
        assert_eq!(why(ROOT, Credentials { gid: 5, ..ROOT }), "incorrect/false credentials");
        for missing in ["pid", "uid", "gid", "from_id"] {
            let mut request = sign_on("ping", ROOT);
            request.remove(missing);
            assert_eq!(applicant(&request, ROOT), Err("invalid id info"), "{missing}");
        }
        for name in ["", "a b", "a\nb", "12345678901234567890123456789012"] {
            assert_eq!(applicant(&sign_on(name, ROOT), ROOT), Err("invalid id info"), "{name:?}");
        }
    }
}
