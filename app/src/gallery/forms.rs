use leptos::prelude::*;

use super::Part;
use crate::kit::{Button, ButtonKind, Card, Checkbox, Field, Select, SingleKeysSwitch, TextArea, field, use_toasts};

/// Fields with the server's rules.
#[component]
pub(super) fn Forms() -> impl IntoView {
    let toasts = use_toasts();
    let note = RwSignal::new("Validation flattens after step 600.".to_owned());
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        toasts.say("The token was created.");
    };
    let roles = ["viewer", "data_scientist", "ml_engineer"].map(|name| (name.to_owned(), name.replace('_', " "))).to_vec();
    view! {
        <Part id="forms" title="Forms">
            <div class="columns">
                <Card title="With rules">
                    <form class="stack" on:submit=save novalidate>
                        <Field name="token" label="Name" hint="What the token is for." value="nightly training" rule=field::name as field::Rule/>
                        <Field name="mail" label="E-mail" kind="email" value="ada@northwind" error="Enter an e-mail address like name@example.com." rule=field::email as field::Rule/>
                        <Field name="secret" label="Password" hint="At least 12 characters." kind="password" autocomplete="new-password" rule=field::new_password as field::Rule/>
                        <div class="row"><Button kind=ButtonKind::Primary>"Create the token"</Button><Button on_press=|| {}>"Keep as it is"</Button></div>
                    </form>
                </Card>
                <Card title="Choices">
                    <div class="stack">
                        <Select name="role" label="Role" options=roles value="data_scientist"/>
                        <div>
                            <Checkbox name="scope" value="runs:write" checked=true>"Log runs"<small>"Create runs and log to them"</small></Checkbox>
                            <Checkbox name="scope" value="models:write">"Register models"<small>"Models and their versions"</small></Checkbox>
                        </div>
                        <TextArea name="note" label="Note" bind=note/>
                        <Field name="days" label="Expires in days" kind="number" value="90" required=false/>
                        <div class="row"><span class="muted">"Shortcuts of a single key"</span><SingleKeysSwitch/></div>
                    </div>
                </Card>
            </div>
        </Part>
    }
    .into_any()
}
