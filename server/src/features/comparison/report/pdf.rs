//! The report as a PDF (ISO 32000-1) in the two faces every reader has, Helvetica and Helvetica bold, without a further crate. They hold the characters of
//! Windows' western code page; another one shows as a question mark.

use super::{Document, Figure, Table};
use crate::features::comparison::{Tone, words::number};

const WIDTH: f64 = 595.0;
const HEIGHT: f64 = 842.0;
const MARGIN: f64 = 48.0;
const INNER: f64 = WIDTH - 2.0 * MARGIN;

/// Widths of Helvetica's characters from the space to the tilde, thousandths of the size (Adobe's metrics of the 14 standard faces).
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584,
    584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667,
    611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500,
    722, 500, 500, 500, 334, 260, 334, 584,
];

pub fn write(document: &Document) -> Vec<u8> {
    let mut paper = Paper::new();
    paper.paragraph(&document.title, 17.0, true, 0.09);
    paper.paragraph(&document.facts, 9.0, false, 0.35);
    paper.paragraph(&document.link, 8.0, false, 0.35);
    if !document.insights.is_empty() {
        paper.heading("Findings");
        for (tone, insight) in &document.insights {
            let mark = match tone {
                Tone::Good => "+",
                Tone::Bad => "\u{2013}",
                Tone::Warn => "!",
                Tone::Info => "\u{2022}",
            };
            paper.item(mark, insight);
        }
    }
    if let Some(figure) = &document.figure {
        paper.figure(figure);
    }
    document.tables.iter().for_each(|table| paper.table(table));
    paper.heading("How it was calculated");
    paper.paragraph(&document.method, 8.0, false, 0.35);
    paper.bytes(&document.title)
}

/// Pages that fill from the top.
struct Paper {
    pages: Vec<Vec<u8>>,
    /// The height left on the last page.
    y: f64,
}

impl Paper {
    fn new() -> Self {
        Self { pages: vec![Vec::new()], y: HEIGHT - MARGIN }
    }

    /// Begins a page where less than `height` is left.
    fn room(&mut self, height: f64) {
        if self.y - height < MARGIN {
            self.pages.push(Vec::new());
            self.y = HEIGHT - MARGIN;
        }
    }

    fn put(&mut self, operators: &str) {
        if let Some(page) = self.pages.last_mut() {
            page.extend_from_slice(operators.as_bytes());
            page.push(b'\n');
        }
    }

    /// One line; `grey` is 0 (black) to 1.
    fn line(&mut self, x: f64, y: f64, words: &[u8], size: f64, bold: bool, grey: f64) {
        let Some(page) = self.pages.last_mut() else { return };
        page.extend_from_slice(format!("BT {grey:.2} g /F{} {size} Tf {x:.1} {y:.1} Td (", if bold { 2 } else { 1 }).as_bytes());
        for byte in words {
            match byte {
                b'(' | b')' | b'\\' => page.extend_from_slice(&[b'\\', *byte]),
                byte => page.push(*byte),
            }
        }
        page.extend_from_slice(b") Tj ET\n");
    }

    fn paragraph(&mut self, words: &str, size: f64, bold: bool, grey: f64) {
        for line in wrapped(&encoded(words), INNER, size, bold) {
            self.room(size * 1.4);
            self.y -= size * 1.4;
            self.line(MARGIN, self.y, &line, size, bold, grey);
        }
        self.y -= 3.0;
    }

    fn heading(&mut self, words: &str) {
        self.room(60.0);
        self.y -= 14.0;
        self.paragraph(words, 11.5, true, 0.09);
    }

    fn item(&mut self, mark: &str, words: &str) {
        for (at, line) in wrapped(&encoded(words), INNER - 14.0, 9.5, false).into_iter().enumerate() {
            self.room(14.0);
            self.y -= 13.5;
            if at == 0 {
                self.line(MARGIN, self.y, &encoded(mark), 9.5, true, 0.09);
            }
            self.line(MARGIN + 14.0, self.y, &line, 9.5, false, 0.09);
        }
        self.y -= 3.0;
    }

    fn table(&mut self, table: &Table) {
        self.heading(&table.title);
        let all: f64 = table.widths.iter().sum();
        let widths: Vec<f64> = table.widths.iter().map(|width| width / all * INNER).collect();
        self.row(&table.head.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>(), &widths, true);
        for row in &table.rows {
            self.row(row, &widths, false);
        }
    }

    fn row(&mut self, cells: &[String], widths: &[f64], bold: bool) {
        const SIZE: f64 = 7.5;
        let lines: Vec<Vec<Vec<u8>>> = cells.iter().zip(widths).map(|(cell, width)| wrapped(&encoded(cell), width - 6.0, SIZE, bold)).collect();
        let deepest = lines.iter().map(Vec::len).max().unwrap_or(1).max(1) as f64;
        let height = deepest * 10.0 + 4.0;
        self.room(height.min(HEIGHT - 2.0 * MARGIN));
        let mut x = MARGIN;
        for (column, width) in lines.iter().zip(widths) {
            for (at, line) in column.iter().enumerate() {
                self.line(x, self.y - 10.0 * (at + 1) as f64, line, SIZE, bold, if bold { 0.35 } else { 0.09 });
            }
            x += width;
        }
        self.y -= height;
        let y = self.y + 1.0;
        self.put(&format!("0.85 G 0.5 w {MARGIN} {y:.1} m {:.1} {y:.1} l S", WIDTH - MARGIN));
    }

