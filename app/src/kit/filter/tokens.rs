use leptos::prelude::*;

/// The text in pieces, each with the class of its colour.
pub(super) fn painted(text: &str) -> Vec<AnyView> {
    pieces(text)
        .into_iter()
        .map(
            |(class, piece)| {
                if class.is_empty() { piece.to_owned().into_any() } else { view! { <span class=class>{piece.to_owned()}</span> }.into_any() }
            },
        )
        .collect()
}

fn pieces(text: &str) -> Vec<(&'static str, &str)> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (class, length) = match first {
            '"' | '\'' => ("string", rest[1..].find(first).map_or(rest.len(), |end| end + 2)),
            c if c.is_alphabetic() || c == '_' => {
                let end = name_end(rest);
                let word = rest[..end].to_ascii_lowercase();
                match word.as_str() {
                    "and" | "or" | "in" | "not" | "is" | "null" | "like" | "ilike" | "rlike" => ("word", end),
                    _ => ("name", end),
                }
            }
            c if c.is_ascii_digit() => ("", rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-').unwrap_or(rest.len())),
            c => ("", c.len_utf8()),
        };
        out.push((class, &rest[..length]));
        rest = &rest[length..];
    }
    out
}

/// A name like `metrics.auc` or ``params.`learning rate` ``.
fn name_end(text: &str) -> usize {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '`' => quoted = !quoted,
            _ if quoted || c.is_alphanumeric() || "._-/".contains(c) => {}
            _ => return at,
        }
    }
    text.len()
}

/// What the caret stands in or behind.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// Where what is being typed begins, in bytes.
    pub from: usize,
    /// What there is of it; may be empty.
    pub typed: &'a str,
    /// The name before it, when an operator is what comes next.
    pub after: Option<&'a str>,
}

/// What is being typed at the caret: a name, or the operator after one.
pub(super) fn place_at(text: &str, caret: usize) -> Place<'_> {
    let head = &text[..caret];
    let pieces = pieces(head);
    let from = match pieces.last() {
        Some((_, piece)) if piece.chars().all(|c| OPERATOR.contains(c)) => head.trim_end_matches(|c| OPERATOR.contains(c)).len(),
        Some(("name" | "word", piece)) => head.len() - piece.len(),
        _ => head.len(),
    };
    let after = self::pieces(head[..from].trim_end()).last().filter(|(class, _)| *class == "name").map(|(_, name)| *name);
    Place { from, typed: &head[from..], after }
}

const OPERATOR: &str = "=!<>";
const NUMBERS: [&str; 6] = ["=", "!=", ">", ">=", "<", "<="];
const TEXTS: [&str; 4] = ["=", "!=", "LIKE", "ILIKE"];
const KEPT: [&str; 6] = ["=", "!=", "LIKE", "ILIKE", "IS NULL", "IS NOT NULL"];

/// The operators that can follow a name.
pub(super) fn operators(name: &str) -> &'static [&'static str] {
    match name.split_once('.') {
        Some(("metrics", _)) => &NUMBERS,
        Some(("params" | "tags", _)) => &KEPT,
        _ if name.ends_with("_time") => &NUMBERS,
        _ => &TEXTS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_to_the_text() {
        for text in ["", "metrics.auc > 0.94 and params.model = \"gbdt\"", "tags.`a b` = 'x", "\u{6570} = \"\u{e9}", "((1.5e-3))"] {
            assert_eq!(pieces(text).iter().map(|piece| piece.1).collect::<String>(), text);
        }
        assert_eq!(pieces("metrics.auc and")[0], ("name", "metrics.auc"));
        assert_eq!(pieces("a and")[2], ("word", "and"));
    }

    #[test]
    fn what_is_typed_at_the_caret_is_found() {
        let place = |text: &'static str| place_at(text, text.len());
        let is = |from, typed, after| Place { from, typed, after };
        assert_eq!(place("a = 1 and met"), is(10, "met", None));
        assert_eq!(place(""), is(0, "", None));
        assert_eq!(place("\u{e9} = 1 or met"), is(10, "met", None));
        assert_eq!(place("metrics.auc "), is(12, "", Some("metrics.auc")));
        assert_eq!(place("metrics.auc >"), is(12, ">", Some("metrics.auc")));
        assert_eq!(place("metrics.auc>"), is(11, ">", Some("metrics.auc")));
        assert_eq!(place("params.`a b` li"), is(13, "li", Some("params.`a b`")));
        assert_eq!(place("params.model = "), is(15, "", None));
        assert_eq!(place("params.model = 'gbdt' "), is(22, "", None));
    }

    #[test]
    fn a_name_is_followed_by_what_its_values_can_do() {
        assert!(operators("metrics.auc").contains(&">=") && operators("attributes.start_time").contains(&"<"));
        assert!(operators("params.`a b`").contains(&"IS NULL") && !operators("attributes.status").contains(&">"));
    }
}
