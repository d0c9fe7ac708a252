use leptos::{prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{
    Acts,
    edit::Edited,
    model::{self, Account},
};
use crate::{
    api::{Connection, use_api},
    kit::{Cell, Chip, CodeBlock, Column, Empty, Icon, Menu, MenuItem, Pager, Row, Table, Tone, number, use_toasts},
    members::{list::chips, model::use_changes},
    tokens::snippet,
};

pub(super) fn list(accounts: Connection<Account>, acts: Option<Acts>, origin: StoredValue<String>) -> AnyView {
    if accounts.nodes.is_empty() {
        return nothing(&origin.get_value());
    }
    let (shown, total, next) = (accounts.nodes.len(), accounts.total_count, accounts.next());
    let mut columns = vec![
        Column::text("name", "Name"),
        Column::text("description", "What it is for"),
        Column::text("roles", "Roles"),
        Column::text("tokens", "Tokens"),
        Column::text("used", "Last used"),
        Column::text("created", "Created"),
    ];
    let mut keys = vec![("j", ""), ("k", "move")];
    if acts.is_some() {
        columns.push(Column::text("menu", ""));
        keys.push(("Enter", "menu"));
    }
    let rows = accounts.nodes.into_iter().map(|account| row(account, acts)).collect::<Vec<_>>();
    view! {
        <div class="people"><Table label="Service accounts" columns=Signal::stored(columns) rows=Signal::stored(rows) keys=true/></div>
        <Pager shown=Signal::stored(shown) total=Signal::stored(total) next of=("service account", "service accounts") keys=keys/>
    }
    .into_any()
}

fn row(account: Account, acts: Option<Acts>) -> Row {
    let (name, suspended, roles) = (account.name.clone(), account.suspended_at.is_some(), account.roles.clone());
    let live = account.tokens.iter().filter(|token| !token.expired).count();
    let (created, by) = (account.created_at, account.created_by.clone());
    let mut cells = vec![
        Cell::view(
            move || view! { <span class="person"><span class="text">{name.clone()}</span>{suspended.then(|| view! { <Chip tone=Tone::Warn>"suspended"</Chip> })}</span> },
        ),
        if account.description.is_empty() { Cell::Empty } else { Cell::Text(account.description.clone()) },
        Cell::view(move || chips(&roles)),
        match live {
            0 => Cell::Muted("none".into()),
            count => Cell::Text(number::counted(i64::try_from(count).unwrap_or(i64::MAX), "token", "tokens")),
        },
        account.last_used_at.map_or_else(|| Cell::Muted("never".into()), Cell::Time),
        Cell::view(move || view! { <crate::kit::RelativeTime at=created/><span class="faint">" by "{by.clone()}</span> }),
    ];
    let (id, label) = (account.id.clone(), account.name.clone());
    if let Some(acts) = acts {
        cells.push(Cell::view(move || menu(&account, acts)));
    }
    Row::new(id, label, cells)
}

fn menu(account: &Account, acts: Acts) -> AnyView {
    let (id, label) = (format!("menu-{}", account.id), format!("More for {}", account.name));
    let account = StoredValue::new(account.clone());
    let suspended = account.with_value(|account| account.suspended_at.is_some());
    let check = account.with_value(|account| format!("/members/check?member={}", account.id));
    let (api, toasts, changes) = (StoredValue::new(use_api()), use_toasts(), use_changes());
    let suspend = move || {
        spawn_local(async move {
            let Account { id, name, .. } = account.get_value();
            match model::set_suspended(api.get_value(), id, !suspended).await {
                Ok(()) if suspended => toasts.say(format!("{name} may use its tokens again.")),
                Ok(()) => toasts.say(format!("{name} is suspended. Its tokens open nothing until you resume it.")),
                Err(error) => toasts.fail(&error),
            }
            changes.happened();
        });
    };
    let navigate = use_navigate();
    view! {
        <span class="end"><Menu id label late=true>
            <MenuItem icon=Icon::KEY_ROUND on_press=move || acts.tokens.set(Some(account.get_value()))>"Tokens"</MenuItem>
            <MenuItem icon=Icon::PENCIL on_press=move || acts.edit.set(Some(Edited::Known(account.get_value())))>"Change"</MenuItem>
            <MenuItem icon=Icon::CIRCLE_HELP on_press=move || navigate(&check, NavigateOptions::default())>"What may it do?"</MenuItem>
            {if suspended {
                view! { <MenuItem icon=Icon::PLAY on_press=suspend>"Resume"</MenuItem> }
            } else {
                view! { <MenuItem icon=Icon::BAN on_press=suspend>"Suspend"</MenuItem> }
            }}
            <MenuItem icon=Icon::TRASH_2 danger=true on_press=move || acts.remove.set(Some(account.get_value()))>"Remove"</MenuItem>
        </Menu></span>
    }
    .into_any()
}

fn nothing(origin: &str) -> AnyView {
    let shell = snippet::shell(origin, "<a token of the service account>");
    let action = move || view! { <CodeBlock code=Signal::stored(shell.clone()) label="Shell"/> };
    view! { <Empty icon=Icon::KEY_ROUND title="No service accounts yet" action=action>"A script that uses a person\u{2019}s token stops when that person leaves. A service account has a name, roles and tokens of its own: what it logs, and what it does, is under its name."</Empty> }.into_any()
}
