//! A chart as a file.

use super::marks::Drawing;

/// Hands the chart to the browser as `png`, `svg` or `csv`.
#[cfg(feature = "hydrate")]
pub(super) fn save(drawing: &Drawing, title: &str, kind: &str) {
    let name = format!("{}.{kind}", title.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect::<String>());
    match kind {
        "csv" => follow(&name, &format!("data:text/csv;charset=utf-8,{}", js_sys::encode_uri_component(&drawing.csv()))),
        "svg" => follow(&name, &picture(drawing, title)),
        _ => drop(paint(name, &picture(drawing, title))),
    }
}

#[cfg(not(feature = "hydrate"))]
pub(super) fn save(_: &Drawing, _: &str, _: &str) {}

#[cfg(feature = "hydrate")]
fn picture(drawing: &Drawing, title: &str) -> String {
    format!("data:image/svg+xml;charset=utf-8,{}", js_sys::encode_uri_component(&drawing.file(title)))
}

/// Downloads an address under a name.
#[cfg(feature = "hydrate")]
fn follow(name: &str, address: &str) {
    use wasm_bindgen::JsCast;
    let Ok(link) = leptos::prelude::document().create_element("a") else { return };
    let _ = link.set_attribute("href", address);
    let _ = link.set_attribute("download", name);
    if let Some(link) = link.dyn_ref::<web_sys::HtmlElement>() {
        link.click();
    }
}

/// Draws the picture twice as large, for screens of today, and downloads what is on the canvas.
#[cfg(feature = "hydrate")]
fn paint(name: String, picture: &str) -> Result<(), wasm_bindgen::JsValue> {
    use wasm_bindgen::{JsCast, prelude::Closure};
    let image = web_sys::HtmlImageElement::new()?;
    let drawn = image.clone();
    let ready = Closure::once_into_js(move || {
        let finish = || -> Option<()> {
            let canvas: web_sys::HtmlCanvasElement = leptos::prelude::document().create_element("canvas").ok()?.dyn_into().ok()?;
            canvas.set_width(drawn.natural_width() * 2);
            canvas.set_height(drawn.natural_height() * 2);
            let context: web_sys::CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
            context.scale(2.0, 2.0).ok()?;
            context.draw_image_with_html_image_element(&drawn, 0.0, 0.0).ok()?;
            follow(&name, &canvas.to_data_url().ok()?);
            Some(())
        };
        finish();
    });
    image.set_onload(Some(ready.unchecked_ref()));
    image.set_src(picture);
    Ok(())
}
