use leptos::{prelude::*, task::spawn_local};

use super::data::{self, Saved, Sheet};
use crate::{
    api::{Answer, use_api},
    kit::{Button, ButtonKind, Card, ConfirmDialog, RelativeTime, use_toasts},
};

/// Comparisons that somebody saved, for everybody.
#[component]
pub(super) fn SavedList(sheet: RwSignal<Sheet>, query: Answer<Sheet>, may_remove: bool) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let removing = RwSignal::new(None::<Saved>);
    let open = RwSignal::new(false);
    let remove = Callback::new(move |()| {
        let (api, Some(saved)) = (api.clone(), removing.get_untracked()) else { return };
        spawn_local(async move {
            match data::remove(api, saved.id).await {
                Ok(()) => {
                    toasts.say(format!("{} was removed.", saved.name));
                    query.refetch();
                }
                Err(error) => toasts.fail(&error),
            }
        });
    });
    let list = move || {
        let saved = sheet.with(|sheet| sheet.saved.clone());
        if saved.is_empty() {
            return ().into_any();
        }
        let rows: Vec<_> = saved.into_iter().map(move |saved| {
            let own = saved.clone();
            let button = may_remove.then(|| {
                let ask = move || {
                    removing.set(Some(own.clone()));
                    open.set(true);
                };
                view! { <Button kind=ButtonKind::Quiet small=true on_press=ask>"Remove"</Button> }
            });
            view! { <li><a class="name" href=saved.path>{saved.name}</a><small class="faint">{saved.created_by}" "<RelativeTime at=saved.created_at/></small>{button}</li> }
        }).collect();
        view! { <Card title="Saved comparisons"><ul class="saved">{rows}</ul></Card> }.into_any()
    };
    let title = Signal::derive(move || removing.with(|saved| saved.as_ref().map(|saved| format!("Remove {}?", saved.name)).unwrap_or_default()));
    view! {
        {list}
        <ConfirmDialog open title confirm="Remove comparison" on_confirm=remove>"Its link in this list goes; its runs and experiments stay as they are. Who has its address can still open it."</ConfirmDialog>
    }
    .into_any()
}
