use leptos::prelude::*;

use super::data::{self, Version};
use crate::kit::{Cell, Chip, Column, CopyButton, Empty, Icon, Pager, Row, Table};

/// The versions of a model, the newest first.
pub(super) fn table(mut versions: Vec<Version>) -> AnyView {
    if versions.is_empty() {
        return view! { <div><Empty icon=Icon::BOXES title="No versions yet">"The model is registered; a run that logs it under this name adds its first version."</Empty></div> }.into_any();
    }
    versions.sort_by_key(|version| std::cmp::Reverse(version.version));
    let count = versions.len();
    let columns = vec![
        Column::text("version", "Version"),
        Column::text("stage", "Stage"),
        Column::text("aliases", "Aliases"),
        Column::text("run", "From run"),
        Column::text("created", "Created"),
        Column::text("by", "By"),
        Column::text("tags", "Tags"),
        Column::text("source", "Source"),
    ];
    let rows = versions.into_iter().map(row).collect::<Vec<_>>();
    view! {
        <div>
            <Table label="Versions" columns=Signal::stored(columns) rows=Signal::stored(rows) keys=true/>
            <Pager shown=Signal::stored(count) total=Signal::stored(count as i64) of=("version", "versions")/>
        </div>
    }
    .into_any()
}

fn row(version: Version) -> Row {
    let number = version.version;
    let (stage, about) = (version.stage, version.description);
    let (aliases, tags, source) = (version.aliases, version.tags, version.source);
    let cells = vec![
        Cell::view(move || view! { <span title=about.clone()>{format!("Version {number}")}</span> }),
        Cell::State(data::stage_tone(&stage), stage),
        if aliases.is_empty() {
            Cell::Empty
        } else {
            Cell::view(
                move || view! { <span class="chips">{aliases.iter().cloned().map(|alias| view! { <Chip>{alias}</Chip> }).collect_view()}</span> },
            )
        },
        version.run.map_or(Cell::Empty, |run| Cell::Link(run.name, format!("/runs/{}", run.id))),
        Cell::Time(version.created_at),
        version.created_by.map_or(Cell::Empty, Cell::Muted),
        if tags.is_empty() {
            Cell::Empty
        } else {
            Cell::view(
                move || view! { <span class="chips">{tags.iter().take(3).map(data::tag_words).map(|tag| view! { <Chip>{tag}</Chip> }).collect_view()}</span> },
            )
        },
        Cell::view(
            move || view! { <span class="copyable source"><code title=source.clone()>{source.clone()}</code><CopyButton text=source.clone() what="the source"/></span> },
        ),
    ];
    Row::new(number.to_string(), format!("version {number}"), cells)
}
