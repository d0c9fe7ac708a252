//! Comparing runs and groups of runs. What is compared stands in the address.

mod charts;
mod curves;
mod data;
mod differences;
mod environments;
mod groups;
mod page;
mod saved;
mod tests_of_pairs;

pub use page::ComparePage;
