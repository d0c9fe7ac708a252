use leptos::prelude::*;

use crate::{frame::workspace_line, kit::CodeBlock};

/// The shortest way from a notebook to a run, with the reader's own address.
#[component]
pub(super) fn Guide(
    /// The address a client connects to.
    origin: String,
    /// The experiment the runs go to.
    #[prop(into)]
    experiment: String,
    /// The slug of the project it is in.
    #[prop(into)]
    workspace: String,
) -> impl IntoView {
    // On Debian and Ubuntu pip installs nothing outside of a virtual environment.
    let shell = format!(
        "python3 -m venv training     # Debian, Ubuntu: apt install python3-venv\ntraining/bin/pip install 'mlflow==3.17.*'\n\
         export MLFLOW_TRACKING_URI={origin}\nexport MLFLOW_TRACKING_TOKEN=<your token>\ntraining/bin/python"
    );
    view! {
        <div class="guide">
            <CodeBlock code=shell label="Shell"/>
            <p class="faint xs"><code>"MLFLOW_TRACKING_TOKEN"</code>" takes an API token of yours, which is shown once. "<a class="link" href="/tokens">"Create a token"</a></p>
            <CodeBlock code=python(&workspace, &experiment) label="Python"/>
            <p class="faint xs">"Any MLflow client works as it is."</p>
        </div>
    }
    .into_any()
}

fn python(workspace: &str, experiment: &str) -> String {
    let name = experiment.replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "import mlflow\n\n{}\
         mlflow.set_experiment(\"{name}\")\n\
         with mlflow.start_run():\n    \
             mlflow.log_param(\"learning_rate\", 0.03)\n    \
             for step in range(100):\n        \
                 mlflow.log_metric(\"loss\", 1 / (step + 1), step=step)\n",
        workspace_line(workspace)
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_with_quotes_stays_one_text() {
        assert!(super::python("", "a \"b\" \\").contains(r#"set_experiment("a \"b\" \\")"#));
        assert!(super::python("default", "x").contains("    for step in range(100):\n        mlflow"));
    }
}
