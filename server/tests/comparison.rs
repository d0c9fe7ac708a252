//! Comparing runs and groups of runs, through the public API only.

mod headers;

use crate::support::{Actor, Organization, actor::Answer, html::elements, tracking::ok, world};
use serde_json::{Value, json};

const WHOLE: &str = "query($of: ComparisonInput!) { comparison(of: $of) { \
    groups { name runCount setupCount failedCount } \
    metrics { key better oddCount cells { summary { count mean sd median } difference { mean relative p pAdjusted effect { value low high } } } } \
    params { key differs seed importance cells { common { value count } distinctCount missingCount } } \
    focus { key better explained paramKeys seedSpread histogram { edges counts } \
        pairs { left right bootstrap { low high } cohensD hedgesG { value } rankBiserial { value low high } \
            welch { difference interval { low high } t df p pAdjusted } mannWhitney { u p pAdjusted exact } } } \
    insights { tone text } points(first: 2000) { run group value } pointCount } }";

/// A run with params and metrics that ended; its id.
async fn run(script: &Actor, experiment: &str, name: &str, started_ms: i64, params: Value, metrics: Value) -> String {
    let created = ok(script, "POST", "runs/create", json!({ "experiment_id": experiment, "run_name": name, "start_time": started_ms })).await;
    let id = created["run"]["info"]["run_id"].as_str().expect("an id").to_owned();
    let pairs = |object: &Value| -> Vec<(String, Value)> { object.as_object().expect("an object").clone().into_iter().collect() };
    let params: Vec<Value> = pairs(&params)
        .into_iter()
        .map(|(key, value)| json!({ "key": key, "value": value.as_str().map_or(value.to_string(), str::to_owned) }))
        .collect();
    let metrics: Vec<Value> =
        pairs(&metrics).into_iter().map(|(key, value)| json!({ "key": key, "value": value, "timestamp": started_ms, "step": 0 })).collect();
    ok(script, "POST", "runs/log-batch", json!({ "run_id": id, "params": params, "metrics": metrics })).await;
    ok(script, "POST", "runs/update", json!({ "run_id": id, "status": "FINISHED" })).await;
    id
}

async fn new_experiment(script: &Actor, name: &str) -> String {
    ok(script, "POST", "experiments/create", json!({ "name": name })).await["experiment_id"].as_str().expect("an id").to_owned()
}

async fn compare(actor: &Actor, of: Value) -> Value {
    let mut answer = actor.graphql(WHOLE, json!({ "of": of })).await;
    assert!(answer["errors"].is_null(), "{answer}");
    answer["data"]["comparison"].take()
}

