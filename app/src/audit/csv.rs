//! Entries as CSV (RFC 4180), times in UTC.

use super::model::Entry;

/// The first line.
pub(super) const HEAD: &str = "sequence,at,actor,actor_kind,action,subject_kind,subject_id,subject_name,outcome,detail,request_id,address,hash\r\n";

/// Appends one entry.
pub(super) fn append(out: &mut String, entry: &Entry) {
    let sequence = entry.sequence.to_string();
    let outcome = entry.outcome.to_lowercase();
    let cells = [
        &sequence,
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
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        quote(out, cell);
    }
    out.push_str("\r\n");
}

/// Quoted where it must be. What a spreadsheet would run as a formula gets a quote mark before it.
fn quote(out: &mut String, cell: &str) {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quoted = cell.contains([',', '"', '\n', '\r']);
    if quoted {
        out.push('"');
    }
    if formula {
        out.push('\'');
    }
    if quoted {
        out.push_str(&cell.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(cell);
    }
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
        assert_eq!(line, "7,2026-11-24T12:00:00.123456Z,'=cmd(),member,run.rename,run,run_1,\"a, \"\"b\"\"\",done,,req_1,,ab\r\n");
        assert_eq!(HEAD.matches(',').count(), 12);
    }
}
