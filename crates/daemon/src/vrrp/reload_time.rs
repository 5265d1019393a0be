//! `reload_time_file`: a file says when the configuration is read again, so that several machines
//! do it in the same moment (docs/ancestors/keepalived.md §2.6).

use super::hub::Hub;
use api::Level;
use linux::calendar::{self, Date};
use std::fs;
use std::io::{self, Read};
use std::rc::Rc;
use std::time::Duration;

/// The file is looked at this often, and a reload is at most so late.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The longest entry has 20 characters and the end of its line.
const FILE_MAX: u64 = 64;

/// What a file says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Entry {
    /// Year, month and day; `None`: the next time it is so late.
    day: Option<(i32, i32, i32)>,
    time: (i32, i32, i32),
    utc: bool,
}

/// The reload that is planned.
#[derive(Default)]
struct Plan {
    /// The file's text, and what came of it: a moment in seconds since 1970.
    read: Option<(String, Option<i64>)>,
}

/// What a look at the file has shown.
#[derive(PartialEq, Eq, Debug)]
enum Step {
    /// Nothing new.
    Wait,
    /// A reload is planned for this moment.
    Planned(i64),
    /// This text says nothing of the future.
    Senseless,
    /// No reload is planned any more.
    Cancelled,
    /// It is time.
    Reload,
}

/// Reads the configuration again whenever the file says so.
pub(crate) async fn watch(hub: Rc<Hub>) {
    let mut plan = Plan::default();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let settings = hub.settings();
        let reload = &settings.whole.reload;
        let text = reload.time_file.as_deref().and_then(|path| text(path).ok());
        let now = i64::try_from(linux::rt::wall().as_secs()).unwrap_or(i64::MAX);
        match plan.look(text.as_deref(), now, reload.repeat) {
            Step::Wait => {}
            Step::Planned(at) => {
                let date = calendar::date(at, false).unwrap_or_default();
                hub.notice(Level::Info, format!("Scheduling reload for {date}"));
            }
            Step::Senseless => {
                let path = reload.time_file.as_deref().unwrap_or_default();
                let text = format!(
                    "{path} holds no time to come; nothing is planned; write HH:MM:SS or \
                     YYYY-MM-DD HH:MM:SS, with Z behind it for UTC"
                );
                hub.notice(Level::Warning, text);
            }
            Step::Cancelled => hub.notice(Level::Info, "No reload scheduled"),
            Step::Reload => {
                if let Some(path) = reload.time_file.as_deref().filter(|_| !reload.repeat)
                    && let Err(error) = fs::remove_file(path)
                {
                    let text = format!("{path} can't be removed; it counts no more: {error}");
                    hub.notice(Level::Warning, text);
                }
                hub.reload.notify_one();
            }
        }
    }
}

impl Plan {
    /// What follows from the file as it is now. `repeat`: a time without a day counts every day.
    fn look(&mut self, text: Option<&str>, now: i64, repeat: bool) -> Step {
        let Some(text) = text else {
            let planned = self.read.take().and_then(|(_, at)| at);
            return planned.map_or(Step::Wait, |_| Step::Cancelled);
        };
        match &mut self.read {
            Some((known, at)) if known == text => match *at {
                Some(due) if due <= now => {
                    *at = Entry::read(text)
                        .filter(|entry| repeat && entry.day.is_none())
                        .and_then(|entry| entry.after(now));
                    Step::Reload
                }
                _ => Step::Wait,
            },
            _ => {
                let at = Entry::read(text).and_then(|entry| entry.after(now));
                self.read = Some((text.to_owned(), at));
                at.map_or(Step::Senseless, Step::Planned)
            }
        }
    }
}

