use leptos::prelude::*;

use super::ChartOptions;

/// How all charts of a page are drawn.
#[component]
pub fn ChartControls(
    /// What the charts share.
    options: ChartOptions,
) -> impl IntoView {
    let smooth = move |event| {
        if let Ok(value) = event_target_value(&event).parse::<f64>() {
            options.smoothing.set(value.clamp(0.0, 0.99));
        }
    };
    // The two ways of x have different units: a zoom of one means nothing in the other.
    let by = move |time: bool| {
        options.range.set(None);
        options.cursor.set(None);
        options.by_time.set(time);
    };
    view! {
        <div class="controls" role="group" aria-label="Charts">
            <label class="smoothing">"Smoothing"
                <input type="range" min="0" max="0.99" step="0.01" value="0" prop:value=move || options.smoothing.get().to_string() on:input=smooth/>
                <output class="num">{move || format!("{:.2}", options.smoothing.get())}</output>
            </label>
            <div class="segments" role="group" aria-label="Across">
                <button type="button" aria-pressed=move || (!options.by_time.get()).to_string() on:click=move |_| by(false)>"Step"</button>
                <button type="button" aria-pressed=move || options.by_time.get().to_string() on:click=move |_| by(true)>"Time"</button>
            </div>
            <div class="segments" role="group" aria-label="Scale">
                <button type="button" aria-pressed=move || (!options.log.get()).to_string() on:click=move |_| options.log.set(false)>"Linear"</button>
                <button type="button" aria-pressed=move || options.log.get().to_string() on:click=move |_| options.log.set(true)>"Log"</button>
            </div>
        </div>
    }
    .into_any()
}
