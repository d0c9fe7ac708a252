//! One call of the MLflow API: who calls, and the input, whatever way it came.

use actix_web::{
    FromRequest, HttpRequest, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header},
    middleware::Next,
    web,
};
use bytes::BytesMut;
use futures::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use shared::Permission;

use super::error::{Code, Error};
use crate::{
    access::{ActorKind, Credential, Reach, RequestInfo, Scope, rates::Kind},
    fault::Fault,
    features::{
        artifacts::path::percent_decode,
        projects,
        runs::{Act, Done},
    },
    http,
    services::Services,
};

/// Largest JSON body, bytes. MLflow documents 1 MB and accepts more; 1,000 metrics with long keys stay far below.
pub const MAX_BODY: usize = 16 * 1024 * 1024;

/// The header in which clients name a project, which they call a workspace.
pub(super) const WORKSPACE: &str = "X-MLFLOW-WORKSPACE";

/// Extractor of every JSON endpoint: the input from the body or the query, with the parameters of the path put over it.
pub struct Call<T> {
    pub scope: Scope,
    pub input: T,
}

/// Who calls: a token as Bearer or as the password of Basic. For handlers that read the body themselves.
///
/// # Errors
/// `UNAUTHENTICATED`, `TEMPORARILY_UNAVAILABLE`.
pub async fn caller(request: &HttpRequest) -> Result<Scope, Error> {
    let edge = request.app_data::<web::Data<http::Edge>>().ok_or_else(|| Error::new(Code::InternalError, "The server is not configured"))?;
    let scope = http::authenticate(request, &edge.services).await?;
    let reach = match workspace(request)? {
        None => Reach::DefaultProject,
        // Looked up in a scope of its own, whose connection is given back: a request that writes must not wait for a second one.
        Some(name) => {
            scope.rest();
            projects::reach(&scope.again().await?, Some(name)).await?
        }
    };
    scope.narrow(reach);
    Ok(scope)
}

/// Who calls, and the body. None is read for a stranger, and while it comes no connection is held: whoever sends it slowly would keep one from everybody.
///
/// # Errors
/// As [`caller`], and of reading.
pub(super) async fn caller_with<B>(request: &HttpRequest, body: impl Future<Output = Result<B, Error>>) -> Result<(Scope, B), Error> {
    if http::is_known(request) {
        let body = body.await?;
        return Ok((caller(request).await?, body));
    }
    let scope = caller(request).await?;
    scope.rest();
    Ok((scope, body.await?))
}

