//! The line chart: our own SVG. Lines are stretched to the width of the page by the browser, text
//! is not: it has 11 px everywhere, and the server draws what the browser will show.

mod controls;
mod curves;
mod drag;
mod draw;
mod figure;
pub mod kinds;
mod levels;
mod marks;
mod plot;
mod save;
mod scale;
mod scene;
mod series;
mod thresholds;
mod values;

use leptos::prelude::*;

pub use controls::ChartControls;
pub use figure::{Figure, Pointed};
pub use marks::Drawing;
pub use series::{ChartOptions, Mark, Series};
pub use thresholds::{Threshold, ThresholdDialog};

use super::{Chip, Icon, IconButton, Tone, UnitCallback};
use scene::{Scene, Wish};

/// A chart in its card: title, legend, plot, and the numbers behind it. Drag over a part to see
/// more of it, double click to see all again.
#[component]
pub fn Chart(
    /// What the values are: the metric's key.
    #[prop(into)]
    title: String,
    /// The lines, in the order of the legend.
    #[prop(into)]
    series: Signal<Vec<Series>>,
    /// Shared by the charts of a page.
    #[prop(optional)]
    options: ChartOptions,
    /// Whether more values keep coming.
    #[prop(optional, into)]
    live: Signal<bool>,
    /// Called with the first and last step in view after a zoom (`None`: all again), so that the
    /// page can fetch these steps with more resolution.
    #[prop(optional, into)]
    on_zoom: Option<Callback<Option<(i64, i64)>>>,
    /// What is said about single steps.
    #[prop(optional, into)]
    marks: Signal<Vec<Mark>>,
    /// Called with a step that the reader wants to say something about: the one under the crosshair, else the last.
    #[prop(optional)]
    on_comment: Option<Option<Callback<i64>>>,
    /// Whether the reader may hold it against values of their own: where the page keeps them.
    #[prop(optional)]
    settable: bool,
    /// Height of the plot in pixels.
    #[prop(default = 210.0)]
    height: f64,
) -> impl IntoView {
    let hidden = RwSignal::new(Vec::<String>::new());
    let shown = Memo::new(move |_| {
        let hidden = hidden.get();
        series.get().into_iter().filter(|series| !hidden.contains(&series.name)).collect::<Vec<_>>()
    });
    let own = title.clone();
    let held = Memo::new(move |_| options.held(&own));
    let scene = Memo::new(move |_| {
        held.with(|thresholds| {
            let wish = Wish {
                smoothing: options.smoothing.get(),
                log: options.log.get(),
                by_time: options.by_time.get(),
                range: options.range.get(),
                thresholds,
                height: height - 22.0,
            };
            shown.with(|shown| Scene::of(shown, wish))
        })
    });
    let zoom = Callback::new(move |range: Option<(f64, f64)>| {
        options.range.set(range);
        let Some(on_zoom) = on_zoom else { return };
        let Some(range) = range else { return leptos::callback::Callable::run(&on_zoom, None) };
        // Where there is no step there is nothing to ask for.
        if let Some(steps) = shown.with_untracked(|shown| steps_in(shown, range, options.by_time.get_untracked())) {
            leptos::callback::Callable::run(&on_zoom, Some(steps));
        }
    });
    let placed = Memo::new(move |_| {
        let (marks, by_time) = (marks.get(), options.by_time.get());
        shown.with(|shown| marks.into_iter().filter_map(|mark| Some((series::place(shown, mark.step, by_time)?, mark))).collect::<Vec<_>>())
    });
    let comment = on_comment.flatten().map(|on_comment| {
        let say = move || {
            let step = shown.with_untracked(|shown| series::step_at(shown, options.cursor.get_untracked(), options.by_time.get_untracked()));
            leptos::callback::Callable::run(&on_comment, step.unwrap_or_default());
        };
        UnitCallback::from(say)
    });
    let (open, holding) = (RwSignal::new(false), RwSignal::new(false));
    let hold = settable.then(|| {
        let label = format!("Thresholds of {title}");
        view! { <IconButton icon=Icon::SLIDERS_HORIZONTAL label on_press=move || holding.set(true)/> }
    });
    let against = settable.then(|| view! { <ThresholdDialog options chart=title.clone() open=holding/> });
    let reset: UnitCallback = (move || leptos::callback::Callable::run(&zoom, None)).into();
    let name = title.clone();
    let values_title = title.clone();
    view! {
        <section class="card chart">
            <header>
                <h2 title=title.clone()>{title.clone()}</h2>
                {legend(series, hidden, title.clone())}
                <div class="right">
                    {move || live.get().then(|| view! { <Chip tone=Tone::Good dot=true>"live"</Chip> })}
                    {move || options.range.get().map(|_| view! { <IconButton icon=Icon::ZOOM_OUT label="Show all steps" on_press=reset/> })}
                    {comment.map(|comment| view! { <IconButton icon=Icon::MESSAGE_SQUARE label=format!("Comment on {name}") on_press=comment/> })}
                    {hold}
                    <IconButton icon=Icon::TABLE_2 label=format!("Values of {name}") on_press=move || open.set(true)/>
                </div>
            </header>
            <div class="body">
                <plot::Plot title scene options zoom height placed comment/>
                {move || scene.with(notes)}
            </div>
            <values::Values open title=values_title series=shown range=options.range.into() by_time=options.by_time.into()/>
            {against}
        </section>
    }
    .into_any()
}

