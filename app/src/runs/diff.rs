//! Changes of files, as Git writes them.

use leptos::prelude::*;

/// Lines that are shown; more would be slow to read anyway.
const SHOWN: usize = 3_000;

/// A diff whose lines say by colour, beside their sign, what they are.
pub(super) fn lines(text: &str) -> AnyView {
    let (mut body, mut shown) = (false, Vec::new());
    for line in text.lines().take(SHOWN) {
        body = if line.starts_with("diff ") { false } else { body || line.starts_with("@@") };
        shown.push(view! { <span class=kind(line, body)>{format!("{line}\n")}</span> });
    }
    let more = text.lines().count() > SHOWN;
    let note = more.then(|| view! { <p class="note faint xs">{format!("The first {SHOWN} lines")}</p> });
    view! { <pre class="diff" tabindex="0" aria-label="Changes"><code>{shown}</code></pre>{note} }.into_any()
}

/// What a line is; `body`: it belongs to a file's content, and not to what is said of the file.
fn kind(line: &str, body: bool) -> &'static str {
    match line.as_bytes().first() {
        Some(b'@') if body => "at",
        Some(b'+') if body => "in",
        Some(b'-') if body => "out",
        _ if body => "same",
        _ => "about",
    }
}

/// How many lines a diff adds and takes away.
pub(super) fn counts(text: &str) -> (usize, usize) {
    let (mut body, mut counts) = (false, (0, 0));
    for line in text.lines() {
        body = if line.starts_with("diff ") { false } else { body || line.starts_with("@@") };
        match kind(line, body) {
            "in" => counts.0 += 1,
            "out" => counts.1 += 1,
            _ => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_file_is_no_change() {
        let text = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n same\n---rate\n+++rate\n+new\ndiff --git a/y b/y\n--- a/y\n+++ b/y\n";
        assert_eq!(counts(text), (2, 1));
        assert_eq!(counts(""), (0, 0));
    }
}
