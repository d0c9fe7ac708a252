use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

use super::{
    door::{Door, PostForm},
    form_state::{FormState, use_form_state},
};
use crate::{
    api::{Moment, Operation, use_query},
    kit::{Callout, Card, Chip, CopyButton, Copyable, Field, RelativeTime, Tone, field, loaded, number},
};

const STATUS: Operation = Operation(include_str!("second_factor.graphql"));
/// When so few recovery codes are left, new ones are due.
const FEW: i64 = 3;
/// Light modules around a QR code, which readers need.
const MARGIN: i32 = 4;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    second_factor: Option<SecondFactor>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecondFactor {
    since: Option<Moment>,
    recovery_codes_left: i64,
    is_required: bool,
}

/// What the reader signs in with beside their password, on the page of their account.
#[component]
pub(super) fn SecondFactorCard() -> impl IntoView {
    let query = use_query::<_, Data>(STATUS, || ());
    let off = use_query_map().with_untracked(|query| query.get("second-factor")).map(
        |_| view! { <div class="refusal"><Callout tone=Tone::Good>"Two-factor sign-in is off: your password alone signs you in."</Callout></div> },
    );
    view! { <Card title="Two-factor sign-in">{off}{loaded(query, |data: Data| line(data.second_factor))}</Card> }.into_any()
}

fn line(factor: Option<SecondFactor>) -> AnyView {
    let Some(SecondFactor { since, recovery_codes_left, is_required }) = factor else {
        return view! { <p class="faint xs">"Your organization's provider says who you are here, and asks for what it asks for. This is about your password: sign in by it to change it."</p> }.into_any();
    };
    let Some(since) = since else {
        let why = if is_required {
            "This organization asks for it"
        } else {
            "A code of an app on your phone, beside your password: who learns the password alone gets nowhere"
        };
        return view! { <div class="setting"><span>"Off"<small>{why}</small></span><a class="button" href="/account/second-factor" rel="external">"Set up"</a></div> }.into_any();
    };
    let left = number::counted(recovery_codes_left, "recovery code is", "recovery codes are");
    let few = (recovery_codes_left <= FEW).then(|| view! { <Chip tone=Tone::Warn>"make new codes"</Chip> });
    view! {
        <div class="setting"><span>"On"<small>"Since "<RelativeTime at=since/>"; "{left}" left"</small></span>{few}<a class="button" href="/account/second-factor" rel="external">"Manage"</a></div>
    }
    .into_any()
}

/// The page at `/account/second-factor`. The server fills it: also somebody whom the organization lets see nothing else yet sets up here. It stands outside
/// the frame for the same reason.
#[component]
pub fn SecondFactorPage() -> impl IntoView {
    let state = use_form_state();
    match state.value("state").as_str() {
        "off" => off(state),
        "on" => on(state),
        "codes" => codes(&state),
        "vouched" => vouched(),
        _ => unfilled(),
    }
}

/// A link within the app led here: the server has what it shows.
fn unfilled() -> AnyView {
    Effect::new(|_| {
        let _ = location().reload();
    });
    view! { <Door title="Two-factor sign-in"><p class="lead"><a href="/account/second-factor" rel="external">"Open the page"</a></p></Door> }
        .into_any()
}

fn vouched() -> AnyView {
    let lead = "Your organization's provider says who you are, and asks for what it asks for. A second factor of yours goes with your password: sign in by it to change this.";
    view! { <Door title="Two-factor sign-in" lead><p><a class="link" href="/account">"Back to your account"</a></p></Door> }.into_any()
}

