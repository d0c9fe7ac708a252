//! The kinds of charts, each a function from values to a drawing.

pub use super::curves::{Curve, View, curves};
use super::{
    marks::{Drawing, Mark, Means, Shape},
    scale::Scale,
};
use crate::kit::number::number;

/// A group with five numbers of its values and their mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    pub name: String,
    /// Least, first quartile, median, third quartile, greatest.
    pub ends: [f64; 5],
    pub mean: f64,
    /// Half the width of the interval of the mean; 0 when it is not known.
    pub error: f64,
    pub count: usize,
}

/// One run among others.
#[derive(Clone, Debug, PartialEq)]
pub struct Dot {
    pub run: String,
    pub name: String,
    pub group: usize,
    /// Words or numbers, one for each axis; `None` where it has none.
    pub values: Vec<Option<String>>,
}

fn group(at: usize, words: String) -> Means {
    Means { run: String::new(), group: at, words }
}

/// The scale of y from the foot up.
pub(super) struct Up(pub Scale, pub f64);

impl Up {
    pub fn at(&self, value: f64) -> f64 {
        (1.0 - self.0.at(value)) * self.1
    }

    pub fn rows(&self) -> Vec<(f64, String)> {
        self.0.ticks((self.1 / 40.0) as usize).into_iter().map(|(value, words)| (self.at(value), words)).collect()
    }
}

