//! The search grammar: one language for runs, experiments, registered models, versions, logged models and traces.
//!
//! ```text
//! filter := "" | any        any := all ( OR all )*        all := term ( AND term )*        term := NOT term | "(" any ")" | clause
//! clause := field op value | field [NOT] IN ( text {, text} ) | field IS [NOT] NULL
//! field  := [ entity "." ] key      key := bare | `quoted` | "quoted"
//! ```
//! It is MLflow's grammar (3.17, `mlflow/utils/search_utils.py`) with OR, NOT and parentheses added. What must stay true: a filter is parsed into an
//! [`Filter`] whose fields a [`Grammar`] lists, and reaches the database as bound parameters only.

mod ast;
mod error;
mod grammar;
pub mod keyset;
mod lexer;
mod order;
mod parser;
pub mod sql;
#[cfg(test)]
mod tests;
pub mod values;

pub use ast::{Check, Comparison, Filter, Number, Test};
pub use error::FilterError;
pub use grammar::{Attribute, Entity, Fields, Grammar, Ops, Value};
pub use order::{Order, orders};
pub use parser::parse;

/// Longest filter, bytes.
pub const MAX_LENGTH: usize = 20_000;
/// Most clauses of one filter.
pub const MAX_CLAUSES: usize = 100;
/// Deepest nesting of parentheses and negations.
pub const MAX_DEPTH: usize = 20;
/// Longest pattern of LIKE, ILIKE and RLIKE, characters: what matching one costs grows with it for every row.
pub const MAX_PATTERN: usize = 256;
/// Most patterns of RLIKE of one filter: the database keeps few compiled.
pub const MAX_EXPRESSIONS: usize = 8;
/// Most terms of one order.
pub const MAX_ORDERS: usize = 20;
