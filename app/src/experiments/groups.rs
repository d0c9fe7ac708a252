//! The runs by groups: those that have the same params or tags, with what their metrics are. `?group=params.model` of the address, several times for several.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    columns::Shows,
    facets,
    sheet::{Sheet, Wish},
};
use crate::{
    api::{Answer, Operation, ask, use_api},
    kit::{Address, Cell, Column, Empty, Glyph, Icon, Row, Table, late, loaded, number},
};

const GROUPS: Operation = Operation(include_str!("run_groups.graphql"));
/// Columns to group by, and metrics summed up, at the most.
const BY_MAX: usize = 4;
const NUMBERS_MAX: usize = 20;

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    run_groups: Found,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    groups: Vec<Group>,
    group_count: i64,
    run_count: i64,
    is_whole: bool,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    values: Vec<Option<String>>,
    run_count: i64,
    numbers: Vec<Numbers>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Numbers {
    count: i64,
    mean: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

/// What the address groups by.
pub(super) fn grouped(address: Address) -> Vec<String> {
    let mut by = address.all("group");
    by.retain(|key| !key.is_empty());
    by.truncate(BY_MAX);
    by
}

/// A button with what runs can be grouped by, as links.
#[component]
pub(super) fn Grouping(sheet: RwSignal<Sheet>, address: Address) -> impl IntoView {
    let entries = move || {
        let on = grouped(address);
        let link = |key: String, title: String| {
            let chosen = on.contains(&key);
            let next: Vec<String> = if chosen { on.iter().filter(|own| **own != key).cloned().collect() } else { [on.clone(), vec![key]].concat() };
            (chosen || on.len() < BY_MAX).then(|| {
                let href = address.with_all("group", next, &[]);
                view! { <a href=href aria-current=chosen.then_some("true") data-noscroll=""><i class="check" class:on=chosen></i><span class="text">{title}</span></a> }
            })
        };
        let group = |title: &'static str, links: Vec<AnyView>| (!links.is_empty()).then(|| view! { <div class="group">{title}</div>{links} });
        let of = |entity: &'static str, keys: &[String]| -> Vec<AnyView> {
            let own = keys.iter().filter(|name| !name.starts_with("mlflow."));
            own.filter_map(|name| Some(link(format!("{entity}.{name}"), name.clone())?.into_any())).collect()
        };
        sheet.with(|sheet| {
            let own = [("status", "State"), ("user_id", "User")].into_iter();
            let own = own.filter_map(|(key, title)| Some(link(key.to_owned(), title.to_owned())?.into_any())).collect();
            view! { {group("Run", own)}{group("Params", of("params", &sheet.head.param_keys))}{group("Tags", of("tags", &sheet.head.tag_keys))} }
        })
    };
    let on = Memo::new(move |_| grouped(address).len());
    let label = move || if on.get() > 0 { format!("Grouped by {}", on.get()) } else { "Group".to_owned() };
    view! {
        <button class="button" type="button" popovertarget="grouping"><Glyph icon=Icon::BOXES/>{label}</button>
        <div class="menu end facets" id="grouping" popover="auto">{late(move || view! { {entries} })}</div>
    }
    .into_any()
}

/// The groups in the place of the runs.
#[component]
pub(super) fn GroupTable(sheet: RwSignal<Sheet>, wish: Memo<Wish>, address: Address) -> impl IntoView {
    let api = use_api();
    let asked = Memo::new(move |_| {
        let numbers: Vec<String> = sheet.with(|sheet| {
            let metrics = sheet.columns.iter().filter(|shows| matches!(shows, Shows::Metric(_)));
            metrics.map(Shows::key).take(NUMBERS_MAX).collect()
        });
        let (id, filter, removed) = wish.with(|wish| (wish.id.clone(), wish.filter.clone(), wish.removed));
        (id, grouped(address), numbers, filter, removed)
    });
    let query: Answer<Data> = ask(
        move || asked.get(),
        move |(id, by, numbers, filter, removed)| {
            let api = api.clone();
            async move {
                let lifecycle = if removed { "DELETED" } else { "ACTIVE" };
                let variables = json!({ "experiments": [id], "by": by, "numbers": numbers, "filter": filter, "lifecycle": lifecycle });
                api.query(GROUPS, variables).await
            }
        },
    );
    loaded(query, move |data: Data| {
        let (_, by, numbers, ..) = asked.get_untracked();
        shown(data.run_groups, &by, &numbers, address)
    })
}

