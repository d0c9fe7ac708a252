//! Bodies that never end: who sends one reads why it is refused while it is still sending.

use serde_json::{Value, json};

use crate::support::{raw, world};

/// What a client would send.
const MOST: usize = 200 << 20;
/// What may be on its way when the answer is read: in the buffers of both ends, and until a busy machine lets the client look.
const ON_ITS_WAY: usize = 100 << 20;

#[tokio::test]
async fn t47_a_body_without_a_length_is_refused_as_soon_as_it_is_over_the_limit() {
    let organization = world().organization().await;
    let script = organization.script().await;
    for (method, target, limit, code) in [
        ("POST", "/api/2.0/mlflow/experiments/create", 16 << 20, "INVALID_PARAMETER_VALUE"),
        ("POST", "/api/2.0/mlflow/runs/log-batch", 16 << 20, "INVALID_PARAMETER_VALUE"),
        ("PATCH", "/api/2.0/mlflow/registered-models/update", 16 << 20, "INVALID_PARAMETER_VALUE"),
        ("POST", "/graphql", 256 << 10, "PAYLOAD_TOO_LARGE"),
    ] {
        let (status, text, sent) = raw::stream(world(), &script, method, target, b"{\"name\": \"endless\", \"pad\": ", MOST).await;
        assert_eq!(status, 413, "{target}: {sent} bytes were sent: {text}");
        assert!(text.contains(code), "{target}: {text}");
        assert!((limit..limit + ON_ITS_WAY).contains(&sent), "{target}: {sent} bytes were sent");
    }
    assert_eq!(script.mlflow("GET", "experiments/get-by-name?experiment_name=endless", Value::Null).await.status, 404);
    assert_eq!(script.mlflow("POST", "experiments/create", json!({ "name": "after it" })).await.status, 200, "and then it is as before");
}
