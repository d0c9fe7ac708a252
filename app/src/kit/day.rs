//! Days as readers mean them. An address says a day together with the zone that it is a day in, `2026-11-24+01:00`, so that whoever opens it sees the same. A
//! day alone is one in UTC: so writes it a page whose app is not loaded, which shows times in UTC too.

use std::fmt;

use super::{Clock, moment};

const MINUTE: f64 = 60_000.0;
const DAY: f64 = 24.0 * 60.0 * MINUTE;
/// The zones farthest east and west, in minutes.
const FARTHEST: f64 = 14.0 * 60.0;

/// A day in a zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// `2026-11-24`, as a field for days has it.
    pub date: String,
    /// Minutes east of UTC.
    pub offset: f64,
}

impl Day {
    /// Reads a day as an address has it.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, zone) = text.split_at_checked(10)?;
        let midnight = utc(date)?;
        if zone.is_empty() {
            return Some(Self { date: date.to_owned(), offset: 0.0 });
        }
        // A plus that was typed reads as a space.
        let zone = zone.replacen(' ', "+", 1);
        let fits = zone.char_indices().all(|(at, letter)| match at {
            0 => matches!(letter, '+' | '-'),
            3 => letter == ':',
            _ => letter.is_ascii_digit(),
        });
        let offset = (midnight - moment::parse(&format!("{date}T00:00:00{zone}")).filter(|_| fits && zone.len() == 6)?) / MINUTE;
        (offset.abs() <= FARTHEST).then(|| Self { date: date.to_owned(), offset })
    }

    /// A day of the reader that something begins with. Tracks the zone.
    pub fn first(date: &str, clock: Clock) -> Option<Self> {
        Some(Self { date: date.to_owned(), offset: offset_at(utc(date)?, clock) })
    }

    /// A day of the reader that something ends with: where the clocks are changed that day, it is its end that counts. Tracks the zone.
    pub fn last(date: &str, clock: Clock) -> Option<Self> {
        Some(Self { date: date.to_owned(), offset: offset_at(utc(date)? + DAY, clock) })
    }

    /// When it begins, in milliseconds since 1970.
    pub fn begins(&self) -> f64 {
        utc(&self.date).unwrap_or_default() - self.offset * MINUTE
    }

    /// When it ends.
    pub fn ends(&self) -> f64 {
        self.begins() + DAY
    }

    /// Its zone as an address has it: `+01:00`; empty for UTC.
    pub fn zone(&self) -> String {
        let minutes = self.offset.abs() as i64;
        let sign = if self.offset < 0.0 { '-' } else { '+' };
        if minutes == 0 { String::new() } else { format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.date, self.zone())
    }
}

/// Midnight of a date in UTC; `None` when there is no such date.
fn utc(date: &str) -> Option<f64> {
    moment::parse(&format!("{date}T00:00:00Z")).filter(|at| moment::rfc3339(*at).strip_suffix("T00:00:00Z") == Some(date))
}

/// The reader's zone at their midnight of the date whose midnight in UTC is given.
fn offset_at(midnight: f64, clock: Clock) -> f64 {
    clock.offset(midnight - clock.offset(midnight) * MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_read_back_and_lie_where_their_zone_is() {
        for (text, begins) in [
            ("2026-11-24", "2026-11-24T00:00:00Z"),
            ("2026-11-24+01:00", "2026-11-23T23:00:00Z"),
            ("2026-11-24-03:30", "2026-11-24T03:30:00Z"),
            ("2026-01-01+14:00", "2025-12-31T10:00:00Z"),
        ] {
            let day = Day::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((day.to_string().as_str(), moment::rfc3339(day.begins()).as_str()), (text, begins));
            assert_eq!(day.ends() - day.begins(), DAY);
        }
        assert_eq!(Day::parse("2026-11-24 01:00"), Day::parse("2026-11-24+01:00"));
        assert_eq!(Day::parse("2026-11-24+00:00").map(|day| day.to_string()).as_deref(), Some("2026-11-24"));
    }

    #[test]
    fn nonsense_is_no_day() {
        let wrong = [
            "",
            "soon",
            "2026-02-31",
            "2026-11-24Z",
            "2026-11-24+1:00",
            "2026-11-24+01:000",
            "2026-11-24+15:00",
            "2026-11-24+-1:00",
            "2026-11-2\u{e9}",
        ];
        for text in wrong {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }
}
