use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use shared::Permission;

use super::{
    channel::ChannelCard,
    model::{self, Channel, Whose},
};
use crate::{
    api::{Answer, Operation, use_api, use_query},
    frame::use_viewer,
    kit::{Card, Empty, Icon, Page, Shape, steady_as, use_toasts},
};

const CHANNEL: Operation = Operation(include_str!("slack_channel.graphql"));

/// What the channel can be told of, and what that means.
const POSTS: [(&str, &str, &str); 3] = [
    ("THREAD", "Discussions that begin", "Somebody comments on an experiment or a run for the first time"),
    ("TEMPLATE", "New templates", "A run or an experiment became one that others are started from"),
    ("SHARE", "Shared experiments", "An experiment was shared with everybody"),
];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    slack_channel: Option<Channel>,
}

type Query = Answer<Data>;

/// The page at `/slack`: the organization's channel and what is posted there.
#[component]
pub fn SlackPage() -> impl IntoView {
    if !use_viewer().with_untracked(|viewer| viewer.may(Permission::OrganizationWrite)) {
        crate::respond_with(403);
        return view! { <Page title="Slack"><Empty icon=Icon::BAN title="Not for your role">"Owners and admins connect the organization's channel. Your own is on the page of your notifications."</Empty></Page> }.into_any();
    }
    let query: Query = use_query(CHANNEL, || ());
    let facts = || view! { <span>"A channel that is told what happens in the organization"</span> };
    view! { <Page title="Slack" facts=facts><div class="account">{steady_as(Shape::Listed, query, move |data| shown(data, query))}</div></Page> }
        .into_any()
}

fn shown(data: RwSignal<Data>, query: Query) -> AnyView {
    let channel = Signal::derive(move || data.with(|data| data.slack_channel.clone()));
    let connected = Memo::new(move |_| channel.with(Option::is_some));
    let posts = move || connected.get().then(|| posts(channel, query));
    view! {
        <ChannelCard whose=Whose::Organization title="The organization\u{2019}s channel" channel may_change=true on_change=move |()| query.refetch()/>
        {posts}
        <p class="faint xs">"What only some members may see is not posted. Mentions and replies reach people, not the channel: everybody can connect a channel of their own under "<a href="/notifications">"Notifications"</a>"."</p>
    }
    .into_any()
}

/// What is posted; each choice is kept at once.
fn posts(channel: Signal<Option<Channel>>, query: Query) -> AnyView {
    let (api, toasts) = (use_api(), use_toasts());
    let chosen = Memo::new(move |_| channel.with(|channel| channel.as_ref().map(|channel| channel.posts.clone()).unwrap_or_default()));
    let lines = POSTS.map(|(name, words, about)| {
        let api = api.clone();
        let change = move |event| {
            let on = event_target_checked(&event);
            let mut posts = chosen.get_untracked();
            posts.retain(|own| own != name);
            if on {
                posts.push(name.to_owned());
            }
            let api = api.clone();
            spawn_local(async move {
                match model::choose(api, posts).await {
                    Ok(()) => toasts.say("Saved."),
                    Err(error) => toasts.fail(&error),
                }
                query.refetch();
            });
        };
        let is_on = move || chosen.with(|chosen| chosen.iter().any(|own| own == name));
        let first = untrack(is_on);
        view! {
            <label class="choice">
                <input class="check" type="checkbox" checked=first prop:checked=is_on on:change=change/>
                <span><b>{words}</b><small>{about}</small></span>
            </label>
        }
    });
    view! { <Card title="What is posted"><fieldset class="choices"><legend class="hidden">"What is posted"</legend>{lines.into_iter().collect_view()}</fieldset></Card> }.into_any()
}
