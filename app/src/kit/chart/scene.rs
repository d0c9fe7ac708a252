//! Everything a plot shows, computed before it is drawn. x is laid on 0 to 1000 and stretched by
//! the browser, so that the drawing fits every width and no text is ever scaled.

use super::{
    levels::{self, Level, Place},
    scale::{Scale, span},
    series::{Line, Series},
    thresholds::Threshold,
};
use crate::kit::number;

/// The width the paths are drawn at.
pub(super) const WIDTH: f64 = 1000.0;

/// What to show of the series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wish<'a> {
    pub smoothing: f64,
    pub log: bool,
    pub by_time: bool,
    pub range: Option<(f64, f64)>,
    /// What the lines are held against.
    pub thresholds: &'a [Threshold],
    /// Of the plot without the labels of x, in pixels.
    pub height: f64,
}

/// A line ready to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stroke {
    pub colour: u8,
    pub smooth: String,
    /// The raw line under a smoothed one.
    pub raw: Option<String>,
}

/// What a plot shows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scene {
    pub lines: Vec<Line>,
    pub strokes: Vec<Stroke>,
    pub x: Scale,
    pub y: Option<Scale>,
    /// Place (0 to 1) and words.
    pub x_ticks: Vec<(f64, String)>,
    /// Pixels from the top, and words.
    pub y_ticks: Vec<(f64, String)>,
    pub levels: Vec<Level>,
    /// Places (0 to 1) of values that are not finite.
    pub gaps: Vec<f64>,
    pub notes: Vec<String>,
    /// Whether a closer look shows more points.
    pub thinned: bool,
    pub by_time: bool,
    pub height: f64,
}

impl Scene {
    pub fn of(series: &[Series], wish: Wish<'_>) -> Self {
        let origin = series.iter().flat_map(|series| series.times.iter().copied()).fold(f64::INFINITY, f64::min);
        let lines: Vec<Line> = series.iter().map(|series| Line::of(series, wish.by_time, origin, wish.smoothing)).collect();
        let x = x_scale(&lines, wish.range);
        let shown = |at: f64| at >= x.low && at <= x.high;
        let values = || lines.iter().flat_map(|line| line.xs.iter().zip(&line.raw)).filter(|(at, _)| shown(**at)).map(|(_, value)| *value);
        let y = levels::scale(values, wish.thresholds, wish.log);
        let levels = y.filter(|_| !wish.thresholds.is_empty()).map_or_else(Vec::new, |y| {
            let pieces: Vec<Vec<Place>> = lines.iter().flat_map(|line| pieces(line, x, y, wish.height)).collect();
            levels::levels(wish.thresholds, y, wish.height, &pieces)
        });
        let strokes = y.map_or_else(Vec::new, |y| lines.iter().map(|line| stroke(line, x, y, wish)).collect());
        let odd = || lines.iter().flat_map(|line| line.xs.iter().zip(&line.raw)).filter(|(at, value)| shown(**at) && !value.is_finite());
        let x_ticks = if y.is_none() {
            Vec::new()
        } else if wish.by_time {
            x.time_ticks(5)
        } else {
            x.step_ticks(5)
        };
        let (notes, thinned) = notes(series, &lines, odd().count(), wish);
        Self {
            gaps: odd().take(200).map(|(at, _)| x.at(*at)).collect(),
            notes,
            thinned,
            x_ticks: x_ticks.into_iter().map(|(value, words)| (x.at(value), words)).collect(),
            y_ticks: y.map_or_else(Vec::new, |y| {
                y.ticks((wish.height / 38.0) as usize).into_iter().map(|(value, words)| ((1.0 - y.at(value)) * wish.height, words)).collect()
            }),
            lines,
            strokes,
            levels,
            x,
            y,
            by_time: wish.by_time,
            height: wish.height,
        }
    }

    /// An x in words: `step 120`, `5 min`.
    pub fn x_words(&self, x: f64) -> String {
        if self.by_time { span((x / 100.0).round() * 100.0) } else { format!("step {}", number::count(x.round() as i64)) }
    }

