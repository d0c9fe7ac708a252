//! What is compared with what: the state of the page that compares, as it stands in an address, and what the API is asked.

use serde::{Deserialize, Serialize};

/// Groups of one comparison at the most.
pub const GROUPS_MAX: usize = 6;
/// Runs that can be named one by one.
pub const RUNS_NAMED_MAX: usize = 50;
/// Runs of all groups together.
pub const RUNS_MAX: usize = 5_000;
/// Longest name of a group, in characters.
pub const GROUP_NAME_MAX: usize = 120;

/// What counts as one observation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Unit {
    /// Every run.
    #[default]
    Run,
    /// Runs that differ in nothing but their seed, as the mean of their values.
    Setup,
}

/// Which end of a metric is the good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Better {
    Higher,
    Lower,
}

impl Better {
    /// By what metrics of that name usually mean; `None` when it cannot be told.
    pub fn guess(name: &str) -> Option<Self> {
        const LOWER: [&str; 12] = ["loss", "error", "mse", "mae", "rmse", "mape", "perplexity", "brier", "latency", "entropy", "wer", "cost"];
        const HIGHER: [&str; 11] = ["acc", "auc", "f1", "precision", "recall", "r2", "score", "map", "bleu", "rouge", "iou"];
        let name = name.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if has(&LOWER) {
            Some(Self::Lower)
        } else if has(&HIGHER) {
            Some(Self::Higher)
        } else {
            None
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
        }
    }
}

/// Runs of an experiment: those that a filter finds in a period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GroupWish {
    /// Empty: made of the rest.
    pub name: String,
    /// The experiment's id.
    pub experiment: String,
    /// As in the run table; empty finds all.
    pub filter: String,
    /// First and last day, both included, with the zone that they are days in: `2026-11-01+01:00`; without one, UTC. Empty has no end.
    pub from: String,
    pub to: String,
}

/// A whole comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Wish {
    /// The first is what the others are held against.
    pub groups: Vec<GroupWish>,
    /// Ids of runs. Without groups they are grouped by their params, seeds aside; with groups they are one more.
    pub runs: Vec<String>,
    /// The metric looked at most closely; empty: the one that most runs have.
    pub metric: String,
    pub unit: Unit,
    /// Empty: guessed by the metric's name.
    pub better: Option<Better>,
}

impl Wish {
    /// Reads the parameters of an address: `e1`, `f1`, `from1`, `to1`, `n1` of the first group and so on, `run` as often as there are runs, `metric`, `unit`,
    /// `better`. A form has the zone of a day beside it, `fromzone1` and `tozone1`. What it does not know it leaves aside, and so more than it would answer: limits are the server's to refuse.
    pub fn read<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut wish = Self::default();
        let mut groups: Vec<GroupWish> = vec![GroupWish::default(); GROUPS_MAX + 1];
        for (name, value) in pairs {
            let value = value.trim();
            match name {
                "run" if !value.is_empty() => wish.runs.push(value.to_owned()),
                "metric" => wish.metric = value.to_owned(),
                "unit" => wish.unit = if value == "setup" { Unit::Setup } else { Unit::Run },
                "better" => wish.better = [Better::Higher, Better::Lower].into_iter().find(|one| one.word() == value),
                _ => {
                    let digits = name.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
                    let group = digits.parse::<usize>().ok().and_then(|at| groups.get_mut(at.checked_sub(1)?));
                    let Some(group) = group else { continue };
                    match &name[..name.len() - digits.len()] {
                        "e" => group.experiment = value.to_owned(),
                        "f" => group.filter = value.to_owned(),
                        "from" => group.from = value.to_owned(),
                        "to" => group.to = value.to_owned(),
                        "fromzone" if !group.from.is_empty() => group.from.push_str(value),
                        "tozone" if !group.to.is_empty() => group.to.push_str(value),
                        "n" => group.name = value.to_owned(),
                        _ => {}
                    }
                }
            }
        }
        groups.retain(|group| !group.experiment.is_empty());
        wish.groups = groups;
        wish
    }

    /// Whether there is nothing to compare yet.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.runs.is_empty()
    }

    /// The parameters that [`Wish::read`] reads.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        let mut add = |name: String, value: &str| {
            if !value.is_empty() {
                pairs.push((name, value.to_owned()));
            }
        };
        for (at, group) in (1..).zip(&self.groups) {
            add(format!("e{at}"), &group.experiment);
            add(format!("f{at}"), &group.filter);
            add(format!("from{at}"), &group.from);
            add(format!("to{at}"), &group.to);
            add(format!("n{at}"), &group.name);
        }
        self.runs.iter().for_each(|run| add("run".into(), run));
        add("metric".into(), &self.metric);
        add("unit".into(), if self.unit == Unit::Setup { "setup" } else { "" });
        add("better".into(), self.better.map_or("", Better::word));
        pairs
    }

    /// The page's address.
    pub fn address(&self) -> String {
        self.under("/compare", &[])
    }

    /// An address with these parameters and more of them.
    pub fn under(&self, path: &str, more: &[(&str, &str)]) -> String {
        let mut out = path.to_owned();
        let own = self.pairs();
        let all = own.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(more.iter().copied());
        for (at, (name, value)) in all.enumerate() {
            out.push(if at == 0 { '?' } else { '&' });
            encode(&mut out, name);
            out.push('=');
            encode(&mut out, value);
        }
        out
    }
}

/// Percent-encodes what has a meaning of its own in an address.
fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' | b':' | b',' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back() {
        let group = |experiment: &str, filter: &str| GroupWish { experiment: experiment.into(), filter: filter.into(), ..Default::default() };
        let wish = Wish {
            groups: vec![
                GroupWish { from: "2026-10-01+01:00".into(), name: "Q4 & on".into(), ..group("exp_1", "params.lr = '0.1'") },
                group("exp_2", ""),
            ],
            runs: vec!["run_1".into(), "run_2".into()],
            metric: "val auc".into(),
            unit: Unit::Setup,
            better: Some(Better::Lower),
        };
        let pairs = wish.pairs();
        assert_eq!(Wish::read(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))), wish);
        assert_eq!(
            wish.address(),
            "/compare?e1=exp_1&f1=params.lr+%3D+%270.1%27&from1=2026-10-01%2B01:00&n1=Q4+%26+on&e2=exp_2&run=run_1&run=run_2&metric=val+auc&unit=setup&better=lower"
        );
    }

    #[test]
    fn a_form_says_the_zone_of_a_day_beside_it() {
        let form = [
            ("e1", "exp_1"),
            ("from1", "2026-10-01"),
            ("fromzone1", "+01:00"),
            ("to1", ""),
            ("tozone1", "+01:00"),
            ("e2", "exp_1"),
            ("to2", "2026-10-01"),
        ];
        let wish = Wish::read(form.into_iter());
        let periods: Vec<(&str, &str)> = wish.groups.iter().map(|group| (group.from.as_str(), group.to.as_str())).collect();
        assert_eq!(periods, [("2026-10-01+01:00", ""), ("", "2026-10-01")]);
    }

    #[test]
    fn odd_parameters_are_left_aside() {
        let odd = [("e0", "x"), ("e99999999999999999999", "x"), ("e", "x"), ("f1", "x"), ("run", " "), ("better", "best"), ("n-1", "x"), ("é1", "x")];
        assert_eq!(Wish::read(odd.into_iter()), Wish::default());
    }
}
