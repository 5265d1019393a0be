//! `--output-as=xml`: the frame every tool puts around what it says.

use crate::console::{Console, Stop};
use crate::exit::Exit;
use cib::xml::{Document, Style};

/// The version of the outputs' schema that 2.1.5 names.
const API: &str = "2.25";

/// `<pacemaker-result>` with what a tool adds to it.
pub(super) struct Frame {
    /// The document; content goes below its root.
    pub(super) document: Document,
    errors: Vec<String>,
}

impl Frame {
    /// The frame of `NAME ARGS`.
    pub(super) fn new(name: &str, args: &[String]) -> Self {
        let mut document = Document::new("pacemaker-result");
        let root = document.root().id();
        document.set(root, "api-version", API);
        let words = std::iter::once(name).chain(args.iter().map(String::as_str));
        document.set(root, "request", &words.collect::<Vec<_>>().join(" "));
        Self { document, errors: Vec::new() }
    }

    /// Something that went wrong.
    pub(super) fn error(&mut self, sentence: String) {
        self.errors.push(sentence);
    }

    /// Writes the frame with the status.
    pub(super) fn end(mut self, exit: Exit, console: &mut Console<'_>) -> Result<Exit, Stop> {
        let root = self.document.root().id();
        let status = self.document.append(root, "status");
        self.document.set(status, "code", &exit.code().to_string());
        self.document.set(status, "message", message(exit.code()));
        if !self.errors.is_empty() {
            let errors = self.document.append(status, "errors");
            for sentence in &self.errors {
                let error = self.document.append(errors, "error");
                self.document.append_text_to(error, sentence);
            }
        }
        write!(console.out, "{}", self.document.root().to_text(Style::Pretty))?;
        Ok(exit)
    }
}

/// What `crm_error` says of an exit code.
const fn message(code: u8) -> &'static str {
    match code {
        0 => "OK",
        3 => "Unimplemented",
        65 => "Data input error",
        66 => "Input unavailable",
        76 => "Protocol violated",
        78 => "Invalid configuration",
        105 => "No such object",
        110 => "Requested item has expired",
        111 => "Requested item is not yet in effect",
        _ => "Error occurred",
    }
}
