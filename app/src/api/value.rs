//! Scalars of the schema that are not plain JSON values.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

use crate::kit::moment;

/// A point in time: milliseconds since 1970 in UTC. RFC 3339 on the wire.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Moment(pub f64);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Scalar(moment::parse)).map(Self)
    }
}

/// A metric's value: any double, `NaN` and the infinities included (they travel as text).
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct MetricValue(pub f64);

impl Serialize for MetricValue {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            value if value.is_finite() => out.serialize_f64(value),
            value if value.is_nan() => out.serialize_str("NaN"),
            value if value > 0.0 => out.serialize_str("Infinity"),
            _ => out.serialize_str("-Infinity"),
        }
    }
}

impl<'de> Deserialize<'de> for MetricValue {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let named = |text: &str| match text {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        };
        input.deserialize_any(Scalar(named)).map(Self)
    }
}

/// A number, or a text that says one.
struct Scalar(fn(&str) -> Option<f64>);

impl Visitor<'_> for Scalar {
    type Value = f64;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a number or its name")
    }

    fn visit_u64<E>(self, number: u64) -> Result<f64, E> {
        Ok(number as f64)
    }

    fn visit_i64<E>(self, number: i64) -> Result<f64, E> {
        Ok(number as f64)
    }

    fn visit_f64<E>(self, number: f64) -> Result<f64, E> {
        Ok(number)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<f64, E> {
        (self.0)(text).ok_or_else(|| E::custom("it says no number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_keeps_values_json_has_no_number_for() {
        for text in ["1.5", "\"NaN\"", "\"Infinity\"", "\"-Infinity\""] {
            let value: MetricValue = serde_json::from_str(text).expect(text);
            assert_eq!(serde_json::to_string(&value).expect(text), text);
        }
        assert!(serde_json::from_str::<MetricValue>("\"1\"").is_err());
    }

    #[test]
    fn a_moment_is_read_from_rfc_3339_and_from_its_own_form() {
        let moment: Moment = serde_json::from_str("\"1970-01-01T00:00:01.500Z\"").expect("reads");
        assert_eq!(moment, Moment(1500.0));
        let again: Moment = serde_json::from_str(&serde_json::to_string(&moment).expect("writes")).expect("reads");
        assert_eq!(again, moment);
    }
}
