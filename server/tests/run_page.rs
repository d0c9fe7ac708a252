//! A run's pages as the server renders them: what somebody reads before any script has loaded.

mod support;

use serde_json::json;
use support::{
    tracking::{ok, run_in},
    world,
};

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
async fn an_address_that_leads_nowhere_keeps_the_navigation() {
    let organization = world().organization().await;
    for path in ["/nothing", "/runs/x/y/z"] {
        let page = organization.owner.get(path).await;
        assert_eq!(page.status, 404);
        assert!(page.text().contains("id=\"rail\"") && page.text().contains("No page at this address"), "{path}");
    }
}
