//! A drawing made of a few kinds of marks: every chart kind is a function that makes one, and one writer turns it into SVG, for the page at any width and for
//! a file at one.

use std::fmt::Write;

use shared::csv;

use super::levels::Level;
use crate::kit::escape::escaped as text;

/// Series beyond the palette take its colours again.
const COLOURS: usize = 6;
/// The palette in a file, which knows no theme: that of the light one.
const LIGHT: [&str; COLOURS] = ["#1f5fbf", "#c05a00", "#0b7d6e", "#9b3d8f", "#6b7280", "#a37e00"];
/// Of thresholds in a file.
const BAD: &str = "#b3261e";
/// Width of a file, and of its labels at the left.
const FILE_WIDTH: f64 = 800.0;
const TITLE: f64 = 30.0;
const SCALE: f64 = 1_000.0;

/// What a mark stands for: light it where it or its group is pointed at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Means {
    /// A run's id; empty for a whole group.
    pub run: String,
    pub group: usize,
    /// Said when it is pointed at.
    pub words: String,
}

/// The shape of a mark. x goes from 0 (left) to 1, y from 0 (top) in pixels.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Bar {
        x: f64,
        y: f64,
        width: f64,
        height: f64,
    },
    Dot {
        x: f64,
        y: f64,
    },
    /// A straight line, of the mark's colour.
    Line {
        x: (f64, f64),
        y: (f64, f64),
    },
    /// A line through points; a gap begins a new one.
    Path(Vec<Vec<(f64, f64)>>),
}

/// A shape with its colour (the place of a group, from 0) and strength (0 to 1).
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub shape: Shape,
    pub colour: usize,
    pub strength: f64,
    pub means: Means,
}

/// A whole chart without its title.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    /// Of the plane, in pixels.
    pub height: f64,
    pub marks: Vec<Mark>,
    /// At the left: y and words.
    pub rows: Vec<(f64, String)>,
    /// Under the plane: x and words.
    pub columns: Vec<(f64, String)>,
    /// Lines across at y.
    pub grid: Vec<f64>,
    /// Lines down at x.
    pub axes: Vec<f64>,
    /// What the marks are held against.
    pub levels: Vec<Level>,
    /// Words on the plane: x, y and words.
    pub labels: Vec<(f64, f64, String)>,
    /// What x is at the left and at the right, where a part of it can be looked at.
    pub across: Option<(f64, f64)>,
    /// The numbers behind it: a head and rows.
    pub head: Vec<String>,
    pub values: Vec<Vec<String>>,
}

/// Room under the plane for words.
pub(super) const FOOT: f64 = 20.0;
/// Room above it.
pub(super) const TOP: f64 = 8.0;

impl Drawing {
    /// The width that the words at the left need.
    pub fn margin(&self) -> f64 {
        let longest = self.rows.iter().map(|(_, words)| words.chars().count()).max().unwrap_or(0);
        (longest as f64 * 6.4 + 12.0).clamp(12.0, 190.0)
    }

    /// Height with the words above and below.
    pub fn whole_height(&self) -> f64 {
        self.height + TOP + FOOT
    }

    /// The words at the left, for the page.
    pub(super) fn left(&self) -> String {
        let x = self.margin() - 8.0;
        let mut out = String::new();
        for (y, words) in &self.rows {
            let _ = write!(out, "<text x=\"{x:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>", y + TOP + 4.0, text(&cut(words, 28)));
        }
        out
    }

    /// The plane, for the page: x in percent, so that it fits every width.
    pub(super) fn plane(&self) -> String {
        let mut out = String::new();
        self.draw(&mut out, &|x| format!("{:.2}%", x * 100.0), &|width| format!("{:.2}%", width * 100.0), |colour| {
            format!("class=\"s{}\"", colour % COLOURS + 1)
        });
        out
    }

