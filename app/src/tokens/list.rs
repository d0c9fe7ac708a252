use leptos::{prelude::*, task::spawn_local};

use super::{
    model::{self, Token},
    snippet,
};
use crate::{
    api::{Connection, Moment, use_api},
    kit::{
        Button, ButtonKind, Cell, Chip, CodeBlock, Column, ConfirmDialog, Empty, Glyph, Icon, Pager, RelativeTime, Row, Table, Tone, UnitCallback,
        late, number, open_instead, use_clock, use_toasts,
    },
    members::rights,
};

/// A week before its end a token stands out.
const SOON: f64 = 7.0 * 24.0 * 3_600_000.0;

pub(super) fn list(tokens: Connection<Token>, origin: StoredValue<String>, creating: RwSignal<bool>, revoking: RwSignal<Option<Token>>) -> AnyView {
    if tokens.nodes.is_empty() {
        return nothing(&origin.get_value(), creating);
    }
    let (shown, total, next) = (tokens.nodes.len(), tokens.total_count, tokens.next());
    let columns = vec![
        Column::text("name", "Name"),
        Column::text("hint", "Secret ends in"),
        Column::text("scopes", "May do"),
        Column::text("used", "Last used"),
        Column::text("expires", "Expires"),
        Column::text("created", "Created"),
        Column::text("act", ""),
    ];
    let rows = tokens.nodes.into_iter().map(|token| row(token, revoking)).collect::<Vec<_>>();
    view! {
        <Table label="API tokens" columns=Signal::stored(columns) rows=Signal::stored(rows) keys=true/>
        <Pager shown=Signal::stored(shown) total=Signal::stored(total) next of=("token", "tokens") keys=vec![("j", ""), ("k", "move")]/>
    }
    .into_any()
}

fn row(token: Token, revoking: RwSignal<Option<Token>>) -> Row {
    let (scopes, expires) = (token.scopes.clone(), token.expires_at);
    let expired = token.expired;
    let cells = vec![
        Cell::Text(token.name.clone()),
        Cell::Code(format!("\u{2026}{}", token.hint)),
        Cell::view(move || scope_words(&scopes, "Everything you may")),
        token.last_used_at.map_or_else(|| Cell::Muted("never".into()), Cell::Time),
        Cell::view(move || expiry(expires, expired)),
        Cell::Time(token.created_at),
    ];
    let (id, name) = (token.id.clone(), token.name.clone());
    let act = Cell::view(move || {
        let token = token.clone();
        let press = move || revoking.set(Some(token.clone()));
        view! { <span class="end revoke">{late(move || view! { <Button kind=ButtonKind::Quiet small=true on_press=press>"Revoke"</Button> })}</span> }
    });
    Row::new(id, name, cells.into_iter().chain([act]).collect())
}

/// The scopes of a token in short; `everything` are the words for no limit.
pub(crate) fn scope_words(scopes: &[String], everything: &'static str) -> AnyView {
    if scopes.iter().any(|scope| scope == "*") {
        return view! { {everything} }.into_any();
    }
    let all = scopes.iter().map(|scope| rights::words_of(scope)).collect::<Vec<_>>().join("\n");
    let first = scopes.iter().take(2).map(|scope| view! { <code class="scope">{scope.clone()}</code> }).collect_view();
    let more = scopes.len().checked_sub(2).filter(|more| *more > 0).map(|more| view! { <span class="faint">{format!("and {more} more")}</span> });
    view! { <span class="scopes" title=all>{first}{more}</span> }.into_any()
}

/// When a token ends.
pub(crate) fn expiry(at: Option<Moment>, expired: bool) -> AnyView {
    let Some(at) = at else { return view! { <span class="muted">"never"</span> }.into_any() };
    if expired {
        return view! { <Chip tone=Tone::Bad dot=true>"expired"</Chip> }.into_any();
    }
    let clock = use_clock();
    let soon = move || clock.now() + SOON > at.0;
    view! { <span class:warn=soon class:muted=move || !soon()><RelativeTime at/></span> }.into_any()
}

fn nothing(origin: &str, creating: RwSignal<bool>) -> AnyView {
    let shell = snippet::shell(origin, "<the token>");
    let action = move || {
        view! {
            <p class="row"><button class="button" type="button" command="show-modal" commandfor="create-token" on:click=move |event| open_instead(&event, creating)><Glyph icon=Icon::PLUS/>"Create a token"</button></p>
            <CodeBlock code=Signal::stored(shell.clone()) label="Shell"/>
            <CodeBlock code=Signal::stored(snippet::python()) label="Python"/>
        }
    };
    view! { <Empty icon=Icon::KEY_ROUND title="No tokens yet" action=action>"Scripts, notebooks and the MLflow client sign in with a token of yours. Create one, set two variables, and the next run you log appears under Experiments."</Empty> }.into_any()
}

/// Asks before a token dies.
#[component]
pub(super) fn Revoke(
    /// Which one.
    token: RwSignal<Option<Token>>,
    /// Called when it is done.
    #[prop(into)]
    on_revoked: UnitCallback,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let (api, toasts, clock) = (use_api(), use_toasts(), use_clock());
    Effect::new(move || {
        if token.with(Option::is_some) {
            open.set(true);
        }
    });
    let title = Signal::derive(move || token.with(|token| token.as_ref().map(|token| format!("Revoke {}?", token.name)).unwrap_or_default()));
    let go = Callback::new(move |()| {
        let Some(gone) = token.get_untracked() else { return };
        let api = api.clone();
        spawn_local(async move {
            match model::revoke(api, gone.id).await {
                Ok(()) => {
                    toasts.say(format!("{} was revoked.", gone.name));
                    on_revoked.run();
                }
                Err(error) => toasts.fail(&error),
            }
        });
    });
    let used = move || {
        token.get().map(|token| match token.last_used_at {
            Some(at) => view! { <p>"It was last used "<strong>{move || crate::kit::moment::relative(clock.now(), at.0, clock.offset(at.0))}</strong>". Whatever uses it is refused from the next request on."</p> }.into_any(),
            None => view! { <p>"It was never used."</p> }.into_any(),
        })
    };
    view! {
        <ConfirmDialog open title confirm=Signal::stored("Revoke token".to_owned()) on_confirm=go>
            {used}
            <p>"Runs it logged stay. This cannot be undone; a new token takes a minute."</p>
        </ConfirmDialog>
    }
    .into_any()
}

/// `3 permissions`, for the foot of the form.
pub(super) fn counted(count: usize) -> String {
    number::counted(i64::try_from(count).unwrap_or(i64::MAX), "permission", "permissions")
}
