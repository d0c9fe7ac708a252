//! Whatever names something of another organization is answered like what names nothing: on every
//! route, with every method, in path, query and body. Nothing of it is written.

use crate::support::{
    calls::{CALLS, NAMELESS},
    names::{Names, ask, state},
    world,
};

const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// What is reached with a session's cookie.
const PLACES: &[&str] = &[
    "/artifacts/runs/$run/CANARY.txt",
    "/artifacts/models/$logged/CANARY.txt",
    "/get-artifact?run_id=$run&path=CANARY.txt",
    "/model-versions/get-artifact?name=$model&version=1&path=CANARY.txt",
    "/compare/report?format=csv&run=$run",
    "/runs/$run",
    "/runs/$run/metrics",
    "/runs/$run/artifacts",
    "/experiments/$experiment",
    "/experiments/$experiment/discussion",
    "/models/$model",
];

/// Whether a path is an instance of a router's pattern.
fn fits(pattern: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    if let Some(start) = ["{path:.*}", "{folder:.*}"].iter().find_map(|rest| pattern.strip_suffix(rest)) {
        return start.split('/').filter(|part| !part.is_empty()).zip(path.split('/').filter(|part| !part.is_empty())).all(|(a, b)| like(a, b))
            && path.matches('/').count() >= start.matches('/').count();
    }
    pattern.split('/').count() == path.split('/').count() && pattern.split('/').zip(path.split('/')).all(|(a, b)| like(a, b))
}

fn like(pattern: &str, part: &str) -> bool {
    pattern == part || pattern.starts_with(['{', ':'])
}

#[test]
fn t02_every_route_that_can_name_something_is_called() {
    for endpoint in server::mlflow::endpoints().filter(|endpoint| !NAMELESS.contains(&endpoint.path)) {
        let called = CALLS.iter().any(|(method, path, _)| *method == endpoint.method.as_str() && fits(endpoint.path, path));
        assert!(called, "{} {}", endpoint.method, endpoint.path);
    }
    let pages = server::http::pages::routes();
    let routes = server::http::routes::ROUTES.iter().filter(|(_, _, who)| who.contains(':')).map(|(_, path, _)| *path);
    // An import needs a server to import from: `tests/imports.rs` asks for a foreign one.
    let named = pages.iter().map(String::as_str).filter(|path| path.contains([':', '{']) && *path != "/import/{id}");
    for pattern in named.chain(routes) {
        assert!(PLACES.iter().any(|path| fits(pattern.trim_end_matches('/'), path)), "{pattern}");
    }
}

#[tokio::test]
async fn t02_t03_a_foreign_name_is_answered_like_an_unknown_one_by_every_method() {
    let (ours, theirs) = (world().organization().await, world().organization().await);
    let (script, owner) = (ours.script().await, theirs.script().await);
    let (foreign, absent) = (Names::of(&owner).await, Names::absent());
    let before = state(&theirs, &owner, &foreign).await;
    for (own, path, input) in CALLS {
        for method in METHODS {
            let prefixes = if method == *own { &server::mlflow::PREFIXES[..] } else { &server::mlflow::PREFIXES[..1] };
            for prefix in prefixes {
                let asked =
                    async |names: &Names| names.shape(&ask(&script, method, &format!("{prefix}{}", names.fill(path)), &names.fill(input)).await);
                let (of_theirs, of_nobody) = tokio::join!(asked(&foreign), asked(&absent));
                assert_eq!(of_theirs, of_nobody, "{method} {prefix}{path}");
                let (status, _, text) = of_theirs;
                assert!(!text.replace("CANARY.txt", "").contains("CANARY"), "{method} {path}: {text}");
                let nothing = matches!(status, 400 | 404 | 501) || status == 200 && matches!(text.as_str(), "{}" | "");
                assert!(nothing, "{method} {path}: {status} {text}");
            }
        }
    }
    assert_eq!(state(&theirs, &owner, &foreign).await, before, "nothing of theirs has changed");
    for (method, path, input) in CALLS {
        let answer = ask(&owner, method, &format!("/api/2.0/{}", foreign.fill(path)), &foreign.fill(input)).await;
        let own = if (*method, *path) == ("DELETE", "mlflow/workspaces/$project") { 204 } else { 200 };
        assert_eq!(answer.status, own, "{method} {path} by its owner: {}", answer.text());
    }
}

#[tokio::test]
async fn t02_foreign_pages_and_downloads_are_not_found() {
    let (ours, theirs) = (world().organization().await, world().organization().await);
    let foreign = Names::of(&theirs.script().await).await;
    let absent = Names::absent();
    for place in PLACES {
        for method in METHODS {
            let asked = async |names: &Names| {
                let answer = ours.owner.send(ours.owner.request(method.parse().expect("a method"), &names.fill(place))).await;
                let (status, _, text) = names.shape(&answer);
                assert!(!text.replace("CANARY.txt", "").contains("CANARY"), "{method} {place}: {text}");
                status
            };
            let (of_theirs, of_nobody) = (asked(&foreign).await, asked(&absent).await);
            assert_eq!(of_theirs, of_nobody, "{method} {place}");
            assert!(matches!(of_theirs, 404 | 405), "{method} {place}: {of_theirs}");
            assert!(method != "GET" || of_theirs == 404, "{place}: {of_theirs}");
        }
        assert_eq!(theirs.owner.get(&foreign.fill(place)).await.status, 200, "{place} by its owner");
    }
    let organization = format!("org_{}", theirs.tenant().await.simple());
    let unknown = format!("org_{}", uuid::Uuid::now_v7().simple());
    for id in [&organization, &unknown] {
        let answer = ours.owner.form("/organization", &[("organization", id)]).await;
        assert_eq!((answer.status, answer.text().contains("Team ")), (404, false), "{}", answer.text());
    }
}