    /// A file of its own: light, with its title, at one width.
    pub fn file(&self, title: &str) -> String {
        let (left, height) = (self.margin(), self.whole_height() + TITLE);
        let wide = FILE_WIDTH - left - 12.0;
        let mut inside = String::new();
        let paint = |colour: usize| format!("color=\"{}\"", LIGHT[colour % COLOURS]);
        self.draw(&mut inside, &|x| format!("{:.1}", x * wide), &|width| format!("{:.1}", width * wide), paint);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{FILE_WIDTH}\" height=\"{height}\" viewBox=\"0 0 {FILE_WIDTH} {height}\" font-family=\"Inter, Helvetica, Arial, sans-serif\" font-size=\"11\">\
             <style>text{{fill:#53565c}}.grid,.axis{{stroke:#e6e5e1}}path,.line{{fill:none;stroke:currentColor;stroke-width:1.5}}.edged{{paint-order:stroke;stroke:#ffffff;stroke-width:3px}}.block,.spot{{fill:currentColor}}\
             line.threshold{{stroke:{BAD};stroke-width:1.25;stroke-dasharray:5 4}}text.threshold{{fill:{BAD};paint-order:stroke;stroke:#ffffff;stroke-width:3px}}</style>\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/><text x=\"12\" y=\"20\" font-size=\"14\" font-weight=\"600\">{}</text>\
             <g transform=\"translate(0 {TITLE})\">{}<g transform=\"translate({left} 0)\">{inside}</g></g></svg>",
            text(title),
            self.left()
        )
        .replace("PATHWIDTH", &format!("{wide:.1}"))
    }

    fn draw(&self, out: &mut String, x: &dyn Fn(f64) -> String, width: &dyn Fn(f64) -> String, paint: impl Fn(usize) -> String) {
        for y in &self.grid {
            let y = (y + TOP).round() + 0.5;
            let _ = write!(out, "<line class=\"grid\" x1=\"0\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\"/>", x(1.0));
        }
        for at in &self.axes {
            let _ = write!(out, "<line class=\"axis\" x1=\"{0}\" x2=\"{0}\" y1=\"{TOP}\" y2=\"{1}\"/>", x(*at), self.height + TOP);
        }
        for mark in &self.marks {
            let Mark { shape, colour, strength, means } = mark;
            let strength = if *strength < 1.0 { format!(" opacity=\"{strength:.2}\"") } else { String::new() };
            let _ = write!(out, "<g {}{strength} data-g=\"{}\" data-run=\"{}\">", paint(*colour), means.group, text(&means.run));
            if !means.words.is_empty() {
                let _ = write!(out, "<title>{}</title>", text(&means.words));
            }
            match shape {
                Shape::Bar { x: at, y, width: wide, height } => {
                    let _ = write!(
                        out,
                        "<rect class=\"block\" x=\"{}\" y=\"{:.1}\" width=\"{}\" height=\"{:.1}\"/>",
                        x(*at),
                        y + TOP,
                        width(*wide),
                        height.max(0.5)
                    );
                }
                Shape::Dot { x: at, y } => {
                    let _ = write!(out, "<circle class=\"spot\" cx=\"{}\" cy=\"{:.1}\" r=\"4\"/>", x(*at), y + TOP);
                }
                Shape::Line { x: (from, to), y: (above, below) } => {
                    let _ = write!(
                        out,
                        "<line class=\"line\" x1=\"{}\" x2=\"{}\" y1=\"{:.1}\" y2=\"{:.1}\"/>",
                        x(*from),
                        x(*to),
                        above + TOP,
                        below + TOP
                    );
                }
                Shape::Path(parts) => {
                    let _ = write!(
                        out,
                        "<svg viewBox=\"0 0 {SCALE} {0}\" preserveAspectRatio=\"none\" width=\"{1}\" y=\"{TOP}\" height=\"{0}\"><path vector-effect=\"non-scaling-stroke\" d=\"",
                        self.height,
                        x(1.0)
                    );
                    parts.iter().for_each(|points| path(out, points));
                    out.push_str("\"/></svg>");
                }
            }
            out.push_str("</g>");
        }
        for level in &self.levels {
            let (at, off, anchor) = level.edge();
            let (y, end, at, foot) = (level.y + TOP, x(1.0), x(at), level.foot + TOP);
            let _ = write!(
                out,
                "<line class=\"threshold\" x1=\"0\" x2=\"{end}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"threshold\" x=\"{at}\" dx=\"{off}\" y=\"{foot:.1}\" text-anchor=\"{anchor}\">{}</text>",
                text(&level.words)
            );
        }
        // On lines words need an edge of the ground to be read.
        let class = if self.axes.is_empty() { "inside" } else { "edged" };
        for (at, y, words) in &self.labels {
            let _ = write!(out, "<text class=\"{class}\" x=\"{}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>", x(*at), y + TOP, text(words));
        }
        for (at, words) in &self.columns {
            let anchor = if *at < 0.06 {
                "start"
            } else if *at > 0.94 {
                "end"
            } else {
                "middle"
            };
            let _ =
                write!(out, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>", x(*at), self.height + TOP + 15.0, text(&cut(words, 24)));
        }
    }

    /// What its marks stand for, where that can be said, each once.
    pub(super) fn said(&self) -> impl Iterator<Item = &Means> {
        let means = |at: usize| self.marks.get(at).map(|mark| &mark.means);
        let new = move |at: &usize| means(*at) != at.checked_sub(1).and_then(means);
        (0..self.marks.len()).filter(new).filter_map(means).filter(|means| !means.words.is_empty())
    }

    /// The numbers as CSV (RFC 4180). What a spreadsheet would run as a formula gets a quote mark before it; numbers stay numbers.
    pub fn csv(&self) -> String {
        let mut out = String::new();
        for cells in std::iter::once(&self.head).chain(&self.values) {
            csv::line(&mut out, cells.iter().map(String::as_str));
        }
        out
    }
}

