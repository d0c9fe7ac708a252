//! Entries as CSV (RFC 4180), times in UTC.

use super::model::Entry;
use crate::kit::csv;

/// The first line.
pub(super) const HEAD: &str = "sequence,at,actor,actor_kind,action,subject_kind,subject_id,subject_name,outcome,detail,request_id,address,hash\r\n";

/// Appends one entry.
pub(super) fn append(out: &mut String, entry: &Entry) {
    let sequence = entry.sequence.to_string();
    let outcome = entry.outcome.to_lowercase();
    let cells = [
        sequence.as_str(),
        &entry.at,
        &entry.actor,
        &entry.actor_kind,
        &entry.action,
        &entry.subject_kind,
        &entry.subject_id,
        entry.subject_name.as_deref().unwrap_or_default(),
        &outcome,
        &entry.detail,
        &entry.request_id,
        entry.address.as_deref().unwrap_or_default(),
        &entry.hash,
    ];
    csv::line(out, cells);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_as_many_cells_as_the_head_and_none_is_a_formula() {
        let entry = Entry {
            sequence: 7,
            at: "2026-11-24T12:00:00.123456Z".into(),
            actor: "=cmd()".into(),
            actor_kind: "member".into(),
            action: "run.rename".into(),
            subject_kind: "run".into(),
            subject_id: "run_1".into(),
            subject_name: Some("a, \"b\"".into()),
            outcome: "DONE".into(),
            detail: String::new(),
            request_id: "req_1".into(),
            address: None,
            hash: "ab".into(),
        };
        let mut line = String::new();
        append(&mut line, &entry);
        assert_eq!(line, "7,2026-11-24T12:00:00.123456Z,\"'=cmd()\",member,run.rename,run,run_1,\"a, \"\"b\"\"\",done,,req_1,,ab\r\n");
        assert_eq!(HEAD.matches(',').count(), 12);
    }
}
