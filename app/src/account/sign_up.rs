use leptos::prelude::*;
use shared::limits::SIGN_UP_HOURS;

use super::{
    door::{Door, MailSent, PostForm, just},
    form_state::use_form_state,
};
use crate::kit::{Field, field};

/// The page at `/sign-up`: a new organization and its first owner.
#[component]
pub fn SignUp() -> impl IntoView {
    let state = use_form_state();
    let foot = || view! { <p>"Already have an account? " <a href="/sign-in">"Sign in"</a></p> };
    if just("sent") {
        return view! {
            <Door title="Look into your mail" foot=foot>
                <MailSent>{format!("We sent you a link that opens your organization. It works once, for {SIGN_UP_HOURS} hours. If nothing arrives, look into the spam folder or try again.")}</MailSent>
            </Door>
        }
        .into_any();
    }
    view! {
        <Door title="Create an organization" lead="Experiments, models and the people who work on them stay inside it." foot=foot>
            <PostForm action="/sign-up" state=state.clone() fields=&["organization", "name", "email", "password"] submit="Create the organization">
                <Field name="organization" label="Organization" hint="The name your team knows it by." autocomplete="organization" autofocus=true value=state.value("organization") error=state.error_of("organization") rule=field::name as field::Rule/>
                <Field name="name" label="Your name" autocomplete="name" value=state.value("name") error=state.error_of("name") rule=field::name as field::Rule/>
                <Field name="email" label="E-mail" kind="email" autocomplete="username" value=state.value("email") error=state.error_of("email") rule=field::email as field::Rule/>
                <Field name="password" label="Password" hint="At least 12 characters." kind="password" autocomplete="new-password" error=state.error_of("password") rule=field::new_password as field::Rule/>
            </PostForm>
        </Door>
    }
    .into_any()
}

/// The page at `/confirm?token=`: the link of the mail that ends a sign-up. A button, because mail
/// scanners follow links.
#[component]
pub fn Confirm() -> impl IntoView {
    let state = use_form_state();
    let foot = || view! { <p>"Link too old? " <a href="/sign-up">"Sign up again"</a></p> };
    view! {
        <Door title="Open your organization" lead="Confirm that the mail was yours, and you are in." foot=foot>
            <PostForm action="/confirm" state fields=&[] carries=vec!["token"] submit="Open the organization"/>
        </Door>
    }
    .into_any()
}