    /// Pixels from the top of a value.
    pub fn y_place(&self, value: f64) -> Option<f64> {
        let y = self.y.filter(|y| value.is_finite() && (!y.log || value > 0.0))?;
        Some((1.0 - y.at(value)) * self.height)
    }

    /// The point of the longest line that stands `by` points from an x: where the arrow keys go.
    pub fn beside(&self, x: Option<f64>, by: i64) -> Option<f64> {
        let line = self.lines.iter().max_by_key(|line| line.xs.len())?;
        let last = line.xs.len().checked_sub(1)? as i64;
        let at = match x {
            Some(x) => (line.nearest(x)? as i64 + by).clamp(0, last),
            None => {
                if by < 0 {
                    last
                } else {
                    0
                }
            }
        };
        line.xs.get(at as usize).copied()
    }
}

fn x_scale(lines: &[Line], range: Option<(f64, f64)>) -> Scale {
    let all = lines.iter().flat_map(|line| [line.xs.first(), line.xs.last()]).flatten().copied();
    let (low, high) = range.unwrap_or_else(|| all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x))));
    match (low, high) {
        _ if low > high || !low.is_finite() || !high.is_finite() => Scale { low: 0.0, high: 1.0, log: false },
        _ if low == high => Scale { low: low - 0.5, high: high + 0.5, log: false },
        _ => Scale { low, high, log: false },
    }
}

fn stroke(line: &Line, x: Scale, y: Scale, wish: Wish<'_>) -> Stroke {
    let smooth = path(&line.xs, &line.smooth, x, y, wish.height);
    let raw = (wish.smoothing > 0.0).then(|| path(&line.xs, &line.raw, x, y, wish.height));
    Stroke { colour: line.colour, smooth, raw }
}

/// The line as it is drawn, in places, without its gaps.
fn pieces(line: &Line, x: Scale, y: Scale, height: f64) -> Vec<Vec<Place>> {
    let place = |(at, value): (&f64, &f64)| (value.is_finite() && (!y.log || *value > 0.0)).then(|| (x.at(*at), (1.0 - y.at(*value)) * height));
    let places: Vec<Option<Place>> = line.xs.iter().zip(&line.smooth).map(place).collect();
    places.split(Option::is_none).map(|piece| piece.iter().copied().flatten().collect()).collect()
}

/// The path through the finite points, one point beyond each edge of the view. A point between two
/// gaps is a dot (a line of no length with round ends).
fn path(xs: &[f64], values: &[f64], x: Scale, y: Scale, height: f64) -> String {
    let from = xs.partition_point(|at| *at < x.low).saturating_sub(1);
    let to = (xs.partition_point(|at| *at <= x.high) + 1).min(xs.len());
    let mut out = String::with_capacity((to - from.min(to)) * 12);
    let mut pen = 0;
    for at in from..to {
        let value = values[at];
        if !value.is_finite() || (y.log && value <= 0.0) {
            if pen == 1 {
                out.push_str("h0");
            }
            pen = 0;
            continue;
        }
        out.push(if pen == 0 { 'M' } else { 'L' });
        push(&mut out, x.at(xs[at]) * WIDTH);
        out.push(' ');
        push(&mut out, ((1.0 - y.at(value)) * height).clamp(-9999.0, 9999.0));
        pen += 1;
    }
    if pen == 1 {
        out.push_str("h0");
    }
    out
}

/// One decimal is a tenth of a pixel.
fn push(out: &mut String, value: f64) {
    let tenths = (value * 10.0).round() as i64;
    if tenths < 0 {
        out.push('-');
    }
    let tenths = tenths.unsigned_abs();
    out.push_str(&(tenths / 10).to_string());
    if !tenths.is_multiple_of(10) {
        out.push('.');
        out.push((b'0' + (tenths % 10) as u8) as char);
    }
}

