use leptos::{callback::Callable, ev, html, prelude::*};

use super::{ChartOptions, Mark, Scene, drag::Drag, draw, levels};
use crate::kit::{Glyph, Icon, UnitCallback, number};

/// The drawing with its pointer and its keys.
#[component]
pub(super) fn Plot(
    title: String,
    scene: Memo<Scene>,
    options: ChartOptions,
    zoom: Callback<Option<(f64, f64)>>,
    height: f64,
    /// What is said, with its place on x.
    placed: Memo<Vec<(f64, Mark)>>,
    /// Says something about the step under the crosshair.
    comment: Option<UnitCallback>,
) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    let drag = Drag::over(node);
    // Only the chart under the pointer says values; the others of the page show the crosshair.
    let active = RwSignal::new(false);
    let spoken = RwSignal::new(String::new());
    let cursor = options.cursor;
    let at_place = move |place: f64| scene.with_untracked(|scene| scene.x.value(place));
    let moved = move |event: ev::PointerEvent| {
        active.set(true);
        cursor.set(Some(at_place(drag.place(&event))));
        drag.follow(&event);
    };
    let released = move |_| {
        if let Some((from, to)) = drag.release() {
            zoom.run(Some((at_place(from), at_place(to))));
        }
    };
    let left = move |_| {
        if !drag.goes_on() {
            active.set(false);
            cursor.set(None);
        }
    };
    let keyed = move |event: ev::KeyboardEvent| {
        let step = |by: i64| {
            active.set(true);
            cursor.set(scene.with_untracked(|scene| scene.beside(cursor.get_untracked(), by)));
            spoken.set(scene.with_untracked(|scene| cursor.get_untracked().map_or_else(String::new, |x| sentence(scene, x))));
        };
        match event.key().as_str() {
            "ArrowRight" => step(if event.shift_key() { 10 } else { 1 }),
            "ArrowLeft" => step(if event.shift_key() { -10 } else { -1 }),
            "Home" => step(i64::MIN / 2),
            "End" => step(i64::MAX / 2),
            "+" | "=" => zoom.run(Some(scene.with_untracked(|scene| nearer(scene, cursor.get_untracked())))),
            "-" | "0" => zoom.run(None),
            "c" if comment.is_some() && !event.ctrl_key() && !event.meta_key() => comment.iter().for_each(UnitCallback::run),
            "Escape" if cursor.get_untracked().is_some() => cursor.set(None),
            _ => return,
        }
        event.prevent_default();
    };
    let label = move || {
        let held = scene.with(|scene| levels::said(&scene.levels));
        format!("Line chart of {title}. {held}Arrow keys read the values, plus zooms, 0 shows all.")
    };
    let blank = move || scene.with(|scene| scene.y.is_none()).then(|| view! { <span class="blank">"No values yet"</span> });
    view! {
        <div class="plot">
            {move || scene.with(|scene| draw::axis(scene, height))}
            <div
                class="pane" class:dragging=move || drag.part.get().is_some() node_ref=node tabindex="0" role="application" aria-label=label
                on:pointermove=moved on:pointerdown=move |event| drag.press(&event) on:pointerup=released on:pointercancel=move |_| drag.part.set(None) on:pointerleave=left
                on:dblclick=move |_| zoom.run(None) on:keydown=keyed on:blur=move |_| { active.set(false); cursor.set(None); }
            >
                <svg class="frame" width="100%" height=height aria-hidden="true">
                    {move || scene.with(|scene| draw::grid(scene, height))}
                    {move || scene.with(draw::lines)}
                    {move || scene.with(draw::levels)}
                    {move || scene.with(|scene| placed.with(|placed| draw::marks(scene, placed)))}
                    {move || drag.part.get().map(|(from, to)| draw::selection(from, to, height - 22.0))}
                    {move || cursor.get().map(|x| scene.with(|scene| draw::crosshair(scene, x)))}
                </svg>
                {move || scene.with(|scene| placed.with(|placed| flags(scene, placed)))}
                {blank}
                {move || cursor.get().filter(|_| active.get()).map(|x| scene.with(|scene| tip(scene, x)))}
                <span class="hidden" aria-live="polite">{move || spoken.get()}</span>
            </div>
        </div>
    }
    .into_any()
}

/// Links to what is said, above the plot.
fn flags(scene: &Scene, placed: &[(f64, Mark)]) -> AnyView {
    // A press on the plot begins a drag, which would take the click from the link.
    let keep = |event: ev::PointerEvent| event.stop_propagation();
    placed
        .iter()
        .map(|(x, mark)| (scene.x.at(*x), mark))
        .filter(|(at, _)| (0.0..=1.0).contains(at))
        .map(|(at, mark)| {
            let label = format!("Comment at step {}. {}", number::count(mark.step), mark.words);
            view! {
                <span class="pole">
                    <svg width=draw::percent(at) height="1" aria-hidden="true"></svg>
                    <a class="flag" href=mark.href.clone() rel="external" title=mark.words.clone() aria-label=label on:pointerdown=keep><Glyph icon=Icon::MESSAGE_SQUARE/></a>
                </span>
            }
        })
        .collect_view()
        .into_any()
}

/// The values of all lines at an x, beside the crosshair. It only exists after the reader has
/// pointed at something, so its place may be set by script: it is never an attribute of style.
fn tip(scene: &Scene, x: f64) -> AnyView {
    let at = scene.x.at(x).clamp(0.0, 1.0);
    let rows = readings(scene, x).into_iter().map(|reading| {
        view! { <div><i class=format!("dot s{}", reading.colour)></i><span>{reading.name}</span><b class="num">{number::number(reading.value)}</b></div> }
    })
    .collect_view();
    let side = if at > 0.55 { "tip before" } else { "tip" };
    view! { <div class=side style:left=draw::percent(at) aria-hidden="true"><small>{scene.x_words(snapped(scene, x))}</small>{rows}</div> }.into_any()
}

struct Reading {
    name: String,
    colour: u8,
    value: f64,
}

/// What each line has nearest to an x; lines that end before it are left out.
fn readings(scene: &Scene, x: f64) -> Vec<Reading> {
    let reach = (scene.x.high - scene.x.low) * 0.06;
    scene
        .lines
        .iter()
        .filter_map(|line| {
            let at = line.nearest(x)?;
            ((line.xs[at] - x).abs() <= reach).then(|| Reading { name: line.name.clone(), colour: line.colour, value: line.smooth[at] })
        })
        .collect()
}

/// The x of the nearest point.
fn snapped(scene: &Scene, x: f64) -> f64 {
    scene.lines.iter().filter_map(|line| line.nearest(x).map(|at| line.xs[at])).min_by(|a, b| (a - x).abs().total_cmp(&(b - x).abs())).unwrap_or(x)
}

fn sentence(scene: &Scene, x: f64) -> String {
    let values: Vec<String> = readings(scene, x).into_iter().map(|reading| format!("{} {}", reading.name, number::number(reading.value))).collect();
    format!("{}: {}", scene.x_words(snapped(scene, x)), values.join(", "))
}

/// Half of what is shown, around the crosshair.
fn nearer(scene: &Scene, cursor: Option<f64>) -> (f64, f64) {
    let (low, high) = (scene.x.low, scene.x.high);
    let middle = cursor.unwrap_or((low + high) / 2.0).clamp(low, high);
    let half = (high - low) / 4.0;
    ((middle - half).max(low), (middle + half).min(high))
}
