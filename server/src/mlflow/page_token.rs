//! Page tokens: cursors of lists. MLflow's lists of models and of points are continued after a number of rows.

use super::{
    Error,
    wire::{Text, filled},
};
use crate::features::page::Listing;

/// What continues a list, from its token; `None` without one.
///
/// # Errors
/// 400 for a token that this list did not give out.
pub fn after(list: &Listing, token: Option<Text>) -> Result<Option<String>, Error> {
    filled(token).map(|token| list.key(&token)).transpose().map_err(|_| Error::invalid("Invalid page token, could not parse it"))
}

/// The number of rows before a page; 0 without a token.
///
/// # Errors
/// 400 for a token that this list did not give out.
pub fn offset(list: &Listing, token: Option<Text>) -> Result<u64, Error> {
    let key = after(list, token)?;
    key.map_or(Ok(0), |key| key.parse().map_err(|_| Error::invalid("Invalid page token, could not parse it")))
}

/// The token of the page that begins after so many `rows` more than `offset`; `None` when there is none.
pub fn next(list: &Listing, more: bool, offset: u64, rows: usize) -> Option<String> {
    more.then(|| list.cursor(&(offset + rows as u64).to_string()))
}