pub(super) fn names(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A bar for each mean, from 0, with its interval.
pub fn bars(groups: &[Spread]) -> Drawing {
    const ROW: f64 = 30.0;
    let ends = groups.iter().flat_map(|one| [one.mean - one.error, one.mean + one.error, 0.0]);
    let Some(scale) = Scale::around(ends, false) else { return Drawing::default() };
    let zero = scale.at(0.0).clamp(0.0, 1.0);
    let mut drawing = across(groups, scale, ROW);
    for (at, one) in groups.iter().enumerate() {
        let middle = (at as f64 + 0.5) * ROW;
        let place = scale.at(one.mean);
        let words = format!("{}: {}", one.name, number(one.mean));
        let bar = Shape::Bar { x: place.min(zero), y: middle - 8.0, width: (place - zero).abs(), height: 16.0 };
        drawing.marks.push(Mark { shape: bar, colour: at, strength: 0.55, means: group(at, words.clone()) });
        if one.error > 0.0 {
            let line = Shape::Line { x: (scale.at(one.mean - one.error), scale.at(one.mean + one.error)), y: (middle, middle) };
            drawing.marks.push(Mark { shape: line, colour: at, strength: 1.0, means: group(at, format!("{words} \u{00B1} {}", number(one.error))) });
        }
    }
    drawing
}

/// A box from the first quartile to the third, with the median in it, whiskers to the ends and a dot for the mean.
pub fn boxes(groups: &[Spread]) -> Drawing {
    const ROW: f64 = 30.0;
    let Some(scale) = Scale::around(groups.iter().flat_map(|one| one.ends), false) else { return Drawing::default() };
    let mut drawing = across(groups, scale, ROW);
    for (at, one) in groups.iter().enumerate() {
        let middle = (at as f64 + 0.5) * ROW;
        let [low, first, median, third, high] = one.ends.map(|end| scale.at(end));
        let words = format!("{}: median {}, half between {} and {}", one.name, number(one.ends[2]), number(one.ends[1]), number(one.ends[3]));
        let mut add = |shape, strength| drawing.marks.push(Mark { shape, colour: at, strength, means: group(at, words.clone()) });
        add(Shape::Line { x: (low, high), y: (middle, middle) }, 1.0);
        add(Shape::Bar { x: first, y: middle - 9.0, width: (third - first).max(0.002), height: 18.0 }, 0.35);
        add(Shape::Line { x: (median, median), y: (middle - 9.0, middle + 9.0) }, 1.0);
        add(Shape::Dot { x: scale.at(one.mean), y: middle }, 1.0);
    }
    drawing
}

/// Rows for groups, values from left to right.
fn across(groups: &[Spread], scale: Scale, row: f64) -> Drawing {
    let ticks = scale.ticks(5);
    Drawing {
        height: groups.len() as f64 * row,
        rows: groups.iter().enumerate().map(|(at, one)| ((at as f64 + 0.5) * row, one.name.clone())).collect(),
        columns: ticks.iter().map(|(value, words)| (scale.at(*value), words.clone())).collect(),
        axes: ticks.iter().map(|(value, _)| scale.at(*value)).collect(),
        head: names(&["group", "n", "mean", "interval_half", "low", "q1", "median", "q3", "high"]),
        values: groups
            .iter()
            .map(|one| {
                let numbers = [one.mean, one.error].into_iter().chain(one.ends).map(|value| value.to_string());
                [one.name.clone(), one.count.to_string()].into_iter().chain(numbers).collect()
            })
            .collect(),
        ..Default::default()
    }
}

/// How often values fall between edges, groups over each other.
pub fn histogram(edges: &[f64], groups: &[(String, Vec<usize>)]) -> Drawing {
    const HEIGHT: f64 = 190.0;
    let (Some(low), Some(high)) = (edges.first().copied(), edges.last().copied()) else { return Drawing::default() };
    let most = groups.iter().flat_map(|(_, counts)| counts).copied().max().unwrap_or(0);
    let scale = if high > low { Scale { low, high, log: false } } else { Scale { low: low - 0.5, high: high + 0.5, log: false } };
    let up = Up(Scale { low: 0.0, high: most.max(1) as f64 * 1.05, log: false }, HEIGHT);
    let mut marks = Vec::new();
    for (at, (name, counts)) in groups.iter().enumerate() {
        for (bin, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let (from, to) = if high > low { (edges[bin], edges[bin + 1]) } else { (scale.low, scale.high) };
            let y = up.at(*count as f64);
            let shape = Shape::Bar { x: scale.at(from), y, width: (scale.at(to) - scale.at(from)).max(0.002), height: HEIGHT - y };
            let words = format!("{name}: {count} from {} to {}", number(from), number(to));
            marks.push(Mark { shape, colour: at, strength: 0.5, means: group(at, words) });
        }
    }
    let rows = up.rows();
    Drawing {
        height: HEIGHT,
        marks,
        grid: rows.iter().map(|row| row.0).collect(),
        rows,
        columns: scale.ticks(5).into_iter().map(|(value, words)| (scale.at(value), words)).collect(),
        head: ["from", "to"].map(str::to_owned).into_iter().chain(groups.iter().map(|(name, _)| name.clone())).collect(),
        values: edges
            .windows(2)
            .enumerate()
            .map(|(bin, ends)| {
                let counts = groups.iter().map(|(_, counts)| counts.get(bin).copied().unwrap_or(0).to_string());
                [ends[0].to_string(), ends[1].to_string()].into_iter().chain(counts).collect()
            })
            .collect(),
        ..Default::default()
    }
}

/// One axis of words or numbers.
struct Axis {
    scale: Option<Scale>,
    words: Vec<String>,
}

impl Axis {
    fn of<'v>(values: impl Iterator<Item = &'v str> + Clone) -> Self {
        let numbers: Option<Vec<f64>> = values.clone().map(|value| value.parse::<f64>().ok().filter(|number| number.is_finite())).collect();
        if let Some(numbers) = numbers {
            let (low, high) = numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
            // Learning rates and the like spread over decades.
            let log = low > 0.0 && high / low >= 20.0;
            return Self { scale: Scale::around(numbers.into_iter(), log), words: Vec::new() };
        }
        let mut words: Vec<String> = values.map(str::to_owned).collect();
        words.sort();
        words.dedup();
        Self { scale: None, words }
    }

    fn at(&self, value: &str) -> Option<f64> {
        match self.scale {
            Some(scale) => value.parse().ok().map(|value| scale.at(value)),
            None => self.words.iter().position(|word| word == value).map(|at| (at as f64 + 0.5) / self.words.len() as f64),
        }
    }

    fn ticks(&self, count: usize) -> Vec<(f64, String)> {
        match self.scale {
            Some(scale) => scale.ticks(count).into_iter().map(|(value, words)| (scale.at(value), words)).collect(),
            None if self.words.len() > 12 => Vec::new(),
            None => self.words.iter().enumerate().map(|(at, word)| ((at as f64 + 0.5) / self.words.len() as f64, word.clone())).collect(),
        }
    }
}

