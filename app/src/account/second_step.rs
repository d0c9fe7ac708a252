use leptos::prelude::*;
use shared::limits::SECOND_STEP_MINUTES;

use super::{
    door::{Door, PostForm},
    form_state::use_form_state,
};
use crate::kit::{Field, field};

/// The page at `/second-factor`: the password was right, and more is asked for.
#[component]
pub fn SecondStep() -> impl IntoView {
    let state = use_form_state();
    let foot = || {
        view! {
            <p>"Without your device? Enter one of your recovery codes instead; each works once."</p>
            <p>"Somebody else, or waited too long? " <a href="/sign-in">"Sign in again"</a></p>
        }
    };
    let lead = format!("Your password was right. Enter the code that your authenticator app shows, within {SECOND_STEP_MINUTES} minutes.");
    view! {
        <Door title="One more step" lead foot=foot>
            <PostForm action="/second-factor" state=state.clone() fields=&["code"] submit="Sign in">
                <Field name="code" label="Code" autocomplete="one-time-code" autofocus=true error=state.error_of("code") rule=field::filled as field::Rule/>
            </PostForm>
        </Door>
    }
    .into_any()
}
