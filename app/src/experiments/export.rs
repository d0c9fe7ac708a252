//! The table as it stands, as CSV (RFC 4180): numbers with all their digits, times in UTC.

use leptos::{ev, prelude::*};

use super::{
    columns::Shows,
    rows::{Held, Line},
    sheet::Sheet,
};
use crate::kit::{Glyph, Icon, moment};

/// Saves the rows and columns shown.
#[component]
pub(super) fn Export(sheet: RwSignal<Sheet>) -> impl IntoView {
    let press = move |event: ev::MouseEvent| {
        let text = sheet.with_untracked(csv);
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
    view! { <a class="button" href="#" download=file on:click=press title="Save the rows and columns shown as CSV"><Glyph icon=Icon::DOWNLOAD/>"Export"</a> }.into_any()
}

fn csv(sheet: &Sheet) -> String {
    let mut out = String::new();
    let head = ["run id".to_owned(), "run".to_owned()].into_iter().chain(sheet.columns.iter().map(|shows| match shows {
        Shows::Own(key) if key == "duration" => "duration_s".to_owned(),
        _ => shows.key(),
    }));
    record(&mut out, head);
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
        record(&mut out, [line.id.clone(), line.name.clone()].into_iter().chain(cells));
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

fn record(out: &mut String, cells: impl Iterator<Item = String>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(&quoted(&cell));
    }
    out.push_str("\r\n");
}

/// Quoted where it must be. What a spreadsheet would run as a formula gets a quote mark before it.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn cells_are_safe_in_a_spreadsheet() {
        assert_eq!(["a", "a,b", "a\"b", "-0.5", "=1+1", "@x"].map(quoted), ["a", "\"a,b\"", "\"a\"\"b\"", "-0.5", "'=1+1", "'@x"]);
    }
}
