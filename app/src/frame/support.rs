//! Above every page of somebody of the operator: by whose leave they look.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    api::Moment,
    kit::{Button, Callout, RelativeTime, Tone},
};

/// By whose leave the reader looks.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SupportSession {
    operator: String,
    granted_by: String,
    expires_at: Moment,
}

/// Who looks, by whose leave and until when, with the way out.
#[component]
pub(super) fn SupportBanner(session: SupportSession) -> impl IntoView {
    view! {
        <form class="support" method="post" action="/sign-out" aria-label="Support access">
            <Callout tone=Tone::Warn>
                <b>{format!("Support access: {}", session.operator)}</b>
                {format!(", granted by {}, ends ", session.granted_by)}<RelativeTime at=session.expires_at/>". "
                <Button small=true>"End"</Button>
            </Callout>
        </form>
    }
    .into_any()
}
