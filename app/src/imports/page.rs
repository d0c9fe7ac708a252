use leptos::{prelude::*, task::spawn_local};
use leptos_router::hooks::use_params_map;

use super::{
    forbidden, may_import,
    model::{self, Import, host, state_words},
    problems, progress,
};
use crate::{
    api::{Answer, ask, use_api},
    kit::{
        Button, ButtonLink, Card, Chip, ConfirmDialog, Copyable, Crumb, Elapsed, Fact, Facts, Icon, Page, RelativeTime, Shape, look_again, steady_as,
        use_toasts,
    },
};

/// The page at `/import/:id`: how far an import is, and what came of it.
#[component]
pub fn ImportPage() -> impl IntoView {
    if !may_import() {
        return forbidden();
    }
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")).unwrap_or_default());
    let api = use_api();
    let query = ask(move || id.get(), move |id| model::fetch(api.clone(), id));
    steady_as(Shape::Cards, query, move |import| inside(import, query))
}

type Query = Answer<Import>;

fn inside(import: RwSignal<Import>, query: Query) -> AnyView {
    let running = Memo::new(move |_| import.with(Import::is_running));
    look_again(move || running.try_get_untracked() == Some(true), move || query.refetch());
    let title = Signal::derive(move || import.with(|import| host(&import.source)));
    let cancelling = RwSignal::new(false);
    let buttons = move || {
        if running.get() {
            view! { <Button icon=Icon::X on_press=move || cancelling.set(true)>"Cancel"</Button> }.into_any()
        } else {
            let again = import.with(|import| format!("/import?from={}", leptos_router::location::Url::escape(&import.source)));
            view! { <ButtonLink href=again icon=Icon::ROTATE_CCW>"Import again"</ButtonLink> }.into_any()
        }
    };
    let actions = move || buttons.into_any();
    view! {
        <Page title crumbs=vec![Crumb::new("Import", "/import")] facts=move || facts(import) actions=actions>
            <div class="import-page">
                <div class="parts">
                    <div aria-live="polite">{progress::told(import)}</div>
                    {progress::counts(import)}
                    {problems::problems(import)}
                </div>
                {details(import)}
            </div>
        </Page>
        <Cancel import open=cancelling query/>
    }
    .into_any()
}

fn facts(import: RwSignal<Import>) -> AnyView {
    let state = Memo::new(move |_| import.with(|import| (import.state.clone(), import.created_at, import.finished_at, import.started_by.clone())));
    (move || {
        let (state, started, ended, by) = state.get();
        let (tone, word) = state_words(&state);
        let running = state == "RUNNING";
        view! {
            <Chip tone dot=true>{word}</Chip>
            <span>"started "<RelativeTime at=started/>{format!(" by {by}")}</span>
            <span>{if running { "for " } else { "took " }}<Elapsed from=started until=ended/></span>
        }
    })
    .into_any()
}

/// What was asked for.
fn details(import: RwSignal<Import>) -> AnyView {
    let import = import.get_untracked();
    let experiments = if import.experiments.is_empty() { "all".to_owned() } else { import.experiments.join(", ") };
    let yes = |on: bool| if on { "included" } else { "left out" };
    view! {
        <Card title="What was asked for">
            <Facts>
                <Fact label="Server"><Copyable text=import.source.clone() what="the address"/></Fact>
                <Fact label="Experiments">{experiments}</Fact>
                <Fact label="Files">{yes(import.with_files)}</Fact>
                <Fact label="Registry">{yes(import.with_registry)}</Fact>
                <Fact label="Import id"><Copyable text=import.id.clone() shown=crate::kit::shortened(&import.id) what="the import id"/></Fact>
            </Facts>
        </Card>
    }
    .into_any()
}

#[component]
fn Cancel(import: RwSignal<Import>, open: RwSignal<bool>, query: Query) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let go = Callback::new(move |()| {
        let (api, id) = (api.clone(), import.with_untracked(|import| import.id.clone()));
        spawn_local(async move {
            match model::cancel(api, id).await {
                Ok(()) => query.refetch(),
                Err(error) => toasts.fail(&error),
            }
        });
    });
    view! {
        <ConfirmDialog open title=Signal::stored("Cancel this import?".to_owned()) confirm=Signal::stored("Cancel the import".to_owned()) on_confirm=go>
            <p>"What was taken so far stays. Importing from the same server again goes on from there."</p>
        </ConfirmDialog>
    }
    .into_any()
}
