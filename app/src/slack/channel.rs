use leptos::{callback::Callable, prelude::*, task::spawn_local};

use super::{
    connect::Connect,
    model::{self, Channel, Tested, Whose},
};
use crate::{
    api::use_api,
    kit::{Button, Callout, Card, ConfirmDialog, Fact, Facts, RelativeTime, Tone, use_toasts},
};

/// A channel: what is connected, the way to try it and to disconnect it; or the way to connect one.
#[component]
pub fn ChannelCard(
    /// Whose it is.
    whose: Whose,
    /// The heading.
    title: &'static str,
    /// What is connected.
    #[prop(into)]
    channel: Signal<Option<Channel>>,
    /// Whether the reader may change it.
    may_change: bool,
    /// Called when it has changed.
    #[prop(into)]
    on_change: Callback<()>,
) -> impl IntoView {
    let tested = RwSignal::new(None::<Tested>);
    let (trying, leaving) = (RwSignal::new(false), RwSignal::new(false));
    let (api, toasts) = (use_api(), use_toasts());
    let try_it = {
        let api = api.clone();
        Callback::new(move |()| {
            let api = api.clone();
            trying.set(true);
            tested.set(None);
            spawn_local(async move {
                let answer = model::test(api, whose).await;
                trying.try_set(false);
                match answer {
                    Ok(answer) => drop(tested.try_set(Some(answer))),
                    Err(error) => toasts.fail(&error),
                }
                on_change.try_run(());
            });
        })
    };
    let leave = Callback::new(move |()| {
        let api = api.clone();
        tested.set(None);
        spawn_local(async move {
            match model::disconnect(api, whose).await {
                Ok(()) => toasts.say("Disconnected. Nothing is posted there any more."),
                Err(error) => toasts.fail(&error),
            }
            on_change.try_run(());
        });
    });
    let connected = Memo::new(move |_| channel.with(Option::is_some));
    let body = move || {
        if connected.get() {
            let buttons = may_change.then(|| {
                view! {
                    <div class="row">
                        <Button busy=trying on_press=move || try_it.run(())>"Send a test message"</Button>
                        <Button on_press=move || leaving.set(true)>"Disconnect"</Button>
                    </div>
                }
            });
            view! { {move || channel.get().map(facts)}{buttons} }.into_any()
        } else if may_change {
            view! { <Connect whose on_connected=on_change/> }.into_any()
        } else {
            view! { <p>"No channel is connected."</p> }.into_any()
        }
    };
    let said = move || {
        tested.get().map(|Tested { posted, answer }| {
            let tone = if posted { Tone::Good } else { Tone::Bad };
            view! { <Callout tone>{answer}</Callout> }
        })
    };
    let question = Signal::derive(move || {
        let label = channel.with(|channel| channel.as_ref().map(|channel| channel.label.clone()).unwrap_or_default());
        format!("Disconnect {label}?")
    });
    view! {
        <Card title=title>
            <div class="slack-channel">{body}<div aria-live="polite">{said}</div></div>
        </Card>
        <ConfirmDialog open=leaving title=question confirm=Signal::stored("Disconnect".to_owned()) on_confirm=leave>
            <p>"Nothing is posted there any more. The address is forgotten: to connect the channel again, copy it from Slack once more."</p>
        </ConfirmDialog>
    }
    .into_any()
}

fn facts(channel: Channel) -> AnyView {
    let broken = channel.broken_reason.map(|reason| {
        view! { <Callout tone=Tone::Bad><strong>"Nothing is posted any more. "</strong>{reason}" Send a test message once it is mended, or disconnect it and connect another."</Callout> }
    });
    let ends = (!channel.hint.is_empty()).then(|| view! { <Fact label="Address"><code>{format!("\u{2026}{}", channel.hint)}</code></Fact> });
    let posted = match channel.posted_at {
        Some(at) => view! { <RelativeTime at/> }.into_any(),
        None => "Never".into_any(),
    };
    view! {
        {broken}
        <Facts>
            <Fact label="Channel">{channel.label}</Fact>
            {ends}
            <Fact label="Connected">{channel.connected_by}", "<RelativeTime at=channel.connected_at/></Fact>
            <Fact label="Last message">{posted}</Fact>
        </Facts>
    }
    .into_any()
}
