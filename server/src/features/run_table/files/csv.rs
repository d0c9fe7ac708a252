//! CSV (RFC 4180).

use chrono::SecondsFormat;
use shared::csv::{quoted, record};

use super::calendar;
use crate::features::run_table::{Cell, Column, Row};

pub struct Writer {
    out: String,
}

impl Writer {
    pub fn begin(columns: &[Column]) -> Self {
        let mut out = String::new();
        record(&mut out, columns.iter().map(|column| quoted(&column.key())));
        Self { out }
    }

    pub fn add(&mut self, rows: &[Row]) -> Vec<u8> {
        for row in rows {
            record(&mut self.out, row.cells.iter().map(cell));
        }
        std::mem::take(&mut self.out).into_bytes()
    }
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Absent => String::new(),
        // Told apart from what is absent.
        Cell::Text(text) if text.is_empty() => "\"\"".to_owned(),
        Cell::Text(text) => quoted(text),
        Cell::Number(number) if number.is_infinite() => if *number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        // Shortest that reads back to the same double, with an exponent where that is shorter.
        Cell::Number(number) => format!("{number:?}"),
        Cell::Time(ms) => calendar(*ms).map_or_else(String::new, |time| time.to_rfc3339_opts(SecondsFormat::Millis, true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t40_numbers_stay_numbers_and_formulas_become_text() {
        let written = |one: Cell| cell(&one);
        for (number, text) in [
            (0.1, "0.1"),
            (-1.0, "-1.0"),
            (1e300, "1e300"),
            (5e-324, "5e-324"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
            (0.1 + 0.2, "0.30000000000000004"),
        ] {
            assert_eq!(written(Cell::Number(number)), text);
        }
        for (text, held) in [("=cmd()", "\"'=cmd()\""), ("-1", "-1"), ("-1-1", "\"'-1-1\""), ("\tx", "\"'\tx\""), ("a,b", "\"a,b\""), ("", "\"\"")] {
            assert_eq!(written(Cell::Text(text.into())), held);
        }
        assert_eq!(written(Cell::Time(1_700_000_000_123)), "2023-11-14T22:13:20.123Z");
        assert_eq!(written(Cell::Time(i64::MAX)), "");
    }
}
