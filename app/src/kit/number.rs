//! Numbers in words: thin separators, sensible precision, the same digits everywhere.

/// Between groups of three digits: a narrow space that does not break.
const THIN: char = '\u{202F}';
/// As wide as a digit.
const FIGURE_SPACE: char = '\u{2007}';
/// As wide as a point.
const POINT_SPACE: char = '\u{2008}';
const MINUS: char = '\u{2212}';

/// A whole number with thin separators: `1 284`.
pub fn count(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + 8);
    if value < 0 {
        out.push(MINUS);
    }
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(THIN);
        }
        out.push(digit);
    }
    out
}

/// `1 run`, `1 284 runs`.
pub fn counted(value: i64, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { many })
}

/// The same of what nobody counted to its end: `100 000+ runs`.
pub fn counted_at_least(value: i64, is_least: bool, one: &str, many: &str) -> String {
    if is_least { format!("{}+ {many}", count(value)) } else { counted(value, one, many) }
}

/// A measured value with up to five significant digits, zeros at the end dropped.
pub fn number(value: f64) -> String {
    match value {
        _ if value.is_nan() => "NaN".to_owned(),
        _ if value.is_infinite() => {
            if value > 0.0 {
                "\u{221E}".to_owned()
            } else {
                format!("{MINUS}\u{221E}")
            }
        }
        _ if value == value.trunc() && value.abs() < 1e15 => count(value as i64),
        _ => fixed(value, decimals(value.abs())),
    }
}

/// How many decimals show five significant digits of a positive value; `None` asks for the
/// scientific form.
fn decimals(magnitude: f64) -> Option<usize> {
    match magnitude {
        _ if !(1e-4..1e9).contains(&magnitude) => None,
        _ => Some((4 - magnitude.log10().floor() as i32).clamp(0, 8) as usize),
    }
}

fn fixed(value: f64, decimals: Option<usize>) -> String {
    let Some(decimals) = decimals else { return scientific(value) };
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    grouped(text)
}

/// `1.234e−5`.
fn scientific(value: f64) -> String {
    let text = format!("{value:.3e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa = if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    format!("{mantissa}e{exponent}").replace('-', "\u{2212}")
}

fn grouped(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut out = count(whole.parse().unwrap_or(0));
    if sign {
        out.insert(0, MINUS);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// Writes the values of one column so that the points stand under each other: with as many decimals
/// as the values need, and no more than show five digits of the largest. In place of zeros at the
/// end, which would claim digits nobody measured, stand spaces as wide.
pub fn column(values: &[f64]) -> impl Fn(f64) -> String + use<> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let largest = finite().fold(0.0_f64, |most, value| most.max(value.abs()));
    let most = match largest {
        _ if largest >= 1e9 || (largest > 0.0 && largest < 1e-3) => None,
        _ if largest < 0.01 => Some(6),
        _ => Some((4 - largest.log10().floor().max(0.0) as i32).max(0) as usize),
    };
    let decimals = most.map(|most| finite().map(|value| needed(value, most)).max().unwrap_or(0));
    move |value| match decimals {
        Some(decimals) if value.is_finite() && (value == 0.0 || value.abs() >= 0.1_f64.powi(decimals as i32)) => {
            spaced(&grouped(&format!("{value:.decimals$}")))
        }
        _ if value.is_finite() && value != 0.0 => scientific(value),
        _ => number(value),
    }
}

/// The text with spaces in place of the zeros that end it after a point, and of the point when all are zeros.
fn spaced(text: &str) -> String {
    if !text.contains('.') {
        return text.to_owned();
    }
    let digits = text.trim_end_matches('0');
    let zeros = FIGURE_SPACE.to_string().repeat(text.len() - digits.len());
    match digits.strip_suffix('.') {
        Some(whole) => format!("{whole}{POINT_SPACE}{zeros}"),
        None => format!("{digits}{zeros}"),
    }
}

/// Decimals up to `most` that are not zeros at the end.
fn needed(value: f64, most: usize) -> usize {
    let text = format!("{value:.most$}");
    text.split_once('.').map_or(0, |(_, fraction)| fraction.trim_end_matches('0').len())
}

/// A size: `14.2 MB`, powers of 1 000.
pub fn bytes(value: i64) -> String {
    shared::size::show(value.unsigned_abs())
}

/// A difference with its sign: `+0.0041`.
pub fn signed(value: f64) -> String {
    if value > 0.0 { format!("+{}", number(value)) } else { number(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_thin() {
        assert_eq!(count(1_204_331), "1\u{202F}204\u{202F}331");
        assert_eq!(count(-999), "\u{2212}999");
        assert_eq!(counted(1, "run", "runs"), "1 run");
        assert_eq!(count(i64::MIN), "\u{2212}9\u{202F}223\u{202F}372\u{202F}036\u{202F}854\u{202F}775\u{202F}808");
    }

    #[test]
    fn precision_is_sensible() {
        let cases = [
            (0.9802, "0.9802"),
            (0.1 + 0.2, "0.3"),
            (1234.5678, "1\u{202F}234.6"),
            (12.0, "12"),
            (-0.5, "\u{2212}0.5"),
            (0.000_012_34, "1.234e\u{2212}5"),
            (1e300, "1e300"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "\u{2212}\u{221E}"),
            (0.0, "0"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_column_shares_its_decimals() {
        let write = column(&[0.9802, 0.12, 0.5]);
        assert_eq!(
            [write(0.9802), write(0.12), write(0.0), write(f64::NAN)],
            ["0.9802", "0.12\u{2007}\u{2007}", "0\u{2008}\u{2007}\u{2007}\u{2007}\u{2007}", "NaN"]
        );
        let write = column(&[0.03, 0.1, 0.01]);
        assert_eq!(write(0.1), "0.1\u{2007}");
        let write = column(&[400.0, 1200.0]);
        assert_eq!(write(1200.0), "1\u{202F}200");
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!([bytes(0), bytes(999), bytes(14_200_000), bytes(1_500)], ["0 B", "999 B", "14.2 MB", "1.5 kB"]);
    }
}
