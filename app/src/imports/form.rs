use leptos::{prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::model::{self, Wanted};
use crate::{
    api::{ApiError, use_api},
    kit::{Button, ButtonKind, Callout, Card, Checkbox, Field, Select, TextArea, Tone, field, use_address},
};

/// What the reader has typed so far.
#[derive(Clone, Copy)]
struct Draft {
    address: RwSignal<String>,
    /// `nothing`, `token` or `password`.
    signs_in: RwSignal<String>,
    token: RwSignal<String>,
    username: RwSignal<String>,
    password: RwSignal<String>,
    experiments: RwSignal<String>,
    files: RwSignal<bool>,
    registry: RwSignal<bool>,
}

impl Draft {
    fn wanted(self) -> Wanted {
        let by = |way: &str, text: RwSignal<String>| (self.signs_in.get_untracked() == way).then(|| text.get_untracked());
        let names = self.experiments.get_untracked();
        Wanted {
            address: self.address.get_untracked().trim().to_owned(),
            token: by("token", self.token),
            username: by("password", self.username),
            password: by("password", self.password),
            experiments: names.lines().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            files: self.files.get_untracked(),
            registry: self.files.get_untracked() && self.registry.get_untracked(),
        }
    }

    fn sends_in_the_clear(self) -> bool {
        self.signs_in.get() != "nothing" && self.address.with(|address| address.trim().starts_with("http://"))
    }
}

/// Asks from where and what, and starts. `?from=` of the address fills in the server, to import from it again.
#[component]
pub(super) fn StartForm() -> impl IntoView {
    let address = use_address();
    let from = untrack(|| address.get("from").unwrap_or_default());
    let draft = Draft {
        address: RwSignal::new(from.clone()),
        signs_in: RwSignal::new("nothing".to_owned()),
        token: RwSignal::new(String::new()),
        username: RwSignal::new(String::new()),
        password: RwSignal::new(String::new()),
        experiments: RwSignal::new(String::new()),
        files: RwSignal::new(true),
        registry: RwSignal::new(true),
    };
    let busy = RwSignal::new(false);
    let wrong_address = RwSignal::new(None::<String>);
    let refused = RwSignal::new(None::<ApiError>);
    let (api, navigate) = (use_api(), use_navigate());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (api, wanted, navigate) = (api.clone(), draft.wanted(), navigate.clone());
        refused.set(None);
        wrong_address.set(None);
        busy.set(true);
        spawn_local(async move {
            let answer = model::start(api, wanted).await;
            busy.try_set(false);
            match answer {
                Ok(id) => navigate(&format!("/import/{id}"), NavigateOptions::default()),
                Err(error) if error.field.as_deref() == Some("address") => drop(wrong_address.try_set(Some(error.message))),
                Err(error) => drop(refused.try_set(Some(error))),
            }
        });
    };
    let note = move || {
        refused.get().map(|error| {
            let reference = error.reference.map(|id| view! { " Reference " <code>{id}</code> });
            view! { <Callout tone=Tone::Bad><strong>"Nothing was started. "</strong>{error.message}{reference}</Callout> }
        })
    };
    let ways = [("nothing", "No sign-in"), ("token", "A token"), ("password", "A user name and password")]
        .map(|(way, words)| (way.to_owned(), words.to_owned()));
    let warning = move || {
        draft
            .sends_in_the_clear()
            .then(|| view! { <p class="faint xs">"This address is not encrypted: what you sign in with can be read on its way."</p> })
    };
    view! {
        <Card title="From an MLflow server">
            <form class="import-form" method="post" on:submit=submit>
                <div>{note}</div>
                <div class="two">
                    <Field name="import-address" label="Address" hint="Where its clients reach it" value=from bind=draft.address error=wrong_address rule=field::web_address as field::Rule/>
                    <Select name="import-sign-in" label="Signs in with" options=ways.to_vec() value="nothing" bind=draft.signs_in/>
                </div>
                {move || credentials(draft)}
                <div aria-live="polite">{warning}</div>
                <TextArea name="import-experiments" label="Only these experiments" bind=draft.experiments rows=3 placeholder="One name a line; empty takes all"/>
                <div class="choices">
                    <Checkbox name="import-files" checked=true bind=draft.files><b>"Files"</b><small>"of runs and logged models, with their folders"</small></Checkbox>
                    <Checkbox name="import-registry" checked=true bind=draft.registry><b>"Registered models"</b><small>"with version numbers, stages, aliases and tags; needs the files"</small></Checkbox>
                </div>
                <div class="row foot">
                    <p class="faint xs">"Runs keep their ids, params, tags, datasets and every point of their histories. Nothing is changed at the source. What was deleted there is left out."</p>
                    <Button kind=ButtonKind::Primary busy>"Start the import"</Button>
                </div>
            </form>
        </Card>
    }
    .into_any()
}

fn credentials(draft: Draft) -> AnyView {
    match draft.signs_in.get().as_str() {
        "token" => view! {
            <Field name="import-token" label="Token" hint="What clients set as MLFLOW_TRACKING_TOKEN. Kept sealed until the import ends." kind="password" bind=draft.token rule=field::filled as field::Rule/>
        }
        .into_any(),
        "password" => view! {
            <div class="halves">
                <Field name="import-user" label="User name" bind=draft.username rule=field::filled as field::Rule/>
                <Field name="import-password" label="Password" kind="password" bind=draft.password rule=field::filled as field::Rule/>
            </div>
            <p class="faint xs">"Kept sealed until the import ends, and never shown."</p>
        }
        .into_any(),
        _ => ().into_any(),
    }
}
