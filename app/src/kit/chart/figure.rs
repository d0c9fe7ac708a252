use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use super::{drag::Drag, draw, levels, marks::Drawing, save};
use crate::kit::{Dialog, Icon, IconButton, Menu, MenuItem};

/// What the charts of a page point at together: a group and, in it, a run (empty: all of it).
pub type Pointed = RwSignal<Option<(usize, String)>>;

/// More rows than this help nobody; the file has them all.
const ROWS: usize = 300;

/// A chart of marks in its card: what is pointed at is lit here and in every chart that shares `pointed`. It can be saved as PNG, SVG or CSV, and its numbers
/// stand behind it as a table.
#[component]
pub fn Figure(
    /// The heading, which also names the files.
    #[prop(into)]
    title: Signal<String>,
    /// One line under the heading: what to read from it.
    #[prop(optional, into)]
    note: MaybeProp<String>,
    /// Unique on the page.
    id: &'static str,
    /// What is drawn.
    #[prop(into)]
    drawing: Signal<Drawing>,
    /// What is said where there is nothing to draw.
    #[prop(default = Signal::stored("Nothing to draw here yet"))]
    empty: Signal<&'static str>,
    /// Shared by the charts of a page.
    pointed: Pointed,
    /// The part of x that is shown; with it the reader can look at a part.
    #[prop(optional)]
    range: Option<RwSignal<Option<(f64, f64)>>>,
) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    let values = RwSignal::new(false);
    light(node, drawing, pointed);
    let over = move |event: ev::PointerEvent| pointed.set(meant(event.target()));
    // By keys one mark after the other is pointed at, in the order they are drawn, and said.
    let at = RwSignal::new(None::<usize>);
    let spoken = RwSignal::new(String::new());
    let point = move |next: Option<usize>| {
        at.set(next);
        let said = next.and_then(|next| drawing.with_untracked(|drawing| drawing.said().nth(next).cloned()));
        spoken.set(said.as_ref().map(|means| means.words.clone()).unwrap_or_default());
        pointed.set(said.map(|means| (means.group, means.run)));
    };
    let pane = NodeRef::<html::Div>::new();
    let drag = Drag::over(pane);
    // Looks at a part of what is shown, 0 to 1; without one at all of it.
    let zoom = move |part: Option<(f64, f64)>| {
        let Some(range) = range else { return };
        let across = drawing.with_untracked(|drawing| drawing.across);
        range.set(part.zip(across).map(|((from, to), (low, high))| (low + from * (high - low), low + to * (high - low))));
    };
    let pressed = move |event: ev::PointerEvent| {
        if range.is_some() {
            drag.press(&event);
        }
    };
    let released = move |_| {
        if let Some(part) = drag.release() {
            zoom(Some(part));
        }
    };
    let whole = move || {
        range.and_then(|range| range.get()).map(|_| view! { <IconButton icon=Icon::ZOOM_OUT label="Show all steps" on_press=move || zoom(None)/> })
    };
    let keyed = move |event: ev::KeyboardEvent| {
        match event.key().as_str() {
            "+" | "=" if range.is_some() => return zoom(Some((0.25, 0.75))),
            "-" | "0" if range.is_some() => return zoom(None),
            _ => {}
        }
        let Some(last) = drawing.with_untracked(|drawing| drawing.said().count()).checked_sub(1) else { return };
        let next = match (event.key().as_str(), at.get_untracked()) {
            ("ArrowRight" | "ArrowDown", Some(at)) => (at + 1).min(last),
            ("ArrowLeft" | "ArrowUp", Some(at)) => at.min(last + 1).saturating_sub(1),
            ("ArrowRight" | "ArrowDown" | "ArrowLeft" | "ArrowUp", None) | ("Home", _) => 0,
            ("End", _) => last,
            ("Escape", Some(_)) => return point(None),
            _ => return,
        };
        event.prevent_default();
        point(Some(next));
    };
    let is_empty = move || drawing.with(|drawing| drawing.marks.is_empty());
    let left = move || {
        let (width, height, inside) = drawing.with(|drawing| (drawing.margin(), drawing.whole_height(), drawing.left()));
        view! { <svg class="axis" width=width height=height aria-hidden="true" inner_html=inside></svg> }
    };
    let plane = move || {
        let (height, inside) = drawing.with(|drawing| (drawing.whole_height(), drawing.plane()));
        view! { <svg class="marks" width="100%" height=height role="img" aria-label=move || title.get() inner_html=inside></svg> }
    };
    let body = move || {
        if is_empty() {
            // As high as the chart that may come.
            let height = drawing.with(Drawing::whole_height);
            return view! { <p class="faint nothing"><svg width="1" height=height aria-hidden="true"></svg><span>{empty}</span></p> }.into_any();
        }
        let zooms = if range.is_some() { ", plus zooms, 0 shows all" } else { "" };
        let label = move || {
            let held = drawing.with(|drawing| levels::said(&drawing.levels));
            format!("{}. {held}Arrow keys read what is drawn{zooms}.", title.get())
        };
        let height = drawing.with(Drawing::whole_height);
        let selection = move || {
            drag.part.get().map(|(from, to)| view! { <svg class="drag" width="100%" height=height aria-hidden="true">{draw::selection(from, to, height - 28.0)}</svg> })
        };
        view! {
            <div class="plot" tabindex="0" role="application" aria-label=label on:keydown=keyed on:blur=move |_| point(None)>
                {left}
                <div
                    class="pane" node_ref=pane on:pointerdown=pressed on:pointermove=move |event| drag.follow(&event) on:pointerup=released
                    on:pointercancel=move |_| drag.part.set(None) on:dblclick=move |_| zoom(None)
                >{plane}{selection}</div>
                <span class="said" class:shown=move || !spoken.with(String::is_empty) aria-live="polite">{move || spoken.get()}</span>
            </div>
        }
        .into_any()
    };
    let keep = move |kind: &'static str| move || drawing.with_untracked(|drawing| save::save(drawing, &title.get_untracked(), kind));
    let table = move || if values.get() { drawing.with(table).into_any() } else { ().into_any() };
    view! {
        <section class="card chart figure">
            <header>
                <h2>{move || title.get()}</h2>
                <div class="right">
                    {whole}
                    <IconButton icon=Icon::TABLE_2 label=Signal::derive(move || format!("Values of {}", title.get())) on_press=move || values.set(true)/>
                    <Menu id=format!("save-{id}") label="Save this chart" icon=Icon::DOWNLOAD>
                        <MenuItem icon=Icon::FILE_IMAGE on_press=keep("png")>"PNG"</MenuItem>
                        <MenuItem icon=Icon::FILE_IMAGE on_press=keep("svg")>"SVG"</MenuItem>
                        <MenuItem icon=Icon::FILE_TEXT on_press=keep("csv")>"CSV"</MenuItem>
                    </Menu>
                </div>
            </header>
            <div class="body" node_ref=node on:pointerover=over on:pointerleave=move |_| pointed.set(None)>
                {move || note.get().map(|note| view! { <p class="notes">{note}</p> })}
                {body}
            </div>
            <Dialog open=values title=Signal::derive(move || format!("Values of {}", title.get())) class="wide">{table}</Dialog>
        </section>
    }
    .into_any()
}