/// What to know of the drawing. How to see more is only told to readers with a pointer: a finger
/// scrolls the page.
fn notes(scene: &Scene) -> Option<AnyView> {
    (!scene.notes.is_empty()).then(|| {
        let closer = scene.thinned.then(|| view! { <span class="closer">" Drag to see more."</span> });
        view! { <p class="notes">{scene.notes.join(". ")}"."{closer}</p> }.into_any()
    })
}

/// Which colour is which; press to hide a line.
fn legend(series: Signal<Vec<Series>>, hidden: RwSignal<Vec<String>>, title: String) -> AnyView {
    let entries = Memo::new(move |_| series.with(|all| all.iter().map(|series| (series.name.clone(), series.colour)).collect::<Vec<_>>()));
    let buttons = move || {
        let all = entries.get();
        if all.len() == 1 && all[0].0 == title {
            return ().into_any();
        }
        all.into_iter().map(|(name, colour)| {
            let own = name.clone();
            let is_hidden = move || hidden.with(|hidden| hidden.contains(&own));
            let pressed = is_hidden.clone();
            let label = name.clone();
            let turn = move |_| hidden.update(|hidden| if let Some(at) = hidden.iter().position(|other| *other == name) { hidden.remove(at); } else { hidden.push(name.clone()) });
            view! { <button type="button" class:off=is_hidden aria-pressed=move || (!pressed()).to_string() on:click=turn><i class=format!("dot s{colour}")></i>{label}</button> }
        })
        .collect_view()
        .into_any()
    };
    view! { <div class="legend" role="group" aria-label="Lines">{buttons}</div> }.into_any()
}

/// First and last step inside a part of x; `None` when there is none in it.
fn steps_in(series: &[Series], range: (f64, f64), by_time: bool) -> Option<(i64, i64)> {
    if !by_time {
        return Some((range.0.floor() as i64, range.1.ceil() as i64));
    }
    let origin = series.iter().flat_map(|series| series.times.iter().copied()).fold(f64::INFINITY, f64::min);
    series
        .iter()
        .flat_map(|series| series.steps.iter().zip(&series.times))
        .filter(|(_, time)| (range.0..=range.1).contains(&(**time - origin)))
        .map(|(step, _)| (*step, *step))
        .reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
}

#[cfg(test)]
mod tests {
    use super::{Series, steps_in};

    #[test]
    fn a_part_without_points_has_no_steps() {
        let one = Series { steps: vec![3, 4, 9], times: vec![1_000.0, 2_000.0, 60_000.0], values: vec![0.0; 3], ..Series::default() };
        assert_eq!(steps_in(std::slice::from_ref(&one), (0.0, 1_500.0), true), Some((3, 4)));
        assert_eq!(steps_in(std::slice::from_ref(&one), (10_000.0, 20_000.0), true), None, "a pause of the training");
        assert_eq!(steps_in(&[], (0.0, 1.0), true), None, "every line is hidden");
        assert_eq!(steps_in(&[one], (3.4, 8.2), false), Some((3, 9)));
    }
}
