use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::Permission;

use super::{
    guide::Guide,
    model::{self, Experiment, PageInfo},
};
use crate::{
    api::{Answer, Operation, use_api, use_query},
    frame::{may, project_fact, use_project, use_project_id},
    kit::{
        Address, Button, ButtonKind, Cell, Column, Command, Empty, FilterField, Icon, Menu, MenuItem, NameDialog, Page, Pager, Row, Shape, Table,
        field, number, steady_as, use_address, use_command, use_toasts,
    },
    visit::use_origin,
};

const EXPERIMENTS: Operation = Operation(include_str!("experiments.graphql"));
const FIRST: usize = 50;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Data {
    experiments: List,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    nodes: Vec<Experiment>,
    page_info: PageInfo,
    total_count: i64,
}

/// What the page lets its parts do.
#[derive(Clone, Copy)]
struct Actions {
    rename: Callback<Experiment>,
    remove: Callback<(Experiment, bool)>,
}

/// The list of experiments.
#[component]
pub fn ExperimentsPage() -> impl IntoView {
    let address = use_address();
    let origin = use_origin();
    let api = use_api();
    let toasts = use_toasts();
    let project = StoredValue::new(use_project_id());
    // Asked for here: what is drawn later on the server has no context.
    let workspace = use_project().map(|project| project.slug).unwrap_or_default();
    let query = use_query::<_, Data>(EXPERIMENTS, move || {
        let lifecycle = if is_removed(address) { "DELETED" } else { "ACTIVE" };
        let filter = address.get("filter").map(|text| filter(&text));
        json!({ "first": FIRST, "after": address.get("after"), "filter": filter, "lifecycle": lifecycle, "project": project.get_value() })
    });
    let creating = RwSignal::new(false);
    let renamed = RwSignal::new(None::<Experiment>);
    let renaming = RwSignal::new(false);
    let navigate = leptos_router::hooks::use_navigate();
    let create = {
        let api = api.clone();
        Callback::new(move |name: String| -> crate::kit::Saving {
            let (api, navigate) = (api.clone(), navigate.clone());
            Box::pin(async move {
                let path = model::create(api, name, project.get_value()).await?;
                navigate(&path, Default::default());
                Ok(())
            })
        })
    };
    let rename = {
        let api = api.clone();
        Callback::new(move |name: String| -> crate::kit::Saving {
            let (api, id) = (api.clone(), renamed.get_untracked().map(|experiment| experiment.id).unwrap_or_default());
            Box::pin(async move {
                model::rename(api, id, name).await?;
                query.refetch();
                Ok(())
            })
        })
    };
    let actions = Actions {
        rename: Callback::new(move |experiment| {
            renamed.set(Some(experiment));
            renaming.set(true);
        }),
        remove: Callback::new(move |(experiment, removed): (Experiment, bool)| {
            let api = api.clone();
            spawn_local(async move { set_removed(api, experiment, removed, query, toasts).await });
        }),
    };
    let may_write = may(Permission::ExperimentsWrite);
    if may_write {
        use_command(Command { icon: Some(Icon::PLUS), ..Command::key("n", "Experiments", "New experiment", move || creating.set(true)) });
    }
    let head = move || {
        may_write.then(|| view! { <Button kind=ButtonKind::Primary icon=Icon::PLUS on_press=move || creating.set(true)>"New experiment"</Button> })
    };
    let facts = move || {
        let count = move || {
            Suspend::new(async move {
                let data = query.await.ok()?;
                let (one, many) = if is_removed(address) { ("removed experiment", "removed experiments") } else { ("experiment", "experiments") };
                Some(view! { <span>{number::counted(data.experiments.total_count, one, many)}</span>{project_fact()} })
            })
        };
        view! { <Transition>{count}</Transition> }
    };
    view! {
        <Page title="Experiments" facts=facts actions=head>
            {steady_as(Shape::List, query, move |data| list(data, (origin.clone(), workspace.clone()), address, actions, may_write))}
        </Page>
        <NameDialog open=creating title="New experiment" label="Name" save="Create experiment" rule=field::experiment_name as field::Rule hint="Runs that name it land in it; the client can also create it." on_save=create/>
        <NameDialog open=renaming title="Rename experiment" label="Name" save="Rename" rule=field::experiment_name as field::Rule value=Signal::derive(move || renamed.get().map(|experiment| experiment.name).unwrap_or_default()) on_save=rename/>
    }
    .into_any()
}

