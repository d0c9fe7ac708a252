//! What starts an experiment from a template: a name, as all else comes with it.

use leptos::{callback::Callable, ev, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::data::{self, BestRun, Experiment};
use crate::{
    api::Api,
    experiments::Tag,
    kit::{Button, ButtonKind, Card, Fact, Facts, Field, Toasts, field},
};

/// Params before the list is folded.
const SHOWN: usize = 12;

/// What a reader starts with who may; taken while the reader is known.
#[derive(Clone, Copy)]
pub(super) struct Starter {
    api: StoredValue<Api>,
    toasts: Toasts,
    go: Callback<String>,
}

impl Starter {
    pub fn new(api: StoredValue<Api>, toasts: Toasts) -> Self {
        let navigate = use_navigate();
        Self { api, toasts, go: Callback::new(move |path: String| navigate(&path, NavigateOptions::default())) }
    }
}

/// Asks for a name, makes the experiment and goes to it.
pub(super) fn begin(id: &str, experiment: &Experiment, starter: Option<Starter>) -> AnyView {
    let origin = view! { <a class="link" href=format!("/experiments/{}", experiment.id)>{experiment.name.clone()}</a> };
    let form = match starter {
        Some(starter) => form(id.to_owned(), starter),
        None => view! { <p class="faint s">"Your role does not create experiments."</p> }.into_any(),
    };
    view! {
        <Card title="Start an experiment from it">
            <p class="s muted">"The new experiment lies beside "{origin}", with the same tags and the same note, and is listed here."</p>
            {form}
        </Card>
    }
    .into_any()
}

fn form(id: String, Starter { api, toasts, go }: Starter) -> AnyView {
    let (name, wrong, busy) = (RwSignal::new(String::new()), RwSignal::new(None::<String>), RwSignal::new(false));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let wanted = name.get_untracked().trim().to_owned();
        if let Err(refused) = field::experiment_name(&wanted) {
            return wrong.set(Some(refused));
        }
        busy.set(true);
        let work = data::start_experiment(api.get_value(), id.clone(), wanted);
        spawn_local(async move {
            let started = work.await;
            busy.try_set(false);
            match started {
                Ok(path) => drop(go.try_run(path)),
                Err(refused) if refused.reference.is_none() => drop(wrong.try_set(Some(refused.message))),
                Err(refused) => toasts.fail(&refused),
            }
        });
    };
    view! {
        <form class="stack" on:submit=submit>
            <Field name="experiment-name" label="Name" bind=name error=wrong rule=field::experiment_name as field::Rule/>
            <p class="row"><Button kind=ButtonKind::Primary busy>"Start experiment"</Button></p>
        </form>
    }
    .into_any()
}

/// The run that came out best, and what it was set to: what a new experiment may begin with.
pub(super) fn best(run: BestRun) -> AnyView {
    let (first, rest) = run.params.split_at(run.params.len().min(SHOWN));
    let more = (!rest.is_empty()).then(|| view! { <details class="fold"><summary>{format!("{} more", rest.len())}</summary>{pairs(rest)}</details> });
    let params = if first.is_empty() { view! { <p class="faint s">"It has no params."</p> }.into_any() } else { pairs(first) };
    view! {
        <Card title="Best run so far">
            <p class="s"><a class="link" href=format!("/runs/{}", run.id)>{run.name.clone()}</a></p>
            {params}
            {more}
        </Card>
    }
    .into_any()
}

fn pairs(params: &[Tag]) -> AnyView {
    let each = params.iter().cloned().map(|Tag { key, value }| view! { <Fact label=key><code>{value}</code></Fact> });
    let each = each.collect_view();
    view! { <Facts>{each}</Facts> }.into_any()
}