/// The group and run of the mark an event comes from.
fn meant(target: Option<web_sys::EventTarget>) -> Option<(usize, String)> {
    let mark = target?.dyn_into::<web_sys::Element>().ok()?.closest("[data-g]").ok()??;
    Some((mark.get_attribute("data-g")?.parse().ok()?, mark.get_attribute("data-run").unwrap_or_default()))
}

/// Lights the marks of what is pointed at; the rest steps back while anything is. Set by script, so that hundreds of marks need no signal each.
fn light(node: NodeRef<html::Div>, drawing: Signal<Drawing>, pointed: Pointed) {
    Effect::new(move |_: Option<()>| {
        drawing.track();
        let here = pointed.get();
        let Some(root) = node.get() else { return };
        let _ = root.class_list().toggle_with_force("pointing", here.is_some());
        let Ok(marks) = root.query_selector_all("[data-g]") else { return };
        for at in 0..marks.length() {
            let Some(mark) = marks.item(at).and_then(|mark| mark.dyn_into::<web_sys::Element>().ok()) else { continue };
            let lit = here.as_ref().is_some_and(|(group, run)| {
                let own = mark.get_attribute("data-run").unwrap_or_default();
                let same_group = mark.get_attribute("data-g").is_some_and(|own| own == group.to_string());
                if run.is_empty() || own.is_empty() { same_group } else { own == *run }
            });
            let _ = mark.class_list().toggle_with_force("lit", lit);
        }
    });
}

fn table(drawing: &Drawing) -> impl IntoView + use<> {
    let head = drawing.head.iter().map(|cell| view! { <th scope="col">{cell.clone()}</th> }).collect_view();
    let rows = drawing
        .values
        .iter()
        .take(ROWS)
        .map(|row| view! { <tr>{row.iter().map(|cell| view! { <td>{cell.clone()}</td> }).collect_view()}</tr> })
        .collect_view();
    let rest = (drawing.values.len() > ROWS)
        .then(|| view! { <p class="faint xs">{format!("The first {ROWS} of {}; save as CSV for all.", drawing.values.len())}</p> });
    view! {
        <div class="sheet" tabindex="0" role="region" aria-label="Values"><table class="table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>
        {rest}
    }
}
