//! What is in a file.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    artifacts::Artifact,
    model,
    versions::{Version, Versions},
};
use crate::{
    api::{Api, ApiError, Operation},
    kit::{CodeBlock, Copyable, Empty, Glyph, Icon, number, shortened},
};

const TEXT: Operation = Operation(include_str!("artifact_text.graphql"));
/// Rows and columns of a table that are shown.
const ROWS: usize = 100;
const COLUMNS: usize = 30;
/// Characters that are shown; more would be slow to read anyway.
const SHOWN: usize = 64 * 1024;

/// The beginning of a text file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Text {
    pub text: String,
    pub truncated: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    artifact_text: Option<Text>,
}

/// Asks for the beginning of a text file or of a version of it, no longer than is shown.
pub(super) async fn text(api: &Api, id: &str, path: &str, version: Option<i32>) -> Result<Option<Text>, ApiError> {
    let data: Data = model::part(api, TEXT, json!({ "id": id, "path": path, "version": version })).await?;
    Ok(data.artifact_text.map(|mut text| {
        if text.text.len() > SHOWN {
            let end = (0..=SHOWN).rev().find(|at| text.text.is_char_boundary(*at)).unwrap_or(0);
            text.text.truncate(end);
            text.truncated = true;
        }
        text
    }))
}

/// Whether a file can be read as text.
pub(super) fn is_text(file: &Artifact) -> bool {
    const ENDINGS: [&str; 18] =
        ["txt", "md", "json", "jsonl", "yaml", "yml", "csv", "tsv", "toml", "ini", "cfg", "py", "r", "sql", "log", "xml", "html", "sh"];
    let kind = file.content_type.as_deref().unwrap_or_default();
    let ending = file.name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).unwrap_or_default();
    kind.starts_with("text/")
        || kind.contains("json")
        || kind.contains("yaml")
        || ENDINGS.contains(&ending.as_str())
        || matches!(file.name.as_str(), "MLmodel" | "Dockerfile" | "Makefile")
}

fn is_image(file: &Artifact) -> bool {
    file.content_type.as_deref().is_some_and(|kind| kind.starts_with("image/"))
}

/// The file with its facts, and what can be shown of it.
#[component]
pub(super) fn Preview(
    file: Artifact,
    versions: Vec<Version>,
    /// The number of the version that is shown; nothing for the current one.
    version: Option<i32>,
    /// Its beginning, for a text.
    text: Option<Text>,
    /// Why the text could not be had.
    refused: Option<String>,
) -> impl IntoView {
    let file = match versions.iter().find(|one| Some(one.number) == version) {
        Some(version) => version.of(file),
        None => file,
    };
    let url = file.url.clone().unwrap_or_default();
    let size = file.size.map(number::bytes);
    let kind = file.content_type.as_ref().map(|kind| kind.split(';').next().unwrap_or(kind).to_owned());
    let facts = [size, kind].into_iter().flatten().collect::<Vec<_>>().join(" \u{00B7} ");
    let digest = file.digest.clone().map(|digest| view! { <Copyable text=digest.clone() shown=shortened(&digest) what="the digest"/> });
    view! {
        <header>
            <h2>{file.name.clone()}</h2>
            <span class="muted s">{facts}</span>
            {digest}
            <div class="right"><a class="button small" href=url download=file.name.clone()><Glyph icon=Icon::DOWNLOAD/>"Download"</a></div>
        </header>
        <Versions versions version/>
        {content(&file, text, refused)}
    }
    .into_any()
}

fn content(file: &Artifact, text: Option<Text>, refused: Option<String>) -> AnyView {
    let url = file.url.clone().unwrap_or_default();
    if is_image(file) {
        return view! { <div class="picture"><img src=format!("{url}{}inline=1", if url.contains('?') { '&' } else { '?' }) alt=file.name.clone()/></div> }.into_any();
    }
    if let Some(refused) = refused {
        return view! { <Empty icon=Icon::CIRCLE_ALERT title="The file could not be shown">{refused}</Empty> }.into_any();
    }
    let Some(Text { text, truncated }) = text else {
        return view! { <Empty icon=Icon::FILE title="No preview for this kind of file">"Download it to look inside."</Empty> }.into_any();
    };
    let note = truncated.then(|| view! { <p class="note faint xs">"Only the beginning is shown. Download the file for all of it."</p> });
    let separator = if file.name.ends_with(".csv") {
        Some(',')
    } else if file.name.ends_with(".tsv") {
        Some('\t')
    } else {
        None
    };
    let body = match separator {
        Some(separator) => table(&text, separator),
        None if file.name.ends_with(".json") => view! { <CodeBlock code=pretty(&text) label="JSON"/> }.into_any(),
        None => view! { <CodeBlock code=text label="Text"/> }.into_any(),
    };
    view! { {body}{note} }.into_any()
}

