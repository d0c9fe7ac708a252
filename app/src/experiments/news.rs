//! A table of more rows than can be asked for at once, while runs come and go: its first rows are asked for again, and the rest is put behind them where
//! it is sure that it belongs there.

use std::collections::HashSet;

use super::{
    rows::Line,
    sheet::{Head, Part, Sheet},
};

/// The table with its first rows as they are now; `None` when it must be loaded anew. In an order `by_start` a run stays where it is, and one that is no
/// longer among the first is gone; in others it may have moved to where nobody looked.
pub(super) fn merged(old: &Sheet, head: Head, (first, total, next): Part, by_start: bool) -> Option<Sheet> {
    let sheet = |rows, next| Sheet { head, columns: old.columns.clone(), rows, total, next, kept: old.kept.clone(), refused: None };
    if next.is_none() {
        return Some(sheet(first, None));
    }
    let last = first.last()?;
    let seam = old.rows.iter().position(|line| line.id == last.id)?;
    let now: HashSet<&str> = first.iter().map(|line| line.id.as_str()).collect();
    let is_there = |line: &&Line| now.contains(line.id.as_str());
    if !by_start && (total != old.total || !old.rows[..=seam].iter().all(|line| is_there(&line))) {
        return None;
    }
    let rest: Vec<Line> = old.rows[seam + 1..].iter().filter(|line| !is_there(line)).cloned().collect();
    // Where all rows are here, those that came or went at the end are missed by their number.
    let more = (first.len() + rest.len()) as i64 - old.rows.len() as i64;
    let counted = !total.is_least && !old.total.is_least;
    if old.next.is_none() && counted && more != total.count - old.total.count {
        return None;
    }
    Some(sheet([first, rest].concat(), old.next.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::Moment,
        experiments::sheet::{Kept, Total},
    };

    fn lines(names: &str) -> Vec<Line> {
        let line = |name: char| Line {
            id: name.into(),
            name: name.into(),
            status: "FINISHED".into(),
            started: Moment(1.0),
            ended: None,
            by: None,
            dataset: None,
            values: Vec::new(),
        };
        names.chars().map(line).collect()
    }

    fn part(names: &str, count: i64, next: Option<&str>) -> Part {
        (lines(names), Total { count, is_least: false }, next.map(str::to_owned))
    }

    fn sheet(names: &str, count: i64, next: Option<&str>) -> Sheet {
        let head = serde_json::json!({
            "id": "exp", "name": "e", "lifecycle": "ACTIVE", "createdAt": "2026-01-01T00:00:00Z", "createdBy": null, "runCount": 1, "runCountIsLeast": false,
            "lastRunAt": null, "tags": [], "mlflowId": "1", "project": { "id": "p", "name": "p", "slug": "p", "access": "OPEN" }, "sharedAt": null,
            "viewerPermissions": [], "metricKeys": [], "paramKeys": [], "tagKeys": []
        });
        let head = serde_json::from_value(head).expect("a head");
        let (rows, total, next) = part(names, count, next);
        Sheet { head, columns: Vec::new(), rows, total, next, kept: Kept::default(), refused: None }
    }

    /// The rows of what becomes of a sheet, in their order.
    fn after(old: &Sheet, first: Part, by_start: bool) -> Option<String> {
        merged(old, old.head.clone(), first, by_start).map(|sheet| sheet.rows.iter().map(|line| line.name.as_str()).collect())
    }

    #[test]
    fn new_rows_come_before_the_rest_and_removed_ones_go() {
        let old = sheet("abcdef", 9, Some("f"));
        assert_eq!(after(&old, part("xabc", 10, Some("c")), true).as_deref(), Some("xabcdef"));
        assert_eq!(after(&old, part("acde", 8, Some("e")), true).as_deref(), Some("acdef"));
        assert_eq!(after(&old, part("wxyz", 13, Some("z")), true), None, "between them and the rest there may be more");
        assert_eq!(after(&old, part("ab", 2, None), true).as_deref(), Some("ab"));
    }

    #[test]
    fn in_another_order_rows_are_put_together_only_while_none_moved_away() {
        let old = sheet("abcdef", 9, Some("f"));
        assert_eq!(after(&old, part("bacd", 9, Some("d")), false).as_deref(), Some("bacdef"));
        assert_eq!(after(&old, part("abed", 9, Some("d")), false), None, "c is further down");
        assert_eq!(after(&old, part("abcd", 10, Some("d")), false), None, "the new one is further down");
    }

    #[test]
    fn what_came_or_went_at_the_end_of_a_whole_table_is_missed() {
        let old = sheet("abcdef", 6, None);
        assert_eq!(after(&old, part("abcd", 6, Some("d")), true).as_deref(), Some("abcdef"));
        assert_eq!(after(&old, part("abcd", 7, Some("d")), true), None);
        assert_eq!(after(&old, part("abcd", 5, Some("d")), true), None);
        assert_eq!(after(&old, part("xabc", 7, Some("c")), true).as_deref(), Some("xabcdef"));
    }
}
