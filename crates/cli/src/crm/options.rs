//! Command lines as Pacemaker's tools read them: short options may be clustered, values stand
//! attached, behind `=` or in the next word, and a value may be left out where the tool says so.

/// Whether an option has a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Takes {
    /// None.
    Nothing,
    /// One, always.
    Value(&'static str),
    /// One, unless the next word is an option.
    MaybeValue(&'static str),
}

/// One option.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Its letter; none is `\0`.
    pub(super) short: char,
    /// Its name.
    pub(super) long: &'static str,
    /// Its value.
    pub(super) takes: Takes,
    /// What it does, for the manual.
    pub(super) what: &'static str,
}

/// An option without a value.
pub(super) const fn flag(short: char, long: &'static str, what: &'static str) -> Row {
    Row { short, long, takes: Takes::Nothing, what }
}

/// An option with a value.
pub(super) const fn value(
    short: char,
    long: &'static str,
    name: &'static str,
    what: &'static str,
) -> Row {
    Row { short, long, takes: Takes::Value(name), what }
}

/// An option whose value may be left out.
pub(super) const fn maybe(
    short: char,
    long: &'static str,
    name: &'static str,
    what: &'static str,
) -> Row {
    Row { short, long, takes: Takes::MaybeValue(name), what }
}

/// Options that every tool knows.
const COMMON: [Row; 6] = [
    flag('V', "verbose", "say more on standard error"),
    flag('$', "version", "print the version"),
    flag('?', "help", "print the options"),
    value('\0', "output-as", "FORMAT", "how to print: `text` or `xml`"),
    value('\0', "output-to", "FILE", "where to print"),
    flag('\0', "text-fancy", "accepted"),
];

/// Every option as the manual shows it, and what it does.
pub(super) fn shown(rows: &[Row]) -> Vec<(String, String)> {
    let all = rows.iter().chain(&COMMON);
    all.map(|row| {
        let value = match row.takes {
            Takes::Nothing => String::new(),
            Takes::Value(name) if row.short == '\0' => format!("={name}"),
            Takes::Value(name) => format!(" {name}"),
            Takes::MaybeValue(name) => format!("[={name}]"),
        };
        let short = if row.short == '\0' { String::new() } else { format!("-{}, ", row.short) };
        (format!("{short}--{}{value}", row.long), row.what.to_owned())
    })
    .collect()
}

/// A command line that was understood.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Options {
    /// Names and values, in order.
    given: Vec<(&'static str, Option<String>)>,
    /// Everything else.
    pub(super) words: Vec<String>,
}

impl Options {
    /// Reads the words behind the command's name.
    ///
    /// # Errors
    /// The sentence the tool says; its code is that of a wrong usage.
    pub(super) fn parse(rows: &[Row], args: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut args = args.iter().peekable();
        while let Some(word) = args.next() {
            if word == "--" {
                options.words.extend(args.by_ref().cloned());
                break;
            }
            if let Some(long) = word.strip_prefix("--") {
                let (name, attached) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => (long, None),
                };
                if name.starts_with("help-") {
                    options.given.push(("help", None));
                    continue;
                }
                let row = find(rows, |row| row.long == name);
                let row = row.ok_or_else(|| format!("Unknown option {word}"))?;
                options.take(row, &format!("--{name}"), attached, &mut args)?;
            } else if let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) {
                options.cluster(rows, word, letters, &mut args)?;
            } else {
                options.words.push(word.clone());
            }
        }
        Ok(options)
    }

    fn cluster<'w>(
        &mut self,
        rows: &[Row],
        word: &str,
        letters: &str,
        args: &mut std::iter::Peekable<impl Iterator<Item = &'w String>>,
    ) -> Result<(), String> {
        for (at, letter) in letters.char_indices() {
            let row = find(rows, |row| row.short == letter && letter != '\0');
            let row = row.ok_or_else(|| format!("Unknown option {word}"))?;
            if row.takes == Takes::Nothing {
                self.given.push((row.long, None));
                continue;
            }
            let rest = &letters[at + letter.len_utf8()..];
            let attached = (!rest.is_empty()).then(|| rest.to_owned());
            return self.take(row, &format!("-{letter}"), attached, args);
        }
        Ok(())
    }

    fn take<'w>(
        &mut self,
        row: &Row,
        shown: &str,
        attached: Option<String>,
        args: &mut std::iter::Peekable<impl Iterator<Item = &'w String>>,
    ) -> Result<(), String> {
        let value = match row.takes {
            Takes::Nothing => None,
            Takes::Value(_) => {
                let next = attached.or_else(|| args.next().cloned());
                Some(next.ok_or_else(|| format!("Missing argument for {shown}"))?)
            }
            Takes::MaybeValue(_) => {
                attached.or_else(|| args.next_if(|word| !word.starts_with('-')).cloned())
            }
        };
        self.given.push((row.long, value));
        Ok(())
    }

    /// True if the option was given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| *given == name)
    }

    /// The last value given to the option.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut given = self.given.iter().rev().filter(|(given, _)| *given == name);
        given.next().and_then(|(_, value)| value.as_deref())
    }

    /// Names and values in the order in which they were given.
    pub(super) fn given(&self) -> impl DoubleEndedIterator<Item = (&'static str, Option<&str>)> {
        self.given.iter().map(|(name, value)| (*name, value.as_deref()))
    }
}

fn find(rows: &[Row], wanted: impl Fn(&Row) -> bool) -> Option<&Row> {
    // A tool's own letter wins over the common one.
    rows.iter().chain(&COMMON).find(|row| wanted(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [Row; 3] = [
        flag('G', "query", ""),
        value('n', "name", "NAME", ""),
        maybe('p', "promotion", "RSC", ""),
    ];

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(&ROWS, &line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn values_stand_attached_behind_equals_or_next() {
        for line in ["-Gna", "-G -n a", "-G --name=a", "--query --name a"] {
            let options = parse(line).expect("a command line");
            assert!(options.has("query"), "{line}");
            assert_eq!(options.get("name"), Some("a"), "{line}");
        }
    }

    #[test]
    fn a_value_may_be_left_out_where_the_tool_says_so() {
        assert_eq!(parse("-p -G").map(|o| o.get("promotion").is_some()), Ok(false));
        assert_eq!(parse("-p a").map(|o| o.get("promotion").is_some()), Ok(true));
    }

    #[test]
    fn what_is_wrong_is_said_in_the_tools_words() {
        assert_eq!(parse("--bogus"), Err("Unknown option --bogus".to_owned()));
        assert_eq!(parse("-Gx"), Err("Unknown option -Gx".to_owned()));
        assert_eq!(parse("-n"), Err("Missing argument for -n".to_owned()));
    }
}