fn axis(dots: &[Dot], at: usize) -> Axis {
    Axis::of(dots.iter().filter_map(move |dot| dot.values.get(at).and_then(|value| value.as_deref())))
}

fn table(names: &[&str], dots: &[Dot]) -> (Vec<String>, Vec<Vec<String>>) {
    let head = ["run", "name", "group"].iter().chain(names).map(|name| (*name).to_owned()).collect();
    let row = |dot: &Dot| {
        let own = [dot.run.clone(), dot.name.clone(), (dot.group + 1).to_string()];
        own.into_iter().chain(dot.values.iter().take(names.len()).map(|value| value.clone().unwrap_or_default())).collect()
    };
    (head, dots.iter().map(row).collect())
}

/// Runs by their first value (across) and their second (up).
pub fn scatter(across: &str, up: &str, dots: &[Dot]) -> Drawing {
    const HEIGHT: f64 = 210.0;
    let (first, second) = (axis(dots, 0), axis(dots, 1));
    let marks = dots.iter().filter_map(|dot| {
        let (x, y) = (dot.values.first()?.as_deref()?, dot.values.get(1)?.as_deref()?);
        let words = format!("{}: {across} {x}, {up} {y}", dot.name);
        let shape = Shape::Dot { x: first.at(x)?, y: (1.0 - second.at(y)?) * HEIGHT };
        Some(Mark { shape, colour: dot.group, strength: 0.8, means: Means { run: dot.run.clone(), group: dot.group, words } })
    });
    let rows: Vec<(f64, String)> = second.ticks(5).into_iter().map(|(at, words)| ((1.0 - at) * HEIGHT, words)).collect();
    let (head, values) = table(&[across, up], dots);
    Drawing {
        height: HEIGHT,
        marks: marks.collect(),
        grid: rows.iter().map(|row| row.0).collect(),
        rows,
        columns: first.ticks(5),
        head,
        values,
        ..Default::default()
    }
}

/// A line for each run through its value on every axis.
pub fn parallel(axes: &[&str], dots: &[Dot]) -> Drawing {
    const HEIGHT: f64 = 230.0;
    if axes.len() < 2 {
        return Drawing::default();
    }
    let scales: Vec<Axis> = (0..axes.len()).map(|at| axis(dots, at)).collect();
    let x = |at: usize| 0.04 + 0.92 * at as f64 / (axes.len() - 1) as f64;
    let line = |dot: &Dot| {
        let (mut parts, mut part) = (Vec::new(), Vec::new());
        for (at, scale) in scales.iter().enumerate() {
            match dot.values.get(at).and_then(|value| value.as_deref()).and_then(|value| scale.at(value)) {
                Some(place) => part.push((x(at), (1.0 - place) * HEIGHT)),
                None if part.is_empty() => {}
                None => parts.push(std::mem::take(&mut part)),
            }
        }
        parts.extend((!part.is_empty()).then_some(part));
        let words: Vec<String> =
            axes.iter().zip(&dot.values).filter_map(|(name, value)| value.as_ref().map(|value| format!("{name} {value}"))).collect();
        let means = Means { run: dot.run.clone(), group: dot.group, words: format!("{}: {}", dot.name, words.join(", ")) };
        Mark { shape: Shape::Path(parts), colour: dot.group, strength: 0.6, means }
    };
    let ticks = scales
        .iter()
        .enumerate()
        .flat_map(|(at, scale)| scale.ticks(4).into_iter().map(move |(place, words)| (x(at), (1.0 - place) * HEIGHT + 4.0, words)));
    let (head, values) = table(axes, dots);
    Drawing {
        height: HEIGHT,
        marks: dots.iter().map(line).collect(),
        axes: (0..axes.len()).map(x).collect(),
        columns: axes.iter().enumerate().map(|(at, name)| (x(at), (*name).to_owned())).collect(),
        labels: ticks.collect(),
        head,
        values,
        ..Default::default()
    }
}

