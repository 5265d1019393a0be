//! The simulator by itself: the same as `handover sim`, for measuring it alone.
#![expect(clippy::disallowed_methods, reason = "this is the shell: it owns clock and files")]

use std::time::{Duration, Instant};

struct Terminal(Instant);

impl sim::Shell for Terminal {
    fn elapsed(&mut self) -> Duration {
        self.0.elapsed()
    }

    fn read(&mut self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
    }

    fn say(&mut self, text: &str) {
        println!("{text}");
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    std::process::exit(sim::main(&args, &mut Terminal(Instant::now())));
}
