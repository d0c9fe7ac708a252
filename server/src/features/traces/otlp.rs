//! Reads an OTLP `ExportTraceServiceRequest` (opentelemetry-proto 1.x, `trace/v1/trace.proto`) from protobuf's wire form into spans, and writes each
//! span as protobuf's JSON. Unknown fields are skipped, as protobuf says.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    error::TraceError,
    model::{PREVIEW_MAX, Span, State, TraceId, cut},
};

/// Most spans of one request.
pub const SPANS_MAX: usize = 10_000;
/// Deepest nesting of attribute values.
const DEPTH_MAX: usize = 32;
/// Longest name of a span, in characters; longer ones are cut.
const NAME_MAX: usize = 500;

type Read<T> = Result<T, TraceError>;

/// What stands behind a field's number.
enum Wire<'b> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'b [u8]),
}

impl<'b> Wire<'b> {
    fn bytes(self) -> Read<&'b [u8]> {
        if let Wire::Bytes(bytes) = self { Ok(bytes) } else { Err(TraceError::Otlp("a field has another type")) }
    }

    fn text(self) -> Read<String> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| TraceError::Otlp("a text is not UTF-8"))
    }

    fn number(self) -> Read<u64> {
        match self {
            Wire::Varint(number) | Wire::Fixed64(number) => Ok(number),
            Wire::Fixed32(number) => Ok(number.into()),
            Wire::Bytes(_) => Err(TraceError::Otlp("a field has another type")),
        }
    }
}

/// The fields of a message, in the order they come.
struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    fn next(&mut self) -> Read<Option<(u64, Wire<'b>)>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let wire = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| TraceError::Otlp("it ends early"))?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(TraceError::Otlp("a field has no known type")),
        };
        Ok(Some((tag >> 3, wire)))
    }

    fn varint(&mut self) -> Read<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(TraceError::Otlp("a number is too long"))
    }

    fn take(&mut self, length: usize) -> Read<&'b [u8]> {
        let (now, later) = self.0.split_at_checked(length).ok_or(TraceError::Otlp("it ends early"))?;
        self.0 = later;
        Ok(now)
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| TraceError::Otlp("it ends early"))
    }
}

/// The spans of a request.
///
/// # Errors
/// [`TraceError::Otlp`] for what is no such request; [`TraceError::TooMany`].
pub fn read(body: &[u8]) -> Read<Vec<Span>> {
    let mut spans = Vec::new();
    // resource_spans = 1, in it scope_spans = 2, in it spans = 2.
    let mut request = Fields(body);
    while let Some((number, wire)) = request.next()? {
        if number != 1 {
            continue;
        }
        let mut resource = Fields(wire.bytes()?);
        while let Some((number, wire)) = resource.next()? {
            if number != 2 {
                continue;
            }
            let mut scope = Fields(wire.bytes()?);
            while let Some((number, wire)) = scope.next()? {
                if number == 2 {
                    spans.push(span(wire.bytes()?)?);
                }
                if spans.len() > SPANS_MAX {
                    return Err(TraceError::TooMany { what: "spans", most: SPANS_MAX, got: spans.len() });
                }
            }
        }
    }
    if spans.is_empty() { Err(TraceError::Otlp("no spans found")) } else { Ok(spans) }
}

