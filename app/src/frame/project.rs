use leptos::prelude::*;
use leptos_router::hooks::use_location;
use serde::{Deserialize, Serialize};
use shared::Permission;

use super::may;
use crate::{
    kit::{Glyph, Icon},
    visit::use_cookie,
};

/// A project of the organization: a shelf of experiments and models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    pub id: String,
    pub name: String,
    pub slug: String,
}

/// The organization's projects, and which of them the reader chose.
#[derive(Clone, Copy)]
struct Projects {
    all: StoredValue<Vec<Project>>,
    chosen: StoredValue<Option<Project>>,
}

/// The id that this browser keeps of a project. Call it at the root of the frame.
pub(super) fn use_kept() -> Option<String> {
    use_cookie("project")
}

/// Gives the pages their projects. A kept one that is not there, because it was removed or is of another organization, is as none.
pub(super) fn provide_projects(all: Vec<Project>, kept: Option<&str>) {
    let chosen = all.iter().find(|project| Some(project.id.as_str()) == kept).cloned();
    provide_context(Projects { all: StoredValue::new(all), chosen: StoredValue::new(chosen) });
}

/// The project whose experiments and models are shown; `None` means those of all projects.
pub fn use_project() -> Option<Project> {
    use_context::<Projects>().and_then(|projects| projects.chosen.get_value())
}

/// The id of [`use_project`], as lists ask for it.
pub fn use_project_id() -> Option<String> {
    use_project().map(|project| project.id)
}

/// Which project a list shows, as a fact under its title; nothing where it shows all.
pub fn project_fact() -> AnyView {
    use_project().map(|project| view! { <span>"Project "{project.name}</span> }).into_any()
}

/// The line of Python that leads a script into a project; the first needs none.
pub fn workspace_line(slug: &str) -> String {
    if slug == "default" || slug.is_empty() { String::new() } else { format!("mlflow.set_workspace(\"{slug}\")\n") }
}

/// The project and the way to another. Not there for who has no choice.
#[component]
pub(super) fn ProjectSwitch() -> impl IntoView {
    let Some(projects) = use_context::<Projects>() else { return ().into_any() };
    let all = projects.all.get_value();
    let may_create = may(Permission::ProjectsWrite);
    if all.len() < 2 && !may_create {
        return ().into_any();
    }
    let chosen = projects.chosen.get_value();
    let about = chosen.as_ref().map(|project| (format!("/projects/{}", project.id), format!("Who works in {}", project.name)));
    let name = chosen.as_ref().map_or_else(|| "All projects".to_owned(), |project| project.name.clone());
    let path = use_location().pathname;
    let whole = choice(String::new(), "All projects".to_owned(), chosen.is_none());
    let each = all.into_iter().map(|project| {
        let current = chosen.as_ref() == Some(&project);
        choice(project.id, project.name, current)
    });
    view! {
        <button class="project" type="button" popovertarget="projects">
            <Glyph icon=Icon::FOLDER/>
            <span class="names"><b>{name}</b></span>
            <span class="hidden">"Choose the project"</span>
            <Glyph icon=Icon::CHEVRONS_UP_DOWN/>
        </button>
        <div class="menu below" id="projects" popover="auto">
            <div class="group">"Projects"</div>
            <form method="post" action="/project">
                <input type="hidden" name="next" value=move || path.with(|path| list_beside(path))/>
                {whole}{each.collect_view()}
            </form>
            <hr/>
            {about.map(|(address, words)| view! { <a href=address><Glyph icon=Icon::USERS/>{words}</a> })}
            <a href="/projects"><Glyph icon=Icon::FOLDER/>"All projects and who has them"</a>
            {may_create.then(|| view! { <a href="/new-project"><Glyph icon=Icon::PLUS/>"New project"</a> })}
        </div>
    }
    .into_any()
}

fn choice(id: String, name: String, current: bool) -> AnyView {
    view! {
        <button type="submit" name="project" value=id aria-current=current.then_some("true")>
            <span class="text">{name}</span>{current.then(|| view! { <Glyph icon=Icon::CHECK/> })}
        </button>
    }
    .into_any()
}

/// Where a new choice leads from a page: to the list that the page belongs to, from its beginning. One thing of another project is not in what was chosen.
fn list_beside(path: &str) -> &'static str {
    match path.split('/').nth(1) {
        Some("experiments" | "runs" | "compare") => "/experiments",
        Some("models") => "/models",
        _ => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::list_beside;

    #[test]
    fn a_choice_leads_to_a_list() {
        for (path, list) in
            [("/experiments/x", "/experiments"), ("/runs/1/metrics", "/experiments"), ("/models/a", "/models"), ("/audit", "/"), ("/", "/")]
        {
            assert_eq!(list_beside(path), list, "{path}");
        }
    }
}
