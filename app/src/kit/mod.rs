//! The components every page is made of. Each has a stylesheet of its name under `style/`, and
//! stands on `/kit` with its states.

mod avatar;
mod button;
mod clock;
pub mod command;
mod dialog;
mod icon;
#[cfg(feature = "hydrate")]
mod keyboard;
mod keys;
pub mod moment;
pub mod number;
mod page;
mod state;
mod toast;

use leptos::prelude::*;

pub use avatar::Avatar;
pub use button::{Button, ButtonKind, ButtonLink, IconButton, UnitCallback};
pub use clock::{Clock, Elapsed, RelativeTime, use_clock};
pub use command::{Command, Commands, use_command};
pub use dialog::{ConfirmDialog, Dialog};
pub(crate) use dialog::{close_on_backdrop, follow};
pub use icon::{Glyph, Icon};
pub use keys::Keys;
pub use page::{Crumb, Page};
pub use state::{Empty, Failure, Skeleton, loaded};
pub use toast::{ToastRegion, Toasts, use_toasts};

/// Gives the components what they share. Once, at the root.
pub(crate) fn provide_kit() {
    clock::provide_clock();
    provide_context(Toasts::new());
    let commands = Commands::new();
    provide_context(commands);
    #[cfg(feature = "hydrate")]
    keyboard::listen(commands);
}
