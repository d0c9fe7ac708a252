//! Which of many things a number depends on: a forest of regression trees, and what is lost when a thing is shuffled.
//!
//! Breiman, "Random Forests", Machine Learning 45, 2001: trees grown on samples drawn with replacement, each split chosen among a third of the features; the
//! importance of a feature is by how much the squared error on the rows a tree has not seen grows when that feature is shuffled among them.

use super::{
    random::Random,
    summary::{mean, variance},
};

/// Trees of a forest.
const TREES: usize = 64;
/// Rows that one tree is grown from and, of those it has not seen, asked about at the most. All rows take part in the forest.
const ROWS_OF_A_TREE: usize = 2_000;
const LEAF: usize = 3;
const DEPTH: usize = 12;
const SEED: u64 = 0x0a55_a700_0000_0002;
/// Fewer rows tell nothing.
pub const ROWS_MIN: usize = 10;

/// One thing that the rows differ in.
#[derive(Clone, Debug)]
pub enum Feature {
    /// Numbers; a row without one has `-inf`.
    Number(Vec<f64>),
    /// Places in a list of names.
    Category(Vec<usize>),
}

/// What a forest learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Importance {
    /// Of each feature its part of what all of them explain; together 1, or all 0.
    pub shares: Vec<f64>,
    /// The part of the variance that the forest predicts of rows it has not seen (R²), 0 to 1.
    pub explained: f64,
}

/// The importance of each feature for the target. `None` with too few rows, no feature, or a target without spread.
pub fn importance(features: &[Feature], target: &[f64]) -> Option<Importance> {
    let rows = target.len();
    let spread = variance(target);
    if rows < ROWS_MIN || features.is_empty() || spread <= 0.0 || !spread.is_finite() {
        return None;
    }
    let mut random = Random::new(SEED);
    let mut lost = vec![0.0; features.len()];
    let (mut sums, mut votes) = (vec![0.0; rows], vec![0_u32; rows]);
    for _ in 0..TREES {
        let mut drawn: Vec<usize> = (0..rows.min(ROWS_OF_A_TREE)).map(|_| random.below(rows)).collect();
        let mut seen = vec![false; rows];
        drawn.iter().for_each(|row| seen[*row] = true);
        let tree = Tree::grow(features, target, &mut drawn, &mut random);
        let mut unseen: Vec<usize> = (0..rows).filter(|row| !seen[*row]).collect();
        random.shuffle(&mut unseen);
        unseen.truncate(ROWS_OF_A_TREE);
        if unseen.is_empty() {
            continue;
        }
        let error = |row: usize, said: f64| (said - target[row]).powi(2);
        let mut base = 0.0;
        for row in &unseen {
            let said = tree.ask(features, *row, None);
            base += error(*row, said);
            sums[*row] += said;
            votes[*row] += 1;
        }
        let mut shuffled = unseen.clone();
        for feature in tree.features() {
            random.shuffle(&mut shuffled);
            let worse: f64 = unseen.iter().zip(&shuffled).map(|(row, other)| error(*row, tree.ask(features, *row, Some((feature, *other))))).sum();
            lost[feature] += (worse - base) / unseen.len() as f64;
        }
    }
    let asked: Vec<usize> = (0..rows).filter(|row| votes[*row] > 0).collect();
    let error = asked.iter().map(|row| (sums[*row] / f64::from(votes[*row]) - target[*row]).powi(2)).sum::<f64>() / asked.len().max(1) as f64;
    let all: f64 = lost.iter().map(|one| one.max(0.0)).sum();
    let shares = lost.iter().map(|one| if all > 0.0 { one.max(0.0) / all } else { 0.0 }).collect();
    Some(Importance { shares, explained: (1.0 - error / spread).clamp(0.0, 1.0) })
}

enum Node {
    Leaf(f64),
    Split { feature: usize, rule: Rule, left: usize, right: usize },
}

enum Rule {
    /// Left when at most.
    UpTo(f64),
    /// Left when named; what was not seen goes where more rows went.
    Names { left: Vec<usize>, right: Vec<usize>, else_left: bool },
}

impl Rule {
    fn goes_left(&self, feature: &Feature, row: usize) -> bool {
        match (self, feature) {
            (Self::UpTo(most), Feature::Number(values)) => values[row] <= *most,
            (Self::Names { left, right, else_left }, Feature::Category(names)) => {
                left.binary_search(&names[row]).is_ok() || *else_left && right.binary_search(&names[row]).is_err()
            }
            _ => true,
        }
    }
}

struct Tree(Vec<Node>);

impl Tree {
    fn grow(features: &[Feature], target: &[f64], rows: &mut [usize], random: &mut Random) -> Self {
        let mut tree = Self(Vec::new());
        tree.add(features, target, rows, DEPTH, random);
        tree
    }

    fn add(&mut self, features: &[Feature], target: &[f64], rows: &mut [usize], depth: usize, random: &mut Random) -> usize {
        let at = self.0.len();
        let values: Vec<f64> = rows.iter().map(|row| target[*row]).collect();
        self.0.push(Node::Leaf(mean(&values)));
        if depth == 0 || rows.len() < 2 * LEAF {
            return at;
        }
        let mut tried: Vec<usize> = (0..features.len()).collect();
        random.shuffle(&mut tried);
        let best = tried
            .into_iter()
            .take(features.len().div_ceil(3))
            .filter_map(|feature| split(&features[feature], target, rows).map(|(gain, rule)| (gain, feature, rule)))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let Some((_, feature, rule)) = best else { return at };
        rows.sort_by_key(|row| !rule.goes_left(&features[feature], *row));
        let middle = rows.partition_point(|row| rule.goes_left(&features[feature], *row));
        let (first, second) = rows.split_at_mut(middle);
        let left = self.add(features, target, first, depth - 1, random);
        let right = self.add(features, target, second, depth - 1, random);
        self.0[at] = Node::Split { feature, rule, left, right };
        at
    }

