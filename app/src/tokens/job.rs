//! Tokens by which a job logs to one run: the content of a dialog of the run's page.

use leptos::{callback::Callable, prelude::*, task::spawn_local};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::ErrorCode;

use super::snippet;
use crate::{
    api::{Api, ApiError, Moment, Operation, use_api},
    kit::{Button, ButtonKind, Callout, CodeBlock, ConfirmDialog, Glyph, Icon, RelativeTime, Select, Tone, use_toasts},
    visit::use_origin,
};

const TOKENS: Operation = Operation(include_str!("job_tokens.graphql"));
const CREATE: Operation = Operation(include_str!("create_job_token.graphql"));
const REVOKE: Operation = Operation(include_str!("revoke_job_token.graphql"));
const LIVES: [(&str, &str); 5] = [("1", "1 hour"), ("6", "6 hours"), ("24", "24 hours"), ("72", "3 days"), ("168", "7 days")];

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct JobToken {
    id: String,
    /// The last four characters of the secret.
    hint: String,
    created_by: String,
    expires_at: Moment,
    last_used_at: Option<Moment>,
}

async fn fetch(api: &Api, run: &str) -> Result<Vec<JobToken>, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Data {
        job_tokens: Vec<JobToken>,
    }
    api.query::<Data>(TOKENS, json!({ "run": run })).await.map(|data| data.job_tokens)
}

async fn create(api: &Api, run: &str, hours: i32) -> Result<String, ApiError> {
    let data: Value = api.query(CREATE, json!({ "run": run, "hours": hours })).await?;
    data["createJobToken"]["secret"].as_str().map(str::to_owned).ok_or_else(ApiError::unreadable)
}

/// The tokens of a run, and a form for another. It asks when it is shown.
#[component]
pub fn JobTokens(
    /// The run's id.
    run: String,
) -> impl IntoView {
    let (api, origin) = (StoredValue::new(use_api()), use_origin());
    let run = StoredValue::new(run);
    let tokens = RwSignal::new(None::<Result<Vec<JobToken>, ApiError>>);
    let fresh = RwSignal::new(None::<String>);
    let revoking = RwSignal::new(None::<JobToken>);
    let load = move || {
        spawn_local(async move {
            let found = fetch(&api.get_value(), &run.get_value()).await;
            tokens.try_set(Some(found));
        });
    };
    load();
    let list = move || match tokens.get() {
        None => view! { <p class="faint xs" role="status">"Loading the tokens"</p> }.into_any(),
        Some(Err(error)) => view! { <Callout tone=Tone::Bad>{error.message}</Callout> }.into_any(),
        Some(Ok(all)) => view! { <ul class="links">{all.into_iter().map(|token| row(token, revoking)).collect_view()}</ul> }.into_any(),
    };
    let made = Callback::new(move |secret: String| {
        fresh.try_set(Some(secret));
        load();
    });
    let shown = move || {
        fresh.get().map(|secret| {
            let code = snippet::job(&origin, &secret, run.get_value().trim_start_matches("run_"));
            view! { <Callout tone=Tone::Good><b>"Copy it now. "</b>"The token is shown only this once."</Callout><CodeBlock code=Signal::stored(code) label="Shell"/> }
        })
    };
    view! {
        <section class="stack" aria-label="Tokens for jobs">
            <p class="faint xs">"For a machine that you would not trust with a token of your own. It logs to this run and to its files, and does nothing else. It ends with the run, and when you may not log to the run any more."</p>
            <div class="stack" aria-live="polite">{shown}</div>
            <NewJobToken api run on_made=made/>
            {list}
            <Revoke api revoking on_revoked=Callback::new(move |()| load())/>
        </section>
    }
    .into_any()
}

#[component]
fn NewJobToken(api: StoredValue<Api>, run: StoredValue<String>, on_made: Callback<String>) -> impl IntoView {
    let hours = RwSignal::new("24".to_owned());
    let (refused, busy) = (RwSignal::new(None::<ApiError>), RwSignal::new(false));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let life = hours.get_untracked().parse().unwrap_or(24);
        refused.set(None);
        busy.set(true);
        spawn_local(async move {
            let answer = create(&api.get_value(), &run.get_value(), life).await;
            busy.try_set(false);
            match answer {
                // The dialog may have been closed meanwhile.
                Ok(secret) => {
                    on_made.try_run(secret);
                }
                Err(error) => drop(refused.try_set(Some(error))),
            }
        });
    };
    let note = move || {
        refused.get().map(|error| {
            // What is forbidden to somebody who sees this form is to make a token long after signing in.
            let next = format!("/sign-in?next=/runs/{}", run.get_value());
            let again = (error.code == ErrorCode::Forbidden).then(|| view! { " "<a href=next rel="external">"Sign in again"</a> });
            view! { <Callout tone=Tone::Bad><strong>"No token was made. "</strong>{error.message}{again}</Callout> }
        })
    };
    let lives = LIVES.map(|(hours, words)| (hours.to_owned(), words.to_owned())).to_vec();
    view! {
        <form class="new-link" method="post" on:submit=submit>
            {note}
            <Select name="job-token-life" label="Ends after, at the latest" options=lives value="24" bind=hours/>
            <div class="row end"><Button kind=ButtonKind::Primary busy icon=Icon::KEY_ROUND>"Make a token"</Button></div>
        </form>
    }
    .into_any()
}

fn row(token: JobToken, revoking: RwSignal<Option<JobToken>>) -> AnyView {
    let used = token.last_used_at.map_or_else(|| "never used".into_any(), |at| view! { "used "<RelativeTime at/> }.into_any());
    let (hint, by, ends) = (token.hint.clone(), token.created_by.clone(), token.expires_at);
    view! {
        <li>
            <Glyph icon=Icon::KEY_ROUND/>
            <div class="grow"><code>"…"{hint}</code><small class="faint">"ends "<RelativeTime at=ends/>", "{used}", by "{by}</small></div>
            <Button small=true on_press=move || revoking.set(Some(token.clone()))>"Revoke"</Button>
        </li>
    }
    .into_any()
}

/// Asks before a token dies.
#[component]
fn Revoke(api: StoredValue<Api>, revoking: RwSignal<Option<JobToken>>, on_revoked: Callback<()>) -> impl IntoView {
    let (open, toasts) = (RwSignal::new(false), use_toasts());
    Effect::new(move || {
        if revoking.with(Option::is_some) {
            open.set(true);
        }
    });
    let title = Signal::derive(move || revoking.with(|token| token.as_ref().map(|token| format!("Revoke …{}?", token.hint)).unwrap_or_default()));
    let go = Callback::new(move |()| {
        let Some(gone) = revoking.get_untracked() else { return };
        spawn_local(async move {
            match api.get_value().query::<Value>(REVOKE, json!({ "id": gone.id })).await {
                Ok(_) => toasts.say(format!("The token …{} is revoked.", gone.hint)),
                Err(error) => toasts.fail(&error),
            }
            on_revoked.try_run(());
        });
    });
    view! {
        <ConfirmDialog open title confirm=Signal::stored("Revoke token".to_owned()) on_confirm=go>
            <p>"The job that uses it is refused from its next request on. What it has logged stays."</p>
        </ConfirmDialog>
    }
    .into_any()
}
