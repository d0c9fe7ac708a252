//! Sizes in words, in powers of 1,000.

const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];

/// A size as it is shown: `14.2 MB`.
pub fn show(bytes: u64) -> String {
    let mut amount = bytes as f64;
    for unit in UNITS {
        if amount < 999.5 || unit == "TB" {
            let decimals = usize::from(unit != "B" && amount < 99.95);
            return format!("{amount:.decimals$} {unit}");
        }
        amount /= 1000.0;
    }
    bytes.to_string()
}

/// Reads a size as people write it: `50GB`, `1.5 tb`, `2048`.
///
/// # Errors
/// A sentence for whoever wrote it.
pub fn parse(text: &str) -> Result<u64, &'static str> {
    const WRONG: &str = "Write a size as 500MB, 50GB or 1.5TB.";
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (amount, unit) = (&text[..end], text[end..].trim());
    let power = UNITS.iter().position(|own| own.eq_ignore_ascii_case(unit) || unit.is_empty() && *own == "B").ok_or(WRONG)?;
    let bytes = amount.parse::<f64>().map_err(|_| WRONG)? * 1000_f64.powi(power as i32);
    // What is more than that is a slip of the hand: it is 9,000 PB.
    if bytes <= i64::MAX as f64 / 1024.0 { Ok(bytes.round() as u64) } else { Err(WRONG) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown_in_powers_of_a_thousand() {
        assert_eq!([show(0), show(999), show(14_200_000), show(1_500), show(50_000_000_000)], ["0 B", "999 B", "14.2 MB", "1.5 kB", "50.0 GB"]);
        assert_eq!([show(999_499), show(999_500), show(2_000_000_000_000_000)], ["999 kB", "1.0 MB", "2000 TB"]);
    }

    #[test]
    fn t25_a_size_is_read_as_people_write_it_and_nothing_else_is_one() {
        for (text, bytes) in [("50GB", 50_000_000_000), (" 1.5 tb ", 1_500_000_000_000), ("2048", 2_048), ("0", 0), ("0.0015kB", 2)] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in ["", "GB", "-1GB", "1e3", "1.2.3GB", "50 GiB", "fifty", "1GB extra", "99999999999999TB", ".", "inf"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
