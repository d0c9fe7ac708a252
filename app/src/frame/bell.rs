//! The bell in the top line: how much is unread, and the latest of it.

use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::Permission;

use super::use_viewer;
use crate::{
    api::{Answer, Operation, use_api, use_live, use_query},
    kit::{Glyph, Icon, RelativeTime, TopLine, number},
    notifications::{Notification, mark_read},
};

const UNREAD: Operation = Operation(include_str!("unread.graphql"));

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct News {
    /// Asked for when the bell is first pressed: every page would carry them for a menu that is seldom opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nodes: Option<Vec<Notification>>,
    unread_count: i64,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Found {
    notifications: News,
}

/// Puts the bell into the top line of every page of a reader who can be told something.
pub(super) fn provide_bell() {
    // Untracked: the frame is made once, whatever becomes of the reader's name.
    let viewer = use_viewer();
    if !viewer.with_untracked(|viewer| viewer.may(Permission::CommentsRead)) {
        return;
    }
    let pressed = RwSignal::new(false);
    let query: Answer<Found> = use_query(UNREAD, move || json!({ "latest": pressed.get() }));
    // What arrives with the page is shown once the app is alive, and follows what is heard from then on.
    let news = RwSignal::new(News::default());
    Effect::new(move |_: Option<()>| {
        if let Some(Ok(found)) = query.get() {
            news.set(found.notifications);
        }
    });
    use_live(Signal::stored(Some(viewer.with_untracked(|viewer| viewer.id.clone()))), move || query.refetch());
    let (api, toasts) = (use_api(), crate::kit::use_toasts());
    let all_read = Callback::new(move |()| {
        let api = api.clone();
        spawn_local(async move {
            match mark_read(api, None).await {
                Ok(()) => query.refetch(),
                Err(error) => toasts.fail(&error),
            }
        });
    });
    provide_context(TopLine(ViewFn::from(move || bell(news, pressed, all_read))));
}

fn bell(news: RwSignal<News>, pressed: RwSignal<bool>, all_read: Callback<()>) -> AnyView {
    let label = move || match news.with(|news| news.unread_count) {
        0 => "Notifications".to_owned(),
        unread => format!("Notifications, {} unread", number::count(unread)),
    };
    view! {
        <button class="button quiet small square bell" type="button" popovertarget="news" aria-label=label title="Notifications" on:click=move |_| pressed.set(true)>
            <Glyph icon=Icon::BELL/>{count(news)}
        </button>
        <div class="menu end news" id="news" popover="auto">{move || latest(&news.get(), all_read)}</div>
    }
    .into_any()
}

fn count(news: RwSignal<News>) -> AnyView {
    (move || {
        let unread = news.with(|news| news.unread_count);
        (unread > 0)
            .then(|| view! { <span class="badge" aria-hidden="true">{if unread > 99 { "99+".to_owned() } else { number::count(unread) }}</span> })
    })
    .into_any()
}

fn latest(news: &News, all_read: Callback<()>) -> AnyView {
    let Some(nodes) = &news.nodes else {
        return view! { <a href="/notifications"><Glyph icon=Icon::BELL/>"All notifications"</a> }.into_any();
    };
    if nodes.is_empty() {
        return view! { <p class="why">"Nothing yet. When somebody mentions you or replies to you, it is here."</p><hr/><a href="/notifications">"How you are told"</a> }.into_any();
    }
    let lines = nodes.iter().cloned().map(line).collect_view();
    let read = (news.unread_count > 0).then(|| view! { <button type="button" on:click=move |_| leptos::callback::Callable::run(&all_read, ())><Glyph icon=Icon::CHECK/>"Mark all as read"</button> });
    view! { {lines}<hr/>{read}<a href="/notifications"><Glyph icon=Icon::BELL/>"All notifications"</a> }.into_any()
}

fn line(one: Notification) -> AnyView {
    let unread = one.read_at.is_none();
    view! { <a class="one" href=one.path.clone() class:unread=unread><span><b>{one.sentence()}</b><small><RelativeTime at=one.at/></small></span></a> }.into_any()
}
