use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_params_map;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::Permission;

use super::{
    TemplateDialog,
    begin::{Starter, begin, best},
    data::{self, Begun, Started, Template},
    start::start,
};
use crate::{
    api::{Api, ApiError, Operation, use_api, use_live, use_query},
    frame::may,
    kit::{
        Button, Callout, Card, Cell, Column, Crumb, Fact, Facts, Failure, Icon, Menu, MenuItem, Page, RelativeTime, Row, Saving, Shape, Table,
        Toasts, Tone, number, run_tone, steady_as, use_toasts,
    },
};

const TEMPLATE: Operation = Operation(include_str!("template.graphql"));

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Data {
    template: Option<Template>,
}

/// The page at `/templates/:id`.
#[component]
pub fn TemplatePage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    let query = use_query::<_, Data>(TEMPLATE, move || json!({ "id": id.get() }));
    let (api, toasts, may_write) = (StoredValue::new(use_api()), use_toasts(), may(Permission::RunsWrite));
    let starter = may(Permission::ExperimentsWrite).then(|| Starter::new(api, toasts));
    steady_as(Shape::Cards, query, move |held| {
        let again = move || query.refetch();
        // A run that begins is told by its experiment, and so is a change of the template, and an experiment that is started from it here.
        let topic =
            Signal::derive(move || held.with(|data| data.template.as_ref().and_then(Template::place).map(|experiment| experiment.id.clone())));
        use_live(topic, again);
        // What the frame shows a reader of is asked for at once: a closure runs when the server writes the page, where nobody is known any more.
        if held.with_untracked(|data| data.template.is_some()) { page(held, api, toasts, (may_write, starter), again) } else { absent() }
    })
}

fn crumbs() -> Vec<Crumb> {
    vec![Crumb::new("Templates", "/templates")]
}

fn absent() -> AnyView {
    let error = ApiError::from_response(
        &json!({ "message": "There is no template at this address, or it belongs to another organization.", "extensions": { "code": "NOT_FOUND" } }),
    );
    view! { <Page title="Template" crumbs=crumbs()><Failure error/></Page> }.into_any()
}

fn page(
    held: RwSignal<Data>,
    api: StoredValue<Api>,
    toasts: Toasts,
    (may_write, starter): (bool, Option<Starter>),
    again: impl Fn() + Copy + Send + Sync + 'static,
) -> AnyView {
    let template = Memo::new(move |_| held.with(|data| data.template.clone()));
    let of = move |pick: fn(&Template) -> String| Signal::derive(move || template.with(|template| template.as_ref().map(pick).unwrap_or_default()));
    let (title, id) = (of(|template| template.name.clone()), of(|template| template.id.clone()));
    let gone = Memo::new(move |_| template.with(|template| template.as_ref().is_some_and(|template| template.lifecycle == "DELETED")));
    let editing = RwSignal::new(false);
    let value = Signal::derive(move || {
        template.with(|template| template.as_ref().map(|own| (own.name.clone(), own.description.clone())).unwrap_or_default())
    });
    let save = Callback::new(move |(name, about): (String, String)| -> Saving {
        let work = data::update(api.get_value(), id.get_untracked(), name, about);
        Box::pin(async move {
            work.await?;
            again();
            Ok(())
        })
    });
    let remove = move |removed: bool| set_removed(api.get_value(), toasts, id.get_untracked(), title.get_untracked(), removed, again);
    let actions = move || {
        may_write.then(|| {
            view! {
                <Button icon=Icon::PENCIL on_press=move || editing.set(true)>"Edit"</Button>
                <Menu id="template-menu" label="More for this template">
                    {move || if gone.get() {
                        view! { <MenuItem icon=Icon::UNDO_2 on_press=move || remove(false)>"Restore"</MenuItem> }
                    } else {
                        view! { <MenuItem icon=Icon::TRASH_2 danger=true on_press=move || remove(true)>"Remove template"</MenuItem> }
                    }}
                </Menu>
            }
        })
    };
    let facts = move || {
        (move || template.get().map(|own| {
            let by = own.created_by.map(|by| format!(" by {by}"));
            let (one, many) = match (own.started_experiments.is_empty(), own.started_runs.is_empty()) {
                (false, false) => ("experiment or run", "experiments and runs"),
                (false, true) => ("experiment", "experiments"),
                (true, true) if own.experiment.is_some() => ("experiment", "experiments"),
                _ => ("run", "runs"),
            };
            view! { <span>{number::counted(own.started_count, one, many)}" started from it"</span><span>"marked "<RelativeTime at=own.created_at/>{by}</span> }
        }))
        .into_any()
    };
    let removed = move || {
        gone.get().then(|| view! { <div class="notice"><Callout tone=Tone::Warn><b>"This template was removed."</b>" What it is made of and what was started from it are as they were."</Callout></div> })
    };
    // What the reader types stays while runs come in.
    let origin = Memo::new(move |_| template.with(|template| template.as_ref().map(|own| (own.id.clone(), own.run.clone(), own.experiment.clone()))));
    let begin = move || {
        origin.track();
        template.get_untracked().map(|own| match &own.experiment {
            Some(experiment) => begin(&own.id, experiment, starter),
            None => start(&own),
        })
    };
    let best_run = Memo::new(move |_| template.with(|template| template.as_ref().and_then(|own| own.best_run.clone())));
    let experiments = Memo::new(move |_| {
        template.with(|template| template.as_ref().map(|own| (own.experiment.is_some(), own.started_experiments.clone())).unwrap_or_default())
    });
    let runs = Memo::new(move |_| template.with(|template| template.as_ref().map(|own| own.started_runs.clone()).unwrap_or_default()));
    view! {
        <Page title crumbs=crumbs() facts actions>
            {removed}
            <div class="split">
                <div class="stack">
                    {begin}
                    {move || best_run.get().map(best)}
                    {move || experiments.with(|(is_one, begun)| (*is_one || !begun.is_empty()).then(|| begun_list(begun.clone())))}
                    {move || runs.with(|runs| (!experiments.with(|(is_one, _)| *is_one) || !runs.is_empty()).then(|| started(runs.clone())))}
                </div>
                <aside class="stack" aria-label="About the template">{move || template.get().map(|own| about(&own))}</aside>
            </div>
        </Page>
        <TemplateDialog open=editing title="Edit template" save="Save template" value on_save=save/>
    }
    .into_any()
}