    fn figure(&mut self, figure: &Figure) {
        const ROW: f64 = 17.0;
        const LEFT: f64 = 150.0;
        self.heading(&figure.title);
        let x = |value: f64| MARGIN + LEFT + figure.place(value) * (INNER - LEFT - 8.0);
        for one in &figure.boxes {
            self.room(ROW + 14.0);
            self.y -= ROW;
            let y = self.y + 4.0;
            let [low, first, median, third, high] = one.ends.map(x);
            let name = wrapped(&encoded(&one.name), LEFT - 12.0, 8.0, false).into_iter().next().unwrap_or_default();
            self.line(MARGIN, y - 3.0, &name, 8.0, false, 0.09);
            self.put(&format!("0.54 G 0.8 w {low:.1} {y:.1} m {high:.1} {y:.1} l S"));
            self.put(&format!("0.86 0.91 0.97 rg 0.12 0.37 0.75 RG {first:.1} {:.1} {:.1} 9 re B", y - 4.5, (third - first).max(0.5)));
            self.put(&format!("1.6 w {median:.1} {:.1} m {median:.1} {:.1} l S", y - 4.5, y + 4.5));
            self.put(&format!("0.09 g {:.1} {:.1} 3.6 3.6 re f", x(one.mean) - 1.8, y - 1.8));
        }
        self.y -= 12.0;
        let (low, high) = (encoded(&number(figure.low)), encoded(&number(figure.high)));
        let right = WIDTH - MARGIN - 8.0 - width(&high, 7.5, false);
        self.line(MARGIN + LEFT, self.y, &low, 7.5, false, 0.35);
        self.line(right, self.y, &high, 7.5, false, 0.35);
    }

    /// The file: objects 1 to 4 are the catalog, the list of pages and the faces, 5 what the file is called, then two for each page.
    fn bytes(mut self, title: &str) -> Vec<u8> {
        let count = self.pages.len();
        for at in 0..count {
            let words = encoded(&format!("{} of {count}", at + 1));
            let kept = std::mem::take(&mut self.pages[at]);
            let mut page = Paper { pages: vec![kept], y: 0.0 };
            page.line(WIDTH - MARGIN - 30.0, 26.0, &words, 7.5, false, 0.35);
            self.pages[at] = page.pages.swap_remove(0);
        }
        let kids: Vec<String> = (0..count).map(|at| format!("{} 0 R", 6 + 2 * at)).collect();
        let face = |name: &str| format!("<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>").into_bytes();
        let named: String = encoded(title).iter().map(|byte| format!("{byte:02X}")).collect();
        let mut objects: Vec<Vec<u8>> = vec![
            b"<< /Type /Catalog /Pages 2 0 R /Lang (en) >>".to_vec(),
            format!("<< /Type /Pages /Kids [{}] /Count {count} >>", kids.join(" ")).into_bytes(),
            face("Helvetica"),
            face("Helvetica-Bold"),
            format!("<< /Title <{named}> /Producer (Assay) >>").into_bytes(),
        ];
        for (at, content) in self.pages.into_iter().enumerate() {
            objects.push(
                format!(
                    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents {} 0 R >>",
                    7 + 2 * at
                )
                .into_bytes(),
            );
            objects.push([format!("<< /Length {} >>\nstream\n", content.len()).as_bytes(), &content, b"\nendstream"].concat());
        }
        let mut out = b"%PDF-1.4\n%\xE2\xE3\xCF\xD3\n".to_vec();
        let mut places = Vec::new();
        for (at, object) in objects.iter().enumerate() {
            places.push(out.len());
            out.extend_from_slice(format!("{} 0 obj\n", at + 1).as_bytes());
            out.extend_from_slice(object);
            out.extend_from_slice(b"\nendobj\n");
        }
        let start = out.len();
        out.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).as_bytes());
        places.iter().for_each(|place| out.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes()));
        out.extend_from_slice(format!("trailer\n<< /Size {} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1).as_bytes());
        out
    }
}

/// In WinAnsiEncoding. The menu that offers the report says so when there is more than that.
fn encoded(text: &str) -> Vec<u8> {
    text.chars().map(|letter| shared::latin::byte(letter).unwrap_or(b'?')).collect()
}

/// Bold is taken for a little wider than it is anywhere.
fn width(words: &[u8], size: f64, bold: bool) -> f64 {
    let one = |byte: &u8| f64::from(byte.checked_sub(32).and_then(|at| WIDTHS.get(usize::from(at))).copied().unwrap_or(600));
    words.iter().map(one).sum::<f64>() / 1000.0 * size * if bold { 1.08 } else { 1.0 }
}

/// Lines that fit; a word that does not is broken.
fn wrapped(text: &[u8], most: f64, size: f64, bold: bool) -> Vec<Vec<u8>> {
    let (mut lines, mut line): (Vec<Vec<u8>>, Vec<u8>) = (Vec::new(), Vec::new());
    for word in text.split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
        let longer = if line.is_empty() { word.to_vec() } else { [&line[..], b" ", word].concat() };
        if width(&longer, size, bold) <= most {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for byte in word {
            line.push(*byte);
            if width(&line, size, bold) > most && line.len() > 1 {
                line.pop();
                lines.push(std::mem::replace(&mut line, vec![*byte]));
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c5_3d_lines_fit_and_names_stay_text() {
        let lines = wrapped(&encoded(&format!("short {} end", "x".repeat(300))), 100.0, 10.0, false);
        assert!(lines.len() > 10 && lines.iter().all(|line| width(line, 10.0, false) <= 100.0));
        let mut paper = Paper::new();
        paper.line(0.0, 0.0, &encoded(") Tj ET (\\"), 8.0, false, 0.0);
        assert!(String::from_utf8_lossy(&paper.pages[0]).contains(r"(\) Tj ET \(\\) Tj ET"));
        assert_eq!(encoded("é\u{2212}1\u{4E2D}\n"), [0xE9, b'-', b'1', b'?', b' ']);
    }
}