/// A field for each row and column, the stronger the farther from 0: blue above, orange below.
pub fn heatmap(rows: &[String], columns: &[String], values: &[Vec<Option<f64>>]) -> Drawing {
    const ROW: f64 = 28.0;
    if columns.is_empty() {
        return Drawing::default();
    }
    let most = values.iter().flatten().flatten().fold(0.0_f64, |most, value| most.max(value.abs()));
    let wide = 1.0 / columns.len() as f64;
    let (mut marks, mut labels) = (Vec::new(), Vec::new());
    for (row, cells) in values.iter().enumerate() {
        for (column, value) in cells.iter().enumerate() {
            let Some(value) = value else { continue };
            let words = format!("{}, {}: {}", rows[row], columns[column], number(*value));
            let shape = Shape::Bar { x: column as f64 * wide + 0.003, y: row as f64 * ROW + 1.0, width: wide - 0.006, height: ROW - 2.0 };
            let strength = if most > 0.0 { 0.08 + 0.42 * value.abs() / most } else { 0.08 };
            marks.push(Mark { shape, colour: usize::from(*value < 0.0), strength, means: group(column, words) });
            labels.push(((column as f64 + 0.5) * wide, (row as f64 + 0.5) * ROW + 4.0, number((value * 1000.0).round() / 1000.0)));
        }
    }
    Drawing {
        height: rows.len() as f64 * ROW,
        marks,
        labels,
        rows: rows.iter().enumerate().map(|(at, name)| ((at as f64 + 0.5) * ROW, name.clone())).collect(),
        columns: columns.iter().enumerate().map(|(at, name)| ((at as f64 + 0.5) * wide, name.clone())).collect(),
        head: std::iter::once("row".to_owned()).chain(columns.iter().cloned()).collect(),
        values: rows
            .iter()
            .zip(values)
            .map(|(name, cells)| {
                std::iter::once(name.clone()).chain(cells.iter().map(|cell| cell.map(|value| value.to_string()).unwrap_or_default())).collect()
            })
            .collect(),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(name: &str, mean: f64) -> Spread {
        Spread { name: name.into(), ends: [mean - 2.0, mean - 1.0, mean, mean + 1.0, mean + 2.0], mean, error: 0.5, count: 5 }
    }

    #[test]
    fn every_kind_draws_something_and_has_its_numbers() {
        let groups = [spread("a", 3.0), spread("b", -1.0)];
        let dots: Vec<Dot> = (0..4)
            .map(|at| Dot {
                run: format!("run_{at}"),
                name: "r".into(),
                group: at % 2,
                values: vec![Some(format!("{}", at * 10)), Some("adam".into()), None],
            })
            .collect();
        let line = Curve { run: "run_1".into(), name: "x".into(), group: 0, points: vec![(0.0, 1.0), (1.0, f64::NAN), (2.0, 4.0)] };
        for (kind, drawing) in [
            ("bars", bars(&groups)),
            ("boxes", boxes(&groups)),
            ("histogram", histogram(&[0.0, 1.0, 2.0], &[("a".into(), vec![1, 2]), ("b".into(), vec![0, 3])])),
            ("scatter", scatter("lr", "opt", &dots)),
            ("parallel", parallel(&["lr", "opt", "none"], &dots)),
            ("heatmap", heatmap(&["auc".into()], &["a".into(), "b".into()], &[vec![None, Some(-1.5)]])),
            ("curves", curves(&[line], View::default())),
        ] {
            assert!(!drawing.marks.is_empty() && !drawing.values.is_empty() && drawing.height > 20.0, "{kind}");
            assert!(drawing.values.iter().all(|row| row.len() == drawing.head.len()), "{kind}");
            assert!(!drawing.plane().contains("NaN") && !drawing.file("t").contains("NaN"), "{kind}");
        }
    }

    #[test]
    fn nothing_and_one_value_are_no_failure() {
        assert_eq!(
            bars(&[]).marks.len()
                + boxes(&[]).marks.len()
                + histogram(&[], &[]).marks.len()
                + curves(&[], View { log: true, by_time: true, ..View::default() }).marks.len(),
            0
        );
        assert_eq!(histogram(&[2.0, 2.0], &[("a".into(), vec![3])]).marks.len(), 1);
        assert!(scatter("a", "b", &[]).marks.is_empty() && parallel(&["a"], &[]).marks.is_empty() && heatmap(&[], &[], &[]).marks.is_empty());
    }
}
