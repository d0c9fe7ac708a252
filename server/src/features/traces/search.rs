//! What can be searched of traces, and searching them.

use super::{ReadTraces, Trace, repo};
use crate::{
    access::Grant,
    fault::Fault,
    features::{
        experiments::ExperimentRef,
        filter::{self, Attribute, Entity, Fields, Grammar, Ops, Value, keyset},
    },
};

const TEXT: Ops = Ops::EQUAL.and(Ops::LIKE).and(Ops::RLIKE);
const NAMED: Ops = TEXT.and(Ops::IN);
const PAIRS: Fields = Fields::Any { value: Value::Text, ops: TEXT.and(Ops::NULL), sortable: false };

/// The entities, keys and operators of MLflow's trace search. RLIKE is the database's `~`, as in MLflow on Postgres.
pub const GRAMMAR: Grammar = Grammar {
    entities: &[
        Entity {
            name: "attribute",
            spellings: &["attribute", "attributes", "trace"],
            fields: Fields::Known(&[
                Attribute::text("request_id", NAMED).aliases(&["trace_id"]),
                Attribute::text("status", NAMED).aliases(&["state"]),
                Attribute::text("name", NAMED),
                Attribute::text("run_id", NAMED).unsorted(),
                Attribute::text("client_request_id", NAMED).unsorted(),
                Attribute::text("text", Ops::LIKE).unsorted(),
                // `name/version` of a prompt that the trace was linked to.
                Attribute::text("prompt", Ops::SAME).unsorted(),
                Attribute::number("timestamp_ms").aliases(&["timestamp"]),
                Attribute::number("execution_time_ms").aliases(&["execution_time"]),
                Attribute::number("end_time_ms").aliases(&["end_time"]),
            ]),
        },
        Entity { name: "tag", spellings: &["tag", "tags"], fields: PAIRS },
        Entity { name: "metadata", spellings: &["metadata", "request_metadata"], fields: PAIRS },
        Entity {
            name: "span",
            spellings: &["span"],
            fields: Fields::Known(&[
                Attribute::text("name", NAMED).unsorted(),
                Attribute::text("type", NAMED).unsorted(),
                Attribute::text("status", NAMED).unsorted(),
                Attribute::text("content", Ops::LIKE).unsorted(),
            ]),
        },
        Entity { name: "feedback", spellings: &["feedback"], fields: PAIRS },
        Entity { name: "expectation", spellings: &["expectation"], fields: PAIRS },
    ],
};

/// A search for traces.
#[derive(Clone, Debug, Default)]
pub struct TraceQuery {
    /// Without any, nothing is found. Those that do not exist have no traces.
    pub experiments: Vec<ExperimentRef>,
    pub filter: String,
    pub order: Vec<String>,
    pub limit: u64,
    /// Where the page before ended.
    pub after: Option<String>,
}

/// A page of traces.
#[derive(Clone, Debug, Default)]
pub struct Traces {
    pub traces: Vec<Trace>,
    /// Continues the list, if it goes on.
    pub next: Option<String>,
    /// How many there are in all, if it was asked for.
    pub total: i64,
}

/// A page of traces, the latest first unless an order says otherwise, and, with `count`, how many there are in all.
///
/// # Errors
/// `Invalid` naming `filter`, `orderBy` or `after`.
pub async fn search(grant: Grant<'_, ReadTraces>, query: &TraceQuery, count: bool) -> Result<Traces, Fault> {
    let filter = filter::parse(&query.filter, &GRAMMAR)?;
    let order = filter::orders(&query.order, &GRAMMAR)?;
    let described = format!("traces {} {:?} {:?} {filter:?} {order:?}", grant.tenant().id, grant.reach(), query.experiments);
    let after = query.after.as_deref().map(|cursor| keyset::open(&described, cursor)).transpose()?;
    if query.experiments.is_empty() {
        return Ok(Traces::default());
    }
    let tx = grant.read().await?;
    let mut ids = repo::search(tx, &query.experiments, &filter, &order, after, query.limit + 1).await?;
    let more = ids.len() as u64 > query.limit;
    ids.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
    let next = ids.last().filter(|_| more).map(|last| keyset::seal(&described, last.0));
    let total = if count { repo::count(tx, &query.experiments, &filter).await? } else { 0 };
    Ok(Traces { traces: repo::load(tx, &ids).await?, next, total })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::filter::{orders, parse};

    #[test]
    fn t34_t36_the_filters_that_the_client_sends_are_read() {
        for good in [
            "",
            "trace.status = 'OK' AND timestamp_ms > 5",
            "attributes.name = 'predict'",
            "tags.`mlflow.traceName` LIKE 'a%'",
            "metadata.`mlflow.sourceRun` = 'x' AND request_metadata.k != 'y'",
            "span.type = 'LLM' AND span.name IN ('a', 'b')",
            "feedback.correctness = 'true' OR NOT expectation.answer IS NULL",
            "run_id = 'x'",
            "execution_time > 100",
            "trace.text LIKE '%hello%'",
            "name RLIKE '^(a+)+$' AND tags.team rlike 'r.sk' AND span.name RLIKE '[\\d]' AND feedback.tone RLIKE 'x\\\\1'",
            "prompt = 'greeting/1'",
        ] {
            assert!(parse(good, &GRAMMAR).is_ok(), "{good}: {:?}", parse(good, &GRAMMAR));
        }
        for bad in [
            "name RLIKE '(a+)+\\1'",
            "name RLIKE '(?=.*a)b'",
            "name RLIKE 'a(?<!b)'",
            "trace.text RLIKE 'a'",
            "timestamp_ms RLIKE '1'",
            "name RLIKE a",
            "prompt != 'greeting/1'",
            "trace.unknown = 'x'",
            "span.other = 'x'",
            "timestamp_ms = '5'",
            "status > 'OK'",
            "span.content = 'x'",
            "name = 'a' OR 1=1 --",
        ] {
            assert!(parse(bad, &GRAMMAR).is_err(), "{bad}");
        }
        let long = |count| format!("name RLIKE '{}'", "a".repeat(count));
        let many = |count| vec!["name RLIKE 'a'"; count].join(" OR ");
        assert!(parse(&many(8), &GRAMMAR).is_ok() && parse(&many(9), &GRAMMAR).is_err());
        assert!(parse(&long(256), &GRAMMAR).is_ok() && parse(&long(257), &GRAMMAR).is_err());
        assert!(orders(&["timestamp_ms DESC".into(), "name".into()], &GRAMMAR).is_ok());
        assert!(orders(&["tags.a".into()], &GRAMMAR).is_err());
    }
}
