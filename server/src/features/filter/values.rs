//! The checks of a [`Filter`] held against values in memory, with the answers that [`super::sql`] gets from the database.

use super::ast::{Check, Comparison, Filter, Number};

/// Whether a filter means the same here. Letters of any case are compared by the database's own rules, and a pattern with a place for any one character can take
/// long over a long value, which only a statement can be stopped in.
pub fn is_plain(filter: &Filter) -> bool {
    filter.every(&|test| match &test.check {
        Check::Like { pattern, any_case } => !any_case && !pattern.contains('_'),
        Check::Text(comparison, _) => matches!(comparison, Comparison::Equal | Comparison::NotEqual),
        Check::Number(_, number) => !number.float().is_nan(),
        Check::In { .. } | Check::Null { .. } => true,
        Check::Matches(_) => false,
    })
}

/// A text held against a check.
pub fn text(value: &str, check: &Check) -> bool {
    match check {
        Check::Text(Comparison::Equal, text) => value == text,
        Check::Text(Comparison::NotEqual, text) => value != text,
        Check::Like { pattern, .. } => like(value, pattern),
        Check::In { list, not } => list.iter().any(|one| one == value) != *not,
        Check::Null { not } => *not,
        Check::Text(..) | Check::Number(..) | Check::Matches(_) => false,
    }
}

/// A double held against a check. NaN fails every comparison but `!=`.
pub fn double(value: f64, check: &Check) -> bool {
    let Check::Number(comparison, number) = check else { return false };
    compare(value, number.float(), *comparison)
}

/// A 64-bit integer held against a check.
pub fn integer(value: i64, check: &Check) -> bool {
    match check {
        Check::Number(comparison, Number::Int(number)) => compare(value, *number, *comparison),
        Check::Number(comparison, Number::Float(number)) => compare(value as f64, *number, *comparison),
        _ => false,
    }
}

fn compare<T: PartialOrd>(value: T, with: T, comparison: Comparison) -> bool {
    match comparison {
        Comparison::Equal => value == with,
        Comparison::NotEqual => value != with,
        Comparison::Less => value < with,
        Comparison::LessOrEqual => value <= with,
        Comparison::Greater => value > with,
        Comparison::GreaterOrEqual => value >= with,
    }
}

/// `%` is any run of characters. Each piece between is looked for where the one before it was first found to end.
fn like(value: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('%') else { return value == pattern };
    let Some(mut left) = value.strip_prefix(first) else { return false };
    let (between, last) = rest.rsplit_once('%').unwrap_or(("", rest));
    for piece in between.split('%') {
        let Some(at) = left.find(piece) else { return false };
        left = &left[at + piece.len()..];
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_finds_what_like_finds() {
        for (value, pattern, found) in [
            ("", "", true),
            ("", "%", true),
            ("a", "", false),
            ("abc", "abc", true),
            ("abc", "a%", true),
            ("abc", "%c", true),
            ("abc", "%b%", true),
            ("abc", "a%c", true),
            ("abc", "a%b%c", true),
            ("abc", "b%", false),
            ("abc", "%b", false),
            ("ab", "ab%b", false),
            ("abb", "ab%b", true),
            ("aXbXc", "a%X%X%c", true),
            ("aXc", "a%X%X%c", false),
            ("50 % \\ done", "50 %\\%done", true),
            ("größe", "%öß%", true),
            ("abc", "%%%", true),
        ] {
            assert_eq!(like(value, pattern), found, "{value} like {pattern}");
        }
    }
}
