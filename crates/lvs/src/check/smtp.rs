//! SMTP_CHECK: greeting 220, HELO 250, QUIT 221 (docs/ancestors/keepalived.md §5; RFC 5321).

use super::{Step, Verdict};

/// The longest line of a reply: RFC 5321 §4.5.3.1.5 has 512 bytes, servers are more talkative.
const LINE_MAX: usize = 4096;
/// Lines of one reply; greetings have a few.
const LINES_MAX: u32 = 100;

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Greeting,
    Helo,
    Quit,
}

impl Stage {
    const fn wanted(self) -> (&'static str, &'static [u8]) {
        match self {
            Self::Greeting => ("the greeting", b"220"),
            Self::Helo => ("HELO", b"250"),
            Self::Quit => ("QUIT", b"221"),
        }
    }
}

/// The conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Smtp {
    helo: String,
    stage: Stage,
    line: Vec<u8>,
    lines: u32,
}

impl Smtp {
    /// A name with a line's end in it would be a second command; it ends there.
    pub(super) fn new(helo: &str) -> Self {
        let helo = helo.lines().next().unwrap_or_default().to_owned();
        Self { helo, stage: Stage::Greeting, line: Vec::new(), lines: 0 }
    }

    pub(super) fn heard(&mut self, bytes: &[u8]) -> Step {
        let mut answer = Vec::new();
        for &byte in bytes {
            if byte != b'\n' {
                if self.line.len() == LINE_MAX {
                    return failed("a line of its reply does not end");
                }
                self.line.push(byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            match self.line_came(&line) {
                Step::Wait => {}
                Step::Send(more) => answer.extend(more),
                done @ Step::Done(_) => return done,
            }
        }
        if answer.is_empty() { Step::Wait } else { Step::Send(answer) }
    }

    fn line_came(&mut self, line: &[u8]) -> Step {
        self.lines += 1;
        if self.lines > LINES_MAX {
            return failed("its reply does not end");
        }
        let (what, wanted) = self.stage.wanted();
        if !line.starts_with(wanted) {
            let said = String::from_utf8_lossy(line.get(..line.len().min(80)).unwrap_or(line));
            return failed(format!("{what} was answered by: {}", said.trim().escape_debug()));
        }
        // `220-` announces further lines, `220 ` is the last.
        if line.get(3) == Some(&b'-') {
            return Step::Wait;
        }
        self.lines = 0;
        match self.stage {
            Stage::Greeting => {
                self.stage = Stage::Helo;
                Step::Send(format!("HELO {}\r\n", self.helo).into_bytes())
            }
            Stage::Helo => {
                self.stage = Stage::Quit;
                Step::Send(b"QUIT\r\n".to_vec())
            }
            Stage::Quit => Step::Done(Verdict::Passed("it said goodbye".to_owned())),
        }
    }

    pub(super) fn closed(&self) -> Verdict {
        let (what, _) = self.stage.wanted();
        Verdict::Failed(format!("the connection was closed before {what} was answered"))
    }
}

fn failed(words: impl Into<String>) -> Step {
    Step::Done(Verdict::Failed(words.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smtp() -> Smtp {
        Smtp::new("check.example")
    }

    #[test]
    fn the_dialogue_is_greeting_helo_quit() {
        let mut smtp = smtp();
        let helo = Step::Send(b"HELO check.example\r\n".to_vec());
        assert_eq!(smtp.heard(b"220 mx ESMTP\r\n"), helo);
        assert_eq!(smtp.heard(b"250 mx\r\n"), Step::Send(b"QUIT\r\n".to_vec()));
        assert!(matches!(smtp.heard(b"221 bye\r\n"), Step::Done(Verdict::Passed(_))));
    }

    #[test]
    fn lines_may_come_in_pieces_and_replies_have_many() {
        let mut smtp = smtp();
        assert_eq!(smtp.heard(b"220-hello\r\n2"), Step::Wait);
        assert_eq!(smtp.heard(b"20 there\r"), Step::Wait);
        assert!(matches!(smtp.heard(b"\n"), Step::Send(_)));
    }

    #[test]
    fn another_code_fails_at_each_stage() {
        let right: [&[u8]; 3] = [b"220 a\r\n", b"250 b\r\n", b"221 c\r\n"];
        for stage in 0..right.len() {
            let mut smtp = smtp();
            for line in &right[..stage] {
                smtp.heard(line);
            }
            let step = smtp.heard(b"421 busy\r\n");
            assert!(matches!(step, Step::Done(Verdict::Failed(_))), "{stage}: {step:?}");
        }
    }

    #[test]
    fn a_connection_that_ends_early_fails() {
        assert!(matches!(smtp().closed(), Verdict::Failed(_)));
    }

    #[test]
    fn lines_and_replies_without_end_are_given_up() {
        let endless = vec![b'a'; LINE_MAX + 1];
        assert!(matches!(smtp().heard(&endless), Step::Done(Verdict::Failed(_))));
        let many = b"220-x\r\n".repeat(LINES_MAX as usize + 1);
        assert!(matches!(smtp().heard(&many), Step::Done(Verdict::Failed(_))));
    }

    #[test]
    fn a_name_brings_no_second_command() {
        let mut smtp = Smtp::new("a\r\nRCPT TO:<b>");
        assert_eq!(smtp.heard(b"220 x\r\n"), Step::Send(b"HELO a\r\n".to_vec()));
    }

    #[test]
    fn control_characters_of_an_answer_are_not_passed_on() {
        let Step::Done(Verdict::Failed(words)) = smtp().heard(b"500 \x1b[31m\r\n") else {
            panic!("it fails");
        };
        assert!(!words.contains('\x1b'), "{words}");
    }
}