/// Removes it or brings it back; either can be undone for ten seconds.
fn set_removed(api: Api, toasts: Toasts, id: String, name: String, removed: bool, again: impl Fn() + Copy + Send + Sync + 'static) {
    spawn_local(async move {
        if let Err(error) = data::set_removed(api.clone(), id.clone(), removed).await {
            return toasts.fail(&error);
        }
        again();
        toasts.undo(format!("{name} was {}.", if removed { "removed" } else { "restored" }), move || {
            let work = data::set_removed(api.clone(), id.clone(), !removed);
            spawn_local(async move {
                match work.await {
                    Ok(()) => again(),
                    Err(error) => toasts.fail(&error),
                }
            });
        });
    });
}

fn begun_list(experiments: Vec<Begun>) -> AnyView {
    if experiments.is_empty() {
        return view! { <Card title="Experiments started from it"><p class="faint s">"None yet. What is started above appears here."</p></Card> }
            .into_any();
    }
    let columns = vec![Column::text("name", "Experiment"), Column::text("by", "By"), Column::text("created", "Created")];
    let rows = experiments.into_iter().map(|experiment| {
        let cells = vec![
            Cell::Link(experiment.name.clone(), format!("/experiments/{}", experiment.id)),
            experiment.created_by.map_or(Cell::Empty, Cell::Muted),
            Cell::Time(experiment.created_at),
        ];
        Row::new(experiment.id, experiment.name, cells)
    });
    let rows = rows.collect::<Vec<_>>();
    view! {
        <Card title="Experiments started from it" flush=true>
            <Table label="Experiments started from it" columns=Signal::stored(columns) rows=Signal::stored(rows)/>
        </Card>
    }
    .into_any()
}

fn started(runs: Vec<Started>) -> AnyView {
    if runs.is_empty() {
        return view! { <Card title="Started from it"><p class="faint s">"Nothing yet. Runs that begin with the code above appear here."</p></Card> }
            .into_any();
    }
    let columns = vec![Column::text("name", "Run"), Column::text("status", "Status"), Column::text("by", "By"), Column::text("began", "Began")];
    let rows = runs.into_iter().map(|run| {
        let status = run.status.to_lowercase();
        let cells = vec![
            Cell::Link(run.name.clone(), format!("/runs/{}", run.id)),
            Cell::State(run_tone(&run.status), status),
            run.created_by.map_or(Cell::Empty, Cell::Muted),
            Cell::Time(run.started_at),
        ];
        Row::new(run.id, run.name, cells)
    });
    let rows = rows.collect::<Vec<_>>();
    view! { <Card title="Started from it" flush=true><Table label="Started from it" columns=Signal::stored(columns) rows=Signal::stored(rows)/></Card> }.into_any()
}

fn about(template: &Template) -> AnyView {
    let words = template.description.clone();
    let words = if words.is_empty() {
        view! { <p class="faint s">"No description."</p> }.into_any()
    } else {
        view! { <p class="note s">{words}</p> }.into_any()
    };
    let run = template.run.clone().map(|run| view! { <Fact label="Run"><a class="link" href=format!("/runs/{}", run.id)>{run.name}</a></Fact> });
    let experiment = template.place().cloned().map(|experiment| {
        view! { <Fact label="Experiment"><a class="link" href=format!("/experiments/{}", experiment.id)>{experiment.name}</a></Fact> }
    });
    view! { <Card title="About">{words}<Facts>{run}{experiment}</Facts></Card> }.into_any()
}
