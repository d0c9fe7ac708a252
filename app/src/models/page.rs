use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    data::{self, Model, STAGES, Version},
    list::alias_chips,
    versions,
};
use crate::{
    api::{ApiError, Operation, use_query},
    frame::workspace_line,
    kit::{Card, CodeBlock, Copyable, Crumb, Fact, Facts, Failure, Page, RelativeTime, Shape, loaded_as, number, use_address},
};

const MODEL: Operation = Operation(include_str!("model.graphql"));

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    registered_model: Option<Model>,
}

/// The page at `/models/:name`.
#[component]
pub fn ModelPage() -> impl IntoView {
    let params = use_params_map();
    let name = Memo::new(move |_| params.with(|params| params.get("name")).unwrap_or_default());
    let address = use_address();
    let query = use_query::<_, Data>(MODEL, move || json!({ "name": name.get(), "project": address.get("project") }));
    loaded_as(Shape::Cards, query, |data: Data| {
        match data.registered_model {
        Some(model) => page(model),
        None => view! { <Page title="Model" crumbs=crumbs()><Failure error=ApiError::from_response(&json!({ "message": "There is no model of this name, or it is not for you to see.", "extensions": { "code": "NOT_FOUND" } }))/></Page> }.into_any(),
    }
    })
}

fn crumbs() -> Vec<Crumb> {
    vec![Crumb::new("Models", "/models")]
}

fn page(model: Model) -> AnyView {
    let (created, updated, count) = (model.created_at, model.updated_at, model.versions.len() as i64);
    let facts = move || {
        view! { <span>{number::counted(count, "version", "versions")}</span><span>"updated "<RelativeTime at=updated/></span><span>"created "<RelativeTime at=created/></span> }
    };
    let band = band(&model.versions);
    let use_it = use_it(&model);
    let about = model.description.clone();
    let tags = model.tags.iter().map(|tag| view! { <span class="chip">{data::tag_words(tag)}</span> }).collect_view();
    let aliases = (!model.aliases.is_empty()).then(|| view! { <div><dt>"Aliases"</dt><dd>{alias_chips(&model.aliases)}</dd></div> });
    let tags = (!model.tags.is_empty()).then(|| view! { <div><dt>"Tags"</dt><dd class="row">{tags}</dd></div> });
    let project = model.project.is_named().then(|| view! { <div><dt>"Project"</dt><dd>{model.project.name.clone()}</dd></div> });
    let name = view! { <Copyable text=model.name.clone() what="the name"/> };
    let about = if about.is_empty() { view! { <span class="muted">"No description."</span> }.into_any() } else { about.into_any() };
    view! {
        <Page title=Signal::stored(model.name.clone()) crumbs=crumbs() facts=facts>
            {band}
            <div class="split model">
                {versions::table(model.versions)}
                <aside class="stack">
                    <Card title="About">
                        <p class="s">{about}</p>
                        <div class="about"><Facts>
                            <Fact label="Name">{name}</Fact>
                            {project}
                            {aliases}
                            {tags}
                        </Facts></div>
                    </Card>
                    <CodeBlock code=Signal::stored(use_it) label="Load it"/>
                </aside>
            </div>
        </Page>
    }
    .into_any()
}

/// The stages of a version's life side by side, with what is in each.
fn band(versions: &[Version]) -> AnyView {
    let parts = STAGES.map(|stage| {
        let own: Vec<i64> = versions.iter().filter(|version| version.stage == stage).map(|version| version.version).collect();
        let here = stage == "production" && !own.is_empty();
        let what = match own.as_slice() {
            [] => "\u{2013}".to_owned(),
            [one] => format!("version {one}"),
            many if many.len() <= 4 => format!("versions {}", many.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")),
            many => number::counted(many.len() as i64, "version", "versions"),
        };
        view! { <div class:on=here><b>{stage}</b><span>{what}</span></div> }
    });
    view! { <div class="band">{parts.into_iter().collect_view()}</div> }.into_any()
}

/// How a script loads the version that counts: by alias, else the production version, else the newest.
fn use_it(model: &Model) -> String {
    let newest = model.versions.iter().max_by_key(|version| version.version);
    let production = model.versions.iter().find(|version| version.stage == "production").map(|version| version.version);
    let which = match model.aliases.first() {
        Some(alias) => format!("{}@{}", model.name, alias.alias),
        None => format!("{}/{}", model.name, production.or_else(|| newest.map(|version| version.version)).unwrap_or(1)),
    };
    let workspace = workspace_line(&model.project.slug);
    format!("import mlflow\n\n{workspace}model = mlflow.pyfunc.load_model(\n    \"models:/{which}\"\n)\n")
}
