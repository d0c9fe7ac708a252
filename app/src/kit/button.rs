//! Buttons. A page has one primary; the rest are plain, quiet or dangerous.

use leptos::{callback::Callable, prelude::*};

use super::{Glyph, Icon};

/// How much a button asks for attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonKind {
    /// With a border.
    #[default]
    Plain,
    /// Ink: the one thing to do on the page.
    Primary,
    /// No border: in a row of many.
    Quiet,
    /// Destroys something.
    Danger,
}

impl ButtonKind {
    fn class(self) -> &'static str {
        match self {
            Self::Plain => "button",
            Self::Primary => "button primary",
            Self::Quiet => "button quiet",
            Self::Danger => "button danger",
        }
    }
}

/// A button. Without `on_press` it submits the form around it.
#[component]
pub fn Button(
    /// How it looks.
    #[prop(optional)]
    kind: ButtonKind,
    /// Before the label.
    #[prop(optional, into)]
    icon: Option<Icon>,
    /// 26 px high instead of 32.
    #[prop(optional)]
    small: bool,
    /// Not to be pressed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Shows that work is under way; not to be pressed meanwhile.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// What it does.
    #[prop(optional, into)]
    on_press: Option<UnitCallback>,
    /// The label: says what it does.
    children: Children,
) -> impl IntoView {
    let press = move |_| {
        if let Some(on_press) = &on_press {
            on_press.0.run(());
        }
    };
    view! {
        <button
            class=kind.class() class:small=small class:busy=move || busy.get()
            type=if on_press.is_some() { "button" } else { "submit" }
            disabled=move || disabled.get() || busy.get()
            on:click=press
        >
            {icon.map(|icon| view! { <Glyph icon/> })}
            {children()}
        </button>
    }
    .into_any()
}

/// A link that looks like a button.
#[component]
pub fn ButtonLink(
    /// Where it leads.
    #[prop(into)]
    href: Signal<String>,
    /// How it looks.
    #[prop(optional)]
    kind: ButtonKind,
    /// Before the label.
    #[prop(optional, into)]
    icon: Option<Icon>,
    /// 26 px high instead of 32.
    #[prop(optional)]
    small: bool,
    /// The label.
    children: Children,
) -> impl IntoView {
    view! {
        <a class=kind.class() class:small=small href=move || href.get()>
            {icon.map(|icon| view! { <Glyph icon/> })}
            {children()}
        </a>
    }
    .into_any()
}

/// A button that is only an icon; its name is read aloud and shown on hover.
#[component]
pub fn IconButton(
    /// The icon.
    icon: Icon,
    /// Its name.
    #[prop(into)]
    label: Signal<String>,
    /// Whether it stands pressed, for a switch.
    #[prop(optional, into)]
    pressed: MaybeProp<bool>,
    /// Not to be pressed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// What it does.
    #[prop(into)]
    on_press: UnitCallback,
) -> impl IntoView {
    view! {
        <button
            class="button quiet small square" type="button"
            aria-label=move || label.get() title=move || label.get()
            aria-pressed=move || pressed.get().map(|pressed| pressed.to_string())
            disabled=move || disabled.get()
            on:click=move |_| on_press.0.run(())
        >
            <Glyph icon/>
        </button>
    }
    .into_any()
}

/// Something to do without an argument: any `Fn()` turns into it.
#[derive(Clone, Copy)]
pub struct UnitCallback(pub Callback<()>);

impl<F: Fn() + Send + Sync + 'static> From<F> for UnitCallback {
    fn from(run: F) -> Self {
        Self(Callback::new(move |()| run()))
    }
}

impl UnitCallback {
    /// Does it, unless whoever offered it is gone by now.
    pub fn run(&self) {
        self.0.try_run(());
    }
}