impl Entry {
    /// `HH:MM:SS`, with `YY-MM-DD` or `YYYY-MM-DD` and one blank before it, and `Z` behind it.
    fn read(text: &str) -> Option<Self> {
        /// What a year of two digits is of.
        const CENTURY: i32 = 2000;
        let (text, utc) = text.strip_suffix('Z').map_or((text, false), |text| (text, true));
        let (day, time) =
            text.split_once(' ').map_or((None, text), |(day, time)| (Some(day), time));
        let (hour, minute, second) = three(time, ':', 2)?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let day = match day {
            None => None,
            Some(day) => {
                let digits = day.find('-').filter(|digits| [2, 4].contains(digits))?;
                let (year, month, day) = three(day, '-', digits)?;
                if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
                    return None;
                }
                Some((if digits == 2 { CENTURY + year } else { year }, month, day))
            }
        };
        Some(Self { day, time: (hour, minute, second), utc })
    }

    /// The moment after `now` it stands for, if there is one.
    fn after(self, now: i64) -> Option<i64> {
        let (hour, minute, second) = self.time;
        let at = |(year, month, day)| {
            calendar::seconds(Date { year, month, day, hour, minute, second }, self.utc).ok()
        };
        let found = if let Some(day) = self.day {
            at(day)?
        } else {
            let Date { year, month, day, .. } = calendar::date(now, self.utc).ok()?;
            let today = at((year, month, day))?;
            if today > now { today } else { at((year, month, day + 1))? }
        };
        (found > now).then_some(found)
    }
}

/// Three numbers of two digits each, but for the first one.
fn three(text: &str, between: char, first: usize) -> Option<(i32, i32, i32)> {
    let mut parts = text.split(between);
    let mut number = |digits: usize| {
        let part = parts.next()?;
        let sound = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        sound.then(|| part.parse().ok()).flatten()
    };
    let three = (number(first)?, number(2)?, number(2)?);
    parts.next().is_none().then_some(three)
}

/// The first line of the file.
fn text(path: &str) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(FILE_MAX).read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-01 12:00:00 UTC.
    const NOON: i64 = 1_767_268_800;

    #[test]
    fn exactly_the_forms_of_the_manual_page_are_times() {
        for (text, expected) in [
            ("12:00:05Z", Some(NOON + 5)),
            ("12:00:00Z", Some(NOON + 86_400)),
            ("11:59:59Z", Some(NOON + 86_399)),
            ("26-01-01 13:00:00Z", Some(NOON + 3_600)),
            ("2026-01-02 12:00:00Z", Some(NOON + 86_400)),
            ("2026-01-01 11:59:59Z", None),
            (" 12:00:05Z", None),
            ("12:00:05Z ", None),
            ("12:0:05Z", None),
            ("24:00:00Z", None),
            ("2026-13-01 12:00:00Z", None),
            ("2026-01-01  13:00:00Z", None),
            ("+1:00:00", None),
            ("", None),
        ] {
            let found = Entry::read(text).and_then(|entry| entry.after(NOON));
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn a_time_is_planned_once_and_comes_once() {
        let mut plan = Plan::default();
        let text = Some("12:00:05Z");
        assert_eq!(plan.look(text, NOON, false), Step::Planned(NOON + 5));
        assert_eq!(plan.look(text, NOON + 4, false), Step::Wait);
        assert_eq!(plan.look(text, NOON + 5, false), Step::Reload);
        // It could not be removed.
        assert_eq!(plan.look(text, NOON + 90_000, false), Step::Wait);
        assert_eq!(plan.look(None, NOON + 90_001, false), Step::Wait);
    }

    #[test]
    fn a_time_that_repeats_comes_every_day_and_a_date_does_not() {
        let mut plan = Plan::default();
        let daily = Some("12:00:05Z");
        plan.look(daily, NOON, true);
        assert_eq!(plan.look(daily, NOON + 5, true), Step::Reload);
        assert_eq!(plan.look(daily, NOON + 6, true), Step::Wait);
        assert_eq!(plan.look(daily, NOON + 86_405, true), Step::Reload);
        let once = Some("2026-01-03 12:00:00Z");
        assert_eq!(plan.look(once, NOON + 86_406, true), Step::Planned(NOON + 2 * 86_400));
        assert_eq!(plan.look(once, NOON + 2 * 86_400, true), Step::Reload);
        assert_eq!(plan.look(once, NOON + 9 * 86_400, true), Step::Wait);
    }

    #[test]
    fn a_file_that_is_removed_or_changed_takes_its_reload_with_it() {
        let mut plan = Plan::default();
        plan.look(Some("12:00:05Z"), NOON, false);
        assert_eq!(plan.look(None, NOON + 1, false), Step::Cancelled);
        plan.look(Some("12:00:05Z"), NOON + 1, false);
        assert_eq!(plan.look(Some("soon"), NOON + 2, false), Step::Senseless);
        assert_eq!(plan.look(Some("soon"), NOON + 9, false), Step::Wait);
    }
}