fn span(bytes: &[u8]) -> Read<Span> {
    let mut json = Map::new();
    let (mut trace, mut id, mut parent): (&[u8], &[u8], &[u8]) = (&[], &[], &[]);
    let (mut name, mut start, mut end, mut code) = (String::new(), 0, 0, 0);
    let (mut attributes, mut events, mut links) = (Vec::new(), Vec::new(), Vec::new());
    let mut fields = Fields(bytes);
    while let Some((number, wire)) = fields.next()? {
        match number {
            1 => trace = wire.bytes()?,
            2 => id = wire.bytes()?,
            3 => drop(json.insert("trace_state".into(), wire.text()?.into())),
            4 => parent = wire.bytes()?,
            5 => name = wire.text()?,
            6 => drop(json.insert("kind".into(), wire.number()?.into())),
            7 => start = wire.number()?,
            8 => end = wire.number()?,
            9 => attributes.push(pair(wire.bytes()?, 0)?),
            11 => events.push(event(wire.bytes()?)?),
            13 => links.push(link(wire.bytes()?)?),
            15 => {
                let (number, status) = status(wire.bytes()?)?;
                code = number;
                json.insert("status".into(), status);
            }
            _ => {}
        }
    }
    let uuid = Uuid::from_slice(trace).map_err(|_| TraceError::Otlp("a trace id has 16 bytes"))?;
    if id.len() != 8 || !(parent.is_empty() || parent.len() == 8) {
        return Err(TraceError::Otlp("a span id has 8 bytes"));
    }
    let time = |nanos: u64| i64::try_from(nanos).map_err(|_| TraceError::Otlp("a time is out of range"));
    json.insert("trace_id".into(), STANDARD.encode(trace).into());
    json.insert("span_id".into(), STANDARD.encode(id).into());
    if !parent.is_empty() {
        json.insert("parent_span_id".into(), STANDARD.encode(parent).into());
    }
    json.insert("name".into(), name.clone().into());
    json.insert("start_time_unix_nano".into(), start.to_string().into());
    if end > 0 {
        json.insert("end_time_unix_nano".into(), end.to_string().into());
    }
    let said = |key: &str| attributes.iter().find(|(own, _)| own == key).map(|(_, value)| plain(value));
    let trace_tags = attributes.iter().filter_map(|(key, value)| Some((key.strip_prefix("mlflow.traceTag.")?.to_owned(), plain(value)))).collect();
    let preview = |key: &str| {
        said(key).map(|mut text| {
            cut(&mut text, PREVIEW_MAX);
            text.replace('\0', "\u{fffd}")
        })
    };
    let mut name = name.replace('\0', "\u{fffd}");
    cut(&mut name, NAME_MAX);
    let mut kind = said("mlflow.spanType").unwrap_or_else(|| "UNKNOWN".to_owned()).trim_matches('"').replace('\0', "");
    cut(&mut kind, 100);
    let made = Span {
        trace: TraceId(uuid),
        id: hex(id),
        parent: (!parent.is_empty()).then(|| hex(parent)),
        name,
        kind,
        status: match code {
            1 => State::Ok,
            2 => State::Error,
            _ => State::Unspecified,
        },
        start_ns: time(start)?,
        end_ns: (end > 0).then(|| time(end)).transpose()?,
        inputs: preview("mlflow.spanInputs"),
        outputs: preview("mlflow.spanOutputs"),
        trace_tags,
        data: String::new(),
    };
    let list = |pairs: Vec<(String, Value)>| pairs.into_iter().map(|(key, value)| json!({ "key": key, "value": value })).collect::<Vec<_>>();
    for (field, values) in [("attributes", list(attributes)), ("events", events), ("links", links)] {
        if !values.is_empty() {
            json.insert(field.into(), values.into());
        }
    }
    Ok(Span { data: Value::Object(json).to_string(), ..made })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A value as text: a string as it is, all else as JSON.
fn plain(value: &Value) -> String {
    let held = value.as_object().and_then(|one| one.values().next());
    held.map_or_else(String::new, |held| held.as_str().map_or_else(|| held.to_string(), str::to_owned))
}

fn pair(bytes: &[u8], depth: usize) -> Read<(String, Value)> {
    let (mut key, mut value) = (String::new(), json!({}));
    let mut fields = Fields(bytes);
    while let Some((number, wire)) = fields.next()? {
        match number {
            1 => key = wire.text()?,
            2 => value = any_value(wire.bytes()?, depth)?,
            _ => {}
        }
    }
    Ok((key, value))
}

fn any_value(bytes: &[u8], depth: usize) -> Read<Value> {
    if depth > DEPTH_MAX {
        return Err(TraceError::Otlp("an attribute is nested too deep"));
    }
    let mut value = json!({});
    let mut fields = Fields(bytes);
    while let Some((number, wire)) = fields.next()? {
        value = match number {
            1 => json!({ "string_value": wire.text()? }),
            2 => json!({ "bool_value": wire.number()? != 0 }),
            3 => json!({ "int_value": wire.number()?.cast_signed().to_string() }),
            4 => json!({ "double_value": double(f64::from_bits(wire.number()?)) }),
            5 => {
                let (mut list, mut fields) = (Vec::new(), Fields(wire.bytes()?));
                while let Some((_, wire)) = fields.next()? {
                    list.push(any_value(wire.bytes()?, depth + 1)?);
                }
                json!({ "array_value": { "values": list } })
            }
            6 => {
                let (mut list, mut fields) = (Vec::new(), Fields(wire.bytes()?));
                while let Some((_, wire)) = fields.next()? {
                    let (key, value) = pair(wire.bytes()?, depth + 1)?;
                    list.push(json!({ "key": key, "value": value }));
                }
                json!({ "kvlist_value": { "values": list } })
            }
            7 => json!({ "bytes_value": STANDARD.encode(wire.bytes()?) }),
            _ => continue,
        };
    }
    Ok(value)
}

/// A double in protobuf's JSON, where what is no finite number is a word.
fn double(value: f64) -> Value {
    match value {
        value if value.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        value => value.into(),
    }
}

fn event(bytes: &[u8]) -> Read<Value> {
    let (mut time, mut name, mut attributes) = (0, String::new(), Vec::new());
    let mut fields = Fields(bytes);
    while let Some((number, wire)) = fields.next()? {
        match number {
            1 => time = wire.number()?,
            2 => name = wire.text()?,
            3 => {
                let (key, value) = pair(wire.bytes()?, 0)?;
                attributes.push(json!({ "key": key, "value": value }));
            }
            _ => {}
        }
    }
    Ok(json!({ "time_unix_nano": time.to_string(), "name": name, "attributes": attributes }))
}

fn link(bytes: &[u8]) -> Read<Value> {
    let (mut trace, mut span, mut attributes): (&[u8], &[u8], Vec<Value>) = (&[], &[], Vec::new());
    let mut fields = Fields(bytes);
    while let Some((number, wire)) = fields.next()? {
        match number {
            1 => trace = wire.bytes()?,
            2 => span = wire.bytes()?,
            4 => {
                let (key, value) = pair(wire.bytes()?, 0)?;
                attributes.push(json!({ "key": key, "value": value }));
            }
            _ => {}
        }
    }
    Ok(json!({ "trace_id": STANDARD.encode(trace), "span_id": STANDARD.encode(span), "attributes": attributes }))
}

fn status(bytes: &[u8]) -> Read<(u64, Value)> {
    let (mut code, mut message) = (0, String::new());
    let mut fields = Fields(bytes);
    while let Some((number, wire)) = fields.next()? {
        match number {
            2 => message = wire.text()?,
            3 => code = wire.number()?,
            _ => {}
        }
    }
    Ok((code, json!({ "code": code, "message": message })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        assert!(bytes.len() < 128);
        [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()][..], bytes].concat()
    }

    fn request(span: &[u8]) -> Vec<u8> {
        field(1, &field(2, &field(2, span)))
    }

    #[test]
    fn a_span_is_read() {
        let attribute = [field(1, b"mlflow.spanType"), field(2, &field(1, b"\"LLM\""))].concat();
        let span = [
            field(1, &[7; 16]),
            field(2, &[8; 8]),
            field(5, b"ask"),
            [&[7 << 3 | 1][..], &5_u64.to_le_bytes()[..]].concat(),
            [&[8 << 3 | 1][..], &9_u64.to_le_bytes()[..]].concat(),
            field(9, &attribute),
            field(15, &[3 << 3, 1]),
        ]
        .concat();
        let spans = read(&request(&span)).unwrap();
        let [one] = &spans[..] else { panic!("{spans:?}") };
        assert_eq!((one.name.as_str(), one.kind.as_str(), one.status, one.start_ns, one.end_ns), ("ask", "LLM", State::Ok, 5, Some(9)));
        assert_eq!((one.id.as_str(), one.parent.as_deref()), ("0808080808080808", None));
        let data: Value = serde_json::from_str(&one.data).unwrap();
        assert_eq!(data["attributes"][0]["value"]["string_value"], "\"LLM\"");
        assert_eq!(data["trace_id"], "BwcHBwcHBwcHBwcHBwcHBw==");
    }

    #[test]
    fn t47_what_is_no_request_is_refused() {
        let deep = (0..40).fold(field(1, b"x"), |inner, _| if inner.len() < 120 { field(5, &field(1, &inner)) } else { inner });
        assert!(any_value(&deep, DEPTH_MAX - 3).is_err());
        for body in [
            &b""[..],
            b"{}",
            b"\x0a",
            b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            &request(&field(1, &[7; 15])),
            &request(&field(1, &[7; 16])),
        ] {
            assert!(read(body).is_err(), "{body:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            let _ = read(&bytes);
            let _ = span(&bytes);
        }
    }
}
