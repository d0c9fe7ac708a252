use leptos::{prelude::*, task::spawn_local};
use shared::Permission;

use super::model::{self, Run};
use crate::{
    api::{Api, Live, use_api, use_live},
    frame::{may, provide_here},
    kit::{Toasts, look_again, use_toasts},
};

/// The run of the page, shared by its tabs.
#[derive(Clone, Copy)]
pub(super) struct Open {
    pub run: RwSignal<Run>,
    pub toasts: Toasts,
    pub may_write: bool,
    sees_models: bool,
    api: StoredValue<Api>,
}

impl Open {
    /// Opens a run and provides it to the tabs.
    pub fn provide(run: RwSignal<Run>) -> Self {
        provide_here(run.with_untracked(|run| run.experiment.viewer_permissions.clone()));
        let open = Self {
            run,
            toasts: use_toasts(),
            may_write: may(Permission::RunsWrite),
            sees_models: may(Permission::ModelsRead),
            api: StoredValue::new(use_api()),
        };
        provide_context(open);
        open.watch();
        open
    }

    /// The API.
    pub fn api(self) -> Api {
        self.api.get_value()
    }

    /// The run's id; does not track.
    pub fn id(self) -> String {
        self.run.with_untracked(|run| run.id.clone())
    }

    /// Asks for the run again and shows what came.
    pub fn refresh(self) {
        // The reader may have left the page meanwhile.
        let (Some(api), Some(id)) = (self.api.try_get_value(), self.run.try_with_untracked(|run| run.id.clone())) else { return };
        spawn_local(async move {
            match model::fetch(api, id, self.sees_models).await {
                Ok(run) => self.show(run),
                Err(error) => self.toasts.fail(&error),
            }
        });
    }

    fn show(self, run: Run) {
        if self.run.try_with_untracked(|own| own.id == run.id) == Some(true) {
            self.run.set(run);
        }
    }

    /// Shows the run as it is now, if it is another one than is shown.
    async fn look(self) {
        let (Some(api), Some(id)) = (self.api.try_get_value(), self.run.try_with_untracked(|run| run.id.clone())) else { return };
        if let Ok(revision) = model::revision(&api, &id).await
            && self.run.try_with_untracked(|run| run.id == id && run.revision != revision) == Some(true)
            && let Ok(run) = model::fetch(api, id, self.sees_models).await
        {
            self.show(run);
        }
    }

    /// A change is fetched when it is told; while nothing is heard and the run is under way, it is looked for every two seconds. A server that does not
    /// answer is asked again without a word: the page stays as it is.
    fn watch(self) {
        let (busy, missed) = (StoredValue::new(false), StoredValue::new(false));
        let look = move || {
            if self.run.try_with_untracked(|_| ()).is_none() || document().hidden() {
                return;
            }
            // What is told while an answer is under way may not be in it.
            missed.set_value(true);
            if busy.try_update_value(|busy| std::mem::replace(busy, true)) != Some(false) {
                return;
            }
            spawn_local(async move {
                while missed.try_update_value(std::mem::take) == Some(true) {
                    self.look().await;
                }
                let _ = busy.try_update_value(|busy| *busy = false);
            });
        };
        let topic = Signal::derive(move || self.run.with(|run| Some(run.id.clone())));
        use_live(topic, look);
        let live = use_context::<Live>();
        let unheard = move || live.is_none_or(|live| live.connected.try_get_untracked() != Some(true));
        look_again(move || unheard() && self.run.try_with_untracked(Run::is_running) == Some(true), look);
    }
}

/// The run of the page. Only for its tabs.
pub(super) fn use_open() -> Open {
    expect_context()
}
