//! Command lines of Pacemaker's tools. Some read them as `getopt_long` does, with long options cut
//! short, others as GLib does; both let options stand behind words (measured with 2.1.5).

/// If an option has a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Takes {
    /// It is a switch.
    Nothing,
    /// It needs one.
    Value,
    /// It may have one, attached.
    Maybe,
}

/// One option of a tool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    pub(crate) short: char,
    pub(crate) long: &'static str,
    pub(crate) takes: Takes,
    /// How its value is called in the manual.
    pub(crate) value: &'static str,
    /// What it does, for the manual.
    pub(crate) what: &'static str,
}

/// A switch.
pub(crate) const fn switch(short: char, long: &'static str, what: &'static str) -> Choice {
    Choice { short, long, takes: Takes::Nothing, value: "", what }
}

/// An option with a value.
pub(crate) const fn valued(
    short: char,
    long: &'static str,
    value: &'static str,
    what: &'static str,
) -> Choice {
    Choice { short, long, takes: Takes::Value, value, what }
}

/// Options every tool has.
pub(crate) const COMMON: [Choice; 3] = [
    switch('?', "help", "show this help"),
    switch('$', "version", "show the version"),
    switch('V', "verbose", "say more; may be given several times"),
];

/// How a tool reads its command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dialect {
    /// As `getopt_long`: `--quer` means `--query`.
    Getopt,
    /// As GLib: long options in full, `-h` is help, and `--output-as` is known.
    Glib,
}

/// Options GLib's tools have besides.
const GLIB: [Choice; 4] = [
    switch('?', "help-all", "show this help"),
    valued('\u{1}', "output-as", "FORMAT", "text or xml"),
    valued('\u{2}', "output-to", "FILE", "write there"),
    switch('\u{3}', "text-fancy", "accepted"),
];
/// The letter of `--output-as`.
pub(crate) const OUTPUT_AS: char = '\u{1}';
/// The letter of `--output-to`.
pub(crate) const OUTPUT_TO: char = '\u{2}';

/// A command line that was understood.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Given {
    /// Letters and values of the options, in order.
    pub(crate) options: Vec<(char, Option<String>)>,
    /// Everything else.
    pub(crate) words: Vec<String>,
}

impl Given {
    /// True if the option was given.
    pub(crate) fn has(&self, letter: char) -> bool {
        self.options.iter().any(|(given, _)| *given == letter)
    }

    /// The value of an option; the last one given counts.
    pub(crate) fn get(&self, letter: char) -> Option<&str> {
        let mut given = self.options.iter().rev().filter(|(given, _)| *given == letter);
        given.next()?.1.as_deref()
    }

    /// Every value of an option, in order.
    pub(crate) fn all(&self, letter: char) -> impl Iterator<Item = &str> {
        let given = self.options.iter().filter(move |(given, _)| *given == letter);
        given.filter_map(|(_, value)| value.as_deref())
    }

    /// The last of these letters given.
    pub(crate) fn last_of(&self, letters: &str) -> Option<char> {
        self.options.iter().rev().map(|(given, _)| *given).find(|given| letters.contains(*given))
    }
}

/// Reads the words behind a tool's name.
///
/// # Errors
/// The sentence the tool says of the first word it does not understand.
pub(crate) fn parse(
    dialect: Dialect,
    choices: &[Choice],
    words: &[String],
) -> Result<Given, String> {
    let mut known: Vec<Choice> = choices.iter().chain(&COMMON).copied().collect();
    if dialect == Dialect::Glib {
        known.extend(GLIB);
    }
    let mut reader = Reader { dialect, known, given: Given::default() };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            reader.given.words.extend(words.by_ref().cloned());
        } else if let Some(long) = word.strip_prefix("--") {
            reader.long(long, &mut words)?;
        } else if let Some(cluster) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) {
            reader.cluster(cluster, &mut words)?;
        } else {
            reader.given.words.push(word.clone());
        }
    }
    Ok(reader.given)
}

struct Reader {
    dialect: Dialect,
    known: Vec<Choice>,
    given: Given,
}

