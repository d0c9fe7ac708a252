//! The table as a file: what is shown, as CSV (RFC 4180; numbers with all their digits, times in UTC); or all rows that the filter finds, from the server.

use leptos::{ev, prelude::*};
use shared::csv;

use super::{
    columns::{self, Shows},
    rows::{Held, Line},
    sheet::{Sheet, Wish},
};
use crate::kit::{Glyph, Icon, address_of, moment, number};

/// A menu with the forms in which the table can be saved.
#[component]
pub(super) fn Export(sheet: RwSignal<Sheet>, wish: Memo<Wish>) -> impl IntoView {
    let all = [("csv", "CSV"), ("parquet", "Parquet"), ("arrow", "Arrow")].map(|(ending, name)| {
        let href = move || sheet.with(|sheet| wish.with(|wish| address(sheet, wish, ending)));
        view! { <a href=href rel="external" download><Glyph icon=Icon::DOWNLOAD/>{name}</a> }
    });
    let count = move || sheet.with(|sheet| number::counted_at_least(sheet.total.count, sheet.total.is_least, "run", "runs"));
    let more = move || format!("/api-access?experiment={}", sheet.with(|sheet| sheet.head.experiment.id.clone()));
    view! {
        <button class="button" type="button" popovertarget="export"><Glyph icon=Icon::DOWNLOAD/>"Export"</button>
        <div class="menu end" id="export" popover="auto">
            <div class="group">"All "{count}</div>
            {all.into_iter().collect_view()}
            <div class="group">"The rows shown"</div>
            <Shown sheet/>
            <hr/>
            <a href=more>"For BI tools and scripts"</a>
        </div>
    }
    .into_any()
}

/// Where all rows are, in the order, with the filter and under the columns of the table.
fn address(sheet: &Sheet, wish: &Wish, ending: &str) -> String {
    let own = ["run_id", "run_name"].map(str::to_owned);
    let columns = sheet.columns.iter().filter_map(|shows| match shows {
        Shows::Own(key) if key == "started" => Some("start_time".to_owned()),
        Shows::Own(key) if key == "by" => Some("created_by".to_owned()),
        Shows::Own(key) if key == "dataset" => None,
        Shows::Own(key) => Some(key.clone()),
        Shows::Metric(name) => Some(columns::written("metrics", name)),
        Shows::Param(name) => Some(columns::written("params", name)),
        Shows::Tag(name) => Some(columns::written("tags", name)),
    });
    let mut query: Vec<(String, String)> = own.into_iter().chain(columns).map(|column| ("columns".to_owned(), column)).collect();
    let order = columns::order(&wish.sort.key, wish.sort.descending);
    query.extend(wish.filter.clone().map(|filter| ("filter".to_owned(), filter)));
    query.extend(order.map(|order| ("order".to_owned(), order)));
    query.extend(wish.removed.then(|| ("lifecycle".to_owned(), "deleted".to_owned())));
    address_of(&format!("/experiments/{}/table.{ending}", sheet.head.experiment.id), &query)
}

/// Saves the rows and columns shown.
#[component]
fn Shown(sheet: RwSignal<Sheet>) -> impl IntoView {
    let press = move |event: ev::MouseEvent| {
        let text = sheet.with_untracked(text_of);
        #[cfg(feature = "hydrate")]
        {
            use wasm_bindgen::JsCast;
            // The link is given its content the moment it is followed.
            let link = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
            if let Some(link) = link {
                let _ = link.set_attribute("href", &format!("data:text/csv;charset=utf-8,{}", js_sys::encode_uri_component(&text)));
            }
        }
        #[cfg(not(feature = "hydrate"))]
        drop((event, text));
    };
    let file = move || sheet.with(|sheet| format!("{}.csv", sheet.head.experiment.name.replace(['/', '\\', '"'], "-")));
    view! { <a href="#" rel="external" download=file on:click=press><Glyph icon=Icon::DOWNLOAD/>"CSV of what is shown"</a> }.into_any()
}

fn text_of(sheet: &Sheet) -> String {
    let mut out = String::new();
    let head = ["run id".to_owned(), "run".to_owned()].into_iter().chain(sheet.columns.iter().map(|shows| match shows {
        Shows::Own(key) if key == "duration" => "duration_s".to_owned(),
        _ => shows.key(),
    }));
    csv::record(&mut out, head.map(|cell| csv::quoted(&cell)));
    for line in &sheet.rows {
        let mut values = line.values.iter();
        let cells = sheet.columns.iter().map(|shows| match shows {
            Shows::Own(key) => own(line, key),
            _ => match values.next() {
                Some(Held::Number([value])) => value.0.to_string(),
                Some(Held::Text(text)) => text.clone(),
                _ => String::new(),
            },
        });
        csv::record(&mut out, [line.id.clone(), line.name.clone()].into_iter().chain(cells).map(|cell| csv::quoted(&cell)));
    }
    out
}

fn own(line: &Line, key: &str) -> String {
    match key {
        "status" => line.status.to_lowercase(),
        "started" => moment::rfc3339(line.started.0),
        "duration" => line.ended.map_or_else(String::new, |ended| ((ended.0 - line.started.0) / 1000.0).to_string()),
        "by" => line.by.clone().unwrap_or_default(),
        "dataset" => line.dataset.as_ref().map_or_else(String::new, |(name, digest)| format!("{name} {digest}")),
        _ => String::new(),
    }
}
