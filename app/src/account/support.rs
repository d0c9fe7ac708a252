use leptos::prelude::*;

use super::{
    door::{Door, PostForm},
    form_state::use_form_state,
};

/// The page at `/support?token=`: the address that somebody of the operator was given on the server's machine. A button, because whatever looks at addresses follows
/// them.
#[component]
pub fn Support() -> impl IntoView {
    let state = use_form_state();
    let foot = || view! { <p>"Have an account? " <a href="/sign-in">"Sign in"</a></p> };
    let lead = "The organization has let you look for a while. You read what a viewer reads and change nothing; each thing you do is in its logs with your name.";
    view! {
        <Door title="Support access" lead=lead foot=foot>
            <PostForm action="/support" state fields=&[] carries=vec!["token"] submit="Begin"/>
        </Door>
    }
    .into_any()
}
