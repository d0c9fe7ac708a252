//! Times in words. Plain functions on milliseconds since 1970, so that no date library is shipped.

const MINUTE: f64 = 60_000.0;
const HOUR: f64 = 60.0 * MINUTE;
const DAY: f64 = 24.0 * HOUR;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Year, month (1 to 12), day, hour, minute, second of a time that counts as UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    pub year: i64,
    pub month: usize,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
}

/// Splits milliseconds since 1970. Days by Howard Hinnant's `civil_from_days`.
pub fn parts(ms: f64) -> Parts {
    let seconds = (ms / 1000.0).floor() as i64;
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    Parts {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month: month as usize,
        day: day_of_year - (153 * shifted + 2) / 5 + 1,
        hour: rest / 3600,
        minute: rest / 60 % 60,
        second: rest % 60,
    }
}

/// Milliseconds since 1970 of an RFC 3339 time. `None` when it is none.
pub fn parse(text: &str) -> Option<f64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let rest = text.get(19..)?;
    let digits = rest.strip_prefix('.').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let (fraction, zone) = if digits == 0 { ("", rest) } else { rest.split_at(digits + 1) };
    let milliseconds = if digits == 0 { 0.0 } else { format!("0{fraction}").parse::<f64>().ok()? * 1000.0 };
    let offset = match zone {
        "Z" | "z" => 0,
        _ => {
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            sign * (zone.get(1..3)?.parse::<i64>().ok()? * 60 + zone.get(4..6)?.parse::<i64>().ok()?)
        }
    };
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + (minute - offset) * 60 + second;
    Some(seconds as f64 * 1000.0 + milliseconds.floor())
}

/// Days from 1970-01-01 to a date, by Howard Hinnant's `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// How long ago, in few words: `just now`, `12 min ago`, `2 h ago`, `yesterday`, `5 days ago`, then
/// the date. Times ahead read `in 12 min`. The same words in every time zone until it is a date;
/// `offset` (minutes east of UTC) only decides which date.
pub fn relative(now: f64, at: f64, offset: f64) -> String {
    let apart = (now - at).abs();
    let words = match apart {
        _ if apart < 0.75 * MINUTE => return "just now".to_owned(),
        _ if apart < HOUR - 0.5 * MINUTE => format!("{:.0} min", (apart / MINUTE).max(1.0)),
        _ if apart < DAY => format!("{:.0} h", (apart / HOUR).round()),
        _ if apart < 1.5 * DAY => return if at < now { "yesterday" } else { "tomorrow" }.to_owned(),
        _ if apart < 7.0 * DAY => format!("{:.0} days", (apart / DAY).round()),
        _ => return date(now, at, offset),
    };
    if at < now { format!("{words} ago") } else { format!("in {words}") }
}

/// `24 Nov`, with the year when it is not the present one.
fn date(now: f64, at: f64, offset: f64) -> String {
    let (then, today) = (parts(at + offset * MINUTE), parts(now + offset * MINUTE));
    let month = MONTHS[then.month - 1];
    if then.year == today.year { format!("{} {month}", then.day) } else { format!("{} {month} {}", then.day, then.year) }
}

/// `24 Nov 2026, 14:30:05 UTC+1` with `offset` in minutes east of UTC.
pub fn exact(at: f64, offset: f64) -> String {
    let p = parts(at + offset * MINUTE);
    format!("{} {} {}, {:02}:{:02}:{:02} {}", p.day, MONTHS[p.month - 1], p.year, p.hour, p.minute, p.second, zone(offset))
}

/// A zone in words, by its minutes east of UTC: `UTC`, `UTC+1`, `UTC−3:30`.
pub fn zone(offset: f64) -> String {
    match offset as i64 {
        0 => "UTC".to_owned(),
        minutes => {
            let (sign, minutes) = (if minutes < 0 { '\u{2212}' } else { '+' }, minutes.abs());
            if minutes % 60 == 0 { format!("UTC{sign}{}", minutes / 60) } else { format!("UTC{sign}{}:{:02}", minutes / 60, minutes % 60) }
        }
    }
}

/// RFC 3339 in UTC with seconds, for the `datetime` attribute and for exports.
pub fn rfc3339(at: f64) -> String {
    let p = parts(at);
    format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", p.year, p.month, p.day, p.hour, p.minute, p.second)
}

/// A length of time: `420 ms`, `12.4 s`, `13m 53s`, `2h 05m`, `3d 4h`.
pub fn duration(ms: f64) -> String {
    let seconds = (ms / 1000.0).round() as i64;
    match ms {
        _ if !ms.is_finite() || ms < 0.0 => "\u{2013}".to_owned(),
        _ if ms < 1000.0 => format!("{ms:.0} ms"),
        _ if ms < 59_950.0 => format!("{:.1} s", ms / 1000.0),
        _ if seconds < 3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ if seconds < 86_400 => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339_reads_back() {
        for text in ["1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z", "2026-11-24T12:30:05Z", "1969-12-31T23:59:59Z"] {
            assert_eq!(parse(text).map(rfc3339).as_deref(), Some(text));
        }
        assert_eq!(parse("2026-11-24T13:30:05.25+01:00"), parse("2026-11-24T12:30:05Z").map(|ms| ms + 250.0));
        for wrong in ["", "yesterday", "2026-11-24", "2026-11-24T12:30:05", "2026-11-24T12:30:05.Z"] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn words_fit_the_distance() {
        let now = parse("2026-11-24T12:00:00Z").expect("a time");
        let ago = |ms: f64| relative(now, now - ms, 0.0);
        assert_eq!(ago(10_000.0), "just now");
        assert_eq!(ago(12.0 * MINUTE), "12 min ago");
        assert_eq!(ago(2.0 * HOUR), "2 h ago");
        assert_eq!(ago(30.0 * HOUR), "yesterday");
        assert_eq!(ago(5.0 * DAY), "5 days ago");
        assert_eq!(ago(12.0 * DAY), "12 Nov");
        assert_eq!(ago(400.0 * DAY), "20 Oct 2025");
        assert_eq!(ago(-3.0 * DAY), "in 3 days");
        assert_eq!(exact(now, 60.0), "24 Nov 2026, 13:00:00 UTC+1");
        assert_eq!(exact(now, -210.0), "24 Nov 2026, 08:30:00 UTC\u{2212}3:30");
    }

    #[test]
    fn durations_read_at_a_glance() {
        let cases = [
            (420.0, "420 ms"),
            (12_400.0, "12.4 s"),
            (59_990.0, "1m 00s"),
            (833_000.0, "13m 53s"),
            (7_500_000.0, "2h 05m"),
            (273_600_000.0, "3d 4h"),
        ];
        for (ms, text) in cases {
            assert_eq!(duration(ms), text);
        }
    }
}
