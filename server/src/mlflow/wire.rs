//! Wire types: protobuf JSON as the MLflow client speaks it.
//!
//! Every field of a request is optional and defaulted, so that one struct serves a JSON body and a query string; what is required says so with
//! [`required`]. Names are snake_case; give each multi-word field its camelCase `alias` (protobuf accepts both, both at once are an error).
//! Integers may be numbers or strings, NaN and infinities are strings, enums are names or numbers, `null` means unset.

use std::{fmt, ops::Deref};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
};

use super::error::Error;

/// The value of a required field; absent and empty are the same mistake in MLflow.
pub fn required(field: &str, value: Option<Text>) -> Result<String, Error> {
    value.map(|text| text.0).filter(|text| !text.is_empty()).ok_or_else(|| Error::required(field))
}

/// The value of a required field that may be empty (a param's or tag's value).
pub fn present<T>(field: &str, value: Option<T>) -> Result<T, Error> {
    value.ok_or_else(|| Error::required(field))
}

/// A string without U+0000, which Postgres cannot store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub String);

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<Text> for String {
    fn from(text: Text) -> String {
        text.0
    }
}

/// An optional string field, empty when unset.
pub fn text(value: Option<Text>) -> String {
    value.map(|text| text.0).unwrap_or_default()
}

/// An optional string field; protobuf's empty string is the same as unset.
pub fn filled(value: Option<Text>) -> Option<String> {
    value.map(|text| text.0).filter(|text| !text.is_empty())
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<Text, E> {
                self.visit_string(value.to_owned())
            }
            fn visit_string<E: de::Error>(self, value: String) -> Result<Text, E> {
                if value.contains('\0') {
                    return Err(E::custom("a string must not contain the character U+0000"));
                }
                Ok(Text(value))
            }
        }
        input.deserialize_string(Reader)
    }
}

/// An int64 (or int32): a JSON number without a fraction, or its decimal text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Int(pub i64);

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Int;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a 64-bit integer")
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Int, E> {
                Ok(Int(value))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Int, E> {
                i64::try_from(value).map(Int).map_err(|_| E::custom("the integer does not fit 64 bits"))
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Int, E> {
                // -2^63 itself comes as an integer: a float of that value stands for one that was below it and rounded.
                let fits = value.fract() == 0.0 && value.abs() < 9_223_372_036_854_775_808.0;
                if fits { Ok(Int(value as i64)) } else { Err(E::custom("not a 64-bit integer")) }
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<Int, E> {
                value.trim().parse().map(Int).map_err(|_| E::custom("not a 64-bit integer"))
            }
        }
        input.deserialize_any(Reader)
    }
}

/// A double: a JSON number, its text, or `"NaN"`, `"Infinity"`, `"-Infinity"`. Written back the same way.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Double(pub f64);

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Double;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a number, \"NaN\", \"Infinity\" or \"-Infinity\"")
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Double, E> {
                Ok(Double(value as f64))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Double, E> {
                Ok(Double(value as f64))
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Double, E> {
                Ok(Double(value))
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<Double, E> {
                match value {
                    "NaN" => Ok(Double(f64::NAN)),
                    "Infinity" => Ok(Double(f64::INFINITY)),
                    "-Infinity" => Ok(Double(f64::NEG_INFINITY)),
                    // A finite text that overflows is a mistake, not an infinity.
                    text => match text.parse::<f64>() {
                        Ok(number) if number.is_finite() => Ok(Double(number)),
                        _ => Err(E::custom("not a number")),
                    },
                }
            }
        }
        input.deserialize_any(Reader)
    }
}

impl Serialize for Double {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            value if value.is_nan() => output.serialize_str("NaN"),
            f64::INFINITY => output.serialize_str("Infinity"),
            f64::NEG_INFINITY => output.serialize_str("-Infinity"),
            value => output.serialize_f64(value),
        }
    }
}

/// A bool: `true`, or the text `true` / `false` in any case (query strings carry Python's `True`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Flag;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("true or false")
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Flag, E> {
                Ok(Flag(value))
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<Flag, E> {
                match value.to_ascii_lowercase().as_str() {
                    "true" | "1" => Ok(Flag(true)),
                    "false" | "0" => Ok(Flag(false)),
                    _ => Err(E::custom("not true or false")),
                }
            }
        }
        input.deserialize_any(Reader)
    }
}

/// A repeated field: a JSON array, `null` (empty), or one bare value (a query string with the key once).
#[derive(Clone, Debug, PartialEq)]
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl List<Text> {
    pub fn strings(self) -> Vec<String> {
        self.0.into_iter().map(String::from).collect()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Reader<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = List<T>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_unit<E: de::Error>(self) -> Result<List<T>, E> {
                Ok(List::default())
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<List<T>, E> {
                T::deserialize(de::value::StrDeserializer::new(value)).map(|one| List(vec![one]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::with_capacity(items.size_hint().unwrap_or(0).min(1024));
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(List(list))
            }
        }
        input.deserialize_any(Reader(std::marker::PhantomData))
    }
}

/// A protobuf enum that requests may carry: its names in the order of their numbers from `FIRST` on.
pub trait Names: Copy + 'static {
    const FIRST: i64;
    const ALL: &'static [(&'static str, Self)];
}

