//! Whether a run was done before: finished runs of the organization with the same params, or nearly the same.
//!
//! What must stay true: the same params are found by an index, whatever the number of runs; nearly the same ones only among the latest of the experiment;
//! a seed tells no two runs apart.

pub mod graphql;
mod model;
mod repo;
mod service;

pub use model::{Best, Difference, Found, Similar};
pub use service::{best_of_experiment, similar};
