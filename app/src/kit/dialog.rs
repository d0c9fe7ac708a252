//! A native modal dialog: the browser keeps the focus inside, closes on Escape and gives the focus
//! back.

use leptos::{ev, html, prelude::*};

use super::{Button, ButtonKind, Glyph, Icon, late::late};

/// A modal dialog that is open while `open` is.
#[component]
pub fn Dialog(
    /// Whether it is open. Closing by Escape, by the backdrop or by the cross sets it to false.
    open: RwSignal<bool>,
    /// The heading, which is also its name.
    #[prop(into)]
    title: Signal<String>,
    /// Buttons at the foot.
    #[prop(optional, into)]
    actions: Option<ViewFn>,
    /// An id for `commandfor`, so that a button can open it before the app is loaded. Without one, its content comes with the app.
    #[prop(optional, into)]
    id: Option<String>,
    /// An extra class, for its size.
    #[prop(optional, into)]
    class: String,
    /// The content.
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    follow(node, open);
    let close = move |_| open.set(false);
    let early = id.is_some();
    let content = move || {
        let foot = actions.map(|actions| view! { <footer>{actions.run()}</footer> });
        view! { <div class="body">{children()}</div>{foot} }
    };
    let content = if early { content().into_any() } else { late(content) };
    view! {
        <dialog node_ref=node id=id class=format!("dialog {class}") closedby="any" aria-label=move || title.get() on:close=move |_| closed(node, open) on:click=move |event| close_on_backdrop(&event, open)>
            <header>
                <h2>{move || title.get()}</h2>
                <button class="button quiet small square" type="button" aria-label="Close" on:click=close><Glyph icon=Icon::X/></button>
            </header>
            {content}
        </dialog>
    }
    .into_any()
}

/// Asks before something is destroyed, by naming it and saying what goes with it.
#[component]
pub fn ConfirmDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The question: "Remove 3 runs?"
    #[prop(into)]
    title: Signal<String>,
    /// What the button says: "Remove runs".
    #[prop(into)]
    confirm: Signal<String>,
    /// When given, the reader types this name first.
    #[prop(optional, into)]
    name: MaybeProp<String>,
    /// Called once; the dialog closes itself.
    #[prop(into)]
    on_confirm: Callback<()>,
    /// What will happen and what will not.
    children: ChildrenFn,
) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    Effect::new(move || {
        if open.get() {
            typed.set(String::new());
        }
    });
    let allowed = move || name.get().is_none_or(|name| typed.get().trim() == name);
    let go = move || {
        open.set(false);
        leptos::callback::Callable::run(&on_confirm, ());
    };
    let ask = move || {
        name.get().map(|name| {
            view! {
                <label class="field">
                    <span class="label">"Type " <code>{name}</code> " to confirm"</span>
                    <input class="input" type="text" autofocus autocomplete="off" spellcheck="false" prop:value=typed on:input=move |event| typed.set(event_target_value(&event))/>
                </label>
            }
        })
    };
    let actions = move || {
        view! {
            <Button on_press=move || open.set(false)>"Keep"</Button>
            <Button kind=ButtonKind::Danger disabled=Signal::derive(move || !allowed()) on_press=go>{move || confirm.get()}</Button>
        }
    };
    view! {
        <Dialog open title actions class="narrow">
            {children()}
            {ask}
        </Dialog>
    }
    .into_any()
}

/// A button that asks before a plain form is posted, by naming what it ends. The browser alone opens, closes and posts it.
#[component]
pub fn ConfirmForm(
    /// Unique on the page.
    #[prop(into)]
    id: String,
    /// The button that asks: its words, and how it is read aloud where they are not enough.
    #[prop(into)]
    ask: String,
    #[prop(optional, into)] ask_label: Option<String>,
    #[prop(optional, into)] icon: Option<Icon>,
    #[prop(optional)] small: bool,
    /// The question: "End the session?"
    #[prop(into)]
    title: String,
    /// What the button that posts says: "End session".
    #[prop(into)]
    confirm: String,
    /// Where the form is posted.
    action: &'static str,
    /// A field that it carries, with its value.
    #[prop(optional, into)]
    carries: Option<(&'static str, String)>,
    /// What will happen and what will not.
    children: ChildrenFn,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let target = id.clone();
    let (carries, confirm) = (StoredValue::new(carries), StoredValue::new(confirm));
    let content = move || {
        let hidden = carries.get_value().map(|(name, value)| view! { <input type="hidden" name=name value=value/> });
        view! {
            {children()}
            <form class="row end" method="post" action=action>
                {hidden}
                <button class="button" type="button" command="close" commandfor=target.clone() on:click=move |_| open.set(false)>"Keep"</button>
                <button class="button danger" type="submit">{confirm.get_value()}</button>
            </form>
        }
    };
    view! {
        <button class="button" class:small=small type="button" command="show-modal" commandfor=id.clone() aria-label=ask_label on:click=move |event| open_instead(&event, open)>
            {icon.map(|icon| view! { <Glyph icon/> })}{ask}
        </button>
        <Dialog open title id=id class="narrow">{content()}</Dialog>
    }
    .into_any()
}

/// Keeps a dialog element and a signal together, in both directions.
pub(crate) fn follow(node: NodeRef<html::Dialog>, open: RwSignal<bool>) {
    Effect::new(move |before: Option<bool>| {
        let Some(dialog) = node.get() else { return false };
        if before.is_none() && dialog.open() {
            // Opened by `commandfor` before the app was loaded.
            open.set(true);
            return true;
        }
        let wanted = open.get();
        match (wanted, dialog.open()) {
            (true, false) => show(dialog, open, PATIENCE),
            (false, true) => dialog.close(),
            _ => {}
        }
        wanted
    });
}

/// After a dialog's `close`, which the browser says late: what is on the screen counts.
pub(crate) fn closed(node: NodeRef<html::Dialog>, open: RwSignal<bool>) {
    if !node.get_untracked().is_some_and(|dialog| dialog.open()) {
        open.set(false);
    }
}

/// How many frames a page may take to come into the document.
const PATIENCE: u32 = 120;

/// Shows a dialog. One that is to be open from the beginning waits until its page is in the document.
fn show(dialog: web_sys::HtmlDialogElement, open: RwSignal<bool>, patience: u32) {
    if dialog.show_modal().is_err() && patience > 0 {
        request_animation_frame(move || {
            if open.try_get_untracked() == Some(true) && !dialog.open() {
                show(dialog, open, patience - 1);
            }
        });
    }
}

/// Browsers without `closedby` close through the click that lands on the dialog itself.
pub(crate) fn close_on_backdrop(event: &ev::MouseEvent, open: RwSignal<bool>) {
    let (target, current) = (event.target(), event.current_target());
    if target.is_some() && target == current {
        open.set(false);
    }
}

/// Opens a dialog by its signal, in place of the button's `commandfor` that does it before the app is loaded.
pub(crate) fn open_instead(event: &ev::MouseEvent, open: RwSignal<bool>) {
    event.prevent_default();
    open.set(true);
}
