use leptos::{ev, prelude::*};

use super::ChartOptions;
use crate::kit::{Button, ButtonKind, Dialog, Icon, IconButton, number};

/// A value that the lines of a chart are held against.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// The title of the chart.
    pub chart: String,
    pub value: f64,
    /// What it is: "target".
    pub label: &'static str,
}

impl Threshold {
    /// One of the reader's own.
    fn own(chart: &str, value: f64) -> Option<Self> {
        (value.is_finite() && !chart.is_empty()).then(|| Self { chart: chart.to_owned(), value, label: "threshold" })
    }

    /// Reads one of the reader's own as it stands in the address: `loss:0.25`.
    pub fn parse(text: &str) -> Option<Self> {
        let (chart, value) = text.rsplit_once(':')?;
        Self::own(chart, value.parse().ok()?)
    }

    /// As it stands in the address.
    pub fn as_param(&self) -> String {
        format!("{}:{}", self.chart, self.value)
    }

    /// What stands at its line.
    pub(super) fn words(&self) -> String {
        format!("{} {}", self.label, number::number(self.value))
    }
}

/// A value as people write it. Half of the world writes a comma where the other half has a point; what may be a comma between thousands is not guessed at.
fn read(text: &str) -> Option<f64> {
    let text = text.trim();
    let thousands = text.rsplit_once(',').is_some_and(|(_, rest)| rest.len() == 3 && !text.trim_start_matches('-').starts_with("0,"));
    text.replace(',', ".").parse().ok().filter(|_| !thousands)
}

/// Sets the values that a chart is held against, and takes them away.
#[component]
pub fn ThresholdDialog(
    /// What the charts of the page share.
    options: ChartOptions,
    /// The title of the chart.
    #[prop(into)]
    chart: Signal<String>,
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let text = RwSignal::new(String::new());
    Effect::new(move || {
        if open.get() {
            text.set(String::new());
        }
    });
    let typed = move || {
        let value = text.with(|text| read(text))?;
        chart.with(|chart| Threshold::own(chart, value))
    };
    let add = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let Some(threshold) = untrack(typed) else { return };
        options.thresholds.update(|all| {
            if !all.contains(&threshold) {
                all.push(threshold);
            }
        });
        open.set(false);
    };
    let line = move |threshold: Threshold| {
        let words = threshold.words();
        let label = format!("Remove {words}");
        let remove = move || options.thresholds.update(|all| all.retain(|other| *other != threshold));
        view! { <li>{words}<IconButton icon=Icon::X label on_press=remove/></li> }
    };
    let lines = move || chart.with(|chart| options.held(chart)).into_iter().map(line).collect_view();
    view! {
        <Dialog open title=Signal::derive(move || format!("Thresholds of {}", chart.get())) class="narrow">
            <ul class="held">{lines}</ul>
            <form on:submit=add>
                <label class="field">
                    <span class="label">"Value"</span>
                    <input class="input" type="text" inputmode="decimal" autofocus autocomplete="off" prop:value=text on:input=move |event| text.set(event_target_value(&event))/>
                </label>
                <p class="row end">
                    <Button on_press=move || open.set(false)>"Close"</Button>
                    <Button kind=ButtonKind::Primary disabled=Signal::derive(move || typed().is_none())>"Add threshold"</Button>
                </p>
            </form>
        </Dialog>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_address_reads_back() {
        for (chart, value) in [("loss", 0.25), ("system/gpu 0: load", -1e-9), ("a:b", 1e300)] {
            let threshold = Threshold::own(chart, value).expect("one");
            assert_eq!(Threshold::parse(&threshold.as_param()), Some(threshold));
        }
        for wrong in ["", "loss", "loss:", ":1", "loss:NaN", "loss:inf", "loss:x"] {
            assert_eq!(Threshold::parse(wrong), None, "{wrong}");
        }
    }
}
