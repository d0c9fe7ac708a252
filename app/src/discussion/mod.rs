//! What people say about a run or an experiment: the panel with its threads, live for everybody who looks.

mod compose;
mod model;
mod panel;
mod talk;
mod thread;

pub use model::{Point, Thread};
pub use panel::{Panel, PointDialog};
pub use talk::{Talk, use_talk};
