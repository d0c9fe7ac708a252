//! Pages that are asked for with what is no text: what becomes of it in the log, in the answer's headers and in the page.

use reqwest::Method;
use serde_json::{Value, json};

use super::FORGED;
use crate::support::process::Database;

fn encoded(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[tokio::test]
async fn t39_a_page_asked_for_with_forged_lines_logs_its_own_and_shows_no_control_code() {
    let database = Database::create().await;
    let first = database.run(&["seed"]).0;
    let token = first["token"].as_str().expect("a token");
    let server = database.serve(&["--behind-proxy=true"]);
    let password = server.first_password(&first).await;
    let (nobody, browser, script) = (server.visitor(), server.visitor(), server.visitor().bearer(token));
    assert_eq!(browser.form("/sign-in", &[("email", "owner@localhost"), ("password", password)]).await.status, 303);
    let run = script.mlflow("POST", "runs/create", json!({ "experiment_id": "0", "user_id": FORGED, "start_time": 1 })).await;
    let run = run.json()["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    // Wherever a text may be anything.
    for key in ["forged", "mlflow.note.content", "mlflow.source.name", "mlflow.source.git.commit", "mlflow.source.git.branch"] {
        let answer = script.mlflow("POST", "runs/set-tag", json!({ "run_id": run, "key": key, "value": FORGED })).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let param = json!({ "run_id": run, "key": "forged", "value": FORGED });
    assert_eq!(script.mlflow("POST", "runs/log-parameter", param).await.status, 200);
    let typed = encoded(FORGED);
    let pages = [
        format!("/runs/{run}"),
        format!("/runs/{run}?{typed}={typed}"),
        format!("/runs/{run}/artifacts?path={typed}"),
        format!("/runs/{typed}"),
        "/experiments/0".to_owned(),
        format!("/experiments?filter={typed}"),
        format!("/models/{typed}"),
        format!("/models?filter={typed}&after={typed}"),
        format!("/audit?actor={typed}&action={typed}"),
        format!("/compare?run={typed}&metric={typed}"),
        format!("/compare?run={run}"),
        format!("/compare/report?format={typed}&run={run}"),
        format!("/nothing/{typed}"),
        format!("/{typed}"),
        format!("/sign-in?next={typed}"),
        format!("/sso?organization={typed}&problem={typed}&next={typed}"),
        format!("/invitation?token={typed}"),
        format!("/confirm?token={typed}"),
    ];
    let mut ids = Vec::new();
    for page in &pages {
        for reader in [&nobody, &browser] {
            let request = reader.request(Method::GET, page).header("accept", "text/html").header("user-agent", "forged\u{9b}2J");
            let answer = reader.send(request).await;
            assert!(answer.status < 500, "{page}: {}", answer.text());
            assert!(!answer.headers.contains_key("x-forged") && answer.headers.values().all(|value| value.to_str().is_ok()), "{page}");
            assert!(answer.header("location").chars().all(|c| c.is_ascii_graphic()), "{page}: {}", answer.header("location"));
            let text = String::from_utf8(answer.body.clone()).expect("a page is UTF-8");
            let control = text.char_indices().find(|(_, c)| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
            let around = control.map(|(at, c)| (c, text[..at].chars().rev().take(80).collect::<Vec<_>>().into_iter().rev().collect::<String>()));
            assert_eq!(around, None, "{page}: a control code");
            ids.push((page.clone(), answer.header("x-request-id").to_owned()));
        }
    }
    let shown = browser.get(&format!("/runs/{run}")).await.text();
    assert!(shown.contains("forged"), "what is stored is shown");

    let log = String::from_utf8(server.end()).expect("the log is UTF-8");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"))).collect();
    for line in log.lines() {
        assert!(!line.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')), "{line:?}");
    }
    assert!(lines.iter().all(|line| line["level"] != "audit" && line["message"] != "forged"), "a line that is not ours");
    for (page, id) in ids {
        let own = lines.iter().filter(|line| line["message"] == "request" && line["span"]["request"] == id.as_str()).count();
        assert_eq!(own, 1, "{page}: one line of its own");
    }
}
