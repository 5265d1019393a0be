//! "Did you mean": the nearest of the words that would have been right.

/// How alike two words must be (Jaro-Winkler, 0 to 1); the threshold clap uses for its own.
const ALIKE: f64 = 0.7;

/// The candidate most like `word`, if any is alike enough.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(alike, _)| *alike > ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// ` (did you mean …?)`, or nothing.
pub(crate) fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |near| format!(" (did you mean {near}?)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        assert_eq!(nearest("rsctatus", ["hbstatus", "rscstatus"]), Some("rscstatus"));
        assert_eq!(nearest("quux", ["hbstatus", "rscstatus"]), None);
    }
}
