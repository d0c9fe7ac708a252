use leptos::{callback::Callable, prelude::*, task::spawn_local};

use super::model::{self, Whose};
use crate::{
    api::{ApiError, use_api},
    kit::{Button, ButtonKind, Callout, Field, Tone, field, use_toasts},
};

/// Asks for the webhook of a channel.
#[component]
pub(super) fn Connect(
    /// Whose channel it becomes.
    whose: Whose,
    /// Called once it is connected.
    #[prop(into)]
    on_connected: Callback<()>,
) -> impl IntoView {
    let (label, address) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (wrong_label, wrong_address) = (RwSignal::new(None::<String>), RwSignal::new(None::<String>));
    let refused = RwSignal::new(None::<ApiError>);
    let busy = RwSignal::new(false);
    let (api, toasts) = (use_api(), use_toasts());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (api, name, secret) = (api.clone(), label.get_untracked(), address.get_untracked());
        wrong_label.set(None);
        wrong_address.set(None);
        refused.set(None);
        busy.set(true);
        spawn_local(async move {
            let answer = model::connect(api, whose, name, secret).await;
            busy.try_set(false);
            match answer {
                Ok(()) => {
                    toasts.say("Connected. Send a test message to see it arrive.");
                    on_connected.try_run(());
                }
                Err(error) if error.field.as_deref() == Some("label") => drop(wrong_label.try_set(Some(error.message))),
                Err(error) if error.field.as_deref() == Some("address") => drop(wrong_address.try_set(Some(error.message))),
                Err(error) => drop(refused.try_set(Some(error))),
            }
        });
    };
    let note =
        move || refused.get().map(|error| view! { <Callout tone=Tone::Bad><strong>"Nothing was connected. "</strong>{error.message}</Callout> });
    view! {
        <form class="connect-slack" method="post" on:submit=submit>
            <div>{note}</div>
            <Field name="slack-label" label="Channel" hint="What it is called here, as #ml-experiments." bind=label error=wrong_label rule=field::name as field::Rule/>
            <Field name="slack-address" label="Webhook address" hint="In Slack, add an incoming webhook for the channel and copy its address. Kept sealed and never shown again." kind="password" bind=address error=wrong_address rule=field::web_address as field::Rule/>
            <Button kind=ButtonKind::Primary busy>"Connect"</Button>
        </form>
    }
    .into_any()
}
