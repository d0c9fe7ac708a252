//! What an MLflow server says, as far as it is taken. Unknown fields are left out; numbers may come as texts.

use serde::{Deserialize, Deserializer, Serialize, de};

/// An integer, or its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Int(pub i64);

/// A double; what JSON has no number for is a text.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Double(pub f64);

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(i64),
            Double(f64),
            Text(String),
        }
        match Either::deserialize(input)? {
            Either::Number(number) => Ok(Self(number)),
            Either::Double(number) => Ok(Self(number as i64)),
            Either::Text(text) => text.parse().map(Self).map_err(|_| de::Error::custom("no integer")),
        }
    }
}

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Double;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a number")
            }
            fn visit_f64<E>(self, value: f64) -> Result<Double, E> {
                Ok(Double(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Double, E> {
                Ok(Double(value as f64))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Double, E> {
                Ok(Double(value as f64))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Double, E> {
                match text {
                    "NaN" => Ok(Double(f64::NAN)),
                    "Infinity" => Ok(Double(f64::INFINITY)),
                    "-Infinity" => Ok(Double(f64::NEG_INFINITY)),
                    _ => Err(E::custom("no number")),
                }
            }
        }
        input.deserialize_any(Visitor)
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Pair {
    pub key: String,
    pub value: String,
}

/// Key and value of each pair.
pub fn pairs(list: &[Pair]) -> Vec<(String, String)> {
    list.iter().map(|pair| (pair.key.clone(), pair.value.clone())).collect()
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Experiment {
    pub experiment_id: String,
    pub name: String,
    pub creation_time: Int,
    pub tags: Vec<Pair>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Run {
    pub info: RunInfo,
    pub data: RunData,
    pub inputs: Inputs,
    pub outputs: Outputs,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RunInfo {
    pub run_id: String,
    pub run_name: String,
    pub experiment_id: String,
    pub user_id: String,
    pub status: String,
    pub start_time: Int,
    pub end_time: Option<Int>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RunData {
    pub metrics: Vec<Metric>,
    pub params: Vec<Pair>,
    pub tags: Vec<Pair>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Metric {
    pub key: String,
    pub value: Double,
    pub timestamp: Int,
    pub step: Int,
    pub run_id: String,
    pub dataset_name: String,
    pub dataset_digest: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Inputs {
    pub dataset_inputs: Vec<DatasetInput>,
    pub model_inputs: Vec<ModelLink>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Outputs {
    pub model_outputs: Vec<ModelLink>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ModelLink {
    pub model_id: String,
    pub step: Int,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DatasetInput {
    pub dataset: Dataset,
    pub tags: Vec<Pair>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Dataset {
    pub name: String,
    pub digest: String,
    pub source_type: String,
    pub source: String,
    pub schema: String,
    pub profile: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LoggedModel {
    pub info: LoggedModelInfo,
    pub data: LoggedModelData,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LoggedModelInfo {
    pub model_id: String,
    pub experiment_id: String,
    pub name: String,
    pub creation_timestamp_ms: Int,
    pub last_updated_timestamp_ms: Int,
    pub status: String,
    pub model_type: String,
    pub source_run_id: String,
    pub tags: Vec<Pair>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LoggedModelData {
    pub params: Vec<Pair>,
    pub metrics: Vec<Metric>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RegisteredModel {
    pub name: String,
    pub creation_timestamp: Int,
    pub last_updated_timestamp: Int,
    pub description: String,
    pub tags: Vec<Pair>,
    pub aliases: Vec<Alias>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Alias {
    pub alias: String,
    pub version: Int,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ModelVersion {
    pub version: Int,
    pub creation_timestamp: Int,
    pub last_updated_timestamp: Int,
    pub current_stage: String,
    pub description: String,
    pub source: String,
    pub run_id: String,
    pub run_link: String,
    pub model_id: String,
    pub tags: Vec<Pair>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct FileInfo {
    pub path: String,
    pub is_dir: bool,
    pub file_size: Int,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Files {
    pub files: Vec<FileInfo>,
    pub next_page_token: String,
}

/// One page of a list whose rows are kept as they came.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct PageOf {
    #[serde(alias = "experiments", alias = "runs", alias = "models", alias = "registered_models", alias = "model_versions")]
    pub rows: Vec<serde_json::Value>,
    pub next_page_token: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct History {
    pub metrics: Vec<Metric>,
    pub next_page_token: String,
}

/// Points of several runs, sorted by run.
#[derive(Debug, Deserialize)]
pub struct BulkHistory<'a> {
    #[serde(borrow)]
    pub metrics: Vec<BulkPoint<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct BulkPoint<'a> {
    pub run_id: &'a str,
    pub value: Double,
    pub timestamp: i64,
    pub step: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_as_numbers_or_texts() {
        let run: Run = serde_json::from_str(
            r#"{"info":{"run_id":"a","start_time":"17","end_time":18,"new":1},"data":{"metrics":[{"key":"m","value":"NaN","step":"-3","timestamp":5},{"key":"n","value":2}]}}"#,
        )
        .expect("reads");
        assert_eq!((run.info.start_time, run.info.end_time), (Int(17), Some(Int(18))));
        assert!(run.data.metrics[0].value.0.is_nan());
        assert_eq!((run.data.metrics[0].step, run.data.metrics[1].value.0), (Int(-3), 2.0));
        assert!(serde_json::from_str::<Metric>(r#"{"value":"x"}"#).is_err());
    }
}
