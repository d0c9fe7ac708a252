//! What a file's name says about its content, and how a download names itself (RFC 6266).

/// The media type for a file name, by its extension. Bytes are never sniffed. Model files such as `MLmodel` are plain text.
pub fn content_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref() {
        Some(
            "txt" | "log" | "md" | "rst" | "py" | "r" | "sql" | "sh" | "toml" | "ini" | "cfg" | "conf" | "yaml" | "yml" | "env" | "lock" | "diff"
            | "patch",
        ) => "text/plain; charset=utf-8",
        Some("csv") => "text/csv; charset=utf-8",
        Some("tsv") => "text/tab-separated-values; charset=utf-8",
        Some("html" | "htm") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("xml") => "text/xml; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json" | "ipynb" | "geojson") => "application/json",
        Some("jsonl" | "ndjson") => "application/x-ndjson",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("bmp") => "image/bmp",
        Some("svg") => "image/svg+xml",
        Some("pdf") => "application/pdf",
        Some("zip") => "application/zip",
        Some("gz" | "tgz") => "application/gzip",
        Some("tar") => "application/x-tar",
        Some("parquet") => "application/vnd.apache.parquet",
        Some("wav") => "audio/wav",
        Some("mp3") => "audio/mpeg",
        Some("mp4") => "video/mp4",
        None if matches!(name, "MLmodel" | "MLproject" | "Dockerfile" | "Makefile" | "README" | "LICENSE") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Whether the content can be shown as text.
pub fn is_text(content_type: &str) -> bool {
    content_type.starts_with("text/") || matches!(content_type, "application/json" | "application/x-ndjson")
}

/// The type under which a browser may show a file inside a page of its own: raster images as they are, every text as plain text (so that HTML
/// and scripts stay text). `None`: it is only ever a download. SVG can carry scripts and stays a download.
pub fn inline_type(content_type: &'static str) -> Option<&'static str> {
    match content_type {
        "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/bmp" => Some(content_type),
        text if is_text(text) => Some("text/plain; charset=utf-8"),
        _ => None,
    }
}

/// A `Content-Disposition` header for a download of `name`: a quoted ASCII form for old clients, and `filename*` (RFC 8187) whenever the name
/// has anything else. The result is printable ASCII whatever the name holds.
pub fn attachment(name: &str) -> String {
    disposition("attachment", name)
}

/// As [`attachment`], to be shown in place.
pub fn inline(name: &str) -> String {
    disposition("inline", name)
}

fn disposition(kind: &str, name: &str) -> String {
    let is_token = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+".contains(&b));
    if is_token {
        return format!("{kind}; filename={name}");
    }
    let ascii: String =
        name.chars().map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '/' | '%') || c == ' ' { c } else { '_' }).collect();
    let ascii = if ascii.is_empty() { "download".to_owned() } else { ascii };
    let mut header = format!("{kind}; filename=\"{ascii}\"");
    if ascii != name {
        header.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                header.push(char::from(byte));
            } else {
                header.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t33_a_name_cannot_split_the_header() {
        let header = attachment("a\"\r\nSet-Cookie: x=1");
        assert_eq!(header, "attachment; filename=\"a___Set-Cookie: x=1\"; filename*=UTF-8''a%22%0D%0ASet-Cookie%3A%20x%3D1");
        for name in ["a\"\r\nSet-Cookie: x=1", "非ascii", "con", &"n".repeat(300), "", "a\0b", "\u{2028}", "a;b", "a\\b", "%41"] {
            let header = attachment(name);
            assert!(header.bytes().all(|b| (0x20..0x7f).contains(&b)), "{header:?}");
            assert!(header.matches('"').count().is_multiple_of(2), "{header:?}");
        }
    }

    #[test]
    fn plain_names_stay_plain_and_others_carry_both_forms() {
        assert_eq!(attachment("x.txt"), "attachment; filename=x.txt");
        assert_eq!(attachment("a b.txt"), "attachment; filename=\"a b.txt\"");
        assert_eq!(attachment("非ascii"), "attachment; filename=\"_ascii\"; filename*=UTF-8''%E9%9D%9Eascii");
    }

    #[test]
    fn t31_active_content_is_never_shown_under_its_own_type() {
        assert_eq!(inline_type(content_type("evil.html")), Some("text/plain; charset=utf-8"));
        assert_eq!(inline_type(content_type("evil.svg")), None);
        assert_eq!(inline_type(content_type("evil.pdf")), None);
        assert_eq!(inline_type(content_type("plot.PNG")), Some("image/png"));
        assert_eq!(inline_type(content_type("model.pkl")), None);
        assert_eq!(content_type("MLmodel"), "text/plain; charset=utf-8");
    }
}
