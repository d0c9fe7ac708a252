use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::Permission;

use crate::{
    api::{Connection, Moment, Operation, use_query},
    frame::use_viewer,
    kit::{Callout, Card, Chip, ConfirmForm, Glyph, Icon, RelativeTime, Tone, loaded, number},
};

const SESSIONS: Operation = Operation(include_str!("sessions.graphql"));
/// The newest; whoever has more ends them together.
const FIRST: usize = 20;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Data {
    sessions: Connection<Session>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    id: String,
    organization: String,
    device: String,
    user_agent: String,
    address: String,
    created_at: Moment,
    last_seen_at: Option<Moment>,
    expires_at: Moment,
    is_current: bool,
}

/// Where the reader has signed in, and the ends of it. Plain forms: a lost laptop does not wait for scripts.
#[component]
pub(super) fn Sessions() -> impl IntoView {
    let own = use_viewer().with_untracked(|viewer| viewer.may(Permission::TokensOwn));
    let list = own.then(|| {
        let query = use_query::<_, Data>(SESSIONS, || json!({ "first": FIRST }));
        loaded(query, |data: Data| lines(data.sessions))
    });
    let ended = use_query_map().with_untracked(|query| query.get("ended")).map(|what| {
        let words = if what == "others" { "Your other sessions were ended." } else { "The session was ended." };
        view! { <div class="refusal"><Callout tone=Tone::Good>{words}</Callout></div> }
    });
    view! {
        <Card title="Sessions">
            {ended}
            {list}
            <div class="setting">
                <span>"Sign out everywhere"<small>"Ends every session in every organization, this one too. API tokens keep working: "<a class="link" href="/tokens">"revoke them"</a>" one by one"</small></span>
                <ConfirmForm id="everywhere" ask="Sign out everywhere" icon=Icon::LOG_OUT title="Sign out everywhere?" confirm="End every session" action="/sign-out-everywhere">
                    <p>"Every session of yours ends at once, in every organization and on every device, this one too. You sign in again to go on; what was not saved there is lost."</p>
                    <p class="s">"Runs that are training go on: API tokens keep working."</p>
                </ConfirmForm>
            </div>
        </Card>
    }
    .into_any()
}

fn lines(sessions: Connection<Session>) -> AnyView {
    let hidden = sessions.total_count - i64::try_from(sessions.nodes.len()).unwrap_or(0);
    let others = sessions.total_count - i64::from(sessions.nodes.iter().any(|session| session.is_current));
    let lines = sessions.nodes.into_iter().map(line).collect_view();
    let more =
        (hidden > 0).then(|| view! { <p class="faint xs member">{format!("And {} older.", number::counted(hidden, "session", "sessions"))}</p> });
    let end = (others > 0).then(|| {
        let title = format!("End {}?", number::counted(others, "other session", "other sessions"));
        view! {
            <div class="setting">
                <span>"End all others"<small>"Only this browser stays signed in"</small></span>
                <ConfirmForm id="others" ask="End all others" title confirm="End the others" action="/end-other-sessions">
                    <p>"Everywhere but in this browser you are signed out at once, and sign in again to go on. API tokens keep working."</p>
                </ConfirmForm>
            </div>
        }
    });
    view! { <ul class="sessions" aria-label="Your sessions">{lines}</ul>{more}{end} }.into_any()
}

fn line(session: Session) -> AnyView {
    let Session { id, organization, device, user_agent, address, created_at, last_seen_at, expires_at, is_current } = session;
    let icon = if ["iPhone", "iPad", "Android"].iter().any(|system| device.ends_with(system)) { Icon::SMARTPHONE } else { Icon::MONITOR };
    let seen = last_seen_at.map(|at| view! { ", last seen "<RelativeTime at/> });
    let act = if is_current {
        view! { <Chip tone=Tone::Gold>"this one"</Chip> }.into_any()
    } else {
        let what = format!("{device}, {address}");
        let (ask_label, title) = (format!("End the session {what}"), format!("End the session on {device}?"));
        let (organization, created_at) = (organization.clone(), created_at);
        view! {
            <ConfirmForm id=format!("end-{id}") ask="End" ask_label small=true title confirm="End session" action="/end-session" carries=("session", id)>
                <p><strong>{what.clone()}</strong>", signed in to "{organization.clone()}" "<RelativeTime at=created_at/>", is signed out at once. Whoever sits there signs in again to go on."</p>
                <p class="s">"API tokens keep working. If you do not know this session, change your password too."</p>
            </ConfirmForm>
        }
        .into_any()
    };
    view! {
        <li class="setting">
            <Glyph icon/>
            <span title=user_agent>{device}
                <small>{organization}" \u{00B7} "<code>{address}</code></small>
                <small>"Signed in "<RelativeTime at=created_at/>{seen}", ends "<RelativeTime at=expires_at/></small>
            </span>
            {act}
        </li>
    }
    .into_any()
}
