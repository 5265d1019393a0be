//! Passwords and keys in lines that are shown to somebody: a misspelt `auth_pas SECRET` is an error
//! whose line is drawn, and terminals, logs of pipelines and tickets keep what they are shown.

use crate::text::{Word, nearest, words};

/// Words behind which the rest of a line is a secret, also when they are misspelt.
const SECRETS_FOLLOW: [&str; 5] = ["auth_pass", "auth_passwd", "password", "passwd", "pass"];
/// The same, when a key's number comes first.
const KEY: &str = "key";
/// What stands between words.
const BETWEEN: [char; 5] = [' ', '\t', '\r', '{', '}'];
/// Stands for one byte.
const COVER: char = '*';

/// The text with what may be a secret covered, byte for byte, so that places in it stay.
pub fn covered(text: &str) -> String {
    text.split_inclusive('\n').map(covered_line).collect()
}

fn covered_line(line: &str) -> String {
    let Some(from) = secret(line) else { return line.to_owned() };
    let (shown, secret) = line.split_at(from);
    let cover = |c: char| match c {
        // They are the line's own, and tell nothing.
        c if c == '\n' || BETWEEN.contains(&c) => c.to_string(),
        c => std::iter::repeat_n(COVER, c.len_utf8()).collect(),
    };
    shown.chars().map(String::from).chain(secret.chars().map(cover)).collect()
}

/// Where in a line what may be a secret begins.
fn secret(line: &str) -> Option<usize> {
    let words = words(line, 0, &BETWEEN);
    let numbered = |word: &Word<'_>| word.text.bytes().all(|byte| byte.is_ascii_digit());
    let by_name = words.iter().enumerate().find_map(|(at, word)| {
        let number = words.get(at.saturating_add(1)).filter(|next| numbered(next));
        match number {
            Some(number) if word.text == KEY => Some(number.span.end),
            _ => nearest(word.text, SECRETS_FOLLOW).map(|_| word.span.end),
        }
    });
    // `1 sha1 SECRET` of authkeys.
    let of_authkeys = || words.first().filter(|first| numbered(first)).and(words.get(1));
    by_name.or_else(|| of_authkeys().map(|word| word.span.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_password_keyword_is_covered_however_it_is_spelt() {
        for word in ["auth_pass", "auth_pas", "auth_passs", "Auth_Pass", "authpass", "password"] {
            let line = format!("  {word} S3CRET \"two words\" # it\n");
            let shown = covered(&line);
            assert_eq!(shown, format!("  {word} ****** **** ****** * **\n"), "{word}");
            assert_eq!(shown.len(), line.len());
        }
        assert_eq!(covered("authentication { auth_pas a }"), "authentication { auth_pas * }");
        assert_eq!(covered("auth_pas é"), "auth_pas **");
    }

    #[test]
    fn keys_are_covered_and_other_lines_stay_as_they_are() {
        assert_eq!(covered("key 1 abc\n1 sha1 abc\n"), "key 1 ***\n1 sha1 ***\n");
        for line in ["auth_type PASS\n", "priority 100\n", "10.0.0.1/24 dev eth0\n", "", "{\n"] {
            assert_eq!(covered(line), line);
        }
    }
}
