use leptos::prelude::*;

use super::data::{EnvironmentDifference, Sheet};
use crate::kit::{Card, shortened};

/// What single runs ran in, where that differs: facts, then packages.
pub(super) fn environments(sheet: &Sheet) -> Option<AnyView> {
    if sheet.environments.is_empty() {
        return None;
    }
    let name = |id: &String| {
        let known = sheet.comparison.as_ref().and_then(|found| found.points.iter().find(|point| point.run == *id)).map(|point| point.name.clone());
        known.unwrap_or_else(|| shortened(id))
    };
    let heads = sheet
        .wish
        .runs
        .iter()
        .map(|id| view! { <th scope="col"><a class="link" href=format!("/runs/{id}/reproduce")>{name(id)}</a></th> })
        .collect_view();
    let rows = sheet.environments.iter().map(row).collect_view();
    Some(
        view! {
            <Card title="Environments that differ" flush=true>
                <div class="sheet" tabindex="0" role="region" aria-label="Environments of the runs">
                    <table class="table differences"><thead><tr><th scope="col" class="first">"What"</th>{heads}</tr></thead><tbody>{rows}</tbody></table>
                </div>
            </Card>
        }
        .into_any(),
    )
}

fn row(one: &EnvironmentDifference) -> AnyView {
    let cells = one.values.iter().map(|value| match value.clone() {
        Some(value) => view! { <td><code>{value.chars().take(80).collect::<String>()}</code></td> }.into_any(),
        None => view! { <td><span class="faint" aria-label="none">"\u{2013}"</span></td> }.into_any(),
    });
    let cells = cells.collect_view();
    let name = if one.is_package { view! { <code>{one.name.clone()}</code> }.into_any() } else { one.name.clone().into_any() };
    view! { <tr><th scope="row" class="first">{name}</th>{cells}</tr> }.into_any()
}
