//! One call of the protocol: who calls, what of an answer is asked for, and the answer's form.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode, header},
    web,
};
use bytes::BytesMut;
use serde_json::{Map, Value, json};
use shared::ErrorCode;

use super::error::Error;
use crate::{
    access::{Scope, rates::Kind},
    fault::Fault,
    features::scim::{IfMatch, ScimError},
    http::{self, Edge},
};

pub const MEDIA_TYPE: &str = "application/scim+json";
/// Largest body, in bytes: twenty thousand members with their names.
const BODY_MAX: usize = 4 * 1024 * 1024;
/// Rows of a page when the caller does not say, and at the most.
const COUNT_DEFAULT: i64 = 100;
pub const COUNT_MAX: i64 = 200;

pub type Answer = Result<HttpResponse, Error>;

/// Who calls, and what of the answer they want.
pub struct Call {
    pub scope: Scope,
    /// Where this installation is.
    pub public_url: String,
    pub query: Query,
    expected: Option<IfMatch>,
    known: Option<IfMatch>,
}

/// What stands in the query.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Query {
    pub filter: Option<String>,
    /// Rows that are passed over.
    pub offset: i64,
    pub count: i64,
    /// Attributes, in lower case, that are wanted; empty: all.
    only: Vec<String>,
    /// Attributes, in lower case, that are not.
    without: Vec<String>,
}

impl Call {
    /// Lets in who shows a bearer token. Whether they may is the use case's to say.
    pub async fn enter(request: &HttpRequest, edge: &Edge) -> Result<Self, Error> {
        let bearer = |value: &str| value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "));
        let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).is_some_and(bearer);
        if !shown {
            return Err(Fault::unauthenticated().into());
        }
        http::spend(request, &edge.services, Kind::Asking, 1)?;
        if request.method() == Method::GET {
            http::note_reading(request);
        }
        let scope = http::authenticate(request, &edge.services).await?;
        scope.require(shared::Permission::ScimWrite)?;
        let tags = |name: header::HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok()).map(read_tags);
        Ok(Self {
            scope,
            public_url: edge.services.config.public_url(),
            query: Query::read(request.query_string())?,
            expected: tags(header::IF_MATCH),
            known: tags(header::IF_NONE_MATCH),
        })
    }

    /// The same with a body, which is a JSON object. None is read for a stranger.
    pub async fn with_body(request: &HttpRequest, edge: &Edge, payload: web::Payload) -> Result<(Self, Map<String, Value>), Error> {
        // While it comes no connection is held: whoever sends it slowly would keep one from everybody.
        let stranger = if http::is_known(request) { None } else { Some(Self::enter(request, edge).await?) };
        if let Some(call) = &stranger {
            call.scope.rest();
        }
        let body = http::body::read(payload, BODY_MAX).await;
        // What is wrong with it is told to whoever may do what they ask for.
        let call = match stranger {
            Some(call) => call,
            None => Self::enter(request, edge).await?,
        };
        Ok((call, read(request, body)?))
    }

    /// The version that the caller believes to change.
    pub fn expected(&self) -> Option<&IfMatch> {
        self.expected.as_ref()
    }

    /// What is missing is entered in the audit log.
    pub fn noted<T>(&self, outcome: Result<T, ScimError>) -> Result<T, Error> {
        outcome.map_err(|error| {
            if let ScimError::Fault(fault) = &error {
                self.scope.note(fault);
            }
            error.into()
        })
    }

    /// Where a resource is.
    pub fn location(&self, kind: &str, id: &str) -> String {
        format!("{}/scim/v2/{kind}/{id}", self.public_url)
    }

    /// One resource under its version, or that the caller has it.
    pub fn one(&self, status: StatusCode, resource: Value) -> HttpResponse {
        let tag = resource["meta"]["version"].as_str().unwrap_or_default().to_owned();
        let has = |known: &IfMatch| known.check(strip(&tag)).is_ok();
        if status == StatusCode::OK && self.known.as_ref().is_some_and(has) {
            return HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish();
        }
        let mut answer = HttpResponse::build(status);
        answer.insert_header((header::ETAG, tag));
        if let Some(location) = resource["meta"]["location"].as_str().filter(|_| status == StatusCode::CREATED) {
            answer.insert_header((header::LOCATION, location));
        }
        answer.content_type(MEDIA_TYPE).body(self.query.shown(resource).to_string())
    }

    /// A page of what was found.
    pub fn list(&self, total: i64, resources: Vec<Value>) -> HttpResponse {
        let resources: Vec<Value> = resources.into_iter().map(|resource| self.query.shown(resource)).collect();
        json_answer(&json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": total, "startIndex": self.query.offset + 1, "itemsPerPage": resources.len(), "Resources": resources,
        }))
    }
}

pub fn json_answer(body: &Value) -> HttpResponse {
    HttpResponse::Ok().content_type(MEDIA_TYPE).body(body.to_string())
}

/// A version as a header and `meta` carry it.
pub fn tag(version: &str) -> String {
    format!("W/\"{version}\"")
}

fn strip(tag: &str) -> &str {
    tag.trim().trim_start_matches("W/").trim_matches('"')
}

fn read_tags(value: &str) -> IfMatch {
    if value.trim() == "*" { IfMatch::Any } else { IfMatch::One(value.split(',').map(|tag| strip(tag).to_owned()).collect()) }
}

