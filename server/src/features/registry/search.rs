//! What can be searched of models and versions.

use crate::features::filter::{Attribute, Check, Comparison, Entity, Fields, Filter, Grammar, Ops, Value};

use super::PROMPT_TAG;

const TAGS: Entity = Entity {
    name: "tag",
    spellings: &["tag", "tags"],
    fields: Fields::Any { value: Value::Text, ops: Ops::EQUAL.and(Ops::LIKE).and(Ops::NULL), sortable: false },
};

/// Registered models.
pub const MODELS: Grammar = Grammar {
    entities: &[
        Entity {
            name: "attribute",
            spellings: &["attribute", "attributes"],
            fields: Fields::Known(&[
                Attribute::text("name", Ops::EQUAL.and(Ops::LIKE).and(Ops::IN)),
                Attribute::number("last_updated_timestamp").aliases(&["timestamp"]),
            ]),
        },
        TAGS,
    ],
};

/// Model versions.
pub const VERSIONS: Grammar = Grammar {
    entities: &[
        Entity {
            name: "attribute",
            spellings: &["attribute", "attributes"],
            fields: Fields::Known(&[
                Attribute::text("name", Ops::EQUAL.and(Ops::LIKE).and(Ops::IN)),
                Attribute::text("run_id", Ops::EQUAL.and(Ops::LIKE).and(Ops::IN)).unsorted(),
                Attribute::text("source_path", Ops::EQUAL.and(Ops::LIKE)).unsorted(),
                Attribute::number("version_number").aliases(&["version"]),
                Attribute::number("creation_timestamp"),
                Attribute::number("last_updated_timestamp"),
            ]),
        },
        TAGS,
    ],
};

/// A search for models.
#[derive(Clone, Debug, Default)]
pub struct ModelQuery {
    pub filter: String,
    pub order: Vec<String>,
    pub limit: usize,
    pub offset: u64,
}

/// A search for versions.
pub type VersionQuery = ModelQuery;

/// Whether a filter asks for prompts, which are left out otherwise.
pub fn asks_for_prompts(filter: &Filter) -> bool {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts.iter().any(asks_for_prompts),
        Filter::Not(_) => false,
        Filter::Is(test) => test.entity == "tag" && test.key == PROMPT_TAG && test.check == Check::Text(Comparison::Equal, "true".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::filter::{orders, parse};

    #[test]
    fn prompts_are_seen_only_by_who_asks() {
        assert!(asks_for_prompts(&parse("name = 'a' AND tags.`mlflow.prompt.is_prompt` = 'true'", &MODELS).unwrap()));
        assert!(!asks_for_prompts(&parse("tags.`mlflow.prompt.is_prompt` != 'true'", &MODELS).unwrap()));
        assert!(!asks_for_prompts(&parse("", &VERSIONS).unwrap()));
    }

    #[test]
    fn t34_t35_only_listed_fields_are_searched_and_sorted() {
        for bad in [
            "name = 'a' OR 1=1 --",
            "description = 'x'",
            "metrics.a > 1",
            "name > 'a'",
            "version_number = 1; drop table x",
            "params.\"x' OR '1'='1\" = 'a'",
        ] {
            assert!(parse(bad, &MODELS).is_err(), "{bad}");
        }
        assert!(parse("version_number >= 2 AND run_id IN ('a', 'b') AND tags.k LIKE '%x%'", &VERSIONS).is_ok());
        for bad in ["name ASC, (select 1)", "metrics.a; select pg_sleep(5)", "description", "creation_timestamp"] {
            assert!(orders(&[bad.to_owned()], &MODELS).is_err(), "{bad}");
        }
        assert!(orders(&["timestamp DESC".into(), "name".into()], &MODELS).is_ok());
    }
}
