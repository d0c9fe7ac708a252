use leptos::prelude::*;

use shared::ErrorCode;

use super::Part;
use crate::{
    Theme,
    api::ApiError,
    kit::{Button, ButtonKind, Card, ConfirmDialog, ConfirmForm, Dialog, Icon, Menu, MenuItem, NameDialog, Saving, use_toasts},
};

/// The name that the sample server has already.
const TAKEN: &str = "Card-not-present scoring";

/// Dialogs, menus, toasts.
#[component]
pub(super) fn Overlays() -> impl IntoView {
    let toasts = use_toasts();
    let (plain, danger, named) = (RwSignal::new(false), RwSignal::new(false), RwSignal::new(false));
    let naming = RwSignal::new(false);
    let create = Callback::new(move |name: String| -> Saving {
        Box::pin(async move {
            if name == TAKEN {
                let message = "An experiment of this name is there already.".into();
                return Err(ApiError { code: ErrorCode::AlreadyExists, message, reference: None, field: Some("name".into()) });
            }
            toasts.say(format!("{name} was created."));
            Ok(())
        })
    });
    let foot = move || view! { <Button kind=ButtonKind::Primary on_press=move || plain.set(false)>"Understood"</Button> };
    view! {
        <Part id="overlays" title="Dialogs, menus, toasts">
            <Card>
                <div class="row">
                    <Button on_press=move || plain.set(true)>"Open a dialog"</Button>
                    <Button on_press=move || naming.set(true)>"Name an experiment"</Button>
                    <ConfirmForm id="sample-form" ask="Forget the theme" title="Forget the theme?" confirm="Use the system's theme" action="/theme" carries=("theme", Theme::System.name().to_owned())>
                        <p>"This browser shows light or dark as the system does, from now on."</p>
                    </ConfirmForm>
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
            <NameDialog open=naming title="New experiment" label="Name" save="Create experiment" hint=format!("{TAKEN} is taken.") on_save=create/>
            <ConfirmDialog open=danger title="Remove 3 runs?" confirm="Remove runs" on_confirm=Callback::new(move |()| toasts.undo("3 runs removed", || {}))>
                <p>"amber-finch-823, steady-heron-346 and quiet-lynx-563 leave the table. Their artifacts stay for 30 days; you can restore the runs until then."</p>
            </ConfirmDialog>
            <ConfirmDialog open=named title=format!("Remove {TAKEN}?") confirm="Remove experiment" name=Some(TAKEN.to_owned()) on_confirm=Callback::new(move |()| toasts.say("The experiment was removed."))>
                <p>"1 284 runs leave with it. Registered models that came from them stay."</p>
            </ConfirmDialog>
        </Part>
    }
    .into_any()
}
