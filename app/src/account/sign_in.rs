use leptos::prelude::*;
use leptos_router::location::Url;

use super::{
    door::{Door, PostForm, just},
    form_state::use_form_state,
};
use crate::kit::{Callout, Field, Tone, field};

/// The page at `/sign-in`.
#[component]
pub fn SignIn() -> impl IntoView {
    let state = use_form_state();
    let reset = just("reset")
        .then(|| view! { <Callout tone=Tone::Good>"Your password was changed and every session was ended. Sign in with the new one."</Callout> });
    let next = state.carried("next");
    let sso = if next.is_empty() { "/sso".to_owned() } else { format!("/sso?next={}", Url::escape(&next)) };
    let foot = move || {
        view! {
            <p>"Signing in through your organization? " <a href=sso.clone() rel="external">"Use single sign-on"</a></p>
            <p>"New here? " <a href="/sign-up">"Create an organization"</a></p>
        }
    };
    view! {
        <Door title="Sign in to Assay" foot=foot>
            {reset}
            <PostForm action="/sign-in" state=state.clone() fields=&["email", "password"] carries=vec!["next"] submit="Sign in">
                <Field name="email" label="E-mail" kind="email" autocomplete="username" autofocus=state.value("email").is_empty() value=state.value("email") error=state.error_of("email") rule=field::email as field::Rule/>
                <Field name="password" label="Password" kind="password" autocomplete="current-password" error=state.error_of("password") rule=field::filled as field::Rule/>
                <p class="aside"><a href="/forgot-password">"Forgot the password?"</a></p>
            </PostForm>
        </Door>
    }
    .into_any()
}
