//! The pieces of the drawing. Nothing here has a `style` attribute: the page's policy allows none.

use leptos::prelude::*;

use super::{
    Mark,
    levels::Level,
    scene::{Scene, WIDTH},
};

/// Above the plot, so that the highest label is not cut.
pub(super) const TOP: f64 = 8.0;

/// A place from 0 to 1, as the browser stretches it.
pub(super) fn percent(at: f64) -> String {
    format!("{:.2}%", at * 100.0)
}

/// The labels of y, as wide as the longest needs.
pub(super) fn axis(scene: &Scene, height: f64) -> AnyView {
    let longest = scene.y_ticks.iter().map(|(_, words)| words.chars().count()).max().unwrap_or(0);
    let width = (longest as f64 * 6.6 + 10.0).max(34.0).ceil();
    let labels = scene
        .y_ticks
        .iter()
        .map(|(y, words)| view! { <text x=width - 8.0 y=format!("{:.1}", y + TOP + 4.0) text-anchor="end">{words.clone()}</text> })
        .collect_view();
    view! { <svg class="axis" width=width height=height aria-hidden="true">{labels}</svg> }.into_any()
}

/// Grid and labels of x.
pub(super) fn grid(scene: &Scene, height: f64) -> AnyView {
    let rows = scene
        .y_ticks
        .iter()
        .map(|(y, _)| {
            let y = format!("{:.1}", (y + TOP).round() + 0.5);
            view! { <line class="grid" x1="0" x2="100%" y1=y.clone() y2=y></line> }
        })
        .collect_view();
    let labels = scene
        .x_ticks
        .iter()
        .map(|(at, words)| {
            let anchor = if *at < 0.03 {
                "start"
            } else if *at > 0.97 {
                "end"
            } else {
                "middle"
            };
            view! { <text x=percent(*at) y=height - 4.0 text-anchor=anchor>{words.clone()}</text> }
        })
        .collect_view();
    view! { {rows}{labels} }.into_any()
}

/// The lines, raw ones under smoothed ones; marks at the foot where values are not finite.
pub(super) fn lines(scene: &Scene) -> AnyView {
    let raw = scene
        .strokes
        .iter()
        .filter_map(|stroke| stroke.raw.clone().map(|d| view! { <path class=format!("raw s{}", stroke.colour) d=d></path> }))
        .collect_view();
    let smooth =
        scene.strokes.iter().map(|stroke| view! { <path class=format!("line s{}", stroke.colour) d=stroke.smooth.clone()></path> }).collect_view();
    let gaps = scene
        .gaps
        .iter()
        .map(|at| {
            let x = format!("{:.1}", at * WIDTH);
            view! { <line class="gap" x1=x.clone() x2=x y1=scene.height - 6.0 y2=scene.height></line> }
        })
        .collect_view();
    let view_box = format!("0 0 {WIDTH} {}", scene.height);
    view! { <svg class="lines" viewBox=view_box preserveAspectRatio="none" width="100%" y=TOP height=scene.height>{raw}{smooth}{gaps}</svg> }
        .into_any()
}

/// Values that the lines are held against, with their words.
pub(super) fn levels(scene: &Scene) -> AnyView {
    let level = |level: &Level| {
        let y = format!("{:.1}", level.y + TOP);
        let (at, off, anchor) = level.edge();
        view! {
            <line class="threshold" x1="0" x2="100%" y1=y.clone() y2=y></line>
            <text class="threshold" x=percent(at) dx=off y=format!("{:.1}", level.foot + TOP) text-anchor=anchor>{level.words.clone()}</text>
        }
    };
    scene.levels.iter().map(level).collect_view().into_any()
}

/// The crosshair, with a dot on each line.
pub(super) fn crosshair(scene: &Scene, cursor: f64) -> AnyView {
    let at = scene.x.at(cursor);
    if !(0.0..=1.0).contains(&at) {
        return ().into_any();
    }
    let dots = scene
        .lines
        .iter()
        .filter_map(|line| {
            let point = line.nearest(cursor)?;
            let place = scene.x.at(line.xs[point]);
            let y = scene.y_place(line.smooth[point])?;
            (0.0..=1.0)
                .contains(&place)
                .then(|| view! { <circle class=format!("s{}", line.colour) cx=percent(place) cy=format!("{:.1}", y + TOP) r="3.5"></circle> })
        })
        .collect_view();
    view! { <line class="cross" x1=percent(at) x2=percent(at) y1=TOP y2=scene.height + TOP></line>{dots} }.into_any()
}

/// A line at each step that something is said about.
pub(super) fn marks(scene: &Scene, placed: &[(f64, Mark)]) -> AnyView {
    placed
        .iter()
        .map(|(x, _)| scene.x.at(*x))
        .filter(|at| (0.0..=1.0).contains(at))
        .map(|at| view! { <line class="mark" x1=percent(at) x2=percent(at) y1=TOP y2=scene.height + TOP></line> })
        .collect_view()
        .into_any()
}

/// The part the reader is dragging over, in places 0 to 1.
pub(super) fn selection(from: f64, to: f64, height: f64) -> AnyView {
    view! { <rect class="selection" x=percent(from.min(to)) width=percent((to - from).abs()) y=TOP height=height></rect> }.into_any()
}
