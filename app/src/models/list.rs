use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::data::{self, Alias, Listed};
use crate::{
    api::{Connection, Operation, use_query},
    experiments,
    frame::{project_fact, use_project, use_project_id, workspace_line},
    kit::{Address, Cell, Chip, CodeBlock, Column, Empty, FilterField, Icon, Page, Pager, Row, Table, loaded, number, use_address},
    visit::use_origin,
};

const MODELS: Operation = Operation(include_str!("models.graphql"));
const FIRST: usize = 50;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    registered_models: Connection<Listed>,
}

/// The page at `/models`.
#[component]
pub fn ModelsPage() -> impl IntoView {
    let address = use_address();
    let origin = StoredValue::new(use_origin());
    let project = StoredValue::new(use_project_id());
    let query = use_query::<_, Data>(MODELS, move || {
        let filter = address.get("filter").map(|text| experiments::filter(&text));
        json!({ "first": FIRST, "after": address.get("after"), "filter": filter, "project": project.get_value() })
    });
    let facts = || view! { <span>"Each collects the versions that runs have made of it"</span>{project_fact()} };
    view! {
        <Page title="Models" facts=facts>
            <div class="toolbar"><FilterField label="Filter models" placeholder="Filter by name, or tags.team = 'fraud'" words=Signal::stored(vec!["name".to_owned()])/></div>
            {loaded(query, move |data: Data| list(data.registered_models, address, &origin.get_value()))}
        </Page>
    }
    .into_any()
}

fn list(models: Connection<Listed>, address: Address, origin: &str) -> AnyView {
    if models.nodes.is_empty() {
        return nothing(untrack(|| address.get("filter")).is_some(), origin);
    }
    let (shown, total, next) = (models.nodes.len(), models.total_count, models.next());
    let mut columns = vec![
        Column::text("name", "Name"),
        Column::number("latest", "Latest"),
        Column::number("versions", "Versions"),
        Column::text("stages", "In use"),
        Column::text("aliases", "Aliases"),
        Column::text("updated", "Updated"),
        Column::text("about", "About"),
    ];
    // Most organizations have one project: a column that says so on every line is noise.
    let named = models.nodes.iter().any(|model| model.project.is_named());
    if named {
        columns.insert(1, Column::text("project", "Project"));
    }
    let rows = models.nodes.into_iter().map(|model| row(model, named)).collect::<Vec<_>>();
    view! {
        <Table label="Models" columns=Signal::stored(columns) rows=Signal::stored(rows) keys=true/>
        <Pager shown=Signal::stored(shown) total=Signal::stored(total) next of=("model", "models") keys=vec![("j", ""), ("k", "move"), ("Enter", "open"), ("/", "filter")]/>
    }
    .into_any()
}

fn row(model: Listed, named: bool) -> Row {
    let latest = model.versions.iter().map(|version| version.version).max();
    let in_use: Vec<(String, i64)> = model
        .versions
        .iter()
        .filter(|version| matches!(version.stage.as_str(), "production" | "staging"))
        .map(|version| (version.stage.clone(), version.version))
        .collect();
    let aliases = model.aliases;
    let mut cells = vec![
        Cell::Link(model.name.clone(), data::path(&model.project, &model.name)),
        latest.map_or(Cell::Empty, |version| Cell::Measure(version as f64, number::count(version))),
        Cell::Measure(model.versions.len() as f64, number::count(model.versions.len() as i64)),
        if in_use.is_empty() { Cell::Empty } else { Cell::view(move || stages(&in_use)) },
        if aliases.is_empty() { Cell::Empty } else { Cell::view(move || alias_chips(&aliases)) },
        Cell::Time(model.updated_at),
        if model.description.is_empty() { Cell::Empty } else { Cell::Muted(model.description) },
    ];
    if named {
        cells.insert(1, Cell::Text(model.project.name));
    }
    Row::new(format!("{}/{}", model.project.slug, model.name), &model.name, cells)
}

fn stages(in_use: &[(String, i64)]) -> AnyView {
    let chips = in_use.iter().take(3).map(|(stage, version)| {
        let (tone, words) = (data::stage_tone(stage), format!("{stage} {version}"));
        view! { <Chip tone dot=true>{words}</Chip> }
    });
    view! { <span class="chips">{chips.collect_view()}</span> }.into_any()
}

/// Aliases as chips: `champion 3`.
pub(super) fn alias_chips(aliases: &[Alias]) -> AnyView {
    let chips =
        aliases.iter().take(4).map(|Alias { alias, version }| view! { <span class="chip alias">{alias.clone()}<b>{version.to_string()}</b></span> });
    view! { <span class="chips">{chips.collect_view()}</span> }.into_any()
}

fn nothing(filtered: bool, origin: &str) -> AnyView {
    if filtered {
        let action = || view! { <p class="row"><a class="button" href="/models">"Show all models"</a></p> };
        return view! { <Empty icon=Icon::SEARCH title="No model fits the filter" action=action>"A plain word looks in names. Tags are asked for as "<code>"tags.team = 'fraud'"</code>"."</Empty> }.into_any();
    }
    let workspace = use_project().map(|project| workspace_line(&project.slug)).unwrap_or_default();
    let code = format!(
        "import mlflow\n\n{workspace}mlflow.set_tracking_uri(\"{origin}\")\nwith mlflow.start_run():\n    mlflow.sklearn.log_model(model, name=\"model\", registered_model_name=\"fraud_detector\")\n"
    );
    let action = move || view! { <CodeBlock code=Signal::stored(code.clone()) label="Python"/> };
    view! { <Empty icon=Icon::BOXES title="No models yet" action=action>"A registered model collects the versions that runs have made of it. Log a model under a name and its first version appears here."</Empty> }.into_any()
}
