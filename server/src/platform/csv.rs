//! Cells and records of CSV (RFC 4180).

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

/// Quoted where it must be. What a spreadsheet would run as a formula gets a quote mark before it; numbers stay numbers.
pub fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if formula || cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn t40_cells_are_safe_in_a_spreadsheet() {
        let cells = ["a", "a,b", "a\"b", "-0.5", "=1+1", "@x", "\tx", "+1e3", "-1-1"];
        assert_eq!(cells.map(quoted), ["a", "\"a,b\"", "\"a\"\"b\"", "-0.5", "\"'=1+1\"", "\"'@x\"", "\"'\tx\"", "+1e3", "\"'-1-1\""]);
    }
}
