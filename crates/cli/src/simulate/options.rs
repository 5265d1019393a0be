//! The command line of `crm_simulate`, as 2.1.5 reads it: short options may be clustered, values
//! stand attached, behind `=` or in the next word, and the last of equal options counts.

use scheduler::Event;

/// One option.
struct Row {
    short: char,
    long: &'static str,
    /// How its value is called; none for a switch.
    value: Option<&'static str>,
    what: &'static str,
}

const fn switch(short: char, long: &'static str, what: &'static str) -> Row {
    Row { short, long, value: None, what }
}

const fn valued(short: char, long: &'static str, value: &'static str, what: &'static str) -> Row {
    Row { short, long, value: Some(value), what }
}

/// Every option, in the order of the manual.
const ROWS: [Row; 31] = [
    valued('x', "xml-file", "FILE", "read the CIB from a file, which bzip2 may have packed"),
    switch('p', "xml-pipe", "read the CIB from standard input"),
    switch('L', "live-check", "read the CIB that `CIB_file` names"),
    switch('R', "run", "show what the cluster will do"),
    switch('S', "simulate", "show it, do it in memory, and show what comes of it"),
    switch('X', "in-place", "the same, and write the result into the input file"),
    switch('s', "show-scores", "show scores"),
    switch('A', "show-attrs", "show node attributes"),
    switch('c', "show-failcounts", "show how often resources failed"),
    switch('U', "show-utilization", "accepted; utilization is not shown"),
    valued('u', "node-up", "NODE", "a node joins"),
    valued('d', "node-down", "NODE", "a node leaves in good order"),
    valued('f', "node-fail", "NODE", "a node is lost"),
    valued('i', "op-inject", "OPSPEC", "an operation had this result"),
    valued('F', "op-fail", "OPSPEC", "an operation of the plan fails with this result"),
    valued('t', "set-datetime", "DATETIME", "plan for this moment"),
    valued('q', "quorum", "QUORUM", "1: there is quorum, 0: there is none"),
    valued('w', "watchdog", "DEVICE", "1: there is a watchdog, 0: there is none"),
    valued('g', "ticket-grant", "TICKET", "a ticket is granted"),
    valued('r', "ticket-revoke", "TICKET", "a ticket is revoked"),
    valued('b', "ticket-standby", "TICKET", "a ticket goes to standby"),
    valued('e', "ticket-activate", "TICKET", "a ticket leaves standby"),
    valued('I', "save-input", "FILE", "write the CIB as it was planned for"),
    valued('O', "save-output", "FILE", "write the CIB as it is afterwards"),
    valued('G', "save-graph", "FILE", "write the transition graph"),
    valued('D', "save-dotfile", "FILE", "write the transition graph as a drawing for Graphviz"),
    switch('a', "all-actions", "accepted; the drawing has the actions of the transition"),
    valued('P', "profile", "DIR", "time every CIB of a directory"),
    valued('N', "repeat", "N", "with --profile: plan each N times"),
    switch('V', "verbose", "accepted"),
    switch('Q', "quiet", "print only what was asked for"),
];

/// Every option as the manual shows it, and what it does.
pub(crate) fn rows() -> impl Iterator<Item = (String, String)> {
    ROWS.iter().map(|row| {
        let value = row.value.map(|value| format!(" {value}")).unwrap_or_default();
        (format!("-{}, --{}{value}", row.short, row.long), row.what.to_owned())
    })
}

/// A command line that was understood.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Options {
    /// Letters of the switches given.
    switches: String,
    /// Letters and values, in order.
    values: Vec<(char, String)>,
    /// `--version` or `-$`.
    pub(crate) version: bool,
    /// `--help`, `-h` or one of its chapters.
    pub(crate) help: bool,
}

