use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{Permission, Role as Known};

use crate::{
    api::{Answer, Api, ApiError, Connection, Operation, use_api, use_query},
    frame::may,
    kit::{Card, Cell, Column, Copyable, Empty, Fact, Facts, Icon, Pager, Row, Select, Table, Toasts, loaded, use_address, use_toasts},
};

const GROUPS: Operation = Operation(include_str!("provisioned_groups.graphql"));
const SET_ROLE: Operation = Operation(include_str!("set_group_role.graphql"));
const FIRST: usize = 100;
/// Where a token is made that may provision, and nothing else.
const TOKEN: &str = "/tokens?name=Provisioning&scope=scim:write";

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    provisioned_groups: Connection<Group>,
    #[serde(default)]
    roles: Vec<Role>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    id: String,
    display_name: String,
    role: Option<String>,
    member_count: i64,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Role {
    name: String,
    title: String,
}

type Query = Answer<Data>;

/// What saying what a group is takes. Looked up before anything waits for the API.
#[derive(Clone)]
struct Acts {
    api: Api,
    toasts: Toasts,
    query: Query,
}

/// How the organization's directory provisions members, and what its groups are here.
#[component]
pub(super) fn Provisioning(
    /// Where this installation is.
    origin: String,
) -> impl IntoView {
    let (maps, sees_roles, makes_tokens) = (may(Permission::MembersWrite), may(Permission::RolesRead), may(Permission::TokensOwn));
    let address = use_address();
    let query: Query = use_query(GROUPS, move || json!({ "first": FIRST, "after": address.get("after"), "roles": sees_roles }));
    let acts = maps.then(|| Acts { api: use_api(), toasts: use_toasts(), query });
    view! {
        {connect(&origin, makes_tokens)}
        {loaded(query, move |data: Data| groups(data, acts.as_ref()))}
    }
    .into_any()
}

/// What a directory must know, and where it is told.
fn connect(origin: &str, makes_tokens: bool) -> AnyView {
    let base = format!("{origin}/scim/v2");
    let tenant_url = base.clone();
    let token = if makes_tokens {
        view! { <a href=TOKEN>"Create a token for provisioning"</a> }.into_any()
    } else {
        view! { "An API token of an owner or admin with the scope " <code>"scim:write"</code> }.into_any()
    };
    view! {
        <Card title="Provisioning (SCIM 2.0)">
            <p>"Your identity provider says who your members are: it adds and updates them, ends access at once when somebody leaves, and keeps groups, which you give roles to below."</p>
            <Facts>
                <Fact label="SCIM base address"><Copyable text=base what="the SCIM base address"/></Fact>
                <Fact label="Bearer token">{token}</Fact>
            </Facts>
            <details class="removal">
                <summary>"Connect Okta"</summary>
                <ol>
                    <li>"In the app\u{2019}s "<b>"General"</b>" tab choose SCIM provisioning; under "<b>"Provisioning \u{203A} Integration"</b>" enter the base address above."</li>
                    <li>"Unique identifier field: "<Copyable text="userName" what="the unique identifier field"/>". Authentication mode: HTTP Header, with the token."</li>
                    <li>"Support pushing new users, profile updates and groups. Under "<b>"To App"</b>" enable create, update and deactivate users."</li>
                    <li>"Assign people, and choose groups under "<b>"Push Groups"</b>"."</li>
                </ol>
            </details>
            <details class="removal">
                <summary>"Connect Microsoft Entra ID"</summary>
                <ol>
                    <li>"In your enterprise application open "<b>"Provisioning"</b>" and choose the mode Automatic."</li>
                    <li>"Tenant URL: "<Copyable text=tenant_url what="the tenant URL"/>". Secret token: the token. Test the connection."</li>
                    <li>"Map "<code>"userPrincipalName"</code>" or "<code>"mail"</code>" to "<code>"userName"</code>", and "<code>"mail"</code>" to "<code>"emails[type eq \"work\"].value"</code>"."</li>
                    <li>"Assign people and groups, and start provisioning."</li>
                </ol>
            </details>
            <p class="faint xs">"People at your own mail domains, which "<a href="/access">"Access"</a>" lists, become members at once; everybody else gets an invitation by mail. Owners are made here alone, and the last one stays."</p>
        </Card>
    }
    .into_any()
}

fn groups(data: Data, acts: Option<&Acts>) -> AnyView {
    let page = data.provisioned_groups;
    if page.nodes.is_empty() {
        return view! {
            <Card title="Groups of your directory">
                <Empty icon=Icon::USERS title="No group yet">"Push groups from your identity provider; here you say what their members are."</Empty>
            </Card>
        }
        .into_any();
    }
    let (shown, total, next) = (page.nodes.len(), page.total_count, page.next());
    let roles = choices(data.roles);
    let rows: Vec<Row> = page.nodes.into_iter().map(|group| row(group, &roles, acts)).collect();
    let columns = vec![Column::text("group", "Group"), Column::number("members", "Members"), Column::text("role", "Its members are")];
    view! {
        <Card title="Groups of your directory" flush=true>
            <div class="people"><Table label="Groups of your directory" columns=Signal::stored(columns) rows=Signal::stored(rows)/></div>
            <Pager shown=Signal::stored(shown) total=Signal::stored(total) next of=("group", "groups")/>
        </Card>
    }
    .into_any()
}

/// Roles that a group can give; those of every organization where the reader does not see all.
fn choices(roles: Vec<Role>) -> Vec<(String, String)> {
    let all = if roles.is_empty() {
        Known::ALL.iter().map(|role| (role.as_str().to_owned(), role.title().to_owned())).collect::<Vec<_>>()
    } else {
        roles.into_iter().map(|role| (role.name, role.title)).collect()
    };
    let nothing = (String::new(), "Nothing by this group".to_owned());
    std::iter::once(nothing).chain(all.into_iter().filter(|(name, _)| name != Known::Owner.as_str())).collect()
}

fn row(group: Group, roles: &[(String, String)], acts: Option<&Acts>) -> Row {
    let (id, name) = (group.id.clone(), group.display_name.clone());
    let cells = vec![Cell::Text(group.display_name.clone()), Cell::Number(group.member_count as f64), role(group, roles, acts)];
    Row::new(id, name, cells)
}

fn role(group: Group, roles: &[(String, String)], acts: Option<&Acts>) -> Cell {
    let held = group.role.clone().unwrap_or_default();
    let Some(acts) = acts.cloned() else {
        let title = roles.iter().find(|(name, _)| *name == held).map_or_else(|| held.clone(), |(_, title)| title.clone());
        return Cell::Text(title);
    };
    let roles = roles.to_vec();
    Cell::view(move || {
        let (acts, id, name) = (acts.clone(), group.id.clone(), group.display_name.clone());
        let change = Callback::new(move |role: String| {
            let (Acts { api, toasts, query }, id, name) = (acts.clone(), id.clone(), name.clone());
            spawn_local(async move {
                match set_role(api, id, role).await {
                    Ok(()) => toasts.say(format!("The members of {name} have other roles from now on.")),
                    Err(error) => toasts.fail(&error),
                }
                query.refetch();
            });
        });
        view! { <Select name=format!("role-{}", group.id) label=format!("What members of {} are", group.display_name) compact=true options=roles.clone() value=held.clone() on_change=change/> }
    })
}

async fn set_role(api: Api, id: String, role: String) -> Result<(), ApiError> {
    let role = Some(role).filter(|role| !role.is_empty());
    api.query::<Value>(SET_ROLE, json!({ "id": id, "role": role })).await.map(drop)
}
