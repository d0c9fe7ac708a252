use leptos::{ev, html, prelude::*};

/// A drag shorter than this is a click, as a part of the width.
const CLICK: f64 = 0.012;

/// A part of a chart's width under the pointer: pressed, drawn out, let go.
#[derive(Clone, Copy)]
pub(super) struct Drag {
    node: NodeRef<html::Div>,
    /// From where to where, 0 to 1, while it goes on.
    pub part: RwSignal<Option<(f64, f64)>>,
}

impl Drag {
    /// Over the width of an element.
    pub fn over(node: NodeRef<html::Div>) -> Self {
        Self { node, part: RwSignal::new(None) }
    }

    /// Where the pointer is, 0 to 1.
    pub fn place(self, event: &ev::PointerEvent) -> f64 {
        self.node.get_untracked().map_or(0.0, |node| {
            let frame = node.get_bounding_client_rect();
            ((f64::from(event.client_x()) - frame.left()) / frame.width().max(1.0)).clamp(0.0, 1.0)
        })
    }

    /// The pointer is pressed. A finger scrolls the page.
    pub fn press(self, event: &ev::PointerEvent) {
        if event.button() == 0 && event.pointer_type() != "touch" {
            let place = self.place(event);
            self.part.set(Some((place, place)));
            if let Some(node) = self.node.get_untracked() {
                let _ = node.set_pointer_capture(event.pointer_id());
            }
        }
    }

    /// The pointer moves.
    pub fn follow(self, event: &ev::PointerEvent) {
        if let Some((from, _)) = self.part.get_untracked() {
            self.part.set(Some((from, self.place(event))));
        }
    }

    /// The pointer is let go: the part it was drawn over, the lesser end first; `None` for a click.
    pub fn release(self) -> Option<(f64, f64)> {
        let (from, to) = self.part.try_update(Option::take).flatten()?;
        ((to - from).abs() > CLICK).then(|| (from.min(to), from.max(to)))
    }

    /// Whether it goes on; does not track.
    pub fn goes_on(self) -> bool {
        self.part.with_untracked(Option::is_some)
    }
}
