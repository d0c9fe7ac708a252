//! Texts as files in the reader's hands.

pub use shared::csv::line;

/// Hands a text to the browser as a file.
#[cfg(feature = "hydrate")]
pub fn save(name: &str, text: &str) {
    use leptos::prelude::document;
    use wasm_bindgen::JsCast;
    let Ok(url) = object_url(text) else { return };
    if let Ok(link) = document().create_element("a") {
        let _ = link.set_attribute("href", &url);
        let _ = link.set_attribute("download", name);
        if let Some(link) = link.dyn_ref::<web_sys::HtmlElement>() {
            link.click();
        }
    }
}

/// An address for a text of any length, until the page is left. By reflection: it is the only place
/// that needs `Blob` and `URL`.
#[cfg(feature = "hydrate")]
fn object_url(text: &str) -> Result<String, wasm_bindgen::JsValue> {
    use js_sys::{Array, Function, Object, Reflect, global};
    use wasm_bindgen::JsCast;
    let options = Object::new();
    Reflect::set(&options, &"type".into(), &"text/csv;charset=utf-8".into())?;
    let class: Function = Reflect::get(&global(), &"Blob".into())?.dyn_into()?;
    let blob = Reflect::construct(&class, &Array::of2(&Array::of1(&text.into()), &options))?;
    let urls = Reflect::get(&global(), &"URL".into())?;
    let create: Function = Reflect::get(&urls, &"createObjectURL".into())?.dyn_into()?;
    create.call1(&urls, &blob)?.as_string().ok_or_else(|| "no address".into())
}

/// On the server nobody asks for it.
#[cfg(not(feature = "hydrate"))]
pub fn save(_: &str, _: &str) {}
