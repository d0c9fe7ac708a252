use leptos::{prelude::*, task::spawn_local};
use shared::Permission;

use super::model::{self, Notification, Preference, Shown};
use crate::{
    api::{Answer, ask, use_api, use_live},
    frame::{may, use_viewer},
    kit::{
        Address, Avatar, Button, Card, Empty, Glyph, Icon, IconButton, Page, Pager, RelativeTime, Shape, Toasts, number, steady_as, use_address,
        use_toasts,
    },
    slack::{ChannelCard, Whose},
};

/// What one is told of.
const KINDS: [(&str, &str); 3] =
    [("MENTION", "Somebody mentions me"), ("REPLY", "Somebody replies in my thread"), ("RESOLVE", "Somebody resolves my thread")];

type Query = Answer<Shown>;

/// The page at `/notifications`.
#[component]
pub fn NotificationsPage() -> impl IntoView {
    let address = use_address();
    let api = use_api();
    let unread = Memo::new(move |_| address.get("show").as_deref() == Some("unread"));
    let query: Query = ask(
        move || unread.get(),
        move |unread| {
            let api = api.clone();
            async move { model::fetch(api, unread, None).await }
        },
    );
    let viewer = use_viewer();
    use_live(Signal::derive(move || Some(viewer.with(|viewer| viewer.id.clone()))), move || query.refetch());
    steady_as(Shape::Listed, query, move |shown| page(shown, query, unread, address))
}

fn page(shown: RwSignal<Shown>, query: Query, unread: Memo<bool>, address: Address) -> AnyView {
    let (api, toasts) = (use_api(), use_toasts());
    let waiting = Memo::new(move |_| shown.with(|shown| shown.notifications.unread_count));
    let mark = Callback::new(move |ids: Option<Vec<String>>| {
        let api = api.clone();
        spawn_local(async move {
            match model::mark_read(api, ids).await {
                Ok(()) => query.refetch(),
                Err(error) => toasts.fail(&error),
            }
        });
    });
    let actions = move || {
        (waiting.get() > 0)
            .then(|| view! { <Button icon=Icon::CHECK on_press=move || leptos::callback::Callable::run(&mark, None)>"Mark all as read"</Button> })
    };
    let facts = move || view! { <span>{move || match waiting.get() { 0 => "Nothing unread".to_owned(), unread => format!("{} unread", number::count(unread)) }}</span> };
    let filter = move || {
        let all = (!unread.get()).then_some("page");
        let some = unread.get().then_some("page");
        view! {
            <nav class="segments" aria-label="Show">
                <a href=move || address.with("show", None) aria-current=all>"All"</a>
                <a href=move || address.with("show", Some("unread")) aria-current=some>"Unread"</a>
            </nav>
        }
    };
    let ids = Memo::new(move |_| shown.with(|shown| shown.notifications.nodes.iter().map(|one| one.id.clone()).collect::<Vec<_>>()));
    let one = move |id: String| Memo::new(move |_| shown.with(|shown| shown.notifications.nodes.iter().find(|one| one.id == id).cloned()));
    let list = move || {
        if ids.with(Vec::is_empty) {
            return nothing(unread.get());
        }
        view! { <ul class="told"><For each=move || ids.get() key=String::clone let:id>{line(one(id), mark)}</For></ul> }.into_any()
    };
    let count = Signal::derive(move || ids.with(Vec::len));
    let total = Signal::derive(move || shown.with(|shown| shown.notifications.total_count));
    let next = Signal::derive(move || {
        shown.with(|shown| shown.notifications.page_info.end_cursor.clone().filter(|_| shown.notifications.page_info.has_next_page))
    });
    let api = use_api();
    let more = move || {
        let (api, after) = (api.clone(), next.get_untracked());
        spawn_local(async move {
            match model::fetch(api, unread.get_untracked(), after).await {
                Ok(more) => shown.update(|shown| {
                    shown.notifications.nodes.extend(more.notifications.nodes);
                    shown.notifications.page_info = more.notifications.page_info;
                }),
                Err(error) => toasts.fail(&error),
            }
        });
    };
    view! {
        <Page title="Notifications" facts actions=actions>
            <div class="split">
                <div class="stack">
                    <div class="toolbar">{filter}</div>
                    <section class="card">{list}</section>
                    {move || next.get().is_some().then(|| view! { <Pager shown=count total next of=("notification", "notifications") on_more=more.clone()/> })}
                </div>
                <aside class="stack" aria-label="How you are told">{preferences(shown, toasts, query)}</aside>
            </div>
        </Page>
    }
    .into_any()
}