impl Reader {
    /// `--name`, `--name=VALUE`, `--name VALUE`.
    fn long<'w>(
        &mut self,
        long: &str,
        words: &mut impl Iterator<Item = &'w String>,
    ) -> Result<(), String> {
        let (name, attached) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        };
        let choice = self.named(name)?;
        let value = match (choice.takes, attached) {
            (Takes::Nothing, Some(_)) if self.dialect == Dialect::Getopt => {
                return Err(format!("option '--{}' doesn't allow an argument", choice.long));
            }
            (Takes::Nothing, _) | (Takes::Maybe, None) => None,
            (_, Some(value)) => Some(value.to_owned()),
            (Takes::Value, None) => {
                Some(words.next().cloned().ok_or_else(|| match self.dialect {
                    Dialect::Getopt => format!("option '--{}' requires an argument", choice.long),
                    Dialect::Glib => format!("Missing argument for --{}", choice.long),
                })?)
            }
        };
        self.given.options.push((choice.short, value));
        Ok(())
    }

    /// The option of a long name, or of its beginning where one may be cut short.
    fn named(&self, name: &str) -> Result<Choice, String> {
        if let Some(choice) = self.known.iter().find(|choice| choice.long == name) {
            return Ok(*choice);
        }
        if self.dialect == Dialect::Glib {
            let help = name.starts_with("help-");
            let choice = self.known.iter().find(|choice| help && choice.long == "help");
            return choice.copied().ok_or_else(|| format!("Unknown option --{name}"));
        }
        let mut meant = self.known.iter().filter(|choice| choice.long.starts_with(name));
        match (meant.next(), meant.next()) {
            (Some(choice), None) => Ok(*choice),
            (Some(_), Some(_)) => Err(format!("option '--{name}' is ambiguous")),
            _ => Err(format!("unrecognized option '--{name}'")),
        }
    }

    /// `-abc`, `-xVALUE`, `-x VALUE`.
    fn cluster<'w>(
        &mut self,
        cluster: &str,
        words: &mut impl Iterator<Item = &'w String>,
    ) -> Result<(), String> {
        for (at, letter) in cluster.char_indices() {
            let letter = if letter == 'h' && self.dialect == Dialect::Glib { '?' } else { letter };
            let choice = self.known.iter().find(|choice| choice.short == letter);
            let choice = choice.ok_or_else(|| match self.dialect {
                Dialect::Getopt => format!("invalid option -- '{letter}'"),
                Dialect::Glib => format!("Unknown option -{letter}"),
            })?;
            if choice.takes == Takes::Nothing {
                self.given.options.push((letter, None));
                continue;
            }
            let attached = &cluster[at + letter.len_utf8()..];
            let value = match (attached, choice.takes) {
                ("", Takes::Maybe) => None,
                ("", _) => Some(words.next().cloned().ok_or_else(|| match self.dialect {
                    Dialect::Getopt => format!("option requires an argument -- '{letter}'"),
                    Dialect::Glib => format!("Missing argument for -{letter}"),
                })?),
                (attached, _) => Some(attached.to_owned()),
            };
            self.given.options.push((letter, value));
            return Ok(());
        }
        Ok(())
    }
}

/// The options as the manual shows them.
pub(crate) fn rows(dialect: Dialect, choices: &[Choice]) -> Vec<(String, String)> {
    let shown = choices.iter().chain(&COMMON).chain(if dialect == Dialect::Glib {
        &GLIB[1..3]
    } else {
        &[]
    });
    let row = |choice: &Choice| {
        let short =
            if choice.short.is_control() { String::new() } else { format!("-{}, ", choice.short) };
        let value = match choice.takes {
            Takes::Nothing => String::new(),
            Takes::Value => format!(" {}", choice.value),
            Takes::Maybe => format!("[={}]", choice.value),
        };
        (format!("{short}--{}{value}", choice.long), choice.what.to_owned())
    };
    shown.map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHOICES: [Choice; 3] = [
        switch('Q', "query", ""),
        valued('o', "scope", "SECTION", ""),
        Choice { short: 'S', long: "show", takes: Takes::Maybe, value: "HOW", what: "" },
    ];

    fn given(dialect: Dialect, line: &str) -> Result<Given, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(dialect, &CHOICES, &words)
    }

    #[test]
    fn options_are_clustered_attached_and_cut_short() {
        let line = given(Dialect::Getopt, "-Qofoo --quer word --scope=bar -S --show=x -- -Q");
        let line = line.expect("understood");
        let letters: String = line.options.iter().map(|(letter, _)| *letter).collect();
        assert_eq!(letters, "QoQoSS");
        assert_eq!((line.get('o'), line.get('S')), (Some("bar"), Some("x")));
        assert_eq!(line.all('o').collect::<Vec<_>>(), ["foo", "bar"]);
        assert_eq!(line.words, ["word", "-Q"]);
        assert_eq!(line.last_of("Qo"), Some('o'));
    }

    #[test]
    fn each_dialect_complains_in_its_own_words() {
        let says = |dialect, line| given(dialect, line).expect_err("refused");
        assert_eq!(says(Dialect::Getopt, "--bogus"), "unrecognized option '--bogus'");
        assert_eq!(says(Dialect::Getopt, "-x"), "invalid option -- 'x'");
        assert_eq!(says(Dialect::Getopt, "-o"), "option requires an argument -- 'o'");
        assert_eq!(
            says(Dialect::Getopt, "--query=1"),
            "option '--query' doesn't allow an argument"
        );
        assert_eq!(says(Dialect::Getopt, "--s"), "option '--s' is ambiguous");
        assert_eq!(says(Dialect::Glib, "--quer"), "Unknown option --quer");
        assert_eq!(says(Dialect::Glib, "-xyz"), "Unknown option -x");
        assert_eq!(says(Dialect::Glib, "--scope"), "Missing argument for --scope");
    }
}
