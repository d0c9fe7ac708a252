//! JSON as Python writes it: clients and MLflow's own store keep such texts and compare them as texts.

use serde_json::Value;

/// A value with Python's blanks, and with what is not ASCII as escapes.
pub fn json(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("[{}]", list.iter().map(json).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let pairs = map.iter().map(|(key, value)| format!("{}: {}", ascii(&Value::from(key.as_str())), json(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        plain => ascii(plain),
    }
}

fn ascii(plain: &Value) -> String {
    let mut out = String::new();
    for c in plain.to_string().chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn texts_are_those_of_python() {
        for (value, text) in [
            (json!([{ "name": "größe", "version": "1" }, true, null]), r#"[{"name": "gr\u00f6\u00dfe", "version": "1"}, true, null]"#),
            (json!("a\"\u{1f600}\n"), r#""a\"\ud83d\ude00\n""#),
            (json!(0.5), "0.5"),
            (json!(1.0), "1.0"),
            (json!({}), "{}"),
        ] {
            assert_eq!(super::json(&value), text);
        }
    }
}
