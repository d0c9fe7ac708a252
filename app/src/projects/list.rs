use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::Permission;

use crate::{
    api::{Moment, Operation, use_query},
    frame::may,
    kit::{ButtonLink, Cell, Column, Icon, Page, Row, Table, Tone, loaded, number},
};

const PROJECTS: Operation = Operation(include_str!("projects.graphql"));

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Data {
    projects: Vec<Project>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Project {
    id: String,
    name: String,
    slug: String,
    description: String,
    access: String,
    created_at: Moment,
    members: Vec<Member>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Member {
    id: String,
}

/// The page at `/projects`.
#[component]
pub fn ProjectsPage() -> impl IntoView {
    let query = use_query::<_, Data>(PROJECTS, || ());
    let facts = || view! { <span>"Shelves of experiments and models, each for everybody or for its members only"</span> };
    let actions = || may(Permission::ProjectsWrite).then(|| view! { <ButtonLink href="/new-project" icon=Icon::PLUS>"New project"</ButtonLink> });
    view! {
        <Page title="Projects" facts=facts actions=actions>
            {loaded(query, |data: Data| {
                let columns = vec![
                    Column::text("name", "Name"),
                    Column::text("access", "For"),
                    Column::number("members", "With a role in it"),
                    Column::mono("slug", "Workspace"),
                    Column::text("about", "About"),
                    Column::text("created", "Created"),
                ];
                let rows: Vec<Row> = data.projects.into_iter().map(row).collect();
                view! { <Table label="Projects" columns=Signal::stored(columns) rows=Signal::stored(rows) keys=true/> }.into_any()
            })}
        </Page>
    }
    .into_any()
}

fn row(project: Project) -> Row {
    let restricted = project.access == "RESTRICTED";
    let access = if restricted { Cell::State(Tone::Gold, "its members".into()) } else { Cell::Muted("everybody".into()) };
    let members = if project.members.is_empty() { Cell::Empty } else { Cell::Text(number::count(project.members.len() as i64)) };
    let about = if project.description.is_empty() { Cell::Empty } else { Cell::Muted(project.description) };
    let cells = vec![
        Cell::Link(project.name.clone(), format!("/projects/{}", project.id)),
        access,
        members,
        Cell::Mono(project.slug),
        about,
        Cell::Time(project.created_at),
    ];
    Row::new(project.id, project.name, cells)
}