fn near(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    assert!((value - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{value} instead of {expected}");
}

const OCTOBER: i64 = 1_790_812_800_000; // 2026-10-01
const DAY: i64 = 86_400_000;

/// Two months of trainings: the second month is better and slower, whatever the seed; lr decides how good a run is.
async fn two_months(organization: &Organization<'_>) -> (Actor, String) {
    let script = organization.script().await;
    let id = new_experiment(&script, "two months").await;
    for month in 0..2_i64 {
        for (at, lr) in ["0.1", "0.01", "0.001"].iter().enumerate() {
            for seed in 0..4_i64 {
                let spread = [0.000, 0.003, -0.002, 0.001][seed as usize];
                let auc = 0.80 + 0.02 * month as f64 + 0.03 * at as f64 + spread;
                let params = json!({ "lr": lr, "seed": seed, "epochs": 10 });
                let metrics = json!({ "val_auc": auc, "latency_ms": 10.0 + 5.0 * month as f64 + spread * 100.0, "same": 1.0 });
                run(&script, &id, &format!("m{month} lr{lr} s{seed}"), OCTOBER + month * 31 * DAY + seed * DAY, params, metrics).await;
            }
        }
    }
    (script, id)
}

fn months(experiment: &str) -> Value {
    json!({ "groups": [
        { "experiment": experiment, "from": "2026-10-01", "to": "2026-10-31", "name": "October" },
        { "experiment": experiment, "from": "2026-11-01", "to": "2026-11-30", "name": "November" } ], "metric": "val_auc" })
}

#[tokio::test]
async fn c5_3a_periods_are_compared_with_tests_effects_and_intervals() {
    let organization = world().organization().await;
    let (script, id) = two_months(&organization).await;
    let found = compare(&script, months(&id)).await;
    assert_eq!(found["groups"][0], json!({ "name": "October", "runCount": 12, "setupCount": 3, "failedCount": 0 }));
    assert_eq!(found["groups"][1]["runCount"], 12);
    let pair = &found["focus"]["pairs"][0];
    // scipy.stats: ttest_ind(november, october, equal_var=False) and mannwhitneyu of the values above.
    near(&pair["welch"]["difference"], 0.02);
    let (t, df) = (pair["welch"]["t"].as_f64().expect("t"), pair["welch"]["df"].as_f64().expect("df"));
    assert!((t - 1.909_689_125_743_499).abs() < 1e-9 && (df - 22.0).abs() < 1e-9, "{pair}");
    near(&pair["welch"]["p"], 0.069_298_639_316_605_03);
    near(&pair["welch"]["interval"]["low"], -0.001_719_483_448_350_309);
    assert_eq!(pair["welch"]["p"], pair["welch"]["pAdjusted"], "one pair is a family of its own");
    near(&pair["mannWhitney"]["u"], 96.0);
    near(&pair["mannWhitney"]["p"], 0.174_853_306_893_292_7);
    assert_eq!(pair["mannWhitney"]["exact"], false);
    near(&pair["rankBiserial"]["value"], 2.0 * pair["mannWhitney"]["u"].as_f64().expect("u") / 144.0 - 1.0);
    let (low, high) = (pair["bootstrap"]["low"].as_f64().expect("low"), pair["bootstrap"]["high"].as_f64().expect("high"));
    assert!(low < 0.02 && 0.02 < high && (high - low - 0.041).abs() < 0.01, "{pair}");
    let latency = found["metrics"].as_array().expect("rows").iter().find(|row| row["key"] == "latency_ms").expect("latency");
    assert!(latency["cells"][1]["difference"]["pAdjusted"].as_f64().expect("p") < 1e-6, "{latency}");
    assert_eq!(found["metrics"][0]["key"], "latency_ms", "what differs most and surely comes first");
    assert_eq!(found["metrics"].as_array().expect("rows").last().expect("a row")["key"], "same");
    // The same question has the same answer.
    assert_eq!(compare(&script, months(&id)).await, found);
}

#[tokio::test]
async fn c5_3a_a_period_is_of_days_in_the_zone_they_name() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let id = new_experiment(&script, "night").await;
    // Half an hour before the first of October begins in UTC.
    run(&script, &id, "late", OCTOBER - 1_800_000, json!({}), json!({ "auc": 0.9 })).await;
    for (from, to, expected) in [
        ("2026-10-01", "2026-10-01", 0),
        ("2026-10-01+01:00", "2026-10-01+01:00", 1),
        ("2026-10-01+00:00", "", 0),
        ("", "2026-09-30", 1),
        ("", "2026-09-30+01:00", 0),
        ("2026-10-01-05:00", "", 0),
        ("", "2026-09-30-05:00", 1),
    ] {
        let found = compare(&script, json!({ "groups": [{ "experiment": id, "from": from, "to": to }], "metric": "auc" })).await;
        let group = &found["groups"][0];
        assert_eq!(group["runCount"], expected, "{from} to {to}");
        let name = group["name"].as_str().expect("a name");
        assert!(!name.contains('+') && !name.contains(":00"), "{name}");
    }
}

#[tokio::test]
async fn c5_3a_seeds_repeat_a_setup() {
    let organization = world().organization().await;
    let (script, id) = two_months(&organization).await;
    let mut of = months(&id);
    of["unit"] = json!("SETUP");
    let found = compare(&script, of).await;
    assert_eq!(
        found["metrics"].as_array().expect("rows").iter().find(|row| row["key"] == "val_auc").expect("auc")["cells"][0]["summary"]["count"],
        3
    );
    near(&found["focus"]["seedSpread"], 0.002_081_665_999_466_133);
    let seeds = found["params"].as_array().expect("params").iter().find(|row| row["key"] == "seed").expect("seed");
    assert_eq!((seeds["seed"].as_bool(), seeds["differs"].as_bool()), (Some(true), Some(true)));
    // Named runs are grouped by their params, seeds aside.
    let runs: Vec<String> =
        found["points"].as_array().expect("points").iter().map(|point| point["run"].as_str().expect("an id").to_owned()).collect();
    let named = compare(&script, json!({ "runs": runs })).await;
    let groups: Vec<(&str, i64)> = named["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .map(|group| (group["name"].as_str().unwrap_or_default(), group["runCount"].as_i64().unwrap_or(0)))
        .collect();
    assert_eq!(groups.len(), 3);
    assert!(groups.iter().all(|(name, count)| name.starts_with("lr = ") && *count == 8), "{groups:?}");
    assert_eq!(named["focus"]["pairs"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn c5_3a_what_cannot_be_tested_is_not() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let id = new_experiment(&script, "few").await;
    let one = run(&script, &id, "one", OCTOBER, json!({ "a": "1" }), json!({ "acc": 0.5, "odd": 1.0 })).await;
    let other = run(&script, &id, "other", OCTOBER, json!({ "a": "2" }), json!({ "acc": 0.6, "odd": "NaN" })).await;
    let none = run(&script, &id, "none", OCTOBER, json!({}), json!({})).await;
    let found = compare(&script, json!({ "runs": [one, other, none] })).await;
    assert_eq!(found["groups"].as_array().map(Vec::len), Some(3));
    assert!(
        found["focus"]["pairs"].as_array().expect("pairs").iter().all(|pair| pair["welch"].is_null() && pair["mannWhitney"].is_null()),
        "{found}"
    );
    let odd = found["metrics"].as_array().expect("rows").iter().find(|row| row["key"] == "odd").expect("odd");
    assert_eq!((odd["oddCount"].as_i64(), odd["cells"][1]["summary"].is_null()), (Some(1), true));
    assert!(found["focus"]["explained"].is_null());
    let empty = compare(&script, json!({ "runs": [none] })).await;
    assert!(empty["focus"].is_null() && empty["metrics"] == json!([]) && empty["points"] == json!([]), "{empty}");
}

#[tokio::test]
async fn c5_3b_differences_come_first_and_charts_have_their_numbers() {
    let organization = world().organization().await;
    let (script, id) = two_months(&organization).await;
    let found = compare(&script, months(&id)).await;
    let params: Vec<(&str, bool)> =
        found["params"].as_array().expect("params").iter().map(|row| (row["key"].as_str().unwrap_or_default(), row["differs"] == true)).collect();
    assert_eq!(params, [("lr", true), ("seed", true), ("epochs", false)]);
    let counts: i64 = found["focus"]["histogram"]["counts"]
        .as_array()
        .expect("groups")
        .iter()
        .flat_map(|own| own.as_array().expect("bins"))
        .filter_map(Value::as_i64)
        .sum();
    assert_eq!((counts, found["pointCount"].as_i64()), (24, Some(24)));
    let curves = "query($runs: [ID!]!, $s: Float!) { runCurves(runs: $runs, key: \"val_auc\", smoothing: $s, points: 4) { run steps values total } }";
    let runs: Vec<&Value> = found["points"].as_array().expect("points").iter().take(3).map(|point| &point["run"]).collect();
    let answer = script.graphql(curves, json!({ "runs": runs, "s": 0.5 })).await;
    assert_eq!(answer["data"]["runCurves"].as_array().map(Vec::len), Some(3), "{answer}");
    let many: Vec<&Value> = std::iter::repeat_n(runs[0], 25).collect();
    for (runs, smoothing) in [(json!(many), 0.0), (json!(runs), 1.0), (json!([]), 0.0)] {
        assert_eq!(Actor::code(&script.graphql(curves, json!({ "runs": runs, "s": smoothing })).await), "INVALID");
    }
}

#[tokio::test]
async fn c5_3c_insights_say_what_was_found_and_no_more() {
    let organization = world().organization().await;
    let (script, id) = two_months(&organization).await;
    let texts = |found: &Value| -> String {
        found["insights"].as_array().expect("insights").iter().filter_map(|one| one["text"].as_str()).collect::<Vec<_>>().join("\n")
    };
    // By run the spread of lr hides the month; among the runs of one lr it does not.
    let whole = texts(&compare(&script, months(&id)).await);
    assert!(whole.contains("cannot be told apart on val_auc") && whole.contains("lr explains most of the difference in val_auc"), "{whole}");
    assert!(whole.contains("runs all have lr = 0.001."), "{whole}");
    assert!(whole.contains("differ in nothing but their seed vary by"), "{whole}");
    let mut of = months(&id);
    for group in of["groups"].as_array_mut().expect("groups") {
        group["filter"] = json!("params.lr = '0.01'");
    }
    let found = compare(&script, of).await;
    let narrow = texts(&found);
    assert!(narrow.contains("November is 0.02 better than October on val_auc") && narrow.contains("p < 0.001"), "{narrow}");
    assert!(narrow.contains("November gains on val_auc and pays with latency_ms"), "{narrow}");
    assert_eq!(found["insights"][0]["tone"], "GOOD");
    // A run in both groups is no independent observation.
    let both = texts(&compare(&script, json!({ "groups": [{ "experiment": id }, { "experiment": id }] })).await);
    assert!(both.contains("24 runs are in both"), "{both}");
}

async fn report(actor: &Actor, query: &str) -> Answer {
    actor.get(&format!("/compare/report?{query}")).await
}

#[tokio::test]
async fn c5_3d_reports_are_exported_in_four_formats() {
    let organization = world().organization().await;
    let (script, id) = two_months(&organization).await;
    let state = format!("e1={id}&from1=2026-10-01&to1=2026-10-31&n1=October&e2={id}&from2=2026-11-01&to2=2026-11-30&n2=November&metric=val_auc");
    for (format, media, words) in [
        ("html", "text/html; charset=utf-8", vec!["<h1>October against November</h1>", "<svg", "Hedges", "</html>"]),
        ("md", "text/markdown; charset=utf-8", vec!["# October against November", "| Metric | Group |", "- "]),
        ("csv", "text/csv; charset=utf-8", vec!["metric,better,group,runs,n,mean", "val_auc,higher,November,12,12,"]),
        ("pdf", "application/pdf", vec!["%PDF-1.4", "October against November", "%%EOF"]),
    ] {
        let answer = report(&script, &format!("format={format}&{state}")).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, media), "{format}: {}", answer.text());
        assert!(
            answer.header("content-disposition").ends_with(&format!(".{format}\"")) && answer.header("content-disposition").starts_with("attachment")
        );
        let text = answer.text();
        for word in words {
            assert!(text.contains(word), "{format} without {word}");
        }
    }
    assert_eq!(report(&script, &format!("format=exe&{state}")).await.status, 400);
    assert_eq!(report(&script, "format=csv").await.status, 400);
    assert_eq!(world().anonymous().get(&format!("/compare/report?format=csv&{state}")).await.status, 401);
    let stranger = world().organization().await;
    assert_eq!(report(&stranger.owner, &format!("format=csv&{state}")).await.status, 404);
}

#[tokio::test]
async fn t40_names_in_reports_are_only_text() {
    const HOSTILE: &str = "=cmd|' /C calc'!A0<script>alert(1)</script>";
    let organization = world().organization().await;
    let script = organization.script().await;
    let id = new_experiment(&script, HOSTILE).await;
    for value in [0.5, 0.6, 0.7] {
        run(&script, &id, HOSTILE, OCTOBER, json!({ "a": format!("{HOSTILE}{value}") }), json!({ "acc": value })).await;
    }
    let csv = report(&script, &format!("format=csv&e1={id}")).await.text();
    assert!(csv.contains("\"'=cmd|") && !csv.contains(",=cmd"), "{csv}");
    let html = report(&script, &format!("format=html&e1={id}")).await.text();
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script"), "{html}");
    let markdown = report(&script, &format!("format=md&e1={id}")).await.text();
    assert!(!markdown.contains("<script"), "{markdown}");
    let page = organization.owner.get(&format!("/compare?e1={id}")).await;
    assert_eq!(page.status, 200);
    for element in elements(&page.text()) {
        assert!(element.name != "script" || element.attribute("nonce").is_some(), "{element:?}");
        assert!(element.attributes.iter().all(|(name, _)| !name.starts_with("on")), "{element:?}");
    }
}

#[tokio::test]
async fn limits_and_bad_input_are_refused_by_name() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let id = new_experiment(&script, "limits").await;
    let group = |changes: Value| {
        let mut group = json!({ "experiment": id });
        group.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        json!({ "groups": [group] })
    };
    let absent = uuid::Uuid::now_v7().simple().to_string();
    let seven: Vec<Value> = (0..7).map(|_| json!({ "experiment": id })).collect();
    let runs: Vec<String> = (0..51).map(|_| uuid::Uuid::now_v7().simple().to_string()).collect();
    for (of, code, field) in [
        (json!({}), "INVALID", "groups"),
        (json!({ "groups": seven }), "LIMIT_EXCEEDED", ""),
        (json!({ "runs": runs }), "LIMIT_EXCEEDED", ""),
        (json!({ "runs": [absent] }), "NOT_FOUND", ""),
        (json!({ "runs": ["../x"] }), "NOT_FOUND", ""),
        (json!({ "groups": [{ "experiment": absent }] }), "NOT_FOUND", ""),
        (group(json!({ "filter": "nonsense" })), "INVALID", "filter"),
        (group(json!({ "filter": "params.a = 'b') or (params.c = 'd'" })), "INVALID", "filter"),
        (group(json!({ "from": "yesterday" })), "INVALID", "from"),
        (group(json!({ "to": "2026-13-01" })), "INVALID", "to"),
        (group(json!({ "from": "2026-11-01+1" })), "INVALID", "from"),
        (group(json!({ "to": "2026-11-01T00:00:00Z" })), "INVALID", "to"),
        (group(json!({ "from": "2026-11-02", "to": "2026-11-01" })), "INVALID", "to"),
        (group(json!({ "name": "a\nb" })), "INVALID", "name"),
        (group(json!({ "name": "x".repeat(121) })), "INVALID", "name"),
    ] {
        let answer = script.graphql(WHOLE, json!({ "of": of })).await;
        assert_eq!(Actor::code(&answer), code, "{of}: {answer}");
        assert_eq!(answer["errors"][0]["extensions"]["field"].as_str().unwrap_or_default(), field, "{of}: {answer}");
    }
}

#[tokio::test]
async fn comparisons_are_saved_shared_and_removed() {
    let organization = world().organization().await;
    let (script, id) = two_months(&organization).await;
    let save = "mutation($name: String!, $of: ComparisonInput!) { saveComparison(name: $name, of: $of) { id name path createdBy } }";
    let answer = organization.owner.graphql(save, json!({ "name": "Autumn", "of": months(&id) })).await;
    let saved = &answer["data"]["saveComparison"];
    assert_eq!((saved["name"].as_str(), saved["createdBy"].as_str()), (Some("Autumn"), Some("Olive Owner")), "{answer}");
    let path = saved["path"].as_str().expect("a path");
    assert!(path.starts_with("/compare?e1=") && path.contains("from2=2026-11-01"), "{path}");
    let page = organization.owner.get(path).await;
    assert!(page.status == 200 && page.text().contains("October") && page.text().contains("November"), "{}", page.status);
    let list = "{ savedComparisons { totalCount nodes { id name } } }";
    let viewer = organization.member("viewer").await;
    assert_eq!(viewer.graphql(list, Value::Null).await["data"]["savedComparisons"]["nodes"][0]["name"], "Autumn");
    assert_eq!(Actor::code(&script.graphql(save, json!({ "name": "Autumn", "of": months(&id) })).await), "ALREADY_EXISTS");
    assert_eq!(Actor::code(&script.graphql(save, json!({ "name": "x", "of": {} })).await), "INVALID");
    assert_eq!(Actor::code(&viewer.graphql(save, json!({ "name": "x", "of": months(&id) })).await), "FORBIDDEN");
    let remove = "mutation($id: ID!) { removeComparison(id: $id) { name } }";
    let stranger = world().organization().await;
    assert_eq!(Actor::code(&stranger.owner.graphql(remove, json!({ "id": saved["id"] })).await), "NOT_FOUND");
    assert_eq!(organization.owner.graphql(remove, json!({ "id": saved["id"] })).await["data"]["removeComparison"]["name"], "Autumn");
    assert_eq!(Actor::code(&organization.owner.graphql(remove, json!({ "id": saved["id"] })).await), "NOT_FOUND");
    assert_eq!(viewer.graphql(list, Value::Null).await["data"]["savedComparisons"]["totalCount"], 0);
}
