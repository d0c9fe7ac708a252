//! Pages of a list in any order, continued after a row.
//!
//! What continues a list is the last row's id under a digest of the query it belongs to (tenant, filter, order), so that it continues no other one; that
//! it is ours is for the cursor around it to say (`features::page`). Where the row stands in the order is looked up when the list is continued: nothing a
//! caller sends is compared with but an id.

use sea_orm::sea_query::{Cond, Condition, Expr, ExprTrait, Order, SelectStatement};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{fault::Fault, features::page::bad_cursor};

/// One term of an order. The expression is never null.
#[derive(Clone, Debug)]
pub struct Term {
    pub expr: Expr,
    pub descending: bool,
}

impl Term {
    pub fn ascending(expr: Expr) -> Self {
        Self { expr, descending: false }
    }

    pub fn descending(expr: Expr) -> Self {
        Self { expr, descending: true }
    }
}

/// Orders `select` by the terms and, with a `row`, leaves out what does not come after it. `base` builds the same rows without columns; `is_row` holds
/// for the row alone. The last term must tell all rows apart.
pub fn arrange(select: &mut SelectStatement, terms: &[Term], row: Option<Expr>, base: impl Fn() -> SelectStatement) {
    for term in terms {
        select.order_by_expr(term.expr.clone(), if term.descending { Order::Desc } else { Order::Asc });
    }
    let Some(is_row) = row else { return };
    let place = |term: &Term| {
        let mut of_row = base();
        of_row.expr(term.expr.clone()).and_where(is_row.clone());
        Expr::SubQuery(None, Box::new(of_row.into()))
    };
    let places: Vec<Expr> = terms.iter().map(place).collect();
    let beyond = |at: usize| {
        let (mine, its) = (terms[at].expr.clone(), places[at].clone());
        if terms[at].descending { mine.lt(its) } else { mine.gt(its) }
    };
    let mut later: Condition = Cond::any();
    for at in 0..terms.len() {
        let equal = (0..at).fold(Cond::all(), |all, before| all.add(terms[before].expr.clone().eq(places[before].clone())));
        later = later.add(equal.add(beyond(at)));
    }
    // Said apart, the first term can be a range of an index.
    if let (Some(first), Some(place)) = (terms.first(), places.first()) {
        let (mine, its) = (first.expr.clone(), place.clone());
        select.and_where(if first.descending { mine.lte(its) } else { mine.gte(its) });
    }
    select.cond_where(later);
}

/// A cursor after the row `id` of the list that `query` describes.
pub fn seal(query: &str, id: Uuid) -> String {
    format!("{}{}", digest(query), id.simple())
}

/// The row a cursor of the same list names.
///
/// # Errors
/// `Invalid` naming `after`.
pub fn open(query: &str, cursor: &str) -> Result<Uuid, Fault> {
    let id = cursor.strip_prefix(digest(query).as_str()).filter(|id| id.len() == 32).ok_or_else(bad_cursor)?;
    Uuid::try_parse(id).map_err(|_| bad_cursor())
}

fn digest(query: &str) -> String {
    Sha256::digest(query.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t38_a_cursor_continues_only_its_own_list() {
        let id = Uuid::from_u128(7);
        let cursor = seal("tenant a, runs", id);
        assert_eq!(open("tenant a, runs", &cursor).ok(), Some(id));
        for (query, cursor) in [
            ("tenant b, runs", cursor.as_str()),
            ("tenant a, runs", &cursor[1..]),
            ("tenant a, runs", ""),
            ("tenant a, runs", &format!("{cursor}0")),
            ("tenant a, runs", "' or 1=1 --"),
        ] {
            assert!(open(query, cursor).is_err(), "{cursor}");
        }
    }
}