impl Options {
    /// Reads the words behind the command's name.
    ///
    /// # Errors
    /// The sentence that `crm_simulate` says; its code is that of a wrong usage.
    pub(crate) fn parse(words: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--" {
                break;
            } else if let Some(long) = word.strip_prefix("--") {
                let (name, attached) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value)),
                    None => (long, None),
                };
                match ROWS.iter().find(|row| row.long == name) {
                    Some(Row { short, value: Some(_), .. }) => {
                        let next = attached.or_else(|| words.next().map(String::as_str));
                        let value = next.ok_or_else(|| format!("Missing argument for --{name}"))?;
                        options.values.push((*short, value.to_owned()));
                    }
                    Some(row) => options.switches.push(row.short),
                    None if name == "version" => options.version = true,
                    None if name == "help" || name.starts_with("help-") => options.help = true,
                    None if matches!((name, attached), ("output-as", Some("text"))) => {}
                    None => return Err(format!("Unknown option {word}")),
                }
            } else if let Some(cluster) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) {
                options.cluster(word, cluster, &mut words)?;
            }
            // Further words mean nothing to it.
        }
        Ok(options)
    }

    /// `-sSQ`, `-xFILE`, `-x FILE`.
    fn cluster<'w>(
        &mut self,
        word: &str,
        cluster: &str,
        words: &mut impl Iterator<Item = &'w String>,
    ) -> Result<(), String> {
        for (at, letter) in cluster.char_indices() {
            match ROWS.iter().find(|row| row.short == letter) {
                Some(Row { value: Some(_), .. }) => {
                    let attached = &cluster[at + letter.len_utf8()..];
                    let value = if attached.is_empty() {
                        words
                            .next()
                            .cloned()
                            .ok_or_else(|| format!("Missing argument for -{letter}"))?
                    } else {
                        attached.to_owned()
                    };
                    self.values.push((letter, value));
                    return Ok(());
                }
                Some(_) => self.switches.push(letter),
                None if letter == '$' => self.version = true,
                None if letter == 'h' || letter == '?' => self.help = true,
                None => return Err(format!("Unknown option {word}")),
            }
        }
        Ok(())
    }

    /// True if the switch was given.
    pub(crate) fn has(&self, letter: char) -> bool {
        self.switches.contains(letter)
    }

    /// The value of an option; the last one given counts.
    pub(crate) fn get(&self, letter: char) -> Option<&str> {
        let mut values = self.values.iter().rev();
        values.find(|(name, _)| *name == letter).map(|(_, value)| value.as_str())
    }

    /// Every value of an option, in order.
    pub(crate) fn all(&self, letter: char) -> impl Iterator<Item = &str> {
        self.values.iter().filter(move |(name, _)| *name == letter).map(|(_, value)| value.as_str())
    }

    /// What is to happen before planning.
    pub(crate) fn events(&self) -> Vec<Event> {
        let event = |(letter, value): &(char, String)| {
            let value = value.clone();
            Some(match letter {
                'u' => Event::NodeUp(value),
                'd' => Event::NodeDown(value),
                'f' => Event::NodeFail(value),
                'i' => Event::Operation(value),
                'q' => Event::Quorum(value),
                'w' => Event::Watchdog(value),
                'g' => Event::TicketGrant(value),
                'r' => Event::TicketRevoke(value),
                'b' => Event::TicketStandby(value),
                'e' => Event::TicketActivate(value),
                _ => return None,
            })
        };
        self.values.iter().filter_map(event).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_may_be_clustered_and_values_attached() {
        let options =
            parse("-sSQ -xa.xml --save-graph=g -u n1 -u n2 word").expect("a command line");
        assert!(options.has('s') && options.has('S') && options.has('Q') && !options.has('R'));
        assert_eq!((options.get('x'), options.get('G')), (Some("a.xml"), Some("g")));
        let up = |name: &str| Event::NodeUp(name.to_owned());
        assert_eq!(options.events(), [up("n1"), up("n2")]);
        assert_eq!(options.all('u').collect::<Vec<_>>(), ["n1", "n2"]);
    }

    #[test]
    fn what_it_does_not_know_is_said_in_its_words() {
        assert_eq!(parse("--bogus"), Err("Unknown option --bogus".to_owned()));
        assert_eq!(parse("-i"), Err("Missing argument for -i".to_owned()));
        assert_eq!(
            parse("-x a -x b").map(|o| o.get('x').map(str::to_owned)),
            Ok(Some("b".to_owned()))
        );
    }

    #[test]
    fn no_option_has_two_meanings() {
        for (at, row) in ROWS.iter().enumerate() {
            let same = |other: &&Row| other.short == row.short || other.long == row.long;
            assert!(ROWS[..at].iter().find(same).is_none(), "{}", row.long);
        }
    }
}
