//! What can be searched of logged models.

use crate::features::filter::{Attribute, Entity, Fields, Grammar, Ops, Value};

use super::model::Dataset;

const TEXT: Ops = Ops::EQUAL.and(Ops::LIKE).and(Ops::IN);

/// Logged models. `status` is compared in MLflow's words.
pub const MODELS: Grammar = Grammar {
    entities: &[
        Entity {
            name: "attribute",
            spellings: &["attributes", "attribute"],
            fields: Fields::Known(&[
                Attribute::text("name", TEXT),
                Attribute::text("model_id", TEXT),
                Attribute::text("model_type", TEXT),
                Attribute::text("status", TEXT),
                Attribute::text("source_run_id", TEXT),
                Attribute::text("experiment_id", TEXT),
                Attribute::number("creation_timestamp").aliases(&["creation_time", "creation_timestamp_ms"]),
                Attribute::number("last_updated_timestamp").aliases(&["last_updated_timestamp_ms"]),
            ]),
        },
        Entity {
            name: "metric",
            spellings: &["metrics", "metric"],
            fields: Fields::Any { value: Value::Number, ops: Ops::EQUAL.and(Ops::ORDER), sortable: true },
        },
        Entity {
            name: "param",
            spellings: &["params", "param"],
            fields: Fields::Any { value: Value::Text, ops: TEXT.and(Ops::NULL), sortable: false },
        },
        Entity { name: "tag", spellings: &["tags", "tag"], fields: Fields::Any { value: Value::Text, ops: TEXT.and(Ops::NULL), sortable: false } },
    ],
};

/// One term of an order: a field of the grammar, for metrics perhaps on one dataset.
#[derive(Clone, Debug, Default)]
pub struct Order {
    pub field: String,
    pub descending: bool,
    pub dataset: Dataset,
}

/// A search for logged models.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Experiments' ids as MLflow shows them.
    pub experiments: Vec<String>,
    pub filter: String,
    /// Metrics count only when they were measured on one of these; with an empty digest, on any dataset of the name.
    pub datasets: Vec<Dataset>,
    pub order: Vec<Order>,
    pub limit: usize,
    pub offset: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::filter::parse;

    #[test]
    fn the_filters_that_the_client_sends_are_read() {
        for good in [
            "",
            "name = 'model'",
            "attributes.status = 'READY'",
            "metrics.accuracy > 0.5 AND params.alpha = '1'",
            "tags.`a b` IS NULL",
            "creation_time > 5",
            "model_id IN ('m-1', 'm-2')",
        ] {
            assert!(parse(good, &MODELS).is_ok(), "{good}");
        }
        for bad in ["unknown = 'x'", "metrics.a = 'x'", "name > 'a'", "name = 'a'; select 1"] {
            assert!(parse(bad, &MODELS).is_err(), "{bad}");
        }
    }
}