fn shown(found: Found, by: &[String], numbers: &[String], address: Address) -> AnyView {
    if found.groups.is_empty() {
        return view! { <Empty icon=Icon::BOXES title="No runs to group">"Runs that fit the filter stand here in groups, with the mean, least and greatest of each metric shown."</Empty> }.into_any();
    }
    let title = |key: &str| key.split_once('.').map_or(key, |(_, name)| name).to_owned();
    let mut columns: Vec<Column> = by.iter().map(|key| Column::text(key, title(key))).collect();
    columns.push(Column::number("runs", "Runs"));
    columns.extend(numbers.iter().map(|key| Column::number(key, format!("{} (mean, least to greatest)", title(key)))));
    let rows = found.groups.iter().enumerate().map(|(at, group)| row(at, group, by, address)).collect::<Vec<_>>();
    let shown = found.groups.len() as i64;
    let groups = number::counted(found.group_count, "group", "groups");
    let groups = if shown < found.group_count { format!("{} of {groups}", number::count(shown)) } else { groups };
    let of = if found.is_whole { "of all" } else { "of the newest" };
    let words = format!("{groups} {of} {}", number::counted(found.run_count, "run", "runs"));
    let back = move || address.with_all("group", Vec::new(), &[]);
    view! {
        <Table label="Groups of runs" columns=Signal::stored(columns) rows=Signal::stored(rows) keys=true/>
        <div class="pager"><span aria-live="polite">{words}</span><span class="push row"><a class="button small" href=back>"Back to the runs"</a></span></div>
    }
    .into_any()
}

fn row(at: usize, group: &Group, by: &[String], address: Address) -> Row {
    // A group opens as the runs in it.
    let terms: Option<Vec<String>> = by.iter().zip(&group.values).map(|(key, value)| facets::term(&filtered(key), value.as_deref()?)).collect();
    let href = terms.map(|terms| {
        let filter = untrack(|| address.get("filter")).map(|filter| format!("({filter})"));
        let filter = filter.into_iter().chain(terms).collect::<Vec<_>>().join(" and ");
        untrack(|| address.with_all("filter", vec![filter], &["group"]))
    });
    let words = |value: &Option<String>| value.clone().filter(|value| !value.is_empty()).unwrap_or_else(|| "none".to_owned());
    let mut cells: Vec<Cell> = group.values.iter().map(|value| Cell::Code(words(value))).collect();
    if let (Some(first), Some(value)) = (cells.first_mut(), group.values.first()) {
        *first = match href {
            Some(href) => Cell::Link(words(value), href),
            None => Cell::Muted(words(value)),
        };
    }
    cells.push(Cell::Measure(group.run_count as f64, number::count(group.run_count)));
    cells.extend(group.numbers.iter().map(|one| match (one.mean, one.low, one.high) {
        (Some(mean), Some(low), Some(high)) if one.count > 1 && low < high => {
            Cell::Measure(mean, format!("{}  {} to {}", number::number(mean), number::number(low), number::number(high)))
        }
        (Some(mean), ..) => Cell::Measure(mean, number::number(mean)),
        _ => Cell::Empty,
    }));
    Row::new(format!("group-{at}"), group.values.iter().map(words).collect::<Vec<_>>().join(", "), cells)
}

/// A column as a filter names it.
fn filtered(key: &str) -> String {
    if key.contains('.') { key.to_owned() } else { format!("attributes.{key}") }
}
