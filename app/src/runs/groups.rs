//! Which metrics belong in one chart, and which come first.

use super::model::Metric;
use crate::kit::Better;

/// Parts of a name that say on which data a metric was measured.
const SPLITS: [&str; 10] = ["train", "training", "val", "valid", "validation", "test", "testing", "eval", "evaluation", "dev"];

/// A chart: its title, and its metrics with what the legend calls them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub title: String,
    pub members: Vec<(String, String)>,
}

impl Group {
    /// Whether it shows the machine and not the model.
    pub fn is_system(&self) -> bool {
        is_system(&self.title)
    }
}

/// Whether a metric tells what the machine did, as the client's monitor logs it.
pub(super) fn is_system(key: &str) -> bool {
    key.starts_with("system/")
}

/// Sorts what tells models apart first, what the machine did last.
pub fn rank(key: &str) -> impl Ord + use<> {
    (is_system(key), Better::guess(key).is_none())
}

/// Metrics of the same measure on different data share a chart: `train_loss` and `val_loss`.
pub(super) fn groups<'m>(metrics: impl Iterator<Item = &'m Metric>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for metric in metrics {
        let (title, label) = parts(&metric.key);
        let member = (metric.key.clone(), label.to_owned());
        match groups.iter_mut().find(|group| group.title == title && group.members.len() < 6) {
            Some(group) => group.members.push(member),
            None => groups.push(Group { title: title.to_owned(), members: vec![member] }),
        }
    }
    for group in &mut groups {
        // On its own a metric keeps its whole name.
        if let [(key, label)] = &mut group.members[..] {
            group.title.clone_from(key);
            label.clone_from(key);
        }
    }
    groups
}

/// The measure and the data of a name: `val_loss` is `loss` on `val`.
fn parts(key: &str) -> (&str, &str) {
    let cut = |c: char| matches!(c, '_' | '/' | '.' | '-');
    if let Some((first, rest)) = key.split_once(cut)
        && SPLITS.contains(&first.to_lowercase().as_str())
        && !rest.is_empty()
    {
        return (rest, first);
    }
    if let Some((rest, last)) = key.rsplit_once(cut)
        && SPLITS.contains(&last.to_lowercase().as_str())
        && !rest.is_empty()
    {
        return (rest, last);
    }
    (key, key)
}

/// The metrics by their [`rank`].
pub(super) fn headline(metrics: &[Metric]) -> Vec<&Metric> {
    let mut sorted: Vec<&Metric> = metrics.iter().collect();
    sorted.sort_by_key(|metric| rank(&metric.key));
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{MetricValue, Moment};

    fn metric(key: &str) -> Metric {
        Metric { key: key.to_owned(), value: MetricValue(1.0), step: 0, at: Moment(0.0), low: None, high: None, count: 1 }
    }

    #[test]
    fn the_same_measure_shares_a_chart() {
        let metrics = ["train_loss", "val_loss", "lr", "train/acc", "loss.test", "val_"].map(metric);
        let groups = groups(metrics.iter());
        let titles: Vec<_> = groups.iter().map(|group| (group.title.as_str(), group.members.len())).collect();
        assert_eq!(titles, [("loss", 3), ("lr", 1), ("train/acc", 1), ("val_", 1)]);
        assert_eq!(groups[0].members[1], ("val_loss".to_owned(), "val".to_owned()));
    }

    #[test]
    fn what_the_machine_did_comes_last() {
        let metrics = ["system/cpu", "epoch", "auc"].map(metric);
        assert_eq!(headline(&metrics).iter().map(|metric| metric.key.as_str()).collect::<Vec<_>>(), ["auc", "epoch", "system/cpu"]);
    }
}