/// The project a request names; a blank name is none.
fn workspace(request: &HttpRequest) -> Result<Option<&str>, Error> {
    let Some(value) = request.headers().get(WORKSPACE) else { return Ok(None) };
    let name = value.to_str().map_err(|_| Error::missing("Workspace not found"))?.trim();
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// Permission comes first: whoever may not use an endpoint is told so whatever else is wrong with the request, and the attempt is entered in the audit log.
/// So is an id that names nothing.
pub(super) async fn permission_first(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let needed = super::permission_of(request.request());
    if let (Some(needed), Some(edge)) = (needed, request.app_data::<web::Data<http::Edge>>())
        && let Err(fault) = http::spend(request.request(), &edge.services, kind_of(needed), 1)
    {
        return Ok(request.into_response(Error::from(fault).error_response()));
    }
    if needed.is_some_and(|needed| needed.action() == "read") {
        http::note_reading(request.request());
    }
    let response = next.call(request).await?.map_into_boxed_body();
    let error = response.response().error().and_then(|error| error.as_error::<Error>());
    if let (Some(digest), Some(scope)) = (error.and_then(|error| error.damaged.as_deref()), http::known(response.request())) {
        scope.note_damaged(digest);
    }
    if !response.status().is_client_error() || response.status() == StatusCode::UNAUTHORIZED {
        return Ok(response);
    }
    let Some(needed) = needed else { return Ok(response) };
    let scope = match http::known(response.request()) {
        Some(scope) => scope,
        None => match caller(response.request()).await {
            Ok(scope) => scope,
            Err(error) => return Ok(response.into_response(error.error_response())),
        },
    };
    let refused = scope.require(needed);
    let missing = response.response().error().and_then(|error| error.as_error::<Error>()).and_then(|error| error.missing.as_deref());
    if let (Ok(()), Some(missing)) = (&refused, missing) {
        scope.note_missing(missing.clone());
    }
    let other_run = scope.actor().kind == ActorKind::JobToken && missing.is_some_and(|missing| matches!(missing.kind, "run" | "upload"));
    drop(scope);
    http::let_go(response.request()).await.map_err(Error::from)?;
    match refused {
        // Whether there is such a run is not said.
        Ok(()) if other_run => {
            Ok(response.into_response(Error::new(Code::PermissionDenied, "This token is for one run, and for no other.").error_response()))
        }
        Ok(()) => Ok(response),
        Err(fault) => Ok(response.into_response(Error::from(fault).error_response())),
    }
}

/// What a call counts as: trainings log, send and fetch files far more often than anybody reads.
fn kind_of(needed: Permission) -> Kind {
    match needed {
        Permission::RunsWrite | Permission::ModelsWrite | Permission::ArtifactsWrite | Permission::ArtifactsRead => Kind::Logging,
        _ => Kind::Asking,
    }
}

/// Extractor of what loggers send one request after the other: the input, and a way to write that shares transactions with other requests of the caller.
pub struct LogCall<T> {
    pub input: T,
    /// The project that the request names, or the default one.
    pub reach: Reach,
    services: Services,
    credential: Credential,
    request: RequestInfo,
}

impl<T> LogCall<T> {
    /// Splits the input off.
    pub fn split(self) -> (T, LogCall<()>) {
        let Self { input, reach, services, credential, request } = self;
        (input, LogCall { input: (), reach, services, credential, request })
    }
}

impl LogCall<()> {
    /// Writes, and returns once it is committed.
    ///
    /// # Errors
    /// Who calls and whether they may is decided here; the act's own errors.
    pub async fn write(self, act: Act) -> Result<Done, Fault> {
        self.services.run_writes.write(&self.credential, self.request, act).await
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for LogCall<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let services = request
                .app_data::<web::Data<http::Edge>>()
                .ok_or_else(|| Error::new(Code::InternalError, "The server is not configured"))?
                .services
                .clone();
            let credential = http::credential(&request, &services.config).flatten().ok_or_else(Fault::unauthenticated)?;
            let named = workspace(&request)?;
            let mut reach = Reach::DefaultProject;
            // No body is read for a stranger. Only who names a project pays for looking it up.
            if named.is_some() || services.vault.entered_lately(&credential).is_none() {
                let scope = services.vault.enter(credential.clone(), http::request_info(&request)).await?;
                reach = projects::reach(&scope, named).await?;
            }
            let body = body(&request, payload).await?;
            Ok(Self { input: from_body(&body, Map::new())?, reach, services, credential, request: http::request_info(&request) })
        })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Call<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            if request.method() == Method::GET || request.method() == Method::HEAD {
                let scope = caller(&request).await?;
                let mut fields = query(request.query_string())?;
                fields.extend(path_fields(&request)?);
                return Ok(Call { scope, input: from_fields(fields)? });
            }
            let (scope, body) = caller_with(&request, body(&request, payload)).await?;
            Ok(Call { scope, input: from_body(&body, path_fields(&request)?)? })
        })
    }
}

/// The parameters of the path. The router leaves `%25`, `%2F` and `%2B` as they are; they are decoded here.
fn path_fields(request: &HttpRequest) -> Result<Map<String, Value>, Error> {
    let field = |(name, value): (&str, &str)| {
        let value = percent_decode(value).map_err(|_| Error::invalid("The path is not valid UTF-8"))?;
        if value.contains('\0') {
            return Err(Error::invalid(format!("Invalid value for parameter '{name}' supplied: it must not contain the character U+0000")));
        }
        Ok((name.to_owned(), Value::String(value)))
    };
    request.match_info().iter().map(field).collect()
}

