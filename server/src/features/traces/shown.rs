//! A span as people read it: its values out of protobuf's JSON.

use serde_json::Value;

/// Attributes that have a place of their own.
const OWN: [&str; 4] = ["mlflow.spanInputs", "mlflow.spanOutputs", "mlflow.spanType", "mlflow.traceRequestId"];
/// Longest value that is shown, in characters.
const VALUE_MAX: usize = 20_000;

/// A span of a trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShownSpan {
    /// Hexadecimal.
    pub id: String,
    pub parent: Option<String>,
    pub name: String,
    /// `LLM`, `TOOL`, `CHAIN`, …; empty: the client says none.
    pub kind: String,
    /// `OK`, `ERROR` or `UNSET`.
    pub status: &'static str,
    /// What the client says of an error.
    pub message: String,
    /// Nanoseconds since the epoch.
    pub start_ns: i64,
    /// `None` while it goes on.
    pub end_ns: Option<i64>,
    pub inputs: Option<String>,
    pub outputs: Option<String>,
    /// The other attributes: texts as they are, all else as JSON.
    pub attributes: Vec<(String, String)>,
    pub events: Vec<ShownEvent>,
}

/// Something that happened in a span: an exception as a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownEvent {
    pub name: String,
    /// Nanoseconds since the epoch.
    pub at_ns: i64,
    pub attributes: Vec<(String, String)>,
}

/// Reads a span as it is stored.
pub fn show(data: &str) -> ShownSpan {
    let span: Value = serde_json::from_str(data).unwrap_or_default();
    let attributes = pairs(&span["attributes"]);
    let own = |key: &str| attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
    let events = span["events"].as_array().into_iter().flatten();
    ShownSpan {
        id: id(&span["span_id"]).unwrap_or_default(),
        parent: id(&span["parent_span_id"]),
        name: text(&span["name"]),
        kind: own("mlflow.spanType").map(|kind| kind.trim_matches('"').to_owned()).filter(|kind| kind != "UNKNOWN").unwrap_or_default(),
        status: match span["status"]["code"].as_u64() {
            Some(1) => "OK",
            Some(2) => "ERROR",
            _ => "UNSET",
        },
        message: text(&span["status"]["message"]),
        start_ns: nanos(&span["start_time_unix_nano"]).unwrap_or_default(),
        end_ns: nanos(&span["end_time_unix_nano"]),
        inputs: own("mlflow.spanInputs"),
        outputs: own("mlflow.spanOutputs"),
        events: events
            .map(|event| ShownEvent {
                name: text(&event["name"]),
                at_ns: nanos(&event["time_unix_nano"]).unwrap_or_default(),
                attributes: pairs(&event["attributes"]),
            })
            .collect(),
        attributes: attributes.into_iter().filter(|(key, _)| !OWN.contains(&key.as_str())).collect(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().chars().take(VALUE_MAX).collect()
}

fn nanos(value: &Value) -> Option<i64> {
    value.as_str()?.parse().ok()
}

/// Protobuf's JSON writes bytes in base64.
fn id(value: &Value) -> Option<String> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let bytes = STANDARD.decode(value.as_str()?).ok().filter(|bytes| !bytes.is_empty())?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn pairs(list: &Value) -> Vec<(String, String)> {
    let pair = |pair: &Value| {
        let value = plain(&pair["value"]);
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some((pair["key"].as_str()?.to_owned(), value.chars().take(VALUE_MAX).collect()))
    };
    list.as_array().into_iter().flatten().filter_map(pair).collect()
}

/// A value without the name of its type around it.
fn plain(value: &Value) -> Value {
    let Some((kind, held)) = value.as_object().and_then(|one| one.iter().next()) else { return Value::Null };
    match kind.as_str() {
        "array_value" => held["values"].as_array().into_iter().flatten().map(plain).collect(),
        "kvlist_value" => {
            let pairs = held["values"].as_array().into_iter().flatten();
            Value::Object(pairs.map(|pair| (pair["key"].as_str().unwrap_or_default().to_owned(), plain(&pair["value"]))).collect())
        }
        "int_value" => held.as_str().and_then(|number| number.parse::<i64>().ok()).map_or_else(|| held.clone(), Value::from),
        _ => held.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_span_is_shown_with_its_values() {
        let list = json!({ "array_value": { "values": [{ "int_value": "1" }, { "string_value": "b" }] } });
        let data = json!({
            "span_id": "CAgICAgICAg=", "parent_span_id": "BwcHBwcHBwc=", "name": "ask", "start_time_unix_nano": "5", "end_time_unix_nano": "9",
            "status": { "code": 2, "message": "refused" },
            "attributes": [
                { "key": "mlflow.spanType", "value": { "string_value": "\"LLM\"" } },
                { "key": "mlflow.spanInputs", "value": { "string_value": "{\"q\": 1}" } },
                { "key": "model", "value": { "string_value": "m" } },
                { "key": "list", "value": list },
                { "key": "map", "value": { "kvlist_value": { "values": [{ "key": "a", "value": { "bool_value": true } }] } } },
            ],
            "events": [{ "time_unix_nano": "7", "name": "exception", "attributes": [{ "key": "exception.type", "value": { "string_value": "E" } }] }],
        });
        let shown = show(&data.to_string());
        assert_eq!((shown.id.as_str(), shown.parent.as_deref()), ("0808080808080808", Some("0707070707070707")));
        assert_eq!((shown.kind.as_str(), shown.status, shown.message.as_str()), ("LLM", "ERROR", "refused"));
        assert_eq!((shown.start_ns, shown.end_ns, shown.inputs.as_deref(), shown.outputs), (5, Some(9), Some("{\"q\": 1}"), None));
        let pairs: Vec<_> = shown.attributes.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("model", "m"), ("list", "[1,\"b\"]"), ("map", "{\"a\":true}")]);
        assert_eq!((shown.events[0].name.as_str(), shown.events[0].at_ns), ("exception", 7));
        assert_eq!(show("no JSON"), ShownSpan { status: "UNSET", ..ShownSpan::default() });
    }
}