/// An enum value by name or number; a name nobody knows is `None`, as MLflow silently ignores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<T>(pub Option<T>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Names> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Reader<T>(std::marker::PhantomData<T>);
        impl<T: Names> Visitor<'_> for Reader<T> {
            type Value = Named<T>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("the name or number of an enum value")
            }
            fn visit_unit<E: de::Error>(self) -> Result<Named<T>, E> {
                Ok(Named(None))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Named<T>, E> {
                let place = value.checked_sub(T::FIRST).and_then(|place| usize::try_from(place).ok());
                Ok(Named(place.and_then(|place| T::ALL.get(place)).map(|(_, one)| *one)))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Named<T>, E> {
                i64::try_from(value).map_or(Ok(Named(None)), |value| self.visit_i64(value))
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<Named<T>, E> {
                if let Ok(number) = value.parse::<i64>() {
                    return self.visit_i64(number);
                }
                Ok(Named(T::ALL.iter().find(|(name, _)| *name == value).map(|(_, one)| *one)))
            }
        }
        input.deserialize_any(Reader(std::marker::PhantomData))
    }
}

/// A `{key, value}` pair: params and tags in both directions.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Pair {
    pub key: Option<Text>,
    pub value: Option<Text>,
}

/// A `{key, value}` pair of an answer.
#[derive(Clone, Debug, Serialize)]
pub struct KeyValue<'a> {
    pub key: &'a str,
    pub value: &'a str,
}

/// The answer of calls that return nothing: `{}`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Empty {}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Color {
        Red,
        Blue,
    }
    impl Names for Color {
        const FIRST: i64 = 1;
        const ALL: &'static [(&'static str, Self)] = &[("RED", Color::Red), ("BLUE", Color::Blue)];
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Sample {
        #[serde(alias = "runId")]
        run_id: Option<Text>,
        step: Option<Int>,
        value: Option<Double>,
        flag: Option<Flag>,
        color: Named<Color>,
        keys: List<Text>,
    }

    fn read(json: &str) -> Result<Sample, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn lenient_forms_are_read() {
        let sample =
            read(r#"{"runId":"r","step":"-9223372036854775808","value":"NaN","flag":"True","color":"BLUE","keys":["a"],"unknown":{"x":1}}"#).unwrap();
        assert_eq!(sample.run_id.unwrap().0, "r");
        assert_eq!(sample.step, Some(Int(i64::MIN)));
        assert!(sample.value.unwrap().0.is_nan());
        assert_eq!(sample.flag, Some(Flag(true)));
        assert_eq!(sample.color.0, Some(Color::Blue));
        assert_eq!(sample.keys.strings(), ["a"]);
        let sample = read(r#"{"run_id":null,"step":3.0,"value":-1,"color":2,"keys":null}"#).unwrap();
        assert!(sample.run_id.is_none() && sample.keys.0.is_empty());
        assert_eq!((sample.step, sample.value), (Some(Int(3)), Some(Double(-1.0))));
        assert_eq!(sample.color.0, Some(Color::Blue));
        assert_eq!(read(r#"{"color":"GREEN"}"#).unwrap().color.0, None);
        assert_eq!(read(r#"{"color":0}"#).unwrap().color.0, None);
        assert_eq!(read(r#"{"keys":"one"}"#).unwrap().keys.strings(), ["one"]);
    }

    #[test]
    fn bad_values_are_refused() {
        for json in [
            r#"{"run_id":"a","runId":"b"}"#,
            r#"{"step":1,"step":2}"#,
            r#"{"run_id":"a\u0000b"}"#,
            r#"{"run_id":"\ud800"}"#,
            r#"{"run_id":5}"#,
            r#"{"step":1.5}"#,
            r#"{"step":9223372036854775808}"#,
            r#"{"step":"9223372036854775808"}"#,
            r#"{"step":1e19}"#,
            r#"{"step":true}"#,
            r#"{"value":1e999}"#,
            r#"{"value":"1e999"}"#,
            r#"{"value":"inf"}"#,
            r#"{"value":true}"#,
            r#"{"value":[1]}"#,
            r#"{"flag":"maybe"}"#,
        ] {
            assert!(read(json).is_err(), "{json}");
        }
        let deep = "[".repeat(100_000);
        assert!(read(&format!("{{\"other\":{deep}")).is_err());
    }

    #[test]
    fn doubles_are_written_as_valid_json() {
        let text = serde_json::to_string(&[Double(f64::NAN), Double(f64::INFINITY), Double(f64::NEG_INFINITY), Double(0.5)]).unwrap();
        assert_eq!(text, r#"["NaN","Infinity","-Infinity",0.5]"#);
    }
}
