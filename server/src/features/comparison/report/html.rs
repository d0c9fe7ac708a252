//! The report as one page that needs nothing else, to open, print or send.

use super::{Document, Figure, Table};
use crate::features::comparison::{Tone, words::number};

const STYLE: &str = "body{font:14px/1.5 system-ui,sans-serif;color:#17181a;background:#fff;max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.6rem;line-height:1.25;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem}.facts{color:#53565c;margin:.25rem 0 1rem}\
ul{padding:0;list-style:none}li{padding:.4rem .75rem;margin:.35rem 0;border-left:3px solid #8a8d92;background:#f8f8f6}\
li.good{border-color:#17693f}li.bad{border-color:#b3261e}li.warn{border-color:#855300}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:13px}\
th{text-align:left;color:#53565c;font-weight:600}td,th{padding:.3rem .5rem;border-bottom:1px solid #e6e5e1;vertical-align:top;overflow-wrap:anywhere}\
footer{color:#53565c;font-size:12px;margin-top:2rem}svg{width:100%;height:auto;font:11px system-ui,sans-serif}\
@media print{body{margin:0;max-width:none}tr,li,svg{break-inside:avoid}}";

pub fn write(document: &Document) -> String {
    let title = text(&document.title);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{title}</title><style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n<p class=\"facts\">{} <a href=\"{}\">Open the comparison</a></p>\n",
        text(&document.facts),
        text(&document.link)
    );
    if !document.insights.is_empty() {
        out.push_str("<h2>Findings</h2>\n<ul>\n");
        for (tone, insight) in &document.insights {
            let class = match tone {
                Tone::Good => "good",
                Tone::Bad => "bad",
                Tone::Warn => "warn",
                Tone::Info => "info",
            };
            out.push_str(&format!("<li class=\"{class}\">{}</li>\n", text(insight)));
        }
        out.push_str("</ul>\n");
    }
    if let Some(figure) = &document.figure {
        write_figure(&mut out, figure);
    }
    document.tables.iter().for_each(|table| write_table(&mut out, table));
    out.push_str(&format!("<footer>{}</footer>\n</body></html>\n", text(&document.method)));
    out
}

fn write_table(out: &mut String, table: &Table) {
    let head: String = table.head.iter().map(|cell| format!("<th scope=\"col\">{}</th>", text(cell))).collect();
    out.push_str(&format!("<h2>{}</h2>\n<table><thead><tr>{head}</tr></thead><tbody>\n", text(&table.title)));
    for row in &table.rows {
        let cells: String = row.iter().map(|cell| format!("<td>{}</td>", text(cell))).collect();
        out.push_str(&format!("<tr>{cells}</tr>\n"));
    }
    out.push_str("</tbody></table>\n");
}

fn write_figure(out: &mut String, figure: &Figure) {
    const LEFT: f64 = 220.0;
    const WIDTH: f64 = 700.0;
    const ROW: f64 = 26.0;
    let height = ROW * figure.boxes.len() as f64 + 24.0;
    let x = |value: f64| LEFT + 8.0 + figure.place(value) * (WIDTH - 16.0);
    out.push_str(&format!("<h2>{}</h2>\n<svg viewBox=\"0 0 {} {height}\" role=\"img\">\n", text(&figure.title), LEFT + WIDTH));
    for (at, one) in figure.boxes.iter().enumerate() {
        let y = ROW * at as f64 + ROW / 2.0;
        let [low, first, median, third, high] = one.ends.map(x);
        out.push_str(&format!(
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text><line x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"{y}\" y2=\"{y}\" stroke=\"#8a8d92\"/>\
             <rect x=\"{first:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"14\" fill=\"#dbe7f8\" stroke=\"#1f5fbf\"/>\
             <line x1=\"{median:.1}\" x2=\"{median:.1}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"#1f5fbf\" stroke-width=\"2\"/>\
             <circle cx=\"{:.1}\" cy=\"{y}\" r=\"3\" fill=\"#17181a\"/>\n",
            LEFT - 4.0,
            y + 4.0,
            text(&shortened(&one.name, 34)),
            y - 7.0,
            (third - first).max(1.0),
            y - 7.0,
            y + 7.0,
            x(one.mean)
        ));
    }
    let foot = height - 6.0;
    out.push_str(&format!(
        "<text x=\"{}\" y=\"{foot}\" fill=\"#53565c\">{}</text><text x=\"{}\" y=\"{foot}\" text-anchor=\"end\" fill=\"#53565c\">{}</text></svg>\n",
        LEFT + 4.0,
        text(&number(figure.low)),
        LEFT + WIDTH - 4.0,
        text(&number(figure.high))
    ));
}

fn shortened(name: &str, most: usize) -> String {
    if name.chars().count() > most { format!("{}…", name.chars().take(most - 1).collect::<String>()) } else { name.to_owned() }
}

fn text(raw: &str) -> String {
    raw.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