fn path(out: &mut String, points: &[(f64, f64)]) {
    for (at, (x, y)) in points.iter().enumerate() {
        let _ = write!(out, "{}{:.1} {:.1}", if at == 0 { 'M' } else { 'L' }, x * SCALE, y);
    }
    if points.len() == 1 {
        out.push_str("h0");
    }
}

/// At most so many characters.
fn cut(words: &str, most: usize) -> String {
    if words.chars().count() > most { format!("{}\u{2026}", words.chars().take(most - 1).collect::<String>()) } else { words.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawing() -> Drawing {
        let means = Means { run: "run_1\"".into(), group: 7, words: "<script>".into() };
        Drawing {
            height: 100.0,
            marks: vec![Mark { shape: Shape::Dot { x: 0.5, y: 10.0 }, colour: 7, strength: 1.0, means }],
            rows: vec![(10.0, "</text>".into())],
            head: vec!["name".into()],
            values: vec![vec!["=1+1".into()], vec!["-1.5".into()]],
            ..Default::default()
        }
    }

    #[test]
    fn names_are_text_and_places_fit_every_width() {
        let plane = drawing().plane();
        assert!(plane.contains("cx=\"50.00%\"") && plane.contains("class=\"s2\"") && plane.contains("<title>&lt;script&gt;</title>"), "{plane}");
        assert!(plane.contains("data-run=\"run_1&quot;\"") && drawing().left().contains("&lt;/text&gt;"));
    }

    #[test]
    fn a_file_stands_alone() {
        let file = drawing().file("a & b");
        assert!(
            file.starts_with("<svg xmlns=") && file.contains("a &amp; b") && file.contains("#c05a00") && !file.contains('%') || file.contains("100%")
        );
        assert_eq!(drawing().csv(), "name\r\n\"'=1+1\"\r\n-1.5\r\n");
    }
}