fn list(data: RwSignal<Data>, guide: (String, String), address: Address, actions: Actions, may_write: bool) -> AnyView {
    let total = Signal::derive(move || data.with(|data| data.experiments.total_count));
    let rows = Signal::derive(move || {
        data.with(|data| data.experiments.nodes.iter().map(|experiment| row(experiment, actions, may_write)).collect::<Vec<_>>())
    });
    let shown = Signal::derive(move || data.with(|data| data.experiments.nodes.len()));
    let next = Signal::derive(move || data.with(|data| data.experiments.page_info.next()));
    let columns = columns(may_write);
    let keys: Vec<_> = [("j", ""), ("k", "move"), ("Enter", "open"), ("/", "filter")].into_iter().chain(may_write.then_some(("n", "new"))).collect();
    let body = move || {
        if shown.get() > 0 {
            return view! {
                <Table label="Experiments" columns=columns.clone() rows keys=true/>
                <Pager shown total next of=("experiment", "experiments") keys=keys.clone()/>
            }
            .into_any();
        }
        nothing(address, guide.clone())
    };
    let found = move || address.get("filter").map(|_| number::counted(total.get(), "experiment", "experiments"));
    view! {
        <div class="toolbar">
            <FilterField label="Filter experiments" placeholder="Filter by name, or tags.team = 'fraud'" words=Signal::stored(words()) found=Signal::derive(found)/>
            <Lifecycle address/>
        </div>
        {body}
    }
    .into_any()
}

/// Active or removed, as two addresses.
#[component]
pub(super) fn Lifecycle(address: Address) -> impl IntoView {
    let current = move |removed: bool| (is_removed(address) == removed).then_some("true");
    view! {
        <nav class="segments" aria-label="Which are shown">
            <a href=move || address.with("lifecycle", None) data-noscroll aria-current=move || current(false)>"Active"</a>
            <a href=move || address.with("lifecycle", Some("deleted")) data-noscroll aria-current=move || current(true)>"Removed"</a>
        </nav>
    }
    .into_any()
}

/// Whether the address asks for what was removed.
pub(super) fn is_removed(address: Address) -> bool {
    address.get("lifecycle").is_some_and(|lifecycle| lifecycle == "deleted")
}

fn words() -> Vec<String> {
    ["name", "creation_time", "last_update_time"].map(str::to_owned).to_vec()
}

/// A plain word asks for names that hold it; anything with an operator is a filter.
pub(crate) fn filter(text: &str) -> String {
    let lower = text.to_lowercase();
    if text.contains(['=', '<', '>']) || [" like ", " ilike ", " in ", " is "].iter().any(|word| lower.contains(word)) {
        return text.to_owned();
    }
    let quote = if text.contains('\'') { '"' } else { '\'' };
    format!("name ILIKE {quote}%{}%{quote}", text.replace(quote, "_"))
}

fn columns(may_write: bool) -> Vec<Column> {
    let mut columns = vec![
        Column::text("name", "Name"),
        Column::number("runs", "Runs"),
        Column::text("last_run", "Last run"),
        Column::text("created_by", "Created by"),
        Column::text("created", "Created"),
        Column::text("tags", "Tags"),
    ];
    if may_write {
        columns.push(Column::text("menu", ""));
    }
    columns
}

