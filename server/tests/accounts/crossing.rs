//! Requests that another site makes in somebody's browser (T63).

use crate::support::{Actor, World, actor::Answer, world};
use reqwest::Method;
use serde_json::{Value, json};

/// How a browser says that a request comes from elsewhere, or does not say where it comes from.
const ELSEWHERE: [(&str, &[(&str, &str)]); 6] = [
    ("cross-site", &[("sec-fetch-site", "cross-site")]),
    ("same-site", &[("sec-fetch-site", "same-site")]),
    ("a foreign origin", &[("origin", "https://evil.example")]),
    ("a foreign origin that names us", &[("origin", "http://127.0.0.1.evil.example")]),
    ("no origin that can be said", &[("origin", "null")]),
    ("nothing", &[]),
];

/// What each form sends when its own page sends it, so that what is refused is the site and not the form.
fn fields(path: &str) -> &'static [(&'static str, &'static str)] {
    match path {
        "/sign-up" => &[("organization", "Evil"), ("name", "Eve"), ("email", "eve@example.com"), ("password", "correct horse battery")],
        "/sign-in" => &[("email", "eve@example.com"), ("password", "not the password")],
        "/forgot-password" => &[("email", "eve@example.com")],
        "/organization" => &[("organization", "org_0190aaaabbbb7ccc8dddeeeeffff0001")],
        "/new-organization" => &[("organization", "Evil")],
        "/end-session" => &[("session", "ses_0190aaaabbbb7ccc8dddeeeeffff0001")],
        "/access" => &[("sessionMinutes", "60"), ("mailDomains", "")],
        "/theme" => &[("theme", "dark")],
        _ => &[],
    }
}

/// Posts a form with a cookie and exactly these headers.
async fn post(world: &World, path: &str, cookie: &str, headers: &[(&str, &str)]) -> Answer {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let request = client.post(format!("{}{path}", world.url)).header("cookie", cookie).form(fields(path));
    world.anonymous().send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

async fn sign_in(world: &World, email: &str) -> Answer {
    world.anonymous().form("/sign-in", &[("email", email), ("password", crate::support::PASSWORD)]).await
}

fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
}

fn forms() -> impl Iterator<Item = &'static str> {
    server::http::routes::routes()
        .filter(|route| route.method.as_ref().is_some_and(|method| method.as_str() == "POST") && route.path != "/graphql")
        // A directory sends no forms, and no cookie opens what it sends.
        .filter(|route| !route.path.starts_with("/scim/"))
        .map(|route| route.path)
}

/// What the forms could change.
const STATE: &str = "{ viewer { name organization { id } organizations { name } } sessions { totalCount nodes { id } } \
                     signInPolicy { sessionMinutes mailDomains } identityProvider { label } invitations { totalCount } auditEntries { totalCount } }";

#[tokio::test]
async fn t63_no_form_is_sent_by_another_site() {
    let organization = world().organization().await;
    let session = cookie(&sign_in(world(), &organization.owner.email).await);
    let state = async || {
        let nobody = world().anonymous();
        nobody.send(nobody.request(Method::POST, "/graphql").header("cookie", &session).json(&json!({ "query": STATE }))).await.json()
    };
    let before = state().await;
    assert!(before["errors"].is_null(), "{before}");
    assert!(forms().count() >= 15, "every form");
    for path in forms() {
        for (how, headers) in ELSEWHERE {
            let answer = post(world(), path, &session, headers).await;
            assert_eq!((answer.status, answer.header("set-cookie")), (403, ""), "{path}, {how}: {}", answer.text());
            assert_eq!(answer.json()["error"]["code"], "FORBIDDEN", "{path}, {how}");
        }
    }
    assert_eq!(state().await, before, "nothing has changed");
    // By its own page each is heard, whatever it then says.
    for path in forms() {
        let session = cookie(&sign_in(world(), &organization.owner.email).await);
        for headers in [[("sec-fetch-site", "same-origin")], [("origin", world().url.as_str())]] {
            let answer = post(world(), path, &session, &headers).await;
            assert_ne!(answer.status, 403, "{path}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn t58_no_other_site_opens_a_stream() {
    let organization = world().organization().await;
    let session = cookie(&sign_in(world(), &organization.owner.email).await);
    let topic = organization.owner.graphql("{ viewer { id } }", Value::Null).await["data"]["viewer"]["id"].clone();
    let query = [("query", "subscription($of: [ID!]!) { changes(of: $of) { of } }".to_owned()), ("variables", json!({ "of": [topic] }).to_string())];
    // An EventSource is not told more than anybody.
    let open = async |headers: &[(&str, &str)]| {
        let request = reqwest::Client::new().get(format!("{}/graphql/stream", world().url)).query(&query).header("accept", "text/event-stream");
        let request = request.header("cookie", &session);
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().await.expect("answers")
    };
    for (how, headers) in &ELSEWHERE[..5] {
        let answer = open(headers).await;
        assert_eq!(answer.status(), 403, "{how}");
        assert_eq!(answer.json::<Value>().await.expect("JSON")["error"]["code"], "FORBIDDEN", "{how}");
    }
    let both = [("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")];
    assert_eq!(open(&both).await.status(), 403, "one of two that is foreign");
    for headers in [&[("sec-fetch-site", "same-origin")][..], &[("origin", world().url.as_str())], &[]] {
        let answer = open(headers).await;
        assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].as_bytes()), (200, &b"text/event-stream"[..]), "{headers:?}");
    }
}

#[tokio::test]
async fn t63_a_password_that_a_browser_repeats_by_itself_is_no_leave_to_write() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let body = json!({ "query": "mutation { createProject(name: \"crossing\") { id } }" });
    let nobody = world().anonymous();
    let send = async |headers: &[(&str, &str)]| {
        let client = reqwest::Client::new();
        let request = client.post(format!("{}/graphql", world().url)).basic_auth("anybody", Some(script.secret())).json(&body);
        nobody.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    };
    for (how, headers) in &ELSEWHERE[..5] {
        assert_eq!(send(headers).await.status, 403, "{how}");
    }
    let projects = organization.owner.graphql("{ projects { name } }", Value::Null).await;
    assert_eq!(projects["data"]["projects"].as_array().map(Vec::len), Some(1), "{projects}");
    let made = send(&[]).await;
    assert_eq!((made.status, Actor::code(&made.json())), (200, ""), "a script says nothing of where it is: {}", made.text());
}

#[tokio::test]
async fn t63_with_tls_the_cookie_is_bound_to_the_host_and_the_origin_to_tls() {
    let organization = world().organization().await;
    let server = World::replica(&["--url=https://assay.example.com"]);
    let answer = sign_in(&server, &organization.owner.email).await;
    let set = answer.header("set-cookie").to_owned();
    assert!(set.starts_with("__Host-assay_session="), "{set}");
    for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(set.split("; ").any(|own| own == attribute), "{attribute}: {set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    let session = cookie(&answer);
    for (origin, status) in [("http://assay.example.com", 403), ("https://assay.example.com:444", 403), ("https://assay.example.com", 303)] {
        let answer = post(&server, "/theme", &session, &[("host", "assay.example.com"), ("origin", origin)]).await;
        assert_eq!(answer.status, status, "{origin}: {}", answer.text());
        assert!(status == 403 || answer.header("set-cookie").contains("Secure"), "{}", answer.header("set-cookie"));
    }
}