/// What a reader must know of the drawing, and whether there are points that are not drawn.
fn notes(series: &[Series], lines: &[Line], odd: usize, wish: Wish<'_>) -> (Vec<String>, bool) {
    let mut notes = Vec::new();
    if odd > 0 {
        notes.push(format!("{} not finite, shown as a gap", number::counted(odd as i64, "value is", "values are")));
    }
    let below = if wish.log { lines.iter().flat_map(|line| &line.raw).filter(|value| value.is_finite() && **value <= 0.0).count() } else { 0 };
    if below > 0 {
        notes.push(format!("{} not above 0, left out of the logarithmic scale", number::counted(below as i64, "value is", "values are")));
    }
    let low = if wish.log { wish.thresholds.iter().filter(|threshold| threshold.value <= 0.0).count() } else { 0 };
    if low > 0 {
        notes.push(format!("{} not above 0, left out of the logarithmic scale", number::counted(low as i64, "threshold is", "thresholds are")));
    }
    let (shown, total) =
        series.iter().filter(|series| series.sampled).fold((0, 0), |(shown, total), series| (shown + series.values.len(), total + series.total));
    if total > shown {
        notes.push(format!("{} of {} points", number::count(shown as i64), number::count(total as i64)));
    }
    (notes, total > shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish() -> Wish<'static> {
        Wish { smoothing: 0.0, log: false, by_time: false, range: None, thresholds: &[], height: 100.0 }
    }

    fn series(values: &[f64]) -> Series {
        Series {
            name: "loss".into(),
            colour: 1,
            steps: (0..values.len() as i64).collect(),
            times: vec![0.0; values.len()],
            values: values.to_vec(),
            ..Default::default()
        }
    }

    #[test]
    fn a_gap_breaks_the_line_and_is_noted() {
        let scene = Scene::of(&[series(&[1.0, f64::NAN, 0.0, 1.0])], wish());
        assert_eq!(scene.strokes[0].smooth, "M0 4.8h0M666.7 100L1000 4.8");
        assert_eq!(scene.gaps.len(), 1);
        assert_eq!(scene.notes, ["1 value is not finite, shown as a gap"]);
    }

    #[test]
    fn nothing_and_one_point_are_drawn_too() {
        let none = Scene::of(&[], wish());
        assert!(none.y.is_none() && none.strokes.is_empty());
        assert_eq!(Scene::of(&[series(&[])], wish()).y, None);
        assert_eq!(Scene::of(&[series(&[0.5])], wish()).strokes[0].smooth, "M500 50h0");
    }

    #[test]
    fn a_threshold_is_inside_or_noted() {
        let held = [2.0, -1.0].map(|value| Threshold { chart: "loss".into(), value, label: "target" });
        let scene = Scene::of(&[series(&[0.5, 1.0])], Wish { thresholds: &held, ..wish() });
        assert!(scene.levels.len() == 2 && scene.levels.iter().all(|level| (0.0..=100.0).contains(&level.y)), "{:?}", scene.levels);
        assert_eq!((scene.levels[0].words.as_str(), scene.notes.len()), ("target 2", 0));
        let scene = Scene::of(&[series(&[0.5, 1.0])], Wish { thresholds: &held, log: true, ..wish() });
        assert_eq!((scene.levels.len(), scene.notes), (1, vec!["1 threshold is not above 0, left out of the logarithmic scale".to_owned()]));
        assert_eq!(Scene::of(&[], Wish { thresholds: &held, ..wish() }).y, None, "no values yet");
    }

    #[test]
    fn zoom_keeps_one_point_beyond_each_edge() {
        let scene = Scene::of(&[series(&[0.0, 1.0, 0.0, 1.0, 0.0])], Wish { range: Some((1.5, 2.5)), ..wish() });
        assert_eq!(scene.strokes[0].smooth.matches(['M', 'L']).count(), 3);
    }

    #[test]
    fn the_arrow_keys_walk_the_points() {
        let scene = Scene::of(&[series(&[0.0, 1.0, 2.0])], wish());
        assert_eq!([scene.beside(None, 1), scene.beside(Some(0.0), 1), scene.beside(Some(2.0), 5)], [Some(0.0), Some(1.0), Some(2.0)]);
    }
}