fn row(experiment: &Experiment, actions: Actions, may_write: bool) -> Row {
    let tags: Vec<String> = experiment
        .tags
        .iter()
        .filter(|tag| !tag.is_internal())
        .map(|tag| if tag.value.is_empty() { tag.key.clone() } else { format!("{}: {}", tag.key, tag.value) })
        .collect();
    let mut cells = vec![
        Cell::Link(experiment.name.clone(), experiment.path()),
        Cell::Measure(
            experiment.run_count as f64,
            format!("{}{}", number::count(experiment.run_count), if experiment.run_count_is_least { "+" } else { "" }),
        ),
        experiment.last_run_at.map_or(Cell::Empty, Cell::Time),
        experiment.created_by.clone().map_or(Cell::Empty, Cell::Muted),
        Cell::Time(experiment.created_at),
        if tags.is_empty() {
            Cell::Empty
        } else {
            Cell::view(move || tags.iter().take(3).map(|tag| view! { <span class="chip">{tag.clone()}</span>" " }).collect_view())
        },
    ];
    if may_write {
        let own = experiment.clone();
        cells.push(Cell::view(move || menu(own.clone(), actions)));
    }
    Row::new(&experiment.id, &experiment.name, cells)
}

fn menu(experiment: Experiment, actions: Actions) -> AnyView {
    let (id, label) = (format!("menu-{}", experiment.id), format!("More for {}", experiment.name));
    let removed = experiment.is_removed();
    let (for_rename, for_remove) = (experiment.clone(), experiment);
    let rename = move || leptos::callback::Callable::run(&actions.rename, for_rename.clone());
    let remove = move || leptos::callback::Callable::run(&actions.remove, (for_remove.clone(), !removed));
    view! {
        <span class="end"><Menu id label late=true>
            <MenuItem icon=Icon::PENCIL on_press=rename>"Rename"</MenuItem>
            {if removed { view! { <MenuItem icon=Icon::UNDO_2 on_press=remove>"Restore"</MenuItem> }.into_any() } else { view! { <MenuItem icon=Icon::TRASH_2 danger=true on_press=remove>"Remove"</MenuItem> }.into_any() }}
        </Menu></span>
    }
    .into_any()
}

async fn set_removed(api: crate::Api, experiment: Experiment, removed: bool, query: Answer<Data>, toasts: crate::kit::Toasts) {
    if let Err(error) = model::set_removed(api.clone(), experiment.id.clone(), removed).await {
        return toasts.fail(&error);
    }
    query.refetch();
    let name = experiment.name.clone();
    if !removed {
        return toasts.say(format!("{name} is back."));
    }
    toasts.undo(format!("{name} was removed."), move || {
        let (api, id) = (api.clone(), experiment.id.clone());
        spawn_local(async move {
            match model::set_removed(api, id, false).await {
                Ok(()) => query.refetch(),
                Err(error) => toasts.fail(&error),
            }
        });
    });
}

fn nothing(address: Address, (origin, workspace): (String, String)) -> AnyView {
    if address.get("filter").is_some() {
        let all = move || address.with("filter", None);
        return view! { <Empty icon=Icon::SEARCH title="No experiment fits the filter" action=move || view! { <p class="row"><a class="button" href=all>"Show all"</a></p> }>"A plain word looks in names. Tags are asked for as "<code>"tags.team = 'fraud'"</code>"."</Empty> }.into_any();
    }
    if is_removed(address) {
        return view! { <Empty icon=Icon::TRASH_2 title="Nothing was removed">"Removed experiments stay here with their runs until they are restored."</Empty> }.into_any();
    }
    let guide = move || view! { <Guide origin=origin.clone() experiment="first-steps" workspace=workspace.clone()/> };
    view! { <Empty icon=Icon::FLASK_CONICAL title="No experiments yet" action=guide>"An experiment groups runs that answer one question. Log the first run from where you train and it appears here."</Empty> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn a_plain_word_looks_in_names() {
        assert_eq!(filter("fraud"), "name ILIKE '%fraud%'");
        assert_eq!(filter("it's"), "name ILIKE \"%it's%\"");
        assert_eq!(filter("tags.team = 'x'"), "tags.team = 'x'");
    }
}
