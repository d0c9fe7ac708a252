//! The columns of the run table: their keys in the address, their order, what is shown at first.

use serde::{Deserialize, Serialize};

use super::model::is_internal;
use crate::kit::{Better, Choice, Column};

/// Columns every experiment has, with the attribute that orders by them.
const OWN: [(&str, &str, Option<&str>); 5] = [
    ("status", "State", Some("status")),
    ("started", "Started", Some("start_time")),
    ("duration", "Duration", None),
    ("by", "Created by", None),
    ("dataset", "Dataset", None),
];
/// How many metrics and params are shown before the reader has chosen.
const METRICS: usize = 4;
const PARAMS: usize = 4;

/// What a column shows of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Shows {
    Own(String),
    Metric(String),
    Param(String),
    Tag(String),
}

impl Shows {
    /// Reads a key of the address; `None` when it is none.
    pub fn parse(key: &str) -> Option<Self> {
        match key.split_once('.') {
            Some(("metrics", name)) if !name.is_empty() => Some(Self::Metric(name.to_owned())),
            Some(("params", name)) if !name.is_empty() => Some(Self::Param(name.to_owned())),
            Some(("tags", name)) if !name.is_empty() => Some(Self::Tag(name.to_owned())),
            _ => OWN.iter().any(|own| own.0 == key).then(|| Self::Own(key.to_owned())),
        }
    }

    /// As it stands in the address.
    pub fn key(&self) -> String {
        match self {
            Self::Own(key) => key.clone(),
            Self::Metric(name) => format!("metrics.{name}"),
            Self::Param(name) => format!("params.{name}"),
            Self::Tag(name) => format!("tags.{name}"),
        }
    }

    /// What the head says.
    pub fn title(&self) -> String {
        match self {
            Self::Own(key) => OWN.iter().find(|own| own.0 == key).map_or(key.as_str(), |own| own.1).to_owned(),
            Self::Metric(name) | Self::Param(name) | Self::Tag(name) => name.clone(),
        }
    }

    /// The column as the table draws it; `numeric` tells whether all its values are numbers.
    pub fn column(&self, numeric: bool) -> Column {
        let (key, title) = (self.key(), self.title());
        match self {
            Self::Own(own) if own == "duration" => Column::number(key, title),
            Self::Own(own) if matches!(own.as_str(), "status" | "started") => Column::text(key, title).sortable(),
            Self::Own(_) => Column::text(key, title),
            Self::Metric(name) => Column::number(key, title).better(Better::guess(name)).sortable(),
            _ if numeric => Column::number(key, title).sortable(),
            _ => Column::mono(key, title).sortable(),
        }
    }
}

/// The columns a reader chose, in their order, or what an experiment shows at first.
pub(super) fn chosen(keys: &[String], metrics: &[String], params: &[String]) -> Vec<Shows> {
    if keys.is_empty() {
        return at_first(metrics, params);
    }
    let mut shown: Vec<Shows> = Vec::new();
    for one in keys.iter().filter_map(|key| Shows::parse(key)) {
        if !shown.contains(&one) {
            shown.push(one);
        }
    }
    shown
}

/// Among params shown at first, those in which the runs differ come before the rest.
pub(super) fn prefer(columns: &mut Vec<Shows>, params: &[String], differs: impl Fn(&str) -> bool) {
    let mut params: Vec<&String> = params.iter().collect();
    params.sort_by_cached_key(|name| !differs(name));
    columns.retain(|shows| !matches!(shows, Shows::Param(_)));
    columns.extend(params.into_iter().take(PARAMS).map(|name| Shows::Param(name.clone())));
}

/// What is shown of runs with these keys until somebody chooses.
pub(crate) fn at_first(metrics: &[String], params: &[String]) -> Vec<Shows> {
    let own = OWN[..3].iter().map(|own| Shows::Own(own.0.to_owned()));
    // What tells models apart first; what the machine did only when it is asked for.
    let mut metrics: Vec<&String> = metrics.iter().filter(|name| !name.starts_with("system/")).collect();
    metrics.sort_by_key(|name| Better::guess(name).is_none());
    let metrics = metrics.into_iter().take(METRICS).map(|name| Shows::Metric(name.clone()));
    let params = params.iter().take(PARAMS).map(|name| Shows::Param(name.clone()));
    own.chain(metrics).chain(params).collect()
}

