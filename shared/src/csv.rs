//! Records of CSV (RFC 4180), for spreadsheets too: what one would run as a formula is a text there, and numbers stay numbers.

/// What a formula can begin with; some spreadsheets take the wide forms of Japanese keyboards too.
const FORMULAS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// Adds a record of cells.
pub fn line<'c>(out: &mut String, cells: impl IntoIterator<Item = &'c str>) {
    record(out, cells.into_iter().map(quoted));
}

/// Adds a record of cells that are quoted already.
pub fn record(out: &mut String, cells: impl Iterator<Item = String>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(&cell);
    }
    out.push_str("\r\n");
}

/// Quoted where it must be, also where a reader with another separator would cut it. A formula gets a quote mark before it.
pub fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(FORMULAS) && cell.parse::<f64>().is_err();
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if formula || cell.contains([',', ';', '"', '\t', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    #[test]
    fn t40_cells_are_safe_in_a_spreadsheet() {
        let mut out = String::new();
        super::line(&mut out, ["a", "a,b", "a;b", "a\"b", "-0.5", "+1e3", "", "NaN"]);
        super::line(&mut out, ["=1+1", "@x", "\tx", "-1-1", "\u{ff1d}1", "x;=cmd()"]);
        assert_eq!(out, "a,\"a,b\",\"a;b\",\"a\"\"b\",-0.5,+1e3,,NaN\r\n\"'=1+1\",\"'@x\",\"'\tx\",\"'-1-1\",\"'\u{ff1d}1\",\"x;=cmd()\"\r\n");
    }
}