/// A column without a name (the index that pandas writes) is no header to read out.
fn column_head(class: &'static str, title: &str) -> AnyView {
    if title.is_empty() {
        return view! { <td class=class></td> }.into_any();
    }
    view! { <th scope="col" class=class>{title.to_owned()}</th> }.into_any()
}

fn table(text: &str, separator: char) -> AnyView {
    let mut rows = records(text, separator, ROWS + 1);
    if rows.is_empty() {
        return view! { <Empty icon=Icon::TABLE_2 title="The table is empty">"It has no rows."</Empty> }.into_any();
    }
    let head = rows.remove(0);
    let numeric: Vec<bool> =
        (0..head.len()).map(|at| rows.iter().filter_map(|row| row.get(at)).all(|cell| cell.is_empty() || cell.parse::<f64>().is_ok())).collect();
    let wide = head.len() > COLUMNS;
    let class = |at: usize| if numeric[at] { "n" } else { "" };
    let titles = head.iter().take(COLUMNS).enumerate().map(|(at, title)| column_head(class(at), title)).collect_view();
    let count = rows.len();
    let width = head.len().min(COLUMNS);
    let body = rows
        .into_iter()
        .map(|row| {
            let cells = row
                .into_iter()
                .take(width)
                .enumerate()
                .map(|(at, cell)| view! { <td class=class(at)><span class="text">{cell}</span></td> })
                .collect_view();
            view! { <tr>{cells}</tr> }
        })
        .collect_view();
    let mut words = format!("The first {}", number::counted(count as i64, "row", "rows"));
    if wide {
        words.push_str(&format!(" and {COLUMNS} of {} columns", head.len()));
    }
    view! {
        <div class="sheet" tabindex="0" role="region" aria-label="Table"><table class="table"><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>
        <p class="note faint xs">{words}</p>
    }
    .into_any()
}

/// Records of RFC 4180, at most so many.
fn records(text: &str, separator: char, most: usize) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let (mut row, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                cell.push('"');
                chars.next();
            }
            '"' if quoted || cell.is_empty() => quoted = !quoted,
            c if c == separator && !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
                if rows.len() == most {
                    return rows;
                }
            }
            c => cell.push(c),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows
}

/// JSON of one long line, broken into lines. A text that already has lines stays as it is; no
/// number or text is touched.
pub fn pretty(text: &str) -> String {
    if text.trim().lines().count() > 1 {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    let mut chars = text.trim().chars().peekable();
    while let Some(c) = chars.next() {
        if quoted {
            out.push(c);
            quoted = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '{' | '[' => {
                out.push(c);
                while chars.peek().is_some_and(|c| c.is_whitespace()) {
                    chars.next();
                }
                if !matches!(chars.peek(), Some('}' | ']')) {
                    depth += 1;
                    line(&mut out, depth);
                } else if let Some(end) = chars.next() {
                    out.push(end);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_whitespace() => {}
            c => {
                quoted = c == '"';
                out.push(c);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_keep_quotes_and_line_breaks_in_cells() {
        assert_eq!(records("a,b\r\n\"x, \"\"y\"\"\n\",2", ',', 10), [vec!["a", "b"], vec!["x, \"y\"\n", "2"]]);
        assert_eq!(records("a\nb\nc\n", ',', 2).len(), 2);
        assert!(records("", ',', 2).is_empty());
    }

    #[test]
    fn json_of_one_line_is_broken_into_lines() {
        assert_eq!(
            pretty(r#"{"a":[1,2.50],"b":{},"c":"x, \" }"}"#),
            "{\n  \"a\": [\n    1,\n    2.50\n  ],\n  \"b\": {},\n  \"c\": \"x, \\\" }\"\n}"
        );
        assert_eq!(pretty("{\n}"), "{\n}");
    }
}
