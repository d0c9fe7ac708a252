//! Addresses of the MLflow web app that people have in old links: `/#/experiments/1/runs/<run id>`.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

/// Goes where an old fragment pointed. Fragments never reach the server, so this is done in the
/// browser.
pub(super) fn follow() {
    let navigate = use_navigate();
    Effect::new(move || {
        if let Some(path) = location_hash().as_deref().and_then(target) {
            navigate(&path, NavigateOptions { replace: true, ..Default::default() });
        }
    });
}

/// Our address for a fragment (with or without its `#`); `None` when it is not one of those.
fn target(fragment: &str) -> Option<String> {
    let path = fragment.trim_start_matches('#').strip_prefix('/')?;
    let parts: Vec<&str> = path.split('?').next()?.split('/').filter(|part| !part.is_empty()).collect();
    let fits = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~%".contains(&b));
    if !parts.iter().all(|part| fits(part)) {
        return None;
    }
    match parts.as_slice() {
        ["experiments", _, "runs", run] => Some(format!("/runs/{run}")),
        ["experiments", _, "runs", run, "artifacts" | "artifactPath", ..] => Some(format!("/runs/{run}/artifacts")),
        ["experiments", _, "runs", run, tab, ..] if tab.contains("metrics") => Some(format!("/runs/{run}/metrics")),
        ["experiments", _, "runs", run, ..] => Some(format!("/runs/{run}")),
        ["experiments", experiment, ..] => Some(format!("/experiments/{experiment}")),
        ["experiments"] => Some("/experiments".to_owned()),
        ["models", name, ..] => Some(format!("/models/{name}")),
        ["models"] => Some("/models".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::target;

    #[test]
    fn old_addresses_lead_to_ours() {
        let cases = [
            ("#/experiments/0/runs/abc", "/runs/abc"),
            ("/experiments/0/runs/abc/artifacts/model", "/runs/abc/artifacts"),
            ("#/experiments/0/runs/abc/model-metrics", "/runs/abc/metrics"),
            ("#/experiments/7?searchFilter=x", "/experiments/7"),
            ("#/models/fraud%20detector/versions/3", "/models/fraud%20detector"),
        ];
        for (fragment, path) in cases {
            assert_eq!(target(fragment).as_deref(), Some(path), "{fragment}");
        }
        for other in ["", "#content", "#/", "#//evil.example", "#/experiments/0/runs/\"x", "#/nothing"] {
            assert_eq!(target(other), None, "{other}");
        }
    }
}
