//! Assessments of traces.

use actix_web::{http::Method, web};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::Permission;

use super::{
    Answer, Call, Endpoint, Error,
    traces::trace_id,
    wire::{Empty, Text, required},
};
use crate::features::traces::{self, AssessmentKind};

const ONE: &str = "mlflow/traces/{trace_id}/assessments/{assessment_id}";

pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint::new(Method::POST, "mlflow/traces/{trace_id}/assessments", Permission::RunsWrite, || web::to(create)),
    Endpoint::new(Method::GET, ONE, Permission::RunsRead, || web::to(get)),
    Endpoint::new(Method::PATCH, ONE, Permission::RunsWrite, || web::to(update)),
    Endpoint::new(Method::DELETE, ONE, Permission::RunsWrite, || web::to(delete)),
];

/// The fields of an assessment that are texts.
const TEXTS: [&str; 6] = ["assessment_name", "rationale", "span_id", "overrides", "create_time", "last_update_time"];
/// What may be changed later.
const CHANGEABLE: [&str; 5] = ["assessment_name", "expectation", "feedback", "rationale", "metadata"];
/// Those that are messages.
const MESSAGES: [&str; 2] = ["source", "metadata"];

/// An assessment as it is kept: the fields that the protocol knows, each of its type. Clients read it back as it is, so nothing else may get in.
pub(super) fn read(body: Map<String, Value>) -> Result<Map<String, Value>, Error> {
    let mut kept = Map::new();
    let kinds = AssessmentKind::ALL.map(AssessmentKind::as_str);
    for (name, value) in body {
        let field = snake(&name);
        let fits = if TEXTS.contains(&field.as_str()) {
            value.as_str().is_some_and(|text| !text.contains('\0'))
        } else if field == "metadata" {
            value.as_object().is_some_and(|map| map.values().all(Value::is_string))
        } else if MESSAGES.contains(&field.as_str()) || kinds.contains(&field.as_str()) {
            value.is_object()
        } else {
            continue;
        };
        if value.is_null() {
            continue;
        }
        if !fits {
            return Err(Error::invalid(format!("Invalid value for parameter 'assessment.{field}' supplied")));
        }
        kept.insert(field, value);
    }
    Ok(kept)
}

/// The snake_case name of a field; protobuf's JSON accepts both.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Input {
    #[serde(alias = "traceId")]
    trace_id: Option<Text>,
    #[serde(alias = "assessmentId")]
    assessment_id: Option<Text>,
    assessment: Map<String, Value>,
    #[serde(alias = "updateMask")]
    update_mask: Option<Text>,
}

async fn create(Call { scope, input }: Call<Input>) -> Answer<Value> {
    let id = trace_id(input.trace_id)?;
    let body = read(input.assessment)?;
    let made = traces::assess(scope.grant()?, id, body).await?;
    Ok(web::Json(json!({ "assessment": made.data })))
}

async fn get(Call { scope, input }: Call<Input>) -> Answer<Value> {
    let id = required("assessment_id", input.assessment_id)?;
    let found = traces::assessment(scope.grant()?, trace_id(input.trace_id)?, &id).await?;
    Ok(web::Json(json!({ "assessment": found.data })))
}

/// A field mask is one text in protobuf's JSON: names in camelCase with commas between them.
async fn update(Call { scope, input }: Call<Input>) -> Answer<Value> {
    let id = required("assessment_id", input.assessment_id)?;
    let trace = trace_id(input.trace_id)?;
    let mask: Vec<String> = required("update_mask", input.update_mask)?.split(',').map(snake).collect();
    if let Some(field) = mask.iter().find(|field| !CHANGEABLE.contains(&field.as_str())) {
        return Err(Error::invalid(format!("Invalid value for parameter 'update_mask' supplied: '{field}' cannot be changed")));
    }
    let mut changes = read(input.assessment)?;
    changes.retain(|field, _| mask.contains(field));
    let made = traces::reassess(scope.grant()?, trace, &id, changes).await?;
    Ok(web::Json(json!({ "assessment": made.data })))
}

async fn delete(Call { scope, input }: Call<Input>) -> Answer<Empty> {
    let id = required("assessment_id", input.assessment_id)?;
    traces::remove_assessment(scope.grant()?, trace_id(input.trace_id)?, &id).await?;
    Ok(web::Json(Empty {}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_fields_of_their_type_are_kept() {
        let map = |value: Value| value.as_object().cloned().expect("an object");
        let kept =
            read(map(json!({ "assessmentName": "a", "feedback": { "value": 1 }, "valid": false, "other": 1, "rationale": null }))).expect("fits");
        assert_eq!(Value::Object(kept), json!({ "assessment_name": "a", "feedback": { "value": 1 } }));
        for bad in [json!({ "assessment_name": 1 }), json!({ "metadata": { "k": 1 } }), json!({ "source": "x" }), json!({ "feedback": true })] {
            assert!(read(map(bad.clone())).is_err(), "{bad}");
        }
    }
}
