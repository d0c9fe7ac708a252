use std::time::Duration;

use leptos::prelude::*;

use super::{Glyph, Icon};

/// Copies a text; says for two seconds that it did.
#[component]
pub fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: Signal<String>,
    /// What it is: "the run id".
    #[prop(into)]
    what: String,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let copy = move |event: leptos::ev::MouseEvent| {
        event.stop_propagation();
        event.prevent_default();
        copy(&text.get_untracked());
        copied.set(true);
        let back = move || {
            let _ = copied.try_set(false);
        };
        set_timeout(back, Duration::from_secs(2));
    };
    let label = format!("Copy {what}");
    let name = move || if copied.get() { "Copied".to_owned() } else { label.clone() };
    let icon = move || {
        if copied.get() {
            view! { <Glyph icon=Icon::CHECK/> }
        } else {
            view! { <Glyph icon=Icon::COPY/> }
        }
    };
    view! { <button class="copy" type="button" aria-label=name.clone() title=name class:done=move || copied.get() on:click=copy>{icon}</button> }
        .into_any()
}

/// Something a person may copy, in the mono face with the button beside it: an id, a digest, a value.
#[component]
pub fn Copyable(
    /// What is copied.
    #[prop(into)]
    text: String,
    /// What is shown; the text itself when not given.
    #[prop(optional, into)]
    shown: Option<String>,
    /// What it is: "the run id".
    #[prop(into)]
    what: String,
) -> impl IntoView {
    let shown = shown.unwrap_or_else(|| text.clone());
    view! { <span class="copyable"><code title=text.clone()>{shown}</code><CopyButton text what/></span> }.into_any()
}

/// The middle of a long id or digest left out: `run_0192…9be4`.
pub fn shortened(text: &str) -> String {
    if text.is_ascii() && text.len() > 18 { format!("{}\u{2026}{}", &text[..9], &text[text.len() - 4..]) } else { text.to_owned() }
}

/// Code to read or to take along.
#[component]
pub fn CodeBlock(
    /// The code.
    #[prop(into)]
    code: Signal<String>,
    /// Its language in words, or the file's name.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    let lines = move || code.with(|code| marked(code));
    view! {
        <figure class="code">
            <figcaption>{label.clone()}<CopyButton text=code what=format!("the {label} code")/></figcaption>
            <pre tabindex="0" aria-label=label><code>{lines}</code></pre>
        </figure>
    }
    .into_any()
}

/// Strings, comments and numbers stand out; enough for a snippet of any of our languages.
fn marked(code: &str) -> Vec<AnyView> {
    tokens(code)
        .into_iter()
        .map(
            |(class, text)| {
                if class.is_empty() { text.to_owned().into_any() } else { view! { <span class=class>{text.to_owned()}</span> }.into_any() }
            },
        )
        .collect()
}

fn tokens(code: &str) -> Vec<(&'static str, &str)> {
    const WORDS: [&str; 16] =
        ["import", "from", "with", "as", "for", "in", "def", "return", "if", "else", "export", "pip", "python", "True", "False", "None"];
    let mut out = Vec::new();
    let mut rest = code;
    let mut plain = 0;
    while plain < rest.len() {
        let tail = &rest[plain..];
        let first = tail.as_bytes()[0];
        let fresh = plain == 0 || !rest.as_bytes()[plain - 1].is_ascii_alphanumeric() && rest.as_bytes()[plain - 1] != b'_';
        let (class, length) = match first {
            b'#' => ("comment", tail.find('\n').unwrap_or(tail.len())),
            b'"' | b'\'' => ("string", tail[1..].find([first as char, '\n']).map_or(tail.len(), |end| end + 2).min(tail.len())),
            b'0'..=b'9' if fresh => ("number", tail.find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '_').unwrap_or(tail.len())),
            b'a'..=b'z' | b'A'..=b'Z' if fresh => {
                let end = tail.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(tail.len());
                if WORDS.contains(&&tail[..end]) { ("word", end) } else { ("", end) }
            }
            _ => ("", 0),
        };
        if class.is_empty() {
            plain += if length > 0 { length } else { tail.chars().next().map_or(1, char::len_utf8) };
            continue;
        }
        if plain > 0 {
            out.push(("", &rest[..plain]));
        }
        out.push((class, &tail[..length]));
        rest = &tail[length..];
        plain = 0;
    }
    if !rest.is_empty() {
        out.push(("", rest));
    }
    out
}

/// Puts a text on the clipboard.
pub fn copy(text: &str) {
    drop(window().navigator().clipboard().write_text(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_join_to_the_code() {
        for code in ["", "import mlflow\n# note\nx = \"é\" + 'a' * 12\n", "\"open", "numbers2 = 2numbers", "\u{6570}\u{636E} = '\u{6570}'"] {
            assert_eq!(tokens(code).iter().map(|token| token.1).collect::<String>(), code);
        }
        assert_eq!(tokens("import x"), [("word", "import"), ("", " x")]);
    }

    #[test]
    fn long_ids_lose_their_middle() {
        assert_eq!(shortened("run_0190aaaabbbbccccdddd9be4"), "run_0190a\u{2026}9be4");
        assert_eq!(shortened("main"), "main");
    }
}
