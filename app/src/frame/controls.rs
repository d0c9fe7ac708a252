//! What can be pressed on the page as it stands, read from the page itself: whatever a page offers in its head, tabs, bars and forms is in the palette
//! without saying so twice, and what is not offered to this reader or cannot be pressed now is not.

use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use leptos::prelude::document;

/// A button or link of the page.
#[derive(Clone)]
pub(super) struct Control {
    /// What it says, with words before it where it says only a name.
    pub title: String,
    /// The inside of its icon; empty when it has none.
    pub icon: String,
    element: SendWrapper<HtmlElement>,
}

/// Where controls stand, and what goes before the words on them.
const PARTS: [(&str, &str); 5] = [
    ("main :is(.head .actions, .tabs, .toolbar, .notice, .card > header, form:not(.filter)) :is(a[href], button)", ""),
    ("main button.primary:not(.head *, form *)", ""),
    ("#projects form button", "Show project: "),
    ("#organizations form button", "Switch organization: "),
    ("#me form[action='/sign-out'] button", ""),
];

/// What is not for the palette: openers of menus whose items are in it, what belongs to one row of a table, what cannot be pressed.
const NOT: &str = ":disabled, .square[popovertarget], .table *, .legend *, .toolbar .menu *, [role=menu] *, dialog *, [aria-current]";

/// The controls of the page, in its order.
pub(super) fn controls() -> Vec<Control> {
    let mut all: Vec<Control> = Vec::new();
    for (place, before) in PARTS {
        let Ok(found) = document().query_selector_all(place) else { continue };
        for at in 0..found.length() {
            let Some(element) = found.item(at).and_then(|node| node.dyn_into::<HtmlElement>().ok()) else { continue };
            let words = words(&element);
            if words.is_empty() || element.matches(NOT).unwrap_or(true) || all.iter().any(|other| other.title == words) {
                continue;
            }
            let icon = element.query_selector("svg.glyph").ok().flatten().map(|glyph| glyph.inner_html()).unwrap_or_default();
            all.push(Control { title: format!("{before}{words}"), icon, element: SendWrapper::new(element) });
        }
    }
    all
}

impl Control {
    /// Presses it, after the palette has closed: what it opens is not to stand under a dialog.
    pub fn press(self) {
        leptos::prelude::request_animation_frame(move || self.element.click());
    }
}

/// The name of a control: its label, else its words without counts and keys.
fn words(element: &Element) -> String {
    if let Some(label) = element.get_attribute("aria-label") {
        return label;
    }
    let mut text = element.text_content().unwrap_or_default();
    if let Ok(beside) = element.query_selector_all(".count, kbd, .hidden") {
        for at in 0..beside.length() {
            if let Some(beside) = beside.item(at).and_then(|node| node.text_content()) {
                text = text.replacen(&beside, "", 1);
            }
        }
    }
    text.trim().to_owned()
}
