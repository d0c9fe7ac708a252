//! Lines over each other, whole or the part of them that somebody looks at.

use super::{
    kinds::{Up, names},
    levels,
    marks::{Drawing, Mark, Means, Shape},
    scale::Scale,
    thresholds::Threshold,
};
use crate::kit::number::number;

const HEIGHT: f64 = 230.0;

/// One line over steps or time.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    pub run: String,
    pub name: String,
    pub group: usize,
    pub points: Vec<(f64, f64)>,
}

/// How lines are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct View<'a> {
    pub log: bool,
    /// x is milliseconds since each line's own beginning; else it is steps.
    pub by_time: bool,
    /// The part of x that is shown; `None` shows all.
    pub range: Option<(f64, f64)>,
    /// What the lines are held against.
    pub thresholds: &'a [Threshold],
}

/// Lines over each other.
pub fn curves(lines: &[Curve], View { log, by_time, range, thresholds }: View<'_>) -> Drawing {
    let all = || lines.iter().flat_map(|line| &line.points);
    let (low, high) = range.unwrap_or_else(|| all().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (x, _)| (low.min(*x), high.max(*x))));
    let shown = || all().filter(move |(x, _)| (low..=high).contains(x)).map(|point| point.1);
    let Some(scale) = levels::scale(shown, thresholds, log).filter(|_| low.is_finite()) else {
        return Drawing { height: HEIGHT, ..Default::default() };
    };
    let across = if high > low { Scale { low, high, log: false } } else { Scale { low: low - 0.5, high: high + 0.5, log: false } };
    let up = Up(scale, HEIGHT);
    let drawn = |line: &Curve| {
        let (mut parts, mut part) = (Vec::new(), Vec::new());
        for (x, value) in in_view(&line.points, (low, high)) {
            if value.is_finite() && (!log || *value > 0.0) {
                part.push((across.at(*x), up.at(*value)));
            } else if !part.is_empty() {
                parts.push(std::mem::take(&mut part));
            }
        }
        parts.extend((!part.is_empty()).then_some(part));
        let last = line.points.last().map(|point| number(point.1)).unwrap_or_default();
        let means = Means { run: line.run.clone(), group: line.group, words: format!("{}: last {last}", line.name) };
        Mark { shape: Shape::Path(parts), colour: line.group, strength: 0.85, means }
    };
    let marks: Vec<Mark> = lines.iter().map(drawn).collect();
    let paths = marks.iter().filter_map(|mark| if let Shape::Path(parts) = &mark.shape { Some(parts) } else { None });
    let levels = levels::levels(thresholds, scale, HEIGHT, &paths.flatten().collect::<Vec<_>>());
    let rows = up.rows();
    let ticks = if by_time { across.time_ticks(5) } else { across.step_ticks(5) };
    let values = |line: &Curve| {
        let points = line.points.iter().filter(|(x, _)| (low..=high).contains(x));
        points.map(|(x, value)| vec![line.run.clone(), line.name.clone(), x.to_string(), value.to_string()]).collect::<Vec<_>>()
    };
    Drawing {
        height: HEIGHT,
        marks,
        levels,
        grid: rows.iter().map(|row| row.0).collect(),
        rows,
        columns: ticks.into_iter().map(|(value, words)| (across.at(value), words)).collect(),
        across: Some((across.low, across.high)),
        head: names(&["run", "name", if by_time { "ms" } else { "step" }, "value"]),
        values: lines.iter().flat_map(values).collect(),
        ..Default::default()
    }
}

/// The points in view, and one beyond each edge for the line to leave by. x is ascending.
fn in_view(points: &[(f64, f64)], (low, high): (f64, f64)) -> &[(f64, f64)] {
    let from = points.partition_point(|(x, _)| *x < low).saturating_sub(1);
    let to = (points.partition_point(|(x, _)| *x <= high) + 1).min(points.len());
    points.get(from..to).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[(f64, f64)]) -> Curve {
        Curve { run: String::new(), name: String::new(), group: 0, points: points.to_vec() }
    }

    #[test]
    fn a_gap_divides_a_line() {
        let drawing = curves(&[line(&[(0.0, 1.0), (1.0, f64::NAN), (2.0, 4.0)])], View::default());
        assert!(matches!(&drawing.marks[0].shape, Shape::Path(parts) if parts.len() == 2));
    }

    #[test]
    fn a_threshold_is_inside_and_stands_in_the_file_too() {
        let held = [Threshold { chart: String::new(), value: 9.0, label: "target" }];
        let drawing = curves(&[line(&[(0.0, 1.0), (1.0, 2.0)])], View { thresholds: &held, ..View::default() });
        assert!(drawing.levels.len() == 1 && (0.0..HEIGHT / 2.0).contains(&drawing.levels[0].y), "{:?}", drawing.levels);
        for (svg, end) in [(drawing.plane(), "100.00%"), (drawing.file("t"), "7")] {
            assert!(svg.contains(&format!("<line class=\"threshold\" x1=\"0\" x2=\"{end}")) && svg.contains(">target 9</text>"), "{svg}");
        }
    }

    #[test]
    fn a_part_is_drawn_on_its_own_scales_and_has_its_own_numbers() {
        let lines = [line(&[(0.0, 100.0), (1.0, 1.0), (2.0, 2.0), (3.0, 3.0), (4.0, -100.0)])];
        let drawing = curves(&lines, View { range: Some((0.5, 2.5)), ..View::default() });
        assert_eq!((drawing.across, drawing.values.len()), (Some((0.5, 2.5)), 2));
        let Shape::Path(parts) = &drawing.marks[0].shape else { panic!("a path") };
        assert_eq!(parts[0].len(), 4, "with one point beyond each edge");
        assert!(parts[0][1..3].iter().all(|(x, y)| (0.0..=1.0).contains(x) && (0.0..=HEIGHT).contains(y)), "{parts:?}");
        assert!(curves(&lines, View { range: Some((8.0, 9.0)), ..View::default() }).marks.is_empty(), "there is nothing");
    }
}