fn nothing(unread: bool) -> AnyView {
    if unread {
        view! { <Empty icon=Icon::CIRCLE_CHECK title="All read">"What you are told next appears here at once."</Empty> }.into_any()
    } else {
        view! { <Empty icon=Icon::BELL title="Nothing yet">"When somebody mentions you with @, replies in a thread you wrote in, or resolves it, you are told here."</Empty> }.into_any()
    }
}

fn line(one: Memo<Option<Notification>>, mark: Callback<Option<Vec<String>>>) -> AnyView {
    let Some(first) = one.get_untracked() else { return ().into_any() };
    let unread = Memo::new(move |_| one.with(|one| one.as_ref().is_some_and(|one| one.read_at.is_none())));
    let read = {
        let id = first.id.clone();
        move || {
            if unread.get_untracked() {
                leptos::callback::Callable::run(&mark, Some(vec![id.clone()]));
            }
        }
    };
    let visit = read.clone();
    let label = format!("Mark as read: {}", first.sentence());
    let button = move || {
        let (read, label) = (read.clone(), label.clone());
        unread.get().then(|| view! { <IconButton icon=Icon::CHECK label on_press=read/> })
    };
    view! {
        <li class:unread=move || unread.get()>
            <Avatar name=Signal::stored(first.actor.clone())/>
            <a href=first.path.clone() on:click=move |_| visit()>
                <b>{first.sentence()}</b>{move || unread.get().then(|| view! { <span class="hidden">", unread"</span> })}
                {(!first.quote.is_empty()).then(|| view! { <q>{first.quote.clone()}</q> })}
            </a>
            <RelativeTime at=first.at/>
            {button}
        </li>
    }
    .into_any()
}

fn preferences(shown: RwSignal<Shown>, toasts: Toasts, query: Query) -> AnyView {
    let api = use_api();
    let may_change = may(Permission::TokensOwn);
    let channel = Signal::derive(move || shown.with(|shown| shown.own_slack_channel.clone()));
    let save = Callback::new(move |preference: Preference| {
        let api = api.clone();
        spawn_local(async move {
            match model::prefer(api, preference).await {
                Ok(()) => toasts.say("Saved."),
                Err(error) => toasts.fail(&error),
            }
            query.refetch();
        });
    });
    let connected = Memo::new(move |_| shown.with(|shown| shown.own_slack_channel.is_some()));
    let rows = KINDS.map(|(kind, words)| row(kind, words, shown, connected, save)).into_iter().collect_view();
    let note = move || if connected.get() { "Slack comes at once." } else { "Slack comes at once, when a channel of yours is connected." };
    view! {
        <Card title="How you are told">
            <table class="channels">
                <thead><tr><td></td><th scope="col">"App"</th><th scope="col"><Glyph icon=Icon::HASH/>"Slack"</th><th scope="col"><Glyph icon=Icon::MAIL/>"Mail"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
            <p class="faint xs">"Mail comes two minutes later, everything in one letter, and only if you have not read it here. "{note}</p>
        </Card>
        <ChannelCard whose=Whose::Own title="Your Slack" channel may_change on_change=move |()| query.refetch()/>
    }
    .into_any()
}

/// One kind, with a box for each channel.
fn row(kind: &'static str, words: &'static str, shown: RwSignal<Shown>, connected: Memo<bool>, save: Callback<Preference>) -> AnyView {
    let usual = Preference { kind: kind.to_owned(), in_app: true, mail: true, slack: false };
    let own = Memo::new(move |_| {
        let found = shown.with(|shown| shown.notification_preferences.iter().find(|own| own.kind == kind).cloned());
        found.unwrap_or_else(|| usual.clone())
    });
    let first = own.get_untracked();
    let change = move |set: fn(&mut Preference, bool)| {
        move |event| {
            let mut preference = own.get_untracked();
            set(&mut preference, event_target_checked(&event));
            leptos::callback::Callable::run(&save, preference);
        }
    };
    let unconnected = move || !connected.get();
    view! {
        <tr>
            <th scope="row">{words}</th>
            <td><input class="check" type="checkbox" aria-label=format!("{words}: in the app") checked=first.in_app prop:checked=move || own.get().in_app on:change=change(|own, on| own.in_app = on)/></td>
            <td><input class="check" type="checkbox" aria-label=format!("{words}: by Slack") disabled=unconnected checked=first.slack prop:checked=move || own.get().slack on:change=change(|own, on| own.slack = on)/></td>
            <td><input class="check" type="checkbox" aria-label=format!("{words}: by mail") checked=first.mail prop:checked=move || own.get().mail on:change=change(|own, on| own.mail = on)/></td>
        </tr>
    }
    .into_any()
}
