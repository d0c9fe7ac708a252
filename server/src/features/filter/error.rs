//! Why a filter or an order is not one.

use shared::ErrorCode;

use crate::fault::Fault;

/// The message is public and says what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    #[error("Invalid filter: it is longer than {} bytes or has more than {} clauses.", super::MAX_LENGTH, super::MAX_CLAUSES)]
    TooLarge,
    #[error("Invalid filter: parentheses and negations are nested deeper than {}.", super::MAX_DEPTH)]
    TooDeep,
    #[error("Invalid filter: a pattern of LIKE, ILIKE or RLIKE has more than {} characters.", super::MAX_PATTERN)]
    Pattern,
    #[error("Invalid filter: a pattern of RLIKE cannot refer back to a group or look around.")]
    Expression,
    #[error("Invalid filter: it has more than {} patterns of RLIKE.", super::MAX_EXPRESSIONS)]
    Expressions,
    #[error("Invalid clause(s) in filter string: {0}")]
    Unexpected(String),
    #[error("Invalid filter: the quote at character {0} is not closed.")]
    OpenQuote(usize),
    #[error("Invalid entity type '{found}'. Valid values are: {valid}.")]
    Entity { found: String, valid: String },
    #[error("Invalid attribute key '{found}' specified. Valid keys are: {valid}.")]
    Attribute { found: String, valid: String },
    #[error("Invalid comparison operator '{op}' for {entity} '{key}'. Valid operators are: {valid}.")]
    Operator { op: String, entity: &'static str, key: String, valid: String },
    #[error("Expected an unquoted number for {entity} '{key}', found {found}.")]
    Number { entity: &'static str, key: String, found: String },
    #[error("Expected a quoted string value for {entity} '{key}', found {found}.")]
    Text { entity: &'static str, key: String, found: String },
    #[error("Invalid order_by clause '{0}'. Expected '<key> [ASC|DESC]'.")]
    Order(String),
    #[error("Invalid order_by: it has more than {} terms.", super::MAX_ORDERS)]
    TooManyOrders,
    #[error("`order_by` contains duplicate fields: '{0}'.")]
    DuplicateOrder(String),
}

impl From<FilterError> for Fault {
    fn from(error: FilterError) -> Self {
        let field = if matches!(error, FilterError::Order(_) | FilterError::DuplicateOrder(_)) { "orderBy" } else { "filter" };
        match error {
            FilterError::TooLarge | FilterError::TooDeep | FilterError::Pattern | FilterError::Expressions | FilterError::TooManyOrders => {
                Fault::new(ErrorCode::LimitExceeded, error.to_string())
            }
            error => Fault::invalid(field, error.to_string()),
        }
    }
}
