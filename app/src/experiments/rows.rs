//! Rows of the run table, and how they travel with the page: what a row has in common with the one above it is not said again. Names and values of runs
//! that were logged by one script have most of their letters in common.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::api::{MetricValue, Moment};

/// A run reduced to the columns shown.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub id: String,
    pub name: String,
    pub status: String,
    pub started: Moment,
    pub ended: Option<Moment>,
    pub by: Option<String>,
    /// Name and digest of the first dataset.
    pub dataset: Option<(String, String)>,
    /// One for each column that is a metric, a param or a tag; in their order.
    pub values: Vec<Held>,
}

/// A value of a run under a key.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Held {
    Number([MetricValue; 1]),
    Text(String),
    Nothing(()),
}

/// A text beside the one above it: the same, or how many of its first letters are and what follows them.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Words {
    Same(u8),
    Rest(String),
}

impl Words {
    fn of(text: &str, above: Option<&str>) -> Self {
        let above = above.unwrap_or_default();
        if text == above {
            return Self::Same(0);
        }
        let same = text.chars().zip(above.chars()).take_while(|(own, other)| own == other).count();
        Self::Rest(format!("{same}|{}", text.chars().skip(same).collect::<String>()))
    }

    fn read(self, above: Option<&str>) -> Option<String> {
        let above = above.unwrap_or_default();
        match self {
            Self::Same(_) => Some(above.to_owned()),
            Self::Rest(words) => {
                let (same, rest) = words.split_once('|')?;
                Some(above.chars().take(same.parse().ok()?).collect::<String>() + rest)
            }
        }
    }
}

/// A value as it travels. A metric stands in a list, so that a param that reads `NaN` stays a text.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Value {
    Number([MetricValue; 1]),
    Text(Words),
    Nothing(()),
}

/// Without names, a row is half of its size.
type Packed = (Words, Words, Words, Moment, Option<Moment>, Option<Words>, Option<(Words, Words)>, Vec<Value>);

/// The text that stands above a value.
fn text_above(above: Option<&Line>, at: usize) -> Option<&str> {
    match above?.values.get(at)? {
        Held::Text(text) => Some(text),
        _ => None,
    }
}

fn pack(line: &Line, above: Option<&Line>) -> Packed {
    let value = |(at, value): (usize, &Held)| match value {
        Held::Number(number) => Value::Number(*number),
        Held::Text(text) => Value::Text(Words::of(text, text_above(above, at))),
        Held::Nothing(()) => Value::Nothing(()),
    };
    let dataset = above.and_then(|above| above.dataset.as_ref());
    (
        Words::of(&line.id, above.map(|above| above.id.as_str())),
        Words::of(&line.name, above.map(|above| above.name.as_str())),
        Words::of(&line.status, above.map(|above| above.status.as_str())),
        line.started,
        line.ended,
        line.by.as_ref().map(|by| Words::of(by, above.and_then(|above| above.by.as_deref()))),
        line.dataset
            .as_ref()
            .map(|own| (Words::of(&own.0, dataset.map(|dataset| dataset.0.as_str())), Words::of(&own.1, dataset.map(|dataset| dataset.1.as_str())))),
        line.values.iter().enumerate().map(value).collect(),
    )
}

fn unpack((id, name, status, started, ended, by, dataset, values): Packed, above: Option<&Line>) -> Option<Line> {
    let value = |(at, value)| {
        Some(match value {
            Value::Number(number) => Held::Number(number),
            Value::Text(words) => Held::Text(words.read(text_above(above, at))?),
            Value::Nothing(()) => Held::Nothing(()),
        })
    };
    let before = above.and_then(|above| above.dataset.as_ref());
    Some(Line {
        id: id.read(above.map(|above| above.id.as_str()))?,
        name: name.read(above.map(|above| above.name.as_str()))?,
        status: status.read(above.map(|above| above.status.as_str()))?,
        started,
        ended,
        by: by.and_then(|by| by.read(above.and_then(|above| above.by.as_deref()))),
        dataset: dataset
            .and_then(|own| Some((own.0.read(before.map(|before| before.0.as_str()))?, own.1.read(before.map(|before| before.1.as_str()))?))),
        values: values.into_iter().enumerate().map(value).collect::<Option<_>>()?,
    })
}

/// For `#[serde(with)]`.
pub(super) fn serialize<S: Serializer>(rows: &[Line], out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(rows.iter().enumerate().map(|(at, line)| pack(line, at.checked_sub(1).and_then(|above| rows.get(above)))))
}

/// For `#[serde(with)]`.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Line>, D::Error> {
    let mut rows = Vec::<Line>::new();
    for packed in Vec::<Packed>::deserialize(input)? {
        let line = unpack(packed, rows.last()).ok_or_else(|| D::Error::custom("not a row"))?;
        rows.push(line);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Rows(#[serde(with = "super")] Vec<Line>);

    #[test]
    fn rows_travel_small_and_whole() {
        let line = |id: &str, name: &str, values: Vec<Held>| Line {
            id: id.into(),
            name: name.into(),
            status: "FINISHED".into(),
            started: Moment(1.0),
            ended: None,
            by: Some("Ada".into()),
            dataset: Some(("cards".into(), "d1".into())),
            values,
        };
        let text = |text: &str| Held::Text(text.into());
        let rows = Rows(vec![
            line(
                "run_1",
                "caf\u{e9} 1|a",
                vec![Held::Number([MetricValue(f64::INFINITY)]), text("NaN"), Held::Nothing(()), Held::Number([MetricValue(0.5)])],
            ),
            line("run_2", "caf\u{e9} 2", vec![Held::Nothing(()), text("NaN"), text(""), text("0|x")]),
        ]);
        let written = serde_json::to_string(&rows).expect("writes");
        assert_eq!(
            written,
            "[[\"0|run_1\",\"0|caf\u{e9} 1|a\",\"0|FINISHED\",1.0,null,\"0|Ada\",[\"0|cards\",\"0|d1\"],[[\"Infinity\"],\"0|NaN\",null,[0.5]]],\
             [\"4|2\",\"5|2\",0,1.0,null,0,[0,0],[null,0,0,\"0|0|x\"]]]"
        );
        assert_eq!(serde_json::from_str::<Rows>(&written).expect("reads"), rows);
        assert!(serde_json::from_str::<Rows>("[[\"x\",0,0,1.0,null,null,null,[]]]").is_err());
    }
}
