use leptos::{callback::Callable, prelude::*, task::spawn_local};
use shared::ErrorCode;

use super::model::{self, Account, Token};
use crate::{
    api::{Api, ApiError, use_api},
    kit::{Button, ButtonKind, Callout, CodeBlock, CopyButton, Dialog, Field, Glyph, Icon, RelativeTime, Tone, field, use_toasts},
    members::model::use_changes,
    tokens::{
        choice::{Life, Scopes, ScopesField},
        list::{expiry, scope_words},
        model::Wanted,
        snippet,
    },
};

/// The tokens of an account, and a form for another.
#[component]
pub(super) fn Tokens(
    /// Whose they are.
    account: RwSignal<Option<Account>>,
    /// The address clients connect to.
    origin: String,
) -> impl IntoView {
    let open = RwSignal::new(false);
    Effect::new(move || {
        if account.with(Option::is_some) {
            open.set(true);
        }
    });
    let origin = StoredValue::new(origin);
    let title =
        Signal::derive(move || account.with(|account| account.as_ref().map(|account| format!("Tokens of {}", account.name)).unwrap_or_default()));
    view! { <Dialog open title>{move || account.get().map(|account| body(account, origin.get_value()))}</Dialog> }.into_any()
}

fn body(account: Account, origin: String) -> AnyView {
    let tokens = RwSignal::new(account.tokens);
    let fresh = RwSignal::new(None::<(String, String)>);
    let api = StoredValue::new(use_api());
    let (id, changes) = (StoredValue::new(account.id), use_changes());
    let made = Callback::new(move |(token, secret): (Token, String)| {
        fresh.set(Some((token.name.clone(), secret)));
        tokens.update(|tokens| tokens.insert(0, token));
        changes.happened();
    });
    let gone = Callback::new(move |id: String| {
        tokens.update(|tokens| tokens.retain(|token| token.id != id));
        changes.happened();
    });
    let origin = StoredValue::new(origin);
    let shown = move || fresh.get().map(|(name, secret)| secret_of(&name, secret, &origin.get_value(), fresh));
    let list = move || {
        let rows = tokens.get().into_iter().map(|token| row(token, api, gone)).collect_view();
        let words = if tokens.with(Vec::is_empty) { "It has no tokens yet: nothing can act as it." } else { "" };
        view! { <ul class="links">{rows}</ul><p class="faint s">{words}</p> }
    };
    view! {
        <div class="stack">
            <div aria-live="polite">{shown}</div>
            {account.suspended_at.is_some().then(|| view! { <Callout tone=Tone::Warn>"It is suspended: its tokens open nothing until you resume it."</Callout> })}
            {list}
            <NewToken api id on_made=made/>
        </div>
    }
    .into_any()
}

/// The secret, until the reader says that it is kept.
fn secret_of(name: &str, secret: String, origin: &str, fresh: RwSignal<Option<(String, String)>>) -> AnyView {
    view! {
        <section class="fresh" aria-label="The new token">
            <header>
                <Glyph icon=Icon::KEY_ROUND/>
                <div><h2>{format!("{name} is ready")}</h2><p>"Copy the secret now: it is stored only as a hash and never shown again."</p></div>
                <Button on_press=move || fresh.set(None)>"I have kept it"</Button>
            </header>
            <p class="secret"><code>{secret.clone()}</code><CopyButton text=Signal::stored(secret.clone()) what="the secret"/></p>
            <CodeBlock code=Signal::stored(snippet::shell(origin, &secret)) label="Shell"/>
        </section>
    }
    .into_any()
}

#[component]
fn NewToken(api: StoredValue<Api>, id: StoredValue<String>, on_made: Callback<(Token, String)>) -> impl IntoView {
    // A new form after each token.
    let round = RwSignal::new(0_u32);
    let made = Callback::new(move |token| {
        on_made.run(token);
        round.update(|round| *round += 1);
    });
    view! {
        {move || {
            round.track();
            new_token(api, id, made)
        }}
    }
    .into_any()
}

