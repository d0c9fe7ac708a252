//! Where thresholds stand on a plane, and their words where no line runs.

use super::{marks::TOP, scale::Scale, thresholds::Threshold};

/// A place on a plane: x from 0 to 1, y in pixels from the top.
pub(super) type Place = (f64, f64);

/// Width of a letter, and of the narrowest chart, in pixels: how wide the real one is only the browser knows.
const LETTER: f64 = 6.2;
const NARROW: f64 = 320.0;
/// Words begin and end so far from their own line.
const NEAR: f64 = 3.0;
const FAR: f64 = 16.0;
/// With so much room to every line no other place is better.
const ENOUGH: f64 = 12.0;

/// A threshold on a plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// Pixels from the top.
    pub y: f64,
    pub words: String,
    /// Whether the words end at the right edge; else they begin at the left one.
    pub right: bool,
    /// What the words stand on, in pixels from the top.
    pub foot: f64,
}

impl Level {
    /// Where the words are anchored: x, pixels off it, and by which end.
    pub(super) fn edge(&self) -> (f64, &'static str, &'static str) {
        if self.right { (1.0, "-4", "end") } else { (0.0, "4", "start") }
    }
}

/// The levels for who reads with their ears; empty without any.
pub(super) fn said(levels: &[Level]) -> String {
    let words: Vec<&str> = levels.iter().map(|level| level.words.as_str()).collect();
    if words.is_empty() { String::new() } else { format!("Held against {}. ", words.join(", ")) }
}

/// A scale that holds values, and thresholds too where there are values.
pub(super) fn scale<I: Iterator<Item = f64>>(values: impl Fn() -> I, thresholds: &[Threshold], log: bool) -> Option<Scale> {
    let own = Scale::around(values(), log)?;
    Scale::around(values().chain(thresholds.iter().map(|threshold| threshold.value)), log).or(Some(own))
}

/// The thresholds on a plane of a height, over lines that are drawn in pieces.
pub(super) fn levels(thresholds: &[Threshold], scale: Scale, height: f64, pieces: &[impl AsRef<[Place]>]) -> Vec<Level> {
    let placed = thresholds.iter().filter(|threshold| !scale.log || threshold.value > 0.0).map(|threshold| {
        let y = (1.0 - scale.at(threshold.value)) * height;
        (y, threshold.words())
    });
    let placed: Vec<(f64, String)> = placed.filter(|(y, _)| (0.0..=height).contains(y)).collect();
    let level = |(y, words): &(f64, String)| {
        let y = *y;
        // Neither do words stand on the line of another threshold.
        let others: Vec<[Place; 2]> = placed.iter().filter(|other| other.0 != y).map(|(other, _)| [(0.0, *other), (1.0, *other)]).collect();
        let room = |right: bool, below: bool| {
            let wide = (words.chars().count() as f64 * LETTER / NARROW).min(1.0);
            let across = if right { (1.0 - wide, 1.0) } else { (0.0, wide) };
            let down = if below { (y + NEAR, y + FAR) } else { (y - FAR, y - NEAR) };
            let lines = pieces.iter().map(|piece| piece.as_ref()).chain(others.iter().map(|line| line.as_slice()));
            lines.flat_map(segments).map(|segment| gap(segment, across, down)).fold(ENOUGH, f64::min)
        };
        let fits = |below: bool| if below { y + FAR <= height } else { y - FAR >= -TOP };
        let mut best = (true, y < height / 2.0, -1.0);
        for (right, below) in [(true, false), (true, true), (false, false), (false, true)] {
            let room = if fits(below) { room(right, below) } else { -1.0 };
            if room > best.2 {
                best = (right, below, room);
            }
        }
        let (right, below, _) = best;
        Level { y, words: words.clone(), right, foot: if below { y + 13.0 } else { y - 5.0 } }
    };
    placed.iter().map(level).collect()
}

/// The straight parts of a line; a point alone is one without length.
fn segments(piece: &[Place]) -> impl Iterator<Item = (Place, Place)> {
    piece.first().map(|only| (*only, *only)).into_iter().chain(piece.windows(2).map(|two| (two[0], two[1])))
}

/// How far a straight line stays above or below a box; 0 where they touch.
fn gap((from, to): (Place, Place), (left, right): (f64, f64), (top, bottom): (f64, f64)) -> f64 {
    if to.0 < left || from.0 > right {
        return f64::INFINITY;
    }
    let at = |x: f64| if to.0 > from.0 { from.1 + (to.1 - from.1) * (x - from.0) / (to.0 - from.0) } else { from.1 };
    let (begin, end) = (at(from.0.max(left)), at(to.0.min(right)));
    (begin.min(end) - bottom).max(top - begin.max(end)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(value: f64) -> Threshold {
        Threshold { chart: "loss".into(), value, label: "target" }
    }

    /// On a plane of 100 pixels and values from 0 to 100.
    fn placed(values: &[f64], lines: &[Vec<Place>]) -> Vec<(bool, bool)> {
        let thresholds: Vec<Threshold> = values.iter().map(|value| at(*value)).collect();
        let found = levels(&thresholds, Scale { low: 0.0, high: 100.0, log: false }, 100.0, lines);
        found.iter().map(|level| (level.right, level.foot > level.y)).collect()
    }

    #[test]
    fn words_stand_where_no_line_runs() {
        assert_eq!(placed(&[50.0], &[]), [(true, false)]);
        assert_eq!(placed(&[50.0], &[vec![(0.0, 40.0), (1.0, 40.0)]]), [(true, true)], "a line above");
        let crossing = vec![(0.0, 50.0), (0.5, 50.0), (1.0, 10.0)];
        assert_eq!(placed(&[50.0], &[crossing]), [(true, true)], "a line that leaves upwards at the right");
        let both = vec![(0.6, 40.0), (1.0, 60.0)];
        assert_eq!(placed(&[50.0], &[both]), [(false, false)], "a line that crosses at the right");
        assert_eq!(placed(&[50.0], &[vec![(0.95, 40.0)]]), [(true, true)], "a point alone");
    }

    #[test]
    fn words_stay_on_the_plane_and_off_each_other() {
        assert_eq!(placed(&[99.0, 1.0], &[]), [(true, true), (true, false)]);
        assert_eq!(placed(&[50.0, 40.0], &[]), [(true, false), (true, true)]);
    }

    #[test]
    fn a_scale_grows_to_a_threshold_and_is_none_without_values() {
        let grown = |values: &[f64], threshold: f64, log| scale(|| values.iter().copied(), &[at(threshold)], log);
        assert!(grown(&[0.0, 1.0], 3.0, false).is_some_and(|scale| scale.high > 3.0 && scale.low == 0.0));
        assert!(grown(&[0.0, 1.0], -3.0, false).is_some_and(|scale| scale.low < -3.0));
        assert_eq!(grown(&[], 3.0, false), None);
        let log = grown(&[1.0, 10.0], -3.0, true).expect("a scale");
        assert!(log.low > 0.0 && levels(&[at(-3.0)], log, 100.0, &[] as &[Vec<Place>]).is_empty(), "there is no place for it");
        assert!(grown(&[0.0, 1.0], f64::MAX, false).is_some(), "values are shown whatever they are held against");
    }

    #[test]
    fn levels_are_said() {
        let scale = Scale { low: 0.0, high: 1.0, log: false };
        assert_eq!(said(&levels(&[at(0.25), at(0.5)], scale, 100.0, &[] as &[Vec<Place>])), "Held against target 0.25, target 0.5. ");
        assert_eq!(said(&[]), "");
    }
}
