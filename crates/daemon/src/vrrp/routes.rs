//! Routes and rules that move with virtual routers: `ip route` and `ip rule` take the words of
//! the configuration as they are.

use super::addresses::tell;
use super::hub::{Hub, Wanted};
use crate::agents::last_words;
use api::{EventKind, Level};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

/// Where `ip` may be.
const PROGRAMS: [&str; 3] = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"];
/// It talks to the kernel only.
const TIMEOUT: Duration = Duration::from_secs(5);
/// What `ip` exits with when the kernel refused.
const REFUSED: i32 = 2;
/// What it says when things are as they are to be.
const ALREADY: [&str; 3] = ["File exists", "No such process", "No such file"];

/// What to do with them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verb {
    /// In the order of the file.
    Add,
    /// In reverse order.
    Delete,
}

/// Adds or deletes routes and rules, those of one instance one after the other, beside everything
/// else. What is there already, or gone, is well.
pub(crate) fn change(
    hub: &Rc<Hub>,
    instance: &str,
    verb: Verb,
    routes: &[Vec<String>],
    rules: &[Vec<String>],
) {
    let objects = routes
        .iter()
        .map(|words| ("route", words))
        .chain(rules.iter().map(|words| ("rule", words)));
    let mut commands: Vec<(&'static str, Vec<String>)> =
        objects.map(|(object, words)| (object, words.clone())).collect();
    if commands.is_empty() {
        return;
    }
    if verb == Verb::Delete {
        commands.reverse();
    }
    let (here, name) = (Rc::clone(hub), instance.to_owned());
    hub.routes.push(instance, async move {
        for (object, words) in commands {
            if let Err(why) = run(&here, object, verb, &words).await {
                let text = format!("{name}: ip {object} {}: {why}", words.join(" "));
                tell(&here, Level::Error, EventKind::ScriptFailed, &name, text);
            }
        }
    });
}

async fn run(hub: &Hub, object: &str, verb: Verb, words: &[String]) -> Result<(), String> {
    let program = PROGRAMS
        .into_iter()
        .find(|path| Path::new(path).exists())
        .ok_or("this host has no program `ip`")?;
    let end = hub.run(Wanted::as_root(argv(program, object, verb, words), TIMEOUT)).await;
    let known = end.code == Some(REFUSED) && ALREADY.iter().any(|text| end.output.contains(text));
    if end.code == Some(0) || known {
        return Ok(());
    }
    Err(format!("{} {}", end.how, last_words(&end.output).unwrap_or_default()))
}

fn argv(program: &str, object: &str, verb: Verb, words: &[String]) -> Vec<String> {
    let v6 = words.iter().any(|word| word.contains("::") || word == "inet6");
    let family = if v6 { "-6" } else { "-4" };
    let verb = match verb {
        Verb::Add => "add",
        Verb::Delete => "del",
    };
    let head = [program, family, object, verb].map(str::to_owned);
    head.into_iter().chain(words.iter().filter(|word| *word != "inet6").cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_family_follows_from_the_words() {
        let added = argv("ip", "route", Verb::Add, &words("10.9.0.0/16 via 10.0.0.254"));
        assert_eq!(added.join(" "), "ip -4 route add 10.9.0.0/16 via 10.0.0.254");
        let removed = argv("ip", "rule", Verb::Delete, &words("from fd00::/64 table 5"));
        assert_eq!(removed.join(" "), "ip -6 rule del from fd00::/64 table 5");
    }
}
