use leptos::prelude::*;

use crate::kit::{Command, Commands, Dialog, Keys, use_command};

/// Which keys do what on the present page. Opened by `?`.
#[component]
pub(super) fn Help(open: RwSignal<bool>) -> impl IntoView {
    use_command(Command::key("?", "Everywhere", "Show the shortcuts", move || open.set(true)));
    let groups = move || {
        if !open.get() {
            return ().into_any();
        }
        let all = use_context::<Commands>().map(Commands::all).unwrap_or_default();
        let mut groups: Vec<(&'static str, Vec<Command>)> = Vec::new();
        for command in all.into_iter().rev().filter(|command| !command.keys.is_empty()) {
            match groups.iter_mut().find(|(name, _)| *name == command.group) {
                Some((_, members)) => members.push(command),
                None => groups.push((command.group, vec![command])),
            }
        }
        groups.into_iter().map(|(name, members)| view! {
            <section>
                <h3>{name}</h3>
                <dl>{members.into_iter().map(|command| view! { <div><dt>{command.label}</dt><dd><Keys keys=command.keys/></dd></div> }).collect_view()}</dl>
            </section>
        })
        .collect_view()
        .into_any()
    };
    view! { <Dialog open title="Keyboard shortcuts" id="help" class="help">{groups}</Dialog> }.into_any()
}
