//! What the reader can do here: one registry for the palette, the shortcuts and the help dialog.

use leptos::{callback::Callable, prelude::*};

use super::Icon;

/// One thing to do, with the keys that do it.
#[derive(Clone)]
pub struct Command {
    /// What it does: "Compare the selected runs".
    pub label: String,
    /// Where it stands in the help: "Go to", "Table", "Page".
    pub group: &'static str,
    /// `/`, `j`, `x`, `?`, `shift+j`, `g e` (one after the other) or `mod+k`. Empty when there are none.
    pub keys: &'static str,
    /// Shown beside the label in the palette; `None` keeps the command out of the palette.
    pub icon: Option<Icon>,
    /// Does it.
    pub run: Callback<()>,
}

impl Command {
    /// A command with a shortcut, listed in the help but not in the palette.
    pub fn key(keys: &'static str, group: &'static str, label: impl Into<String>, run: impl Fn() + Send + Sync + 'static) -> Self {
        Self { label: label.into(), group, keys, icon: None, run: Callback::new(move |()| run()) }
    }

    /// A command of the palette, with keys or (`""`) without.
    pub fn action(icon: Icon, keys: &'static str, group: &'static str, label: impl Into<String>, run: impl Fn() + Send + Sync + 'static) -> Self {
        Self { label: label.into(), group, keys, icon: Some(icon), run: Callback::new(move |()| run()) }
    }
}

/// Every command that can be given now.
#[derive(Clone, Copy)]
pub struct Commands(StoredValue<Vec<(u32, Command)>>);

impl Commands {
    pub(super) fn new() -> Self {
        Self(StoredValue::new(Vec::new()))
    }

    /// The commands, the latest first: a page's command wins over the frame's with the same keys.
    pub fn all(self) -> Vec<Command> {
        self.0.with_value(|all| all.iter().rev().map(|(_, command)| command.clone()).collect())
    }

    fn add(self, command: Command) -> u32 {
        self.0
            .try_update_value(|all| {
                let id = all.iter().map(|(id, _)| id + 1).max().unwrap_or(0);
                all.push((id, command));
                id
            })
            .unwrap_or(0)
    }

    fn remove(self, id: u32) {
        self.0.try_update_value(|all| all.retain(|(other, _)| *other != id));
    }
}

/// Offers a command for as long as the component lives. Only in the browser.
pub fn use_command(command: Command) {
    let Some(commands) = use_context::<Commands>() else { return };
    if is_server() {
        return;
    }
    let id = commands.add(command);
    on_cleanup(move || commands.remove(id));
}

/// Runs a command now.
pub fn run(command: &Command) {
    command.run.run(());
}
