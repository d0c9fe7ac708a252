use leptos::prelude::*;
use shared::limits::CLOSING_DAYS;

use super::{
    door::{Door, MailSent, PostForm, just},
    form_state::use_form_state,
};

/// The page at `/restore?token=`: the link of the mail that brings an organization back which was deleted. A button, because mail scanners follow links. Also
/// where whoever has deleted it is led to.
#[component]
pub fn Restore() -> impl IntoView {
    let state = use_form_state();
    let foot = || view! { <p>"Belong to another organization? " <a href="/sign-in">"Sign in"</a></p> };
    if just("closed") {
        return view! {
            <Door title="The organization is deleted" foot=foot>
                <MailSent>{format!("Nobody can enter it any more. In {CLOSING_DAYS} days it is erased. Until then, an owner can restore it with the link that we mailed to every owner.")}</MailSent>
            </Door>
        }
        .into_any();
    }
    if just("done") {
        let foot = || view! { <p><a href="/sign-in">"Sign in"</a></p> };
        return view! { <Door title="The organization is restored" lead="It is as it was. Everybody can enter it again, and all owners were told." foot=foot>""</Door> }.into_any();
    }
    view! {
        <Door title="Restore the organization" lead="It was deleted and waits to be erased. Restored, it is as it was, for everybody in it." foot=foot>
            <PostForm action="/restore" state fields=&[] carries=vec!["token"] submit="Restore the organization"/>
        </Door>
    }
    .into_any()
}
