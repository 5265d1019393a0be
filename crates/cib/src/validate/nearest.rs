//! Finding the word somebody may have meant.

/// The longest word that is compared: nobody misspells a longer one by a letter or two.
const MAX_LENGTH: usize = 64;

/// The candidate most like the word, if one is like it at all: at most a third of its letters are
/// changed, added or left out. Of several the first.
pub(super) fn nearest<'c>(
    word: &str,
    candidates: impl Iterator<Item = &'c str>,
) -> Option<&'c str> {
    let limit = word.chars().count() / 3;
    let distances = candidates.map(|candidate| (distance(word, candidate, limit), candidate));
    let close = distances.filter_map(|(distance, candidate)| Some((distance?, candidate)));
    close.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// How many letters must change to make one word the other (Levenshtein); none above the limit.
fn distance(left: &str, right: &str, limit: usize) -> Option<usize> {
    let left: Vec<char> = left.chars().map(fold).collect();
    let right: Vec<char> = right.chars().map(fold).collect();
    if left.len().abs_diff(right.len()) > limit || left.len().max(right.len()) > MAX_LENGTH {
        return None;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (count, letter) in left.iter().enumerate() {
        let mut diagonal = std::mem::replace(row.first_mut()?, count + 1);
        let mut before = count + 1;
        for (other, cell) in right.iter().zip(row.iter_mut().skip(1)) {
            let changed = diagonal + usize::from(letter != other);
            diagonal = *cell;
            before = changed.min(diagonal + 1).min(before + 1);
            *cell = before;
        }
    }
    row.last().copied().filter(|distance| *distance <= limit)
}

/// Case and the two ways to join words do not count.
fn fold(letter: char) -> char {
    if letter == '_' { '-' } else { letter.to_ascii_lowercase() }
}
