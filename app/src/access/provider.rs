use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::{Permission, Role};

use super::provisioning::Provisioning;
use crate::{
    account::{FormState, PostForm, just, use_form_state},
    api::{Operation, use_query},
    frame::{may, use_viewer},
    kit::{Callout, Card, Checkbox, Copyable, Crumb, Empty, Fact, Facts, Field, Icon, Page, Select, TextArea, Tone, field, loaded, number},
    visit::use_origin,
};

const PROVIDER: Operation = Operation(include_str!("identity_provider.graphql"));
const FIELDS: &[&str] = &["label", "issuer", "clientId", "clientSecret", "groupsClaim", "groupRoles", "defaultRole", "required"];

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    identity_provider: Option<Provider>,
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Provider {
    kind: String,
    label: String,
    issuer: String,
    client_id: String,
    groups_claim: String,
    group_roles: Vec<GroupRole>,
    default_role: Option<String>,
    required: bool,
    signed_in: i64,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct GroupRole {
    group: String,
    role: String,
}

impl Provider {
    /// The value of a field of the form.
    fn value(&self, name: &str) -> String {
        match name {
            "kind" => self.kind.clone(),
            "label" => self.label.clone(),
            "issuer" => self.issuer.clone(),
            "clientId" => self.client_id.clone(),
            "groupsClaim" => self.groups_claim.clone(),
            "groupRoles" => self.group_roles.iter().map(|rule| format!("{} = {}", rule.group, rule.role)).collect::<Vec<_>>().join("\n"),
            "defaultRole" => self.default_role.clone().unwrap_or_default(),
            _ => String::new(),
        }
    }
}

/// The page at `/access/single-sign-on`: which identity provider the organization believes.
#[component]
pub fn SingleSignOnPage() -> impl IntoView {
    let viewer = use_viewer();
    let (may_see, may_change) = viewer.with_untracked(|viewer| (viewer.may(Permission::OrganizationWrite), viewer.may(Permission::IdentityWrite)));
    let crumbs = vec![Crumb::new("Access", "/access")];
    if !may_see {
        crate::respond_with(403);
        return view! { <Page title="Single sign-on" crumbs><Empty icon=Icon::BAN title="Not for your role">"Owners decide which identity provider vouches for members."</Empty></Page> }.into_any();
    }
    let (state, origin) = (use_form_state(), use_origin());
    let slug = viewer.with_untracked(|viewer| viewer.organization.slug.clone());
    let query = use_query::<_, Data>(PROVIDER, || ());
    let done = ["saved", "removed"].into_iter().find(|word| just(word)).map(|word| {
        let words =
            if word == "saved" { "Saved. It holds from the next sign-in on." } else { "Removed. Its sessions have ended, and passwords lead in." };
        view! { <div class="refusal"><Callout tone=Tone::Good>{words}</Callout></div> }
    });
    let facts = || view! { <span>"An identity provider of your own says who your members are"</span> };
    let show = move |data: Data| {
        let provider = data.identity_provider;
        if !may_change {
            return seen(provider);
        }
        let exists = provider.is_some();
        view! {
            {addresses(&origin, &slug)}
            {form(provider, state.clone())}
            {exists.then(removal)}
        }
        .into_any()
    };
    let provisions = may(Permission::ScimWrite).then(|| view! { <Provisioning origin=use_origin()/> });
    view! { <Page title="Single sign-on" crumbs facts=facts><div class="account">{done}{loaded(query, show)}{provisions}</div></Page> }.into_any()
}

/// For who may see it and not change it.
fn seen(provider: Option<Provider>) -> AnyView {
    let Some(Provider { label, issuer, required, signed_in, .. }) = provider else {
        return view! { <Card title="Identity provider"><p>"None. Owners choose one: whoever it vouches for is let in."</p></Card> }.into_any();
    };
    let way = if required { "The only way in, except for owners" } else { "Beside passwords" };
    view! {
        <Card title="Identity provider">
            <Facts>
                <Fact label="Provider">{label}</Fact>
                <Fact label="Issuer"><code>{issuer}</code></Fact>
                <Fact label="Is">{way}</Fact>
                <Fact label="Used by">{number::counted(signed_in, "member", "members")}</Fact>
            </Facts>
            <p class="faint xs">"Only owners change it: whoever it vouches for is let in."</p>
        </Card>
    }
    .into_any()
}

/// What the provider must know of this installation, and members of the provider.
fn addresses(origin: &str, slug: &str) -> AnyView {
    let (callback, begin) = (format!("{origin}/sso/callback"), format!("{origin}/sso?organization={slug}"));
    view! {
        <Card title="Register Assay there first">
            <Facts>
                <Fact label="Redirect address"><Copyable text=callback what="the redirect address"/></Fact>
                <Fact label="Members sign in at"><Copyable text=begin what="the sign-in address"/></Fact>
            </Facts>
        </Card>
    }
    .into_any()
}

fn form(provider: Option<Provider>, state: FormState) -> AnyView {
    let exists = provider.is_some();
    let provider = provider.unwrap_or_default();
    // What was typed and refused stands again; else what holds.
    let again = state.error.is_some();
    let value = |name: &str| if again { state.value(name) } else { provider.value(name) };
    let (required, groups) = (if again { state.value("required") == "true" } else { provider.required }, RwSignal::new(value("groupRoles")));
    let kinds = [("oidc", "OpenID Connect"), ("github", "GitHub or GitHub Enterprise")].map(|(kind, words)| (kind.to_owned(), words.to_owned()));
    let roles = Role::ALL.iter().filter(|role| **role != Role::Owner);
    let nobody = (String::new(), "Nobody: they are not let in".to_owned());
    let choices = std::iter::once(nobody).chain(roles.clone().map(|role| (role.as_str().to_owned(), role.title().to_owned()))).collect();
    let names = roles.map(|role| role.as_str()).collect::<Vec<_>>().join(", ");
    let secret = if exists { "Kept sealed and never shown. Leave it empty to keep the present one." } else { "Kept sealed and never shown." };
    let wrong = |name: &str| state.error_of(name).map(|error| view! { <Callout tone=Tone::Bad>{error}</Callout> });
    let (wrong_groups, wrong_role, wrong_required) = (state.error_of("groupRoles"), state.error_of("defaultRole"), wrong("required"));
    let text = |name: &'static str, label: &'static str, hint: &'static str, rule: field::Rule| {
        let (value, error) = (value(name), state.error_of(name));
        view! { <Field name label hint value error rule/> }.into_any()
    };
    let texts = [
        text("label", "Name", "What members know it as; the button says \u{201C}Continue with \u{2026}\u{201D}.", field::name),
        text(
            "issuer",
            "Issuer",
            "Letter by letter as its configuration shows it; for GitHub its address, https://github.com or your own.",
            field::issuer,
        ),
        text("clientId", "Client id", "What the provider calls this application.", field::client_id),
    ];
    let (kind, claim, wrong_claim, role) = (value("kind"), value("groupsClaim"), state.error_of("groupsClaim"), value("defaultRole"));
    let (wrong_secret, signed_in) = (state.error_of("clientSecret"), provider.signed_in);
    view! {
        <Card title="Identity provider" beside=move || (signed_in > 0).then(|| view! { <span class="count">{number::counted(signed_in, "member", "members")}</span> })>
            <PostForm action="/access/single-sign-on" state fields=FIELDS submit="Save">
                <Select name="kind" label="Protocol" options=kinds.to_vec() value=kind/>
                {texts.into_iter().collect_view()}
                <p class="faint xs">"Its ID token must say that an address is verified: "<code>"email_verified"</code>"; in Microsoft Entra ID add the optional claims "<code>"email"</code>" and "<code>"xms_edov"</code>"."</p>
                <Field name="clientSecret" label="Client secret" hint=secret kind="password" autocomplete="new-password" required=!exists error=wrong_secret rule=field::client_secret as field::Rule/>
                <TextArea name="groupRoles" label="Groups and roles" bind=groups rows=4 placeholder="ml-team = data_scientist" error=wrong_groups rule=field::group_roles as field::Rule/>
                <p class="faint xs">"One a line: the group as the provider names it (of GitHub, "<code>"organization/team"</code>"), an equals sign, a role: "{names}", or the name of one of your own. Groups then decide at each sign-in; who has left a group leaves its role. Empty: members keep the roles they have here."</p>
                <Field name="groupsClaim" label="Claim that holds groups" hint="\u{201C}groups\u{201D} when empty; realm_access.roles is a claim within a claim." required=false value=claim error=wrong_claim rule=field::claim as field::Rule/>
                <Select name="defaultRole" label="Whom no group gives a role becomes" options=choices value=role error=wrong_role/>
                <Checkbox name="required" checked=required><b>"Only by single sign-on"</b><small>"Sessions by password lose this organization at once. Owners keep theirs, in case the provider is away; each use stands in the audit log."</small></Checkbox>
                {wrong_required}
            </PostForm>
        </Card>
    }
    .into_any()
}

/// Asks twice, also without scripts.
fn removal() -> AnyView {
    view! {
        <details class="removal">
            <summary>"Remove the provider"</summary>
            <p>"Every session that it vouched for ends at once. Members keep their places; who has no password yet chooses one by mail."</p>
            <form method="post" action="/access/single-sign-on/remove"><button class="button danger" type="submit">"Remove it and end its sessions"</button></form>
        </details>
    }
    .into_any()
}
