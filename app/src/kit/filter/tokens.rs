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
                    "and" | "or" | "in" | "not" | "is" | "null" | "like" | "ilike" => ("word", end),
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

/// The word that ends at the caret, and where it begins.
pub(super) fn word_at(text: &str, caret: usize) -> (usize, &str) {
    let head = &text[..caret];
    let from =
        head.rfind(|c: char| !c.is_alphanumeric() && !"._-/".contains(c)).map_or(0, |at| at + head[at..].chars().next().map_or(1, char::len_utf8));
    (from, &head[from..])
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
    fn the_word_under_the_caret_is_found() {
        assert_eq!(word_at("a and met", 9), (6, "met"));
        assert_eq!(word_at("", 0), (0, ""));
        assert_eq!(word_at("\u{e9} met", 6), (3, "met"));
    }
}
