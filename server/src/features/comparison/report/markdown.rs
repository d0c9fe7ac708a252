//! The report as Markdown with tables (GitHub's flavour).

use super::{Document, Table};
use crate::features::comparison::words::number;

pub fn write(document: &Document) -> String {
    let mut out = format!("# {}\n\n{}\n\n[Open the comparison]({})\n", text(&document.title), text(&document.facts), document.link);
    if !document.insights.is_empty() {
        out.push_str("\n## Findings\n\n");
        document.insights.iter().for_each(|(_, insight)| out.push_str(&format!("- {}\n", text(insight))));
    }
    if let Some(figure) = &document.figure {
        out.push_str(&format!(
            "\n## {}\n\n| Group | Least | First quartile | Median | Third quartile | Greatest | Mean |\n|---|--:|--:|--:|--:|--:|--:|\n",
            text(&figure.title)
        ));
        for one in &figure.boxes {
            let cells: Vec<String> = one.ends.iter().chain([&one.mean]).map(|value| number(*value)).collect();
            out.push_str(&format!("| {} | {} |\n", text(&one.name), cells.join(" | ")));
        }
    }
    document.tables.iter().for_each(|table| write_table(&mut out, table));
    out.push_str(&format!("\n---\n\n{}\n", text(&document.method)));
    out
}

fn write_table(out: &mut String, table: &Table) {
    out.push_str(&format!("\n## {}\n\n| {} |\n|{}\n", text(&table.title), table.head.join(" | "), "---|".repeat(table.head.len())));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|cell| text(cell)).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
}

/// Text that means nothing but itself: what Markdown or HTML would read is escaped, lines are joined.
fn text(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for letter in raw.chars() {
        match letter {
            '\n' | '\r' | '\t' => out.push(' '),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' => {
                out.push('\\');
                out.push(letter);
            }
            letter if letter.is_control() => {}
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn c5_3d_names_are_only_text() {
        assert_eq!(text("a|b\n# <img src=x> [x](y) `z`"), "a\\|b \\# &lt;img src=x&gt; \\[x\\](y) \\`z\\`");
    }
}