impl Query {
    fn read(text: &str) -> Result<Self, Error> {
        let pairs = web::Query::<Vec<(String, String)>>::from_query(text).map_err(|_| Error::syntax("The query cannot be read."))?.into_inner();
        let mut query = Self { count: COUNT_DEFAULT, ..Self::default() };
        let number = |name: &str, value: &str| value.trim().parse::<i64>().map_err(|_| Error::value(format!("{name} is a whole number.")));
        let names = |value: &str| value.split(',').map(attribute).filter(|name| !name.is_empty()).collect::<Vec<_>>();
        for (name, value) in pairs {
            if value.contains('\0') {
                return Err(Error::value("The query holds a character that no text may hold."));
            }
            match name.to_ascii_lowercase().as_str() {
                "filter" if !value.trim().is_empty() => query.filter = Some(value),
                "startindex" => query.offset = number("startIndex", &value)?.clamp(1, i64::from(i32::MAX)) - 1,
                "count" => query.count = number("count", &value)?.clamp(0, COUNT_MAX),
                "attributes" => query.only.extend(names(&value)),
                "excludedattributes" => query.without.extend(names(&value)),
                // Sorting is not offered, and asking for it is no error (RFC 7644, section 3.4.2.3).
                _ => {}
            }
        }
        Ok(query)
    }

    /// Whether an attribute, in lower case, is wanted.
    pub fn wants(&self, name: &str) -> bool {
        let listed = |names: &[String]| names.iter().any(|own| own == name);
        (self.only.is_empty() || listed(&self.only)) && !listed(&self.without)
    }

    /// Whether the caller says which attributes they want.
    pub fn is_choosy(&self) -> bool {
        !self.only.is_empty()
    }

    /// What is wanted of a resource; what it is and its id always are.
    fn shown(&self, resource: Value) -> Value {
        match resource {
            Value::Object(map) => {
                let kept = |name: &str| matches!(name, "schemas" | "id") || self.wants(&name.to_ascii_lowercase());
                Value::Object(map.into_iter().filter(|(name, _)| kept(name)).collect())
            }
            other => other,
        }
    }
}

/// The attribute that a name means, in lower case: without its schema, and whole where a part of it is named.
fn attribute(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase();
    let name = ["urn:ietf:params:scim:schemas:core:2.0:user:", "urn:ietf:params:scim:schemas:core:2.0:group:"]
        .iter()
        .find_map(|schema| name.strip_prefix(schema))
        .unwrap_or(&name);
    name.split(['.', '[']).next().unwrap_or_default().to_owned()
}

fn read(request: &HttpRequest, body: Result<BytesMut, Fault>) -> Result<Map<String, Value>, Error> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !["application/scim+json", "application/json"].iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        return Err(Error::media_type());
    }
    let body = body.map_err(|fault| match fault.code() {
        ErrorCode::PayloadTooLarge => Error::too_large(format!("The body is larger than {BODY_MAX} bytes. Send members in parts.")),
        ErrorCode::Invalid => Error::syntax(fault.message()),
        _ => fault.into(),
    })?;
    match serde_json::from_slice(&body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Error::syntax("The body is a JSON object.")),
        Err(error) => Err(Error::syntax(format!("The body cannot be read: {error}"))),
    }
}

/// An attribute of an object; upper and lower case of its name are the same.
pub fn get<'v>(map: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    map.get(name).or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)).filter(|value| !value.is_null())
}

/// Says that a body is of a schema, if it says what it is of.
pub fn check_schema(map: &Map<String, Value>, schema: &str) -> Result<(), Error> {
    match get(map, "schemas") {
        None => Ok(()),
        Some(Value::Array(schemas)) if schemas.iter().filter_map(Value::as_str).any(|own| own.eq_ignore_ascii_case(schema)) => Ok(()),
        Some(_) => Err(Error::syntax(format!("schemas names {schema}."))),
    }
}

/// A text; a number is read as one.
pub fn text(name: &str, value: &Value) -> Result<String, Error> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null => Ok(String::new()),
        _ => Err(Error::value(format!("{name} is a text."))),
    }
}

/// Whether something is so; Entra ID writes it as a text.
pub fn flag(name: &str, value: &Value) -> Result<bool, Error> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(Error::value(format!("{name} is true or false."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_within_its_bounds_whatever_is_asked() {
        let read = |text: &str| Query::read(text).map(|query| (query.offset, query.count));
        for (text, expected) in [
            ("", (0, 100)),
            ("startIndex=11&count=10", (10, 10)),
            ("startindex=0&COUNT=-5", (0, 0)),
            ("startIndex=-3&count=100000", (0, 200)),
            ("startIndex=9223372036854775807", (i64::from(i32::MAX) - 1, 100)),
        ] {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        for wrong in ["count=x", "startIndex=1.5", "filter=%00"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_shown_is_what_is_wanted() {
        let resource = || json!({ "schemas": [], "id": "1", "displayName": "ML", "members": [], "meta": {} });
        let shown = |text: &str| {
            let shown = Query::read(text).expect("reads").shown(resource());
            shown.as_object().expect("an object").keys().cloned().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown("excludedAttributes=members,id"), "displayName id meta schemas");
        assert_eq!(shown("attributes=urn:ietf:params:scim:schemas:core:2.0:Group:displayname"), "displayName id schemas");
        assert_eq!(shown("attributes=members.value"), "id members schemas");
        assert!(!Query::read("excludedAttributes=Members").expect("reads").wants("members"));
    }

    #[test]
    fn a_version_is_the_same_weak_or_strong() {
        assert_eq!(read_tags("*"), IfMatch::Any);
        assert_eq!(read_tags(r#"W/"a", "b""#), IfMatch::One(vec!["a".into(), "b".into()]));
    }
}
