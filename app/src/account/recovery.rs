use leptos::prelude::*;
use shared::limits::RESET_MINUTES;

use super::{
    door::{Door, MailSent, PostForm, just},
    form_state::use_form_state,
};
use crate::kit::{Field, field};

/// The page at `/forgot-password`. It says the same whether the address is known or not.
#[component]
pub fn ForgotPassword() -> impl IntoView {
    let state = use_form_state();
    let foot = || view! { <p><a href="/sign-in">"Back to sign in"</a></p> };
    if just("sent") {
        return view! {
            <Door title="Look into your mail" foot=foot>
                <MailSent>{format!("If the address belongs to an account, a link to choose a new password is on its way. It works once, for {RESET_MINUTES} minutes.")}</MailSent>
            </Door>
        }
        .into_any();
    }
    view! {
        <Door title="Forgot the password?" lead="We send you a link to choose a new one." foot=foot>
            <PostForm action="/forgot-password" state=state.clone() fields=&["email"] submit="Send the link">
                <Field name="email" label="E-mail" kind="email" autocomplete="username" autofocus=true value=state.value("email") error=state.error_of("email") rule=field::email as field::Rule/>
            </PostForm>
        </Door>
    }
    .into_any()
}

/// The page at `/reset-password?token=`.
#[component]
pub fn ResetPassword() -> impl IntoView {
    let state = use_form_state();
    let foot = || view! { <p>"Link too old? " <a href="/forgot-password">"Ask for a new one"</a></p> };
    let lead = if just("first") { "The one you were given was for this once. Choose your own." } else { "Every other session of yours is ended." };
    view! {
        <Door title="Choose a new password" lead=lead foot=foot>
            <PostForm action="/reset-password" state=state.clone() fields=&["password"] carries=vec!["token"] submit="Change the password">
                <Field name="password" label="New password" hint="At least 12 characters." kind="password" autocomplete="new-password" autofocus=true error=state.error_of("password") rule=field::new_password as field::Rule/>
            </PostForm>
        </Door>
    }
    .into_any()
}