    /// The prediction for a row; one feature may be taken from another row.
    fn ask(&self, features: &[Feature], row: usize, other: Option<(usize, usize)>) -> f64 {
        let mut at = 0;
        loop {
            match &self.0[at] {
                Node::Leaf(value) => return *value,
                Node::Split { feature, rule, left, right } => {
                    let row = other.filter(|(own, _)| own == feature).map_or(row, |(_, other)| other);
                    at = if rule.goes_left(&features[*feature], row) { *left } else { *right };
                }
            }
        }
    }

    /// The features that it asks for, each once.
    fn features(&self) -> Vec<usize> {
        let mut list: Vec<usize> =
            self.0.iter().filter_map(|node| if let Node::Split { feature, .. } = node { Some(*feature) } else { None }).collect();
        list.sort_unstable();
        list.dedup();
        list
    }
}

/// The split of one feature that takes most from the squared error, with what it takes; names are tried in the order of their means, which holds the best of
/// all divisions in two (Breiman et al., "Classification and Regression Trees", 1984, section 9.4).
fn split(feature: &Feature, target: &[f64], rows: &[usize]) -> Option<(f64, Rule)> {
    // Each with what it is sorted by, how many rows stand behind it, and the sum of their targets.
    let mut parts: Vec<(f64, f64, f64, usize)> = match feature {
        Feature::Number(values) => rows.iter().map(|row| (values[*row], 1.0, target[*row], 0)).collect(),
        Feature::Category(names) => {
            let mut sums: std::collections::BTreeMap<usize, (f64, f64)> = Default::default();
            for row in rows {
                let sum = sums.entry(names[*row]).or_default();
                *sum = (sum.0 + 1.0, sum.1 + target[*row]);
            }
            sums.into_iter().map(|(name, (count, sum))| (sum / count, count, sum, name)).collect()
        }
    };
    parts.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.3.cmp(&b.3)));
    let (count, sum) = parts.iter().fold((0.0, 0.0), |all, part| (all.0 + part.1, all.1 + part.2));
    let (mut left, mut left_sum) = (0.0, 0.0);
    let mut best = None::<(f64, usize)>;
    for at in 0..parts.len().saturating_sub(1) {
        left += parts[at].1;
        left_sum += parts[at].2;
        let divides = matches!(feature, Feature::Category(_)) || parts[at].0 < parts[at + 1].0;
        if !divides || left < LEAF as f64 || count - left < LEAF as f64 {
            continue;
        }
        let gain = left_sum * left_sum / left + (sum - left_sum).powi(2) / (count - left) - sum * sum / count;
        if gain > 1e-12 * (1.0 + sum.abs()) * f64::EPSILON && best.is_none_or(|(most, _)| gain > most) {
            best = Some((gain, at));
        }
    }
    let (gain, at) = best?;
    let rule = match feature {
        Feature::Number(_) => Rule::UpTo(parts[at].0),
        Feature::Category(_) => {
            let names = |parts: &[(f64, f64, f64, usize)]| {
                let mut names: Vec<usize> = parts.iter().map(|part| part.3).collect();
                names.sort_unstable();
                names
            };
            let behind: f64 = parts[..=at].iter().map(|part| part.1).sum();
            Rule::Names { left: names(&parts[..=at]), right: names(&parts[at + 1..]), else_left: behind * 2.0 >= count }
        }
    };
    Some((gain, rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_number_depends_on_is_found_and_noise_is_not() {
        let mut random = Random::new(7);
        let rows = 240;
        let numbers: Vec<f64> = (0..rows).map(|_| random.below(1000) as f64).collect();
        let names: Vec<usize> = (0..rows).map(|_| random.below(4)).collect();
        let noise: Vec<f64> = (0..rows).map(|_| random.below(1000) as f64).collect();
        let target: Vec<f64> =
            (0..rows).map(|row| (numbers[row] / 100.0).sin() + [0.0, 0.5, -0.5, 0.1][names[row]] + random.below(100) as f64 / 2000.0).collect();
        let features = [Feature::Number(numbers), Feature::Category(names), Feature::Number(noise)];
        let found = importance(&features, &target).expect("rows enough");
        assert!(found.shares[0] > found.shares[1] && found.shares[1] > 0.15 && found.shares[2] < 0.03, "{found:?}");
        assert!(found.explained > 0.7, "{found:?}");
        assert_eq!(importance(&features, &target), Some(found), "the same each time");
    }

    #[test]
    fn an_identifier_explains_nothing_of_rows_it_has_not_seen() {
        let mut random = Random::new(3);
        let rows = 60;
        let target: Vec<f64> = (0..rows).map(|_| random.below(1000) as f64).collect();
        let found = importance(&[Feature::Category((0..rows).collect())], &target).expect("rows enough");
        assert!(found.explained < 0.05, "{found:?}");
        assert_eq!(importance(&[Feature::Number(vec![1.0; 60])], &target).map(|found| found.shares), Some(vec![0.0]));
        assert_eq!(importance(&[], &target), None);
        assert_eq!(importance(&[Feature::Number(vec![1.0; 60])], &[2.0; 60]), None);
    }
}
