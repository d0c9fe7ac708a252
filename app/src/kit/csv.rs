//! Texts as CSV (RFC 4180), and as files in the reader's hands.

/// Appends one line.
pub fn line<'c>(out: &mut String, cells: impl IntoIterator<Item = &'c str>) {
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        quote(out, cell);
    }
    out.push_str("\r\n");
}

/// Quoted where it must be. What a spreadsheet would run as a formula gets a quote mark before it.
fn quote(out: &mut String, cell: &str) {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quoted = cell.contains([',', '"', '\n', '\r']);
    if quoted {
        out.push('"');
    }
    if formula {
        out.push('\'');
    }
    if quoted {
        out.push_str(&cell.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(cell);
    }
}

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

#[cfg(test)]
mod tests {
    #[test]
    fn cells_are_quoted_and_none_is_a_formula() {
        let mut out = String::new();
        super::line(&mut out, ["a", "b,c", "say \"x\"", "=1+1", ""]);
        assert_eq!(out, "a,\"b,c\",\"say \"\"x\"\"\",'=1+1,\r\n");
    }
}
