//! What could not be taken, as a table and as a file.

use leptos::{prelude::*, task::spawn_local};

use super::model::{self, Import, Problem, one_of};
use crate::{
    api::{Api, ApiError, use_api},
    kit::{Button, Cell, Column, Icon, Row, Table, csv, number, use_toasts},
};

/// The largest page the API gives.
const FIRST: usize = 200;

/// The first of them, and how to get all.
pub(super) fn problems(import: RwSignal<Import>) -> AnyView {
    let list = Memo::new(move |_| import.with(|import| (import.problems.nodes.clone(), import.problems.total_count)));
    (move || {
        let (problems, total) = list.get();
        (!problems.is_empty()).then(|| {
            let shown = problems.len() as i64;
            let columns = vec![
                Column::text("name", "Name"),
                Column::text("kind", "What"),
                Column::text("reason", "Why"),
                Column::mono("id", "Id at the source"),
            ];
            let rows = problems.into_iter().map(row).collect::<Vec<_>>();
            let rest = (total > shown).then(
                || view! { <p class="faint xs">{format!("The first {} of {}. The file holds all.", number::count(shown), number::count(total))}</p> },
            );
            view! {
                <section class="import-problems">
                    <div class="row"><h2>"Not taken, or not as a whole"</h2><span class="count">{number::count(total)}</span><Export import/></div>
                    <Table label="What could not be taken" columns=Signal::stored(columns) rows=Signal::stored(rows)/>
                    {rest}
                </section>
            }
        })
    })
    .into_any()
}

fn row(problem: Problem) -> Row {
    let name = if problem.name.is_empty() { problem.source_id.clone() } else { problem.name.clone() };
    let reason = problem.reason.clone();
    let cells = vec![
        Cell::Text(name.clone()),
        Cell::Muted(one_of(&problem.kind).to_owned()),
        Cell::view(move || view! { <span class="why">{reason.clone()}</span> }),
        Cell::Mono(problem.source_id.clone()),
    ];
    Row::new(format!("{} {}", problem.kind, problem.source_id), name, cells)
}

/// Saves all of them as CSV.
#[component]
fn Export(import: RwSignal<Import>) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let busy = RwSignal::new(false);
    let save = move || {
        let (api, id) = (api.clone(), import.with_untracked(|import| import.id.clone()));
        busy.set(true);
        spawn_local(async move {
            match collect(&api, &id).await {
                Ok(text) => csv::save("import-problems.csv", &text),
                Err(error) => toasts.fail(&error),
            }
            busy.try_set(false);
        });
    };
    view! { <Button small=true icon=Icon::DOWNLOAD busy on_press=save>"Save as CSV"</Button> }.into_any()
}

async fn collect(api: &Api, id: &str) -> Result<String, ApiError> {
    let (mut text, mut after) = ("kind,name,source_id,reason\r\n".to_owned(), None);
    loop {
        let page = model::problems(api, id, FIRST, after).await?;
        for problem in &page.nodes {
            csv::line(&mut text, [one_of(&problem.kind), &problem.name, &problem.source_id, &problem.reason]);
        }
        after = page.next();
        if after.is_none() {
            return Ok(text);
        }
    }
}
