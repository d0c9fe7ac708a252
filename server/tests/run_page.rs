//! A run's pages as the server renders them: what somebody reads before any script has loaded.

use crate::support::{
    Actor,
    tracking::{ok, run_in},
    world,
};
use serde_json::json;

const STEPS: i64 = 3_000;

#[tokio::test]
async fn a_run_is_read_with_its_curves_at_the_address_it_was_opened_by() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    for from in (0..STEPS).step_by(500) {
        let point =
            |key: &str, step: i64| json!({ "key": key, "value": 1.0 / (step + 1) as f64, "timestamp": 1_700_000_000_000_i64 + step, "step": step });
        let metrics: Vec<_> = (from..from + 500).flat_map(|step| [point("loss", step), point("system/cpu_utilization_percentage", step)]).collect();
        ok(&script, "POST", "runs/log-batch", json!({ "run_id": run, "metrics": metrics })).await;
    }
    for tab in ["", "/metrics"] {
        let path = format!("/runs/{run}{tab}");
        let page = organization.owner.get(&path).await;
        let html = page.text();
        assert_eq!(page.status, 200);
        assert_eq!(html.matches("class=\"line s1\"").count(), 2, "{path}: a curve of each metric");
        assert!(html.len() < 120_000, "{path}: {} bytes", html.len());
        let (model, system) = (html.find("Line chart of loss"), html.find("Line chart of system/"));
        assert!(model.is_some() && model < html.find("System metrics") && html.find("System metrics") < system, "{path}: {model:?} {system:?}");
        let tabs = html.split("class=\"tabs\"").nth(1).and_then(|rest| rest.split("</nav>").next()).expect("tabs");
        let current = tabs.split("<a ").find(|link| link.contains("aria-current=\"page\"")).expect("one of them is current");
        assert!(current.contains(&format!("href=\"{path}\"")), "{path}: {current}");
    }
}

#[tokio::test]
async fn a_smooth_line_is_made_of_all_points_whichever_are_drawn() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let run = run_in(&script, "0").await;
    for from in (0..STEPS).step_by(1_000) {
        let metrics: Vec<_> = (from..from + 1_000)
            .map(|step| json!({ "key": "noise", "value": if step % 2 == 0 { 1.0 } else { -1.0 }, "timestamp": 1_700_000_000_000_i64 + step, "step": step }))
            .collect();
        ok(&script, "POST", "runs/log-batch", json!({ "run_id": run, "metrics": metrics })).await;
    }
    let query = "query($id: ID!, $s: Float!, $from: Int) { run(id: $id) { series(keys: [\"noise\"], points: 40, fromStep: $from, smoothing: $s) { steps values smoothed } } }";
    let ask = async |smoothing: f64, from: i64| organization.owner.graphql(query, json!({ "id": run, "s": smoothing, "from": from })).await;
    let drawn = |answer: &serde_json::Value| {
        let series = &answer["data"]["run"]["series"][0];
        let list = |name: &str| series[name].as_array().expect("a list").iter().map(|value| value.as_f64().expect("a number")).collect::<Vec<_>>();
        (list("steps"), list("values"), list("smoothed"))
    };
    let (steps, values, smoothed) = drawn(&ask(0.99, 0).await);
    assert!(steps.len() <= 40 && values.len() == steps.len() && smoothed.len() == steps.len(), "{steps:?} {smoothed:?}");
    assert!(values.iter().all(|value| value.abs() == 1.0), "as logged");
    assert!(smoothed.iter().skip(20).all(|value| value.abs() < 0.02), "the line is smooth, not its spikes: {smoothed:?}");
    // Looked at closely it has not just begun.
    let (steps, _, smoothed) = drawn(&ask(0.99, STEPS - 30).await);
    assert_eq!(steps.first(), Some(&((STEPS - 30) as f64)));
    assert!(smoothed.iter().all(|value| value.abs() < 0.02), "{smoothed:?}");
    assert!(drawn(&ask(0.0, 0).await).2.is_empty());
    assert_eq!(Actor::code(&ask(1.0, 0).await), "INVALID");
}

#[tokio::test]
async fn an_address_that_leads_nowhere_keeps_the_navigation() {
    let organization = world().organization().await;
    for path in ["/nothing", "/runs/x/y/z"] {
        let page = organization.owner.get(path).await;
        assert_eq!(page.status, 404);
        assert!(page.text().contains("id=\"rail\"") && page.text().contains("No page at this address"), "{path}");
    }
}