fn query(text: &str) -> Result<Map<String, Value>, Error> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(text).map_err(|_| Error::invalid("The query string cannot be read"))?.into_inner();
    let mut fields = Map::new();
    for (key, value) in pairs {
        match fields.get_mut(&key) {
            None => {
                fields.insert(key, Value::String(value));
            }
            Some(Value::Array(list)) => list.push(Value::String(value)),
            Some(one) => *one = Value::Array(vec![one.take(), Value::String(value)]),
        }
    }
    Ok(fields)
}

async fn body(request: &HttpRequest, payload: Payload) -> Result<BytesMut, Error> {
    let body = http::body::read(payload, MAX_BODY).await?;
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let json = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if !(json || body.is_empty() && request.method() == Method::DELETE) {
        return Err(Error::invalid("Bad Request. Content-Type must be 'application/json'."));
    }
    Ok(body)
}

fn from_body<T: DeserializeOwned>(body: &[u8], path: Map<String, Value>) -> Result<T, Error> {
    let body = if body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { body };
    // serde would also read a struct from an array.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Error::invalid("The request body must be a JSON object"));
    }
    let unreadable = |error: serde_json::Error| Error::invalid(format!("The request body cannot be read: {error}"));
    // The direct way is the quick one, and the only one that notices a key given twice.
    let direct = serde_json::from_slice::<T>(body);
    if path.is_empty() && direct.is_ok() {
        return direct.map_err(unreadable);
    }
    let mut fields: Map<String, Value> = serde_json::from_slice(body).map_err(unreadable)?;
    fields.extend(path);
    let input = from_fields(fields)?;
    direct.map_err(unreadable)?;
    Ok(input)
}

/// Every field of an input is optional, so each can be tried alone: that finds the one to blame.
fn from_fields<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T, Error> {
    let blame = |fields: &Map<String, Value>| {
        fields.iter().find_map(|(name, value)| {
            let alone = Map::from_iter([(name.clone(), value.clone())]);
            serde_json::from_value::<T>(Value::Object(alone)).err().map(|error| {
                let mut shown = value.to_string();
                if shown.len() > 200 {
                    shown = format!("{}…", shown.chars().take(200).collect::<String>());
                }
                Error::invalid(format!("Invalid value {shown} for parameter '{name}' supplied: {error}"))
            })
        })
    };
    match serde_json::from_value(Value::Object(fields.clone())) {
        Ok(input) => Ok(input),
        Err(error) => Err(blame(&fields).unwrap_or_else(|| Error::invalid(format!("The request cannot be read: {error}")))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::{Int, List, Text};
    use super::*;

    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(default)]
    struct Input {
        #[serde(alias = "maxResults")]
        max_results: Option<Int>,
        order_by: List<Text>,
        model_id: Option<Text>,
    }

    #[test]
    fn a_query_string_and_a_body_read_the_same() {
        let asked: Input = from_fields(query("max_results=5&order_by=a&order_by=b%20c").unwrap()).unwrap();
        assert_eq!(asked.max_results, Some(Int(5)));
        assert_eq!(asked.order_by.strings(), ["a", "b c"]);
        let path = Map::from_iter([("model_id".to_owned(), Value::from("m-1"))]);
        let asked: Input = from_body(br#"{"maxResults":"5","model_id":"m-2"}"#, path).unwrap();
        assert_eq!(asked.max_results, Some(Int(5)));
        assert_eq!(asked.model_id.unwrap().0, "m-1");
        assert!(from_body::<Input>(b"", Map::new()).unwrap().max_results.is_none());
    }

    #[test]
    fn the_error_names_the_field() {
        let error = from_body::<Input>(br#"{"order_by":["a"],"max_results":"x"}"#, Map::new()).unwrap_err();
        assert!(error.message.starts_with("Invalid value \"x\" for parameter 'max_results' supplied"), "{}", error.message);
        for body in [&b"[]"[..], b"{", b"\xff", b"{\"max_results\":1,\"max_results\":2}"] {
            assert_eq!(from_body::<Input>(body, Map::new()).unwrap_err().code, Code::InvalidParameterValue);
        }
    }
}