/// Everything that can be shown, for the chooser.
pub(super) fn choices(metrics: &[String], params: &[String], tags: &[String]) -> Vec<Choice> {
    let choice = |shows: Shows, group| Choice { key: shows.key(), title: shows.title(), group };
    let own = OWN.iter().map(|own| choice(Shows::Own(own.0.to_owned()), "Run"));
    let metrics = metrics.iter().map(|name| choice(Shows::Metric(name.clone()), "Metrics"));
    let params = params.iter().map(|name| choice(Shows::Param(name.clone()), "Params"));
    let tags = tags.iter().filter(|name| !is_internal(name)).map(|name| choice(Shows::Tag(name.clone()), "Tags"));
    own.chain(metrics).chain(params).chain(tags).collect()
}

/// The order in the API's words for a sort of the address.
pub(crate) fn order(key: &str, descending: bool) -> Option<String> {
    let field = match key.split_once('.') {
        Some((entity @ ("metrics" | "params" | "tags"), name)) => written(entity, name),
        _ if key == "name" => "attributes.run_name".to_owned(),
        _ => format!("attributes.{}", OWN.iter().find(|own| own.0 == key)?.2?),
    };
    Some(format!("{field} {}", if descending { "DESC" } else { "ASC" }))
}

/// Every field a filter can name.
pub(super) fn fields(metrics: &[String], params: &[String], tags: &[String]) -> Vec<String> {
    let attributes = ["status", "run_name", "start_time", "end_time", "user_id"].map(|name| format!("attributes.{name}"));
    let all = |entity: &'static str, names: &[String]| names.iter().map(|name| format!("{entity}.{name}")).collect::<Vec<_>>();
    let own = ["dataset.name", "dataset.digest"].map(str::to_owned);
    [all("metrics", metrics), all("params", params), all("tags", tags), attributes.to_vec(), own.to_vec()].concat()
}

/// A key in the quotes that it does not hold itself.
pub(super) fn written(entity: &str, name: &str) -> String {
    if name.contains('`') { format!("{entity}.\"{name}\"") } else { format!("{entity}.`{name}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn chosen_columns_stand_as_they_were_chosen() {
        let keys: Vec<String> =
            chosen(&list(&["params.a", "metrics.x", "started", "status", "nonsense", "metrics.x"]), &[], &[]).iter().map(Shows::key).collect();
        assert_eq!(keys, ["params.a", "metrics.x", "started", "status"]);
    }

    #[test]
    fn what_tells_models_apart_is_shown_first() {
        let keys: Vec<String> = chosen(&[], &list(&["step_time", "system/cpu", "val_loss"]), &list(&["lr"])).iter().map(Shows::key).collect();
        assert_eq!(keys, ["status", "started", "duration", "metrics.val_loss", "metrics.step_time", "params.lr"]);
    }

    #[test]
    fn params_that_differ_are_shown_first() {
        let mut columns = vec![Shows::Metric("x".into()), Shows::Param("a".into())];
        prefer(&mut columns, &list(&["a", "b"]), |name| name == "b");
        assert_eq!(columns.iter().map(Shows::key).collect::<Vec<_>>(), ["metrics.x", "params.b", "params.a"]);
    }

    #[test]
    fn orders_quote_their_keys() {
        assert_eq!(order("metrics.a b", true).as_deref(), Some("metrics.`a b` DESC"));
        assert_eq!(order("params.a`b", false).as_deref(), Some("params.\"a`b\" ASC"));
        assert_eq!(order("started", true).as_deref(), Some("attributes.start_time DESC"));
        assert_eq!(order("nonsense", true), None);
        assert_eq!(fields(&list(&["f1 score", "auc"]), &[], &[])[..2], ["metrics.f1 score", "metrics.auc"]);
    }
}
