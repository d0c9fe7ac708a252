use leptos::prelude::*;
use shared::Permission;

use crate::{
    document::PublicUrl,
    frame::{may, use_project, workspace_line},
    kit::{ButtonKind, ButtonLink, CodeBlock, Glyph, Icon},
};

// On Debian and Ubuntu pip installs nothing outside of a virtual environment.
const SHELL: &str = "python3 -m venv training     # Debian, Ubuntu: apt install python3-venv\ntraining/bin/pip install 'mlflow==3.17.*' scikit-learn\ntraining/bin/python";

/// How the first run comes here: three steps with the reader's own address.
pub(super) fn begin() -> AnyView {
    let address = RwSignal::new(SharedValue::new(|| use_context::<PublicUrl>().map_or_else(String::new, |url| url.0)).into_inner());
    // What the reader's browser calls this server is what their script can reach.
    Effect::new(move || {
        if let Ok(origin) = location().origin() {
            address.set(origin);
        }
    });
    let workspace = use_project().map(|project| workspace_line(&project.slug)).unwrap_or_default();
    let code = Signal::derive(move || snippet(&address.get(), &workspace));
    view! {
        <section class="begin">
            <div class="intro">
                <h2>"Your first run"</h2>
                <p class="muted">"Assay speaks MLflow: a training that already logs to MLflow needs two lines changed. Curves move on this page while it trains."</p>
            </div>
            <ol class="steps">
                <li>
                    <span class="badge"><Glyph icon=Icon::KEY_ROUND/></span>
                    <div><h3>"Create an API token"</h3><p class="muted">"Your script signs in with it. You see it once; keep it like a password."</p></div>
                    <ButtonLink href="/tokens" kind=ButtonKind::Primary>"Create a token"</ButtonLink>
                </li>
                <li>
                    <span class="badge"><Glyph icon=Icon::PLAY/></span>
                    <div class="wide">
                        <h3>"Run this"</h3>
                        <CodeBlock code=SHELL label="Shell"/>
                        <CodeBlock code label="Python"/>
                    </div>
                </li>
                <li>
                    <span class="badge"><Glyph icon=Icon::CHART_LINE/></span>
                    <div><h3>"Watch it"</h3><p class="muted">"The run appears under Experiments with its params, metrics and the fitted model."</p></div>
                    <ButtonLink href="/experiments">"Open experiments"</ButtonLink>
                </li>
            </ol>
            {may(Permission::OrganizationWrite).then(|| view! { <p class="muted">"You have runs in an MLflow server? "<a class="link" href="/import">"Import them"</a>" with their histories, files and models."</p> })}
        </section>
    }
    .into_any()
}

fn snippet(address: &str, workspace: &str) -> String {
    format!(
        "import os, mlflow\nfrom sklearn.datasets import load_iris\nfrom sklearn.linear_model import LogisticRegression\n\n\
         os.environ[\"MLFLOW_TRACKING_TOKEN\"] = \"paste the token here\"\n\
         mlflow.set_tracking_uri(\"{address}\")\n\
         {workspace}mlflow.sklearn.autolog()  # params, metrics and the model of every fit\n\n\
         x, y = load_iris(return_X_y=True)\n\
         LogisticRegression(max_iter=500).fit(x, y)\n"
    )
}
