use std::{collections::BTreeMap, fmt::Debug};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    one_text: String,
    small: u8,
    signed: i32,
    large: i64,
    unsigned: u64,
    number: f64,
    truth: bool,
    letter: char,
    nothing: Option<String>,
    something: Option<Box<Whole>>,
    pair: (String, i64),
    list: Vec<Option<f64>>,
    map: BTreeMap<Name, Vec<u8>>,
    choices: Vec<Choice>,
    outcome: Result<(), String>,
    unit: (),
    #[serde(flatten)]
    rest: Rest,
    any: Value,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Rest {
    flat: i64,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Name(String);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Choice {
    Alone,
    With(i64),
    Both(i64, String),
    Named { id: i64 },
}

fn whole(something: Option<Box<Whole>>) -> Whole {
    Whole {
        one_text: "caf\u{e9} \"1\"\n".into(),
        small: 255,
        signed: -7,
        large: i64::MIN,
        unsigned: u64::MAX,
        number: 0.1,
        truth: true,
        letter: 'x',
        nothing: None,
        something,
        pair: ("a".into(), 1),
        list: vec![Some(1.0), None, Some(-1.5e-300)],
        map: [(Name("k".into()), vec![1, 2])].into(),
        choices: vec![Choice::Alone, Choice::With(1), Choice::Both(2, "b".into()), Choice::Named { id: 3 }],
        outcome: Err("no".into()),
        unit: (),
        rest: Rest { flat: 4 },
        any: json!({ "a": [1, -1, 1.5, null, "x", true] }),
    }
}

#[test]
fn what_is_written_is_read_again() {
    let written = whole(Some(Box::new(whole(None))));
    let text = serde_json::to_string(&written).expect("writes");
    assert_eq!(read::<Whole>(&text), Ok(written));
}

#[test]
fn what_is_not_known_is_passed_over_and_what_may_be_missing_is_nothing() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Some {
        id: i64,
        name: Option<String>,
        #[serde(default)]
        list: Vec<i64>,
    }
    let text = r#"{ "id": 1, "more": { "deep": [1, { "a": null }] } }"#;
    assert_eq!(read(text), Ok(Some { id: 1, name: None, list: Vec::new() }));
}

#[test]
fn what_is_something_else_is_unreadable() {
    fn refused<T: DeserializeOwned + Debug>(texts: &[&str]) {
        for text in texts {
            assert!(read::<T>(text).is_err(), "{text}");
        }
    }
    refused::<i64>(&["", "nul", "1.5", "\"1\"", "null", "9223372036854775808", "[]"]);
    refused::<u8>(&["256", "-1"]);
    refused::<f64>(&["\"1\"", "NaN", "null"]);
    refused::<String>(&["1", "null", "\"a"]);
    refused::<(i64, i64)>(&["[1]", "[1, 2, 3]", "{}"]);
    refused::<Rest>(&["{}", "[4]", "{ \"flat\": null }", "null"]);
    refused::<Choice>(&["\"Alone\"", "{ \"ALONE\": 1 }", "\"WITH\"", "{ \"WITH\": 1, \"ALONE\": null }", "{}", "{ \"BOTH\": [1] }", "1"]);
    refused::<()>(&["0", "[]"]);
    refused::<bool>(&["0", "\"true\""]);
}
