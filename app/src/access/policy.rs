use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::Permission;

use crate::{
    account::{FormState, PostForm, just, use_form_state},
    api::{Operation, use_query},
    frame::use_viewer,
    kit::{Callout, Card, Checkbox, Empty, Icon, Page, Select, TextArea, Tone, field, loaded, number},
};

const POLICY: Operation = Operation(include_str!("sign_in_policy.graphql"));
/// Minutes and words; the empty one is the life of a session.
const LENGTHS: [(&str, &str); 6] =
    [("60", "1 hour"), ("480", "8 hours"), ("720", "12 hours"), ("1440", "1 day"), ("10080", "7 days"), ("", "14 days")];

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    sign_in_policy: Policy,
    identity_provider: Option<Provider>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Provider {
    label: String,
    required: bool,
    signed_in: i64,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    session_minutes: Option<i32>,
    mail_domains: Vec<String>,
    second_factor_required: bool,
    members_without_second_factor: i64,
}

/// The page at `/access`: what the organization asks of a sign-in.
#[component]
pub fn AccessPage() -> impl IntoView {
    if !use_viewer().with_untracked(|viewer| viewer.may(Permission::OrganizationWrite)) {
        crate::respond_with(403);
        return view! { <Page title="Access"><Empty icon=Icon::BAN title="Not for your role">"Owners and admins decide how people get in."</Empty></Page> }.into_any();
    }
    let state = use_form_state();
    let query = use_query::<_, Data>(POLICY, || ());
    let saved = just("saved")
        .then(|| view! { <div class="refusal"><Callout tone=Tone::Good>"Saved. It holds from the next request of everybody on."</Callout></div> });
    let facts = || view! { <span>"What the organization asks of everybody who enters it"</span> };
    view! {
        <Page title="Access" facts=facts>
            <div class="account">
                {saved}
                {loaded(query, move |data: Data| {
                    let (form, provider) = (form(data.sign_in_policy, &state), single_sign_on(data.identity_provider));
                    view! { <Card title="Sign-in">{form}</Card>{provider} }.into_any()
                })}
            </div>
        </Page>
    }
    .into_any()
}

fn single_sign_on(provider: Option<Provider>) -> AnyView {
    let (words, more, act) = match provider {
        None => (
            "No identity provider".to_owned(),
            "Members sign in with passwords. OpenID Connect (Okta, Entra, Keycloak, Google\u{2026}) or GitHub can vouch for them; Entra must send the optional claims email and xms_edov".to_owned(),
            "Set up",
        ),
        Some(Provider { label, required, signed_in }) => {
            let way = if required { "The only way in, except for owners" } else { "Beside passwords" };
            let used = if signed_in == 0 {
                "nobody has used it yet".to_owned()
            } else {
                format!("used by {}", number::counted(signed_in, "member", "members"))
            };
            (label, format!("{way}; {used}"), "Open")
        }
    };
    view! {
        <Card title="Single sign-on">
            <div class="setting"><span>{words}<small>{more}</small></span><a class="button" href="/access/single-sign-on">{act}</a></div>
        </Card>
    }
    .into_any()
}

fn form(policy: Policy, state: &FormState) -> AnyView {
    // What was typed and refused stands again; else what holds.
    let again = state.error.is_some();
    let minutes = if again { state.value("sessionMinutes") } else { policy.session_minutes.map(|minutes| minutes.to_string()).unwrap_or_default() };
    let domains = RwSignal::new(if again { state.value("mailDomains") } else { policy.mail_domains.join("\n") });
    let mut lengths = LENGTHS.map(|(minutes, words)| (minutes.to_owned(), words.to_owned())).to_vec();
    if !lengths.iter().any(|(known, _)| *known == minutes) {
        lengths.insert(0, (minutes.clone(), format!("{minutes} minutes")));
    }
    let (wrong, wrong_minutes) = (state.error_of("mailDomains"), state.error_of("sessionMinutes"));
    let second_factor = if again { state.value("secondFactorRequired") == "true" } else { policy.second_factor_required };
    let without = match policy.members_without_second_factor {
        0 => "Every member has one. A password alone opens nothing here; single sign-on and API tokens are not asked.".to_owned(),
        count => {
            let who = number::counted(count, "member has", "members have");
            format!(
                "A password alone opens nothing here; single sign-on and API tokens are not asked. {who} none yet: they set one up with their next click, before they see anything else."
            )
        }
    };
    let wrong_factor = state.error_of("secondFactorRequired").map(|error| {
        view! { <Callout tone=Tone::Bad>{error}" "<a class="link" href="/account/second-factor" rel="external">"Set it up"</a></Callout> }
    });
    let confirm = state.error_of("shutOut").map(|error| {
        let count = error.split(' ').next().unwrap_or_default().to_owned();
        view! { <Callout tone=Tone::Warn>{error}<Checkbox name="shutOut" value=count>"They are meant to lose access"</Checkbox></Callout> }
    });
    view! {
        <PostForm action="/access" state=state.clone() fields=&["sessionMinutes", "mailDomains", "secondFactorRequired", "shutOut"] submit="Save">
            <Select name="sessionMinutes" label="A sign-in is worth" options=lengths value=minutes error=wrong_minutes/>
            <p class="faint xs">"Older sessions end with the next click, and people sign in again. API tokens have ends of their own."</p>
            <TextArea name="mailDomains" label="Mail domains that may enter" bind=domains rows=3 placeholder="example.com" error=wrong rule=field::mail_domains as field::Rule/>
            <p class="faint xs">"One a line; empty admits every address. Members of other domains lose access at once, with their sessions and tokens, and cannot be invited."</p>
            {confirm}
            <Checkbox name="secondFactorRequired" checked=second_factor><b>"Only with a second factor"</b><small>{without}</small></Checkbox>
            {wrong_factor}
        </PostForm>
    }
    .into_any()
}
