use leptos::prelude::*;

use super::Part;
use crate::{
    api::ApiError,
    kit::{Button, ButtonKind, Card, ConfirmDialog, Dialog, Icon, Menu, MenuItem, use_toasts},
};

/// Dialogs, menus, toasts.
#[component]
pub(super) fn Overlays() -> impl IntoView {
    let toasts = use_toasts();
    let (plain, danger, named) = (RwSignal::new(false), RwSignal::new(false), RwSignal::new(false));
    let foot = move || view! { <Button kind=ButtonKind::Primary on_press=move || plain.set(false)>"Understood"</Button> };
    view! {
        <Part id="overlays" title="Dialogs, menus, toasts">
            <Card>
                <div class="row">
                    <Button on_press=move || plain.set(true)>"Open a dialog"</Button>
                    <Button on_press=move || danger.set(true)>"Remove runs"</Button>
                    <Button on_press=move || named.set(true)>"Remove the experiment"</Button>
                    <Menu id="sample-menu" label="Run actions" labelled=true>
                        <div class="group">"amber-finch-823"</div>
                        <MenuItem icon=Icon::PENCIL on_press=move || toasts.say("Renamed to amber-finch-824.")>"Rename"</MenuItem>
                        <MenuItem icon=Icon::COPY on_press=move || toasts.say("Copied.")>"Copy the id"</MenuItem>
                        <hr/>
                        <MenuItem icon=Icon::TRASH_2 danger=true on_press=move || danger.set(true)>"Remove"</MenuItem>
                    </Menu>
                    <Button on_press=move || toasts.undo("1 run removed", move || toasts.say("The run is back."))>"Toast with undo"</Button>
                    <Button on_press=move || toasts.fail(&ApiError::unreachable())>"Toast of a failure"</Button>
                </div>
            </Card>
            <Dialog open=plain title="What a run holds" actions=foot>
                <p>"Params are set once. Metrics have a value for every step. Tags can change at any time. Artifacts are files, kept under their digest."</p>
            </Dialog>
            <ConfirmDialog open=danger title="Remove 3 runs?" confirm="Remove runs" on_confirm=Callback::new(move |()| toasts.undo("3 runs removed", || {}))>
                <p>"amber-finch-823, steady-heron-346 and quiet-lynx-563 leave the table. Their artifacts stay for 30 days; you can restore the runs until then."</p>
            </ConfirmDialog>
            <ConfirmDialog open=named title="Remove Card-not-present scoring?" confirm="Remove experiment" name=Some("Card-not-present scoring".to_owned()) on_confirm=Callback::new(move |()| toasts.say("The experiment was removed."))>
                <p>"1 284 runs leave with it. Registered models that came from them stay."</p>
            </ConfirmDialog>
        </Part>
    }
    .into_any()
}
