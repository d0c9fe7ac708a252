//! The components every page is made of. Each has a stylesheet of its name under `style/`, and
//! stands on `/kit` with its states.

mod address;
mod avatar;
mod button;
mod card;
mod chart;
mod chip;
mod choice;
mod clock;
mod code;
pub mod command;
pub mod csv;
mod day;
mod dialog;
mod escape;
pub mod field;
mod filter;
mod icon;
mod keyboard;
mod keys;
mod late;
mod menu;
pub mod moment;
mod name_dialog;
pub mod number;
mod page;
mod rule;
mod state;
mod steady;
mod table;
mod tabs;
mod toast;

use leptos::prelude::*;

pub use address::{Address, Sort, address_of, use_address};
pub use avatar::Avatar;
pub use button::{Button, ButtonKind, ButtonLink, IconButton, UnitCallback};
pub use card::{Callout, Card, Fact, Facts, Stat};
pub use chart::{Chart, ChartControls, ChartOptions, Drawing, Figure, Mark, Pointed, Series, Threshold, ThresholdDialog, kinds};
pub use chip::{Chip, RunStatus, Tone, run_tone};
pub use choice::{Checkbox, Select};
pub use clock::{Clock, Elapsed, RelativeTime, look_again, use_clock};
pub use code::{CodeBlock, CopyButton, Copyable, copy, shortened};
pub use command::{Command, Commands, use_command};
pub use day::Day;
pub use dialog::{ConfirmDialog, ConfirmForm, Dialog};
pub(crate) use dialog::{close_on_backdrop, closed, follow, open_instead};
pub(crate) use field::both_ways;
pub use field::{Field, Rule, TextArea};
pub use filter::FilterField;
pub use icon::{Glyph, Icon};
pub use keyboard::SingleKeysSwitch;
pub use keys::Keys;
pub(crate) use late::late;
pub use menu::{Menu, MenuItem};
pub use name_dialog::{NameDialog, Saving};
pub(crate) use page::TopLine;
pub(crate) use page::use_window_title;
pub use page::{Crumb, Page};
pub use state::{Empty, Failure, Shape, Skeleton, loaded, loaded_as};
pub use steady::{arrived, steady, steady_as};
pub use table::{
    Arrange, Better, Cell, Choice, Column, ColumnChooser, Kind, Pager, Row, RowMenu, Table, Widths, chosen_columns, moved, with_columns,
};
pub use tabs::{Tab, Tabs};
pub use toast::{LAST, ToastRegion, Toasts, use_toasts};

/// The deepest place in a tree that `style/base.css` sets in. What is deeper stands there too.
pub const DEEPEST: usize = 20;

/// Gives the components what they share. Once, at the root.
pub(crate) fn provide_kit() {
    clock::provide_clock();
    provide_context(Toasts::new());
    let commands = Commands::new();
    provide_context(commands);
    keyboard::provide_single_keys();
    keyboard::listen(commands);
}
