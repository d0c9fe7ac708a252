//! Numbers in the sentences and reports of a comparison.

/// Four significant digits, zeros at the end dropped.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (value == value.trunc() && size < 1e6) {
        return format!("{value:.0}").replace("-0", "0").replace('-', "\u{2212}");
    }
    if !(1e-4..1e7).contains(&size) {
        return format!("{value:.3e}").replace('-', "\u{2212}");
    }
    let decimals = (3 - size.log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.replace('-', "\u{2212}")
}

/// `p = 0.012`, `p < 0.001`.
pub fn p(value: f64) -> String {
    if value < 0.001 { "p < 0.001".into() } else { format!("p = {}", p_value(value)) }
}

/// `0.012`, `< 0.001`.
pub fn p_value(value: f64) -> String {
    if value < 0.001 {
        "< 0.001".into()
    } else if value < 0.1 {
        format!("{value:.3}")
    } else {
        format!("{value:.2}")
    }
}

/// A part of 1 as `71 %`.
pub fn percent(part: f64) -> String {
    format!("{:.0}\u{00A0}%", part * 100.0)
}

/// `1 run`, `3 runs`.
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_claim_no_more_than_four_digits() {
        assert_eq!(
            [0.912345, 12.0, -0.5, 1234567.0, 1e-9, 98765.4, -0.0].map(number),
            ["0.9123", "12", "\u{2212}0.5", "1234567", "1.000e\u{2212}9", "98765", "0"]
        );
        assert_eq!([0.0123, 0.00001, 0.456].map(p), ["p = 0.012", "p < 0.001", "p = 0.46"]);
    }
}