fn new_token(api: StoredValue<Api>, id: StoredValue<String>, on_made: Callback<(Token, String)>) -> AnyView {
    let (name, days, scopes) = (RwSignal::new(String::new()), RwSignal::new("90".to_owned()), Scopes::of(Vec::new()));
    let (wrong, refused, busy) = (RwSignal::new(None::<String>), RwSignal::new(None::<ApiError>), RwSignal::new(false));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let wanted =
            Wanted { name: name.get_untracked().trim().to_owned(), scopes: scopes.wanted(), expires_in_days: days.get_untracked().parse().ok() };
        refused.set(None);
        busy.set(true);
        spawn_local(async move {
            let answer = model::create_token(api.get_value(), id.get_value(), wanted).await;
            busy.try_set(false);
            match answer {
                Ok(made) => drop(on_made.try_run(made)),
                Err(error) if error.field.as_deref() == Some("name") => drop(wrong.try_set(Some(error.message))),
                Err(error) => drop(refused.try_set(Some(error))),
            }
        });
    };
    let note = move || {
        refused.get().map(|error| {
            let again = (error.code == ErrorCode::Forbidden && error.message.contains("Sign in again"))
                .then(|| view! { " "<a href="/sign-in?next=/members/service-accounts" rel="external">"Sign in again"</a> });
            view! { <Callout tone=Tone::Bad><strong>"No token was created. "</strong>{error.message}{again}</Callout> }
        })
    };
    let nothing = Signal::derive(move || scopes.is_nothing());
    view! {
        <form class="new-token" method="post" aria-label="Another token" on:submit=submit>
            {note}
            <div class="two">
                <Field name="token-name" label="Name" hint="Where it will be used: the cluster, CI." value=String::new() bind=name error=wrong rule=field::name as field::Rule/>
                <Life days/>
            </div>
            <ScopesField scopes everything=("Everything its roles allow", "Follows its roles when they change")/>
            <div class="row end"><Button kind=ButtonKind::Primary busy disabled=nothing icon=Icon::KEY_ROUND>"Create the token"</Button></div>
        </form>
    }
    .into_any()
}

fn row(token: Token, api: StoredValue<Api>, on_revoked: Callback<String>) -> AnyView {
    let toasts = use_toasts();
    // What uses the token fails from then on: the button asks once more.
    let (sure, busy) = (RwSignal::new(false), RwSignal::new(false));
    let (id, name) = (StoredValue::new(token.id), StoredValue::new(token.name.clone()));
    let revoke = move || {
        busy.set(true);
        let (id, name) = (id.get_value(), name.get_value());
        spawn_local(async move {
            match model::revoke_token(api.get_value(), id.clone()).await {
                Ok(()) => {
                    toasts.say(format!("{name} was revoked."));
                    on_revoked.try_run(id);
                }
                Err(error) => toasts.fail(&error),
            }
            busy.try_set(false);
        });
    };
    let used = token.last_used_at.map_or_else(|| "never used".into_any(), |at| view! { "used "<RelativeTime at/> }.into_any());
    let by = token.created_by.map(|by| format!(", by {by}"));
    let label = format!("Revoke {}", token.name);
    view! {
        <li>
            <Glyph icon=Icon::KEY_ROUND/>
            <div class="grow">
                <b>{token.name.clone()}</b>" "{scope_words(&token.scopes, "Everything its roles allow")}
                <small class="faint">"expires "{expiry(token.expires_at, token.expired)}", "{used}{by}", …"{token.hint}</small>
            </div>
            <span role="group" aria-label=label>
                {move || if sure.get() {
                    view! { <Button small=true busy kind=ButtonKind::Danger on_press=revoke>"Revoke now"</Button> }
                } else {
                    view! { <Button small=true on_press=move || sure.set(true)>"Revoke"</Button> }
                }}
            </span>
        </li>
    }
    .into_any()
}
