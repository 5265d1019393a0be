//! `~SEQ` and `~LST`: one line that stands for many.

use super::super::lexer::is_blank;

/// One line stands for at most so many: more than all addresses of 255 instances.
const ROUNDS_MAX: usize = 65_536;
/// Loops nest so deep: each round of the innermost keeps the values of all.
const LOOPS_DEEP: usize = 8;

/// What the loops of a line bind in one round.
pub(super) type Bindings = Vec<(String, String)>;

/// Every round of a line's loops: what its variables are, and the line behind the loops. A line
/// without loops has one round. `None` if there are more than `room`.
pub(super) fn rounds(text: &str, room: usize) -> Option<Vec<(Bindings, &str)>> {
    let room = room.min(ROUNDS_MAX);
    let mut rest = text;
    let mut all: Vec<Bindings> = vec![Vec::new()];
    let mut deep = 0_usize;
    while let Some((values, tail)) = one_loop(rest, room).ok()? {
        deep = deep.saturating_add(1);
        if deep > LOOPS_DEEP || all.len().checked_mul(values.len())? > room {
            return None;
        }
        all = all
            .iter()
            .flat_map(|outer| {
                values.iter().map(move |inner| outer.iter().chain(inner).cloned().collect())
            })
            .collect();
        rest = tail.trim_start_matches(is_blank);
    }
    Some(all.into_iter().map(|bindings| (bindings, rest)).collect())
}

/// A loop has more rounds than there is room for.
struct TooMany;

/// A loop's rounds, and what follows it.
type Loop<'a> = (Vec<Bindings>, &'a str);

/// The first loop; `None`: there is no sound one.
fn one_loop(text: &str, room: usize) -> Result<Option<Loop<'_>>, TooMany> {
    let (radix, inside) = if let Some(inside) = text.strip_prefix("~SEQ(") {
        (Some(false), inside)
    } else if let Some(inside) = text.strip_prefix("~SEQx(") {
        (Some(true), inside)
    } else if let Some(inside) = text.strip_prefix("~LST(") {
        (None, inside)
    } else {
        return Ok(None);
    };
    let Some((inside, tail)) = inside.split_once(')') else { return Ok(None) };
    let values = match radix {
        Some(hexadecimal) => sequence(inside, hexadecimal, room)?,
        None => list(inside),
    };
    Ok(values.map(|values| (values, tail)))
}

/// `var,start,step,end`; step, and then start, may be left out and are 1, or -1 downwards.
fn sequence(
    inside: &str,
    hexadecimal: bool,
    room: usize,
) -> Result<Option<Vec<Bindings>>, TooMany> {
    let parts: Vec<&str> = inside.split(',').map(str::trim).collect();
    let numbers: Option<Vec<i64>> = parts.iter().skip(1).map(|part| part.parse().ok()).collect();
    let (Some(name), Some(numbers)) = (parts.first(), numbers) else { return Ok(None) };
    let (start, step, end) = match *numbers.as_slice() {
        [end] if end < 0 => (-1, -1, end),
        [end] => (1, 1, end),
        [start, end] => (start, if end < start { -1 } else { 1 }, end),
        [start, step, end] => (start, step, end),
        _ => return Ok(None),
    };
    if step == 0 {
        return Ok(None);
    }
    let mut rounds = Vec::new();
    let mut value = start;
    while if step > 0 { value <= end } else { value >= end } {
        if rounds.len() >= room {
            return Err(TooMany);
        }
        let text = if hexadecimal { format!("{value:x}") } else { value.to_string() };
        rounds.push(vec![((*name).to_owned(), text)]);
        let Some(next) = value.checked_add(step) else { break };
        value = next;
    }
    // A start beyond the end is a mistake (measured: "Invalid ~SEQ values").
    Ok(Some(rounds).filter(|rounds| !rounds.is_empty()))
}

/// `var,a,b` or `{v1,v2},{a,b},{c,d}`.
fn list(inside: &str) -> Option<Vec<Bindings>> {
    let inside = inside.trim();
    if !inside.starts_with('{') {
        let (name, values) = inside.split_once(',')?;
        let bind = |value: &str| vec![(name.trim().to_owned(), value.trim().to_owned())];
        return Some(values.split(',').map(bind).collect());
    }
    let tuples: Vec<Vec<&str>> = inside
        .split('}')
        .filter_map(|tuple| tuple.trim_start_matches([',', ' ']).strip_prefix('{'))
        .map(|tuple| tuple.split(',').map(str::trim).collect())
        .collect();
    let (names, rows) = tuples.split_first()?;
    let bind = |row: &Vec<&str>| {
        names.iter().zip(row).map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    };
    Some(rows.iter().map(bind).collect())
}