fn off(state: FormState) -> AnyView {
    let required = state.value("required") == "true";
    let organization = state.value("organization");
    let lead = if required {
        format!("{organization} asks for a second factor. Set one up to go on; it is for all your organizations.")
    } else {
        "From then on a code of an app on your phone is asked for beside your password, in all your organizations.".to_owned()
    };
    let foot = move || {
        if required {
            view! { <p>"Not now? "<a href="/sign-in" rel="external">"Sign in as somebody else"</a></p> }.into_any()
        } else {
            view! { <p><a href="/account">"Back to your account"</a></p> }.into_any()
        }
    };
    let secret = state.value("secret");
    let (size, path) = (state.value("size").parse::<i32>().unwrap_or_default(), state.value("qr"));
    let view_box = format!("-{MARGIN} -{MARGIN} {0} {0}", size + 2 * MARGIN);
    let grouped = secret.as_bytes().chunks(4).filter_map(|part| std::str::from_utf8(part).ok()).collect::<Vec<_>>().join(" ");
    let (wrong_code, wrong_password) = (state.error_of("code"), state.error_of("password"));
    view! {
        <Door title="Set up two-factor sign-in" lead foot=foot>
            <PostForm action="/account/second-factor" state fields=&["code", "password"] carries=vec!["sealed"] submit="Turn it on">
                <input type="hidden" name="act" value="set-up"/>
                <div class="scan">
                    <svg class="qr" viewBox=view_box role="img" aria-label="QR code with the secret for your authenticator app"><path d=path/></svg>
                    <p>"Scan this with an authenticator app, or type the secret into it:"</p>
                    <p class="secret"><Copyable text=secret shown=grouped what="the secret"/></p>
                </div>
                <Field name="code" label="Code" hint="Six digits, as the app shows them now." autocomplete="one-time-code" error=wrong_code rule=field::filled as field::Rule/>
                <Field name="password" label="Password" hint="So that nobody else sets it up in your open browser. Your other sessions end." kind="password" autocomplete="current-password" error=wrong_password rule=field::filled as field::Rule/>
            </PostForm>
        </Door>
    }
    .into_any()
}

fn on(state: FormState) -> AnyView {
    let foot = || view! { <p><a href="/account">"Back to your account"</a></p> };
    let left = state.value("left").parse().unwrap_or_default();
    let lead = format!("It is on, and {} left.", number::counted(left, "recovery code is", "recovery codes are"));
    let required = (state.value("required") == "true").then(|| {
        let words = format!(
            "{} asks for a second factor: if you turn it off, you set one up again before you see anything there.",
            state.value("organization")
        );
        view! { <Callout tone=Tone::Warn>{words}</Callout> }
    });
    let (beside, wrong) = (state.error_beside(&["passwordOrCode"]), state.error_of("passwordOrCode"));
    view! {
        <Door title="Two-factor sign-in" lead foot=foot>
            <form method="post" action="/account/second-factor">
                {beside.map(|error| view! { <Callout tone=Tone::Bad>{error}</Callout> })}
                {required}
                <Field name="passwordOrCode" label="Password or code" hint="Your password, what the app shows now, or a recovery code." kind="password" autocomplete="current-password" error=wrong rule=field::filled as field::Rule/>
                <button class="button primary" type="submit" name="act" value="codes">"Make new recovery codes"</button>
                <p class="faint xs">"Ten new ones; those that you have are worth nothing any more."</p>
                <button class="button danger" type="submit" name="act" value="remove">"Turn it off"</button>
                <p class="faint xs">"Your password alone signs you in again, in all your organizations. Their logs say so."</p>
            </form>
        </Door>
    }
    .into_any()
}

fn codes(state: &FormState) -> AnyView {
    let all = state.value("codes");
    let lines = all.lines().map(|code| view! { <li><code>{code.to_owned()}</code></li> }).collect_view();
    let lead =
        "Keep these recovery codes where you keep your passwords, not on the device with the app. Each signs you in once when the device is away.";
    view! {
        <Door title="Two-factor sign-in is on" lead>
            <div class="recovery">
                <ol aria-label="Recovery codes">{lines}</ol>
                <CopyButton text=Signal::stored(all) what="the recovery codes"/>
            </div>
            <Callout tone=Tone::Warn>"They are stored only as hashes and never shown again."</Callout>
            <a class="button primary on" href="/account" rel="external">"I have kept them"</a>
        </Door>
    }
    .into_any()
}
