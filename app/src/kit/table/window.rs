use std::ops::Range;

use leptos::{html, prelude::*};

/// Height of a row with its line, in pixels; as in `style/table.css`.
const ROW: f64 = 36.0;
/// A table with more rows has only those in sight, and some around them.
const LONG: usize = 200;
/// Rows above and below those in sight. New ones are made each time so many have gone by.
const STEP: usize = 20;

/// Which rows of a table are there: all, or of a long one those around what its frame shows.
#[derive(Clone, Copy)]
pub(super) struct Window {
    sheet: NodeRef<html::Div>,
    count: Memo<usize>,
    /// The first row in sight, to the step.
    from: RwSignal<usize>,
    /// How many are in sight.
    sight: RwSignal<usize>,
}

impl Window {
    pub fn of(sheet: NodeRef<html::Div>, count: Memo<usize>) -> Self {
        Self { sheet, count, from: RwSignal::new(0), sight: RwSignal::new(STEP) }
    }

    /// Whether some rows are left out; tracks.
    pub fn is_long(self) -> bool {
        self.count.get() > LONG
    }

    /// The rows that are there; tracks.
    pub fn range(self) -> Range<usize> {
        if self.is_long() { around(self.from.get(), self.sight.get(), self.count.get()) } else { 0..self.count.get() }
    }

    /// The frame was scrolled.
    pub fn scrolled(self) {
        let Some(sheet) = self.sheet.get_untracked() else { return };
        if self.count.get_untracked() <= LONG {
            return;
        }
        let from = (f64::from(sheet.scroll_top()) / ROW) as usize / STEP * STEP;
        let sight = (f64::from(sheet.client_height()) / ROW).ceil() as usize;
        if from != self.from.get_untracked() || sight != self.sight.get_untracked() {
            self.from.set(from);
            self.sight.set(sight);
        }
    }

    /// Whether less than a window's height of rows is left below those in sight.
    pub fn is_near_end(self) -> bool {
        self.sheet.get_untracked().is_some_and(|sheet| {
            let left = sheet.scroll_height() - sheet.scroll_top() - sheet.client_height();
            sheet.scroll_top() > 0 && left < sheet.client_height()
        })
    }

    /// Brings a row of a long table into sight, below the head.
    pub fn show(self, at: usize) {
        let Some(sheet) = self.sheet.get_untracked() else { return };
        let (top, shown) = (f64::from(sheet.scroll_top()), f64::from(sheet.client_height()));
        let place = at as f64 * ROW;
        // The head lies over the first row's height of what is in sight.
        let wanted = if place < top { place } else { top.max(place + 2.0 * ROW - shown) };
        sheet.set_scroll_top(wanted as i32);
        self.scrolled();
    }

    /// The element of a row that is there, counted from 1, in the body of the table.
    pub fn place(self, at: usize) -> Option<usize> {
        untrack(|| {
            let range = self.range();
            // Of a long table the first line stands for the rows above.
            range.contains(&at).then(|| at - range.start + 1 + usize::from(self.is_long()))
        })
    }

    /// Rows were put before those in sight: what the reader looks at stays where it is. A long table that was loaded anew is looked at from its beginning; at the
    /// end of the few rows that are there it would ask for the rest at once.
    pub fn keep_still(self, before: &[String], after: &[String]) {
        let Some(sheet) = self.sheet.get_untracked() else { return };
        if after.len() + LONG <= before.len() {
            return sheet.set_scroll_top(0);
        }
        let first = (f64::from(sheet.scroll_top()) / ROW) as usize;
        let Some(now) = before.get(first).filter(|_| sheet.scroll_top() > 0).and_then(|id| after.iter().position(|own| own == id)) else { return };
        if now > first && before[first..].iter().zip(&after[now..]).all(|(old, new)| old == new) {
            let by = ((now - first) as f64 * ROW) as i32;
            request_animation_frame(move || sheet.set_scroll_top(sheet.scroll_top() + by));
        }
    }
}

fn around(from: usize, sight: usize, count: usize) -> Range<usize> {
    let from = from.min(count.saturating_sub(sight));
    from.saturating_sub(STEP)..(from + sight + 2 * STEP).min(count)
}

#[cfg(test)]
mod tests {
    use super::around;

    #[test]
    fn what_is_in_sight_is_always_there() {
        for (from, sight) in [(0, 20), (400, 23), (980, 23), (5000, 40)] {
            let range = around(from, sight, 1000);
            let last = from.min(1000 - sight);
            assert!(range.start <= last && range.end >= last + sight && range.end <= 1000 && range.len() < 110, "{from} {sight} {range:?}");
        }
    }
}
