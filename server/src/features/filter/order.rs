//! `order_by`: a list of `<key> [ASC|DESC]`.

use super::{
    MAX_ORDERS,
    error::FilterError,
    grammar::{Grammar, Value},
    lexer::{Kind, tokens},
    parser::{resolve, split},
};

/// One term of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The canonical name of the entity.
    pub entity: &'static str,
    pub key: String,
    pub value: Value,
    pub descending: bool,
}

/// Parses the terms of an order; each field may stand in it once.
///
/// # Errors
/// [`FilterError`], whose text may be shown.
pub fn orders(terms: &[String], grammar: &Grammar) -> Result<Vec<Order>, FilterError> {
    if terms.len() > MAX_ORDERS {
        return Err(FilterError::TooManyOrders);
    }
    let mut list: Vec<Order> = Vec::new();
    for term in terms {
        let order = order(term, grammar)?;
        if list.iter().any(|known| known.entity == order.entity && known.key == order.key) {
            return Err(FilterError::DuplicateOrder(term.clone()));
        }
        list.push(order);
    }
    Ok(list)
}

fn order(term: &str, grammar: &Grammar) -> Result<Order, FilterError> {
    let wrong = || FilterError::Order(term.chars().take(200).collect());
    let mut tokens = tokens(term).map_err(|_| wrong())?;
    let descending = match tokens.last().map(|token| &token.kind) {
        Some(Kind::Bare(word)) if tokens.len() > 1 && word.eq_ignore_ascii_case("desc") => Some(true),
        Some(Kind::Bare(word)) if tokens.len() > 1 && word.eq_ignore_ascii_case("asc") => Some(false),
        _ => None,
    };
    if descending.is_some() {
        tokens.pop();
    }
    let [field] = &tokens[..] else { return Err(wrong()) };
    let (entity, key) = match &field.kind {
        Kind::Bare(word) => split(word),
        Kind::Field { entity, key } => (Some(entity.clone()), key.clone()),
        Kind::Quoted { text, quote: '`' | '"' } => (None, text.clone()),
        _ => return Err(wrong()),
    };
    let (entity, key, value, _) = resolve(grammar, entity.as_deref(), &key)?;
    if !entity.field(&key).is_some_and(|(.., sortable)| sortable) {
        return Err(wrong());
    }
    Ok(Order { entity: entity.name, key, value, descending: descending.unwrap_or(false) })
}
