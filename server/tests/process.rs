//! The binary as operators run it: its first start, what it logs and measures, how it stands a rush, and several of them side by side.

mod archives;
mod connections;
mod observed;
mod pages;
mod quota;
mod second_factor;
mod stopping;
mod support_access;

use std::{io::Write, os::unix::fs::PermissionsExt};

use crate::support::{
    Actor, PASSWORD,
    process::{Database, Process},
    raw,
};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor, Row};
use uuid::Uuid;

/// A line that is not ours, in every way a line can begin anew, and what a terminal would obey.
const FORGED: &str = "forged\r\n{\"level\":\"audit\",\"message\":\"forged\"}\n\u{1b}]0;forged\u{7}\u{9b}2J\u{2028}\u{2029}\u{85}\u{7f}";

#[tokio::test]
async fn t39_t67_a_log_is_one_json_object_a_line_and_holds_no_secret() {
    let database = Database::create().await;
    let first = database.run(&["seed"]).0;
    let (once, secret) = (first["password"].as_str().expect("a password"), first["token"].as_str().expect("a token"));
    let server = database.serve(&["--behind-proxy=true"]);
    assert_eq!(sign_in(&server.visitor(), "owner@localhost", once).await, 303);
    let password = server.first_password(&first).await;
    let script = server.visitor().bearer(secret);
    let signed_in = server.visitor().form("/sign-in", &[("email", "owner@localhost"), ("password", password)]).await;
    let cookie = signed_in.header("set-cookie").split(['=', ';']).nth(1).unwrap_or_default().to_owned();
    assert!(signed_in.status == 303 && cookie.len() >= 40, "{}", signed_in.status);

    let run = script.mlflow("POST", "runs/create", json!({ "experiment_id": "0", "start_time": 1 })).await;
    let run = run.json()["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    for (path, body, status) in [
        ("runs/set-tag", json!({ "run_id": run, "key": "k", "value": FORGED }), 200),
        ("runs/log-parameter", json!({ "run_id": run, "key": "k", "value": FORGED }), 200),
        ("runs/set-tag", json!({ "run_id": run, "key": FORGED, "value": "v" }), 400),
        ("runs/log-metric", json!({ "run_id": FORGED, "key": "m", "value": 1, "timestamp": 1 }), 404),
        ("runs/search", json!({ "experiment_ids": ["0"], "filter": FORGED }), 400),
        ("experiments/create", json!({ "name": FORGED }), 400),
        ("registered-models/create", json!({ "name": FORGED }), 400),
        (FORGED, json!({}), 404),
    ] {
        let path: String = path.bytes().map(|b| if b.is_ascii_graphic() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect();
        let answer = script.mlflow("POST", &path, body).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
    }
    for query in [format!("{{ viewer {{ name }} }} # {FORGED}"), format!("query {{ search(text: {}) {{ id }} }}", json!(FORGED)), FORGED.to_owned()] {
        script.graphql(&query, Value::Null).await;
    }
    for path in ["/sign-in", "/sign-up", "/forgot-password"] {
        let form = [("email", FORGED), ("password", FORGED), ("name", FORGED), ("organization", FORGED), ("next", FORGED)];
        assert!((400..500).contains(&server.visitor().form(path, &form).await.status), "{path}");
    }
    for header in ["user-agent", "x-request-id", "x-forwarded-for", "referer", "origin"] {
        let value = reqwest::header::HeaderValue::from_bytes("forged{\"level\":\"audit\"}\u{2028}\u{9b}2J".as_bytes()).expect("a value");
        let answer = script.send(script.request(Method::GET, "/healthz").header(header, value)).await;
        assert_eq!(answer.status, 200, "{header}");
    }
    for path in ["/forged%0D%0A%7B%22level%22:%22audit%22%7D%1B%5D0;x%07", "/get-artifact?run_id=forged%0A%1B&path=%0A"] {
        assert!(server.visitor().get(path).await.status < 500, "{path}");
    }
    let address = server.url.trim_start_matches("http://").to_owned();
    for target in ["/forged\u{2028}\u{9b}2J", "/forged\u{1b}]0;x\u{7}"] {
        let head = format!("GET {target} HTTP/1.1\r\nhost: {address}\r\nx-forged: \u{1b}]0;x\r\nconnection: close\r\n\r\n");
        raw::bytes(&address, head.as_bytes()).await;
    }

    let made = script.mlflow("POST", "experiments/create", json!({ "name": "shown" })).await.json();
    let shown = format!("exp_{}", made["experiment_id"].as_str().expect("an id"));
    let link = format!("mutation {{ createLink(input: {{ shows: {{ experiment: \"{shown}\" }}, label: \"x\", expiresInDays: 7 }}) {{ url }} }}");
    let link = script.graphql(&link, Value::Null).await;
    let link = link["data"]["createLink"]["url"].as_str().and_then(|url| url.rsplit('/').next()).unwrap_or_else(|| panic!("{link}"));
    assert_eq!(server.visitor().get(&format!("/shared/{link}")).await.status, 200);
    for hidden in [link, once, secret, &cookie] {
        for path in [
            "/shared/{}",
            "/shared//{}",
            "//shared/{}",
            "/shared/{}/runs/x",
            "/shared/{}x",
            "/reset-password?token={}",
            "/experiments?token={}",
            "/graphql?access_token={}",
        ] {
            assert!(server.visitor().get(&path.replace("{}", hidden)).await.status < 500, "{path}");
        }
        let visitor = server.visitor();
        let request = visitor.request(Method::GET, "/sign-in").header("referer", format!("{}/shared/{hidden}?token={hidden}", server.url));
        assert_eq!(visitor.send(request).await.status, 200);
    }

    let log = String::from_utf8(server.end()).expect("the log is UTF-8");
    let mut marked = 0;
    for line in log.lines() {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        assert!(matches!(entry["level"].as_str(), Some("ERROR" | "WARN" | "INFO" | "DEBUG" | "TRACE")), "{line:?}");
        assert!(entry["timestamp"].is_string() && entry["target"].is_string(), "{line:?}");
        assert!(!line.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')), "{line:?}");
        marked += usize::from(line.contains("forged"));
        for hidden in [once, password, secret, &cookie, link] {
            assert!(!line.contains(hidden), "{line:?}");
        }
    }
    assert!(marked > 0, "nothing that was sent reached the log: {log:.2000}");
}

async fn sign_in(visitor: &Actor, email: &str, password: &str) -> u16 {
    visitor.form("/sign-in", &[("email", email), ("password", password)]).await.status
}

/// What 256 MiB of zeros are in brotli.
const GROWS: &str = "cfffff7f002400e2b14072effff9ffff0f8004401c1680eefd3fffffff01900088c302d0bdffe7ffff3f001200715800baf7fffcffff074002200e0b40f7fe9fffffff00\
4800c46101e8defff3ffff1f000980382c00ddfb7ffeffff032001108705a07bffcfffff7f002400e2b00074effff9ffff0f8004401c1680eefd3fffffff01900088c302d0bdffe7ffff3f00\
1200715800baf7fffcffff074002200e0b40f7fe9fffffff004800c46101e8defff3ffff1f000980382c00ddfbfffcffff072001108705a07bff0f";

#[tokio::test]
async fn t24_t25_a_body_that_grows_takes_no_memory_whoever_sends_it() {
    let database = Database::create().await;
    let first = database.run(&["seed"]).0;
    let server = database.serve(&[]);
    let (visitor, script) = (server.visitor(), server.visitor().bearer(first["token"].as_str().expect("a token")));
    let brotli: Vec<u8> = (0..GROWS.len() / 2).map(|at| u8::from_str_radix(&GROWS[2 * at..2 * at + 2], 16).expect("digits")).collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    (0..256).for_each(|_| gzip.write_all(&[0; 1 << 20]).expect("packs"));
    let gzip = gzip.finish().expect("packs");
    let before = server.peak();
    for (actor, path, kind) in [
        (&visitor, "/sign-in", "application/x-www-form-urlencoded"),
        (&script, "/api/2.0/mlflow/runs/create", "application/json"),
        (&script, "/v1/traces", "application/x-protobuf"),
        (&script, "/graphql", "application/json"),
    ] {
        for (encoding, body) in [("br", &brotli), ("gzip", &gzip), ("gzip, gzip", &gzip)] {
            let request = actor.request(reqwest::Method::POST, path).header("content-type", kind).header("content-encoding", encoding);
            let answer = actor.send(request.header("x-mlflow-experiment-id", "0").body(body.clone())).await;
            assert!(matches!(answer.status, 400 | 413 | 415), "{path} {encoding}: {} {}", answer.status, answer.text());
        }
    }
    // What is read of a body of OpenTelemetry, and no more.
    assert!(server.peak() - before < 64 << 20, "{} bytes more", server.peak() - before);
}

#[tokio::test]
async fn t66_a_rush_of_sign_ins_is_turned_away_and_takes_little_memory() {
    let database = Database::create().await;
    let first = database.run(&["seed"]).0;
    let server = database.serve(&[]);
    let password = server.first_password(&first).await;
    let visitor = server.visitor();
    assert_eq!(sign_in(&visitor, "owner@localhost", password).await, 303);
    let before = server.peak();
    let rush = (0..200).map(|n| {
        let visitor = &visitor;
        async move { sign_in(visitor, &format!("nobody-{n}@example.com"), "wrong").await }
    });
    let statuses = futures::future::join_all(rush).await;
    let count = |status: u16| statuses.iter().filter(|own| **own == status).count();
    // Where the database itself is kept busy, some wait for it in vain.
    assert_eq!(count(401) + count(429) + count(503), 200, "{statuses:?}");
    assert!(count(429) > 0 && count(401) >= 22, "{} were checked, {} turned away", count(401), count(429));
    assert!(server.peak() - before < 100 << 20, "{} bytes more", server.peak() - before);
    assert_eq!(sign_in(&visitor, "owner@localhost", password).await, 303, "and then it is as before");
}

/// How many rows of the whole database hold a text.
async fn rows_with(database: &Database, text: &str) -> i64 {
    let mut owner = database.connect().await;
    let tables = "select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace \
        where c.relkind = 'r' and n.nspname !~ '^(pg_|information_schema)'";
    let tables: Vec<String> = owner.fetch_all(tables).await.expect("tables").iter().map(|row| row.get(0)).collect();
    assert!(tables.len() > 20, "{tables:?}");
    let mut count = 0;
    for table in tables {
        let query = AssertSqlSafe(format!("select count(*) from {table} t where t::text like '%' || $1 || '%'"));
        count += owner.fetch_one(sqlx::query(query).bind(text)).await.expect("counts").get::<i64, _>(0);
    }
    count
}

#[tokio::test]
async fn t70_the_first_start_has_no_account_and_the_first_one_is_printed_once() {
    let database = Database::create().await;
    let server = database.serve(&[]);
    let mut owner = database.connect().await;
    for table in ["tenants", "people", "memberships", "api_tokens", "sessions", "invitations"] {
        let count = owner.fetch_one(AssertSqlSafe(format!("select count(*) from public.{table}"))).await.expect("counts");
        assert_eq!(count.get::<i64, _>(0), 0, "{table}");
    }
    let guesses = ["admin", "password", "changeme", "assay", "owner", "password1234", ""];
    for email in ["owner@localhost", "admin@localhost", "admin@example.com", "root@localhost", "admin"] {
        for password in guesses {
            let answer = server.visitor().form("/sign-in", &[("email", email), ("password", password)]).await;
            assert_eq!(answer.status, 401, "{email} {password}");
        }
    }
    for secret in guesses {
        let answer = server.visitor().bearer(secret).graphql("{ viewer { email } }", Value::Null).await;
        assert_eq!(Actor::code(&answer), "UNAUTHENTICATED", "{secret}");
    }

    let (first, log) = database.run(&["seed"]);
    let secrets = ["password", "token"].map(|name| first[name].as_str().unwrap_or_else(|| panic!("{first}")).to_owned());
    let email = first["email"].as_str().expect("an address");
    assert!(secrets.iter().all(|secret| secret.len() >= 20 && !log.contains(secret)), "{log}");
    let [once, _] = &secrets;
    let enter = async |password: &str| {
        let answer = server.visitor().form("/sign-in", &[("email", email), ("password", password)]).await;
        (answer.status, answer.header("location").to_owned(), answer.header("set-cookie").to_owned())
    };
    let choose = async |password: &str| server.visitor().form("/reset-password", &[("token", once), ("password", password)]).await.status;
    // It leads to choosing another password, until one is chosen, and no further.
    assert_eq!(choose("too short").await, 422);
    assert_eq!(enter(once).await, (303, format!("/reset-password?first=1&token={once}"), String::new()));
    assert_eq!((choose(PASSWORD).await, choose(PASSWORD).await), (303, 422), "once");
    assert_eq!(enter(once).await.0, 401);
    assert_eq!(enter(PASSWORD).await.1, "/");
    let viewer =
        server.visitor().bearer(&secrets[1]).graphql("{ viewer { email roles } auditEntries(first: 9) { nodes { action } } }", Value::Null).await;
    assert_eq!(viewer["data"]["viewer"], json!({ "email": email, "roles": ["owner"] }));
    let acts = viewer["data"]["auditEntries"]["nodes"].as_array().expect("entries").iter().map(|entry| &entry["action"]);
    // A refused sign-in is entered after its answer.
    assert_eq!(acts.filter(|act| *act != "session.create").collect::<Vec<_>>(), ["password.reset", "token.create", "organization.create"]);

    for again in [&["seed"][..], &["seed", "--email=second@localhost", "--organization=Second"]] {
        assert_eq!(database.run(again).0, json!({ "seeded": true }), "{again:?}");
    }
    assert!(rows_with(&database, email).await > 0, "what is stored is found");
    for secret in &secrets {
        assert_eq!(rows_with(&database, secret).await, 0, "a secret is stored nowhere");
    }
    let other = Database::create().await.run(&["seed"]).0;
    assert!(other["password"] != first["password"] && other["token"] != first["token"], "each start makes its own");
}

#[tokio::test]
async fn t70_what_the_first_start_tells_is_in_its_file_before_anything_is_made() {
    let database = Database::create().await;
    let folder = std::env::temp_dir().join(format!("assay-seed-{}", Uuid::now_v7().simple()));
    let file = folder.join("told.json");
    let keep = format!("--keep={}", file.display());
    assert_eq!(database.attempt(&["seed", &keep]).0, Some(1), "there is no such folder");
    std::fs::create_dir(&folder).expect("makes");
    std::fs::write(&file, "older").expect("writes");
    let (told, _) = database.run(&["seed", &keep]);
    let kept: Value = serde_json::from_slice(&std::fs::read(&file).expect("reads")).expect("JSON");
    assert!(told["token"].is_string(), "nothing had been made before: {told}");
    assert_eq!(kept, told);
    assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    assert_eq!(database.run(&["seed", &keep]).0, json!({ "seeded": true }));
    let close = "update public.tenants set closed_at = now(), erase_at = now() + interval '30 days', closed_by = 'owner'";
    database.connect().await.execute(close).await.expect("closes");
    assert_eq!(database.run(&["seed", &keep]).0, json!({ "seeded": true }), "what was closed can be opened again");
    assert_eq!(serde_json::from_slice::<Value>(&std::fs::read(&file).expect("reads")).expect("JSON"), told, "it is still the way in");
    std::fs::remove_dir_all(folder).expect("removes");
}

#[tokio::test]
async fn t61_whoever_tries_to_sign_in_costs_one_hash() {
    let database = Database::create().await;
    let first = database.run(&["seed"]).0;
    let password = first["password"].as_str().expect("a password");
    let server = database.serve(&[]);
    let visitor = server.visitor();
    let form = |email: &'static str| [("organization", "Team"), ("name", "Ada"), ("email", email), ("password", "correct horse battery")];
    for (path, email, fields, status) in [
        ("/sign-in", "owner@localhost", vec![("password", password)], 303),
        ("/sign-in", "owner@localhost", vec![("password", "not the password")], 401),
        ("/sign-in", "nobody@localhost", vec![("password", "not the password")], 401),
        ("/sign-up", "owner@localhost", form("owner@localhost").to_vec(), 303),
        ("/sign-up", "pending@localhost", form("pending@localhost").to_vec(), 303),
        ("/sign-in", "pending@localhost", vec![("password", "correct horse battery")], 401),
    ] {
        let before = server.hashes().await;
        let fields: Vec<_> = fields.into_iter().filter(|(name, _)| *name != "email").chain([("email", email)]).collect();
        assert_eq!(visitor.form(path, &fields).await.status, status, "{path} {email}");
        assert_eq!(server.hashes().await - before, 1, "{path} {email}");
    }
    database.connect().await.execute("update public.people set disabled = true").await.expect("disables");
    for path in ["/sign-in", "/forgot-password"] {
        let before = server.hashes().await;
        visitor.form(path, &[("email", "owner@localhost"), ("password", password)]).await;
        assert_eq!(server.hashes().await - before, u64::from(path == "/sign-in"), "{path} of a disabled account");
    }
}

#[tokio::test]
async fn t13_t68_what_ended_on_one_process_is_refused_by_the_others_at_once() {
    let database = Database::create().await;
    let first = database.run(&["seed"]).0;
    let secret = first["token"].as_str().expect("a token");
    let redis = format!("--redis-url={}", std::env::var("TEST_REDIS_URL").expect("TEST_REDIS_URL names a Redis; infra/test starts one"));
    // Without Redis, with one that is away, with one that is shared.
    let servers = [database.serve(&[]), database.serve(&["--redis-url=redis://127.0.0.1:1"]), database.serve(&[&redis])];
    let password = servers[0].first_password(&first).await;
    let session = async || {
        let answer = servers[0].visitor().form("/sign-in", &[("email", "owner@localhost"), ("password", password)]).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
    };
    // The ways in, each with whether it opens.
    let opens = async |server: &Process, header: &str, value: &str| {
        let visitor = server.visitor();
        let ask = async |request: reqwest::RequestBuilder| visitor.send(request.header(header, value)).await.status;
        let page = if header == "cookie" { "/account" } else { "/api/2.0/mlflow/experiments/get-by-name?experiment_name=Default" };
        [
            ask(visitor.request(Method::POST, "/graphql").json(&json!({ "query": "{ viewer { email } }" }))).await,
            ask(visitor.request(Method::GET, page)).await,
            ask(visitor.request(Method::GET, "/api/2.0/mlflow/experiments/get?experiment_id=0")).await,
            ask(visitor.request(Method::POST, "/api/2.0/mlflow/runs/create").json(&json!({ "experiment_id": "0" }))).await,
        ]
        .map(|status| status == 200)
    };
    for end in ["/sign-out", "/sign-out-everywhere"] {
        let (cookie, other) = (session().await, session().await);
        for server in &servers {
            assert_eq!(opens(server, "cookie", &cookie).await, [true; 4], "{end}");
        }
        let visitor = servers[0].visitor();
        let answer = visitor.send(visitor.request(Method::POST, end).header("cookie", &cookie)).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/sign-in"));
        assert!(answer.header("set-cookie").contains("Max-Age=0"), "{}", answer.header("set-cookie"));
        for server in servers.iter().rev() {
            assert_eq!(opens(server, "cookie", &cookie).await, [false; 4], "{end}");
            assert_eq!(opens(server, "cookie", &other).await, [end == "/sign-out"; 4], "{end}: the other browser");
        }
    }
    let bearer = format!("Bearer {secret}");
    for server in &servers {
        assert_eq!(opens(server, "authorization", &bearer).await, [true; 4]);
    }
    let cookie = session().await;
    let visitor = servers[0].visitor();
    let ask = async |query: &str| {
        let request = visitor.request(Method::POST, "/graphql").header("cookie", &cookie).json(&json!({ "query": query }));
        visitor.send(request).await.json()
    };
    let runs = "{ experiments { nodes { runs { totalCount } } } }";
    let before = ask(runs).await;
    let tokens = ask("{ tokens { nodes { id } } }").await;
    let id = tokens["data"]["tokens"]["nodes"][0]["id"].as_str().unwrap_or_else(|| panic!("{tokens}")).to_owned();
    let revoked = ask(&format!("mutation {{ revokeToken(id: \"{id}\") {{ id }} }}")).await;
    assert!(revoked["errors"].is_null(), "{revoked}");
    for server in servers.iter().rev() {
        assert_eq!(opens(server, "authorization", &bearer).await, [false; 4]);
    }
    assert_eq!(ask(runs).await, before, "nothing was written");
}

#[tokio::test]
async fn t60_too_many_attempts_raise_one_warning_and_are_counted() {
    let database = Database::create().await;
    let server = database.serve(&[]);
    let visitor = server.visitor();
    let (mut refused, mut turned_away) = (0, 0);
    // However the attempts fall into windows of a quarter of an hour, at least two are too many in one.
    for _ in 0..22 {
        match sign_in(&visitor, "victim@example.com", "not the password").await {
            401 => refused += 1,
            status => turned_away += usize::from(status == 429),
        }
    }
    assert_eq!((refused + turned_away, turned_away >= 2), (22, true));
    let metrics = visitor.get("/metrics").await.text();
    assert!(metrics.contains(&format!("assay_throttled_total{{what=\"sign-in:account\"}} {turned_away}")), "{metrics}");
    let log = String::from_utf8(server.end()).expect("the log is UTF-8");
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("too many attempts")).collect();
    assert!(matches!(warnings.len(), 1 | 2), "{warnings:?}");
    assert!(warnings[0].contains("\"level\":\"WARN\"") && warnings[0].contains("sign-in:account"), "{warnings:?}");
    assert!(!log.contains("victim"), "whose attempts they were stays out of the log");
}
