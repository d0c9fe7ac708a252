//! A [`Filter`] as an expression of the query builder: every value is a bound parameter.

use sea_orm::sea_query::{BinOper, Cond, Condition, Expr, ExprTrait, extension::postgres::PgBinOper};

use super::ast::{Check, Comparison, Filter, Number, Test};

/// Builds the condition; `leaf` says what one test means for the noun.
pub fn condition(filter: &Filter, leaf: &dyn Fn(&Test) -> Expr) -> Condition {
    match filter {
        Filter::All(parts) => parts.iter().fold(Cond::all(), |all, part| all.add(condition(part, leaf))),
        Filter::Any(parts) => parts.iter().fold(Cond::any(), |any, part| any.add(condition(part, leaf))),
        // Unknown is not false in SQL: what is absent must fail a clause before the clause is negated.
        Filter::Not(part) => condition(part, &|test| Expr::cust_with_exprs("coalesce($1, false)", [leaf(test)])).not(),
        Filter::Is(test) => Cond::all().add(leaf(test)),
    }
}

/// A text value held against a check. [`Check::Null`] is about rows, not values: it holds for a value that is there only when negated.
pub fn text(value: Expr, check: &Check) -> Expr {
    match check {
        Check::Text(comparison, text) => value.binary(comparison_operator(*comparison), Expr::val(text.clone())),
        Check::Like { pattern, any_case } => {
            // Nothing is an escape in the grammar; in Postgres the backslash is one.
            let pattern = Expr::val(pattern.replace('\\', "\\\\"));
            value.binary(if *any_case { BinOper::PgOperator(PgBinOper::ILike) } else { BinOper::Like }, pattern)
        }
        Check::Matches(pattern) => value.binary(BinOper::PgOperator(PgBinOper::Regex), Expr::val(pattern.clone())),
        Check::In { list, not: false } => value.is_in(list.clone()),
        Check::In { list, not: true } => value.is_not_in(list.clone()),
        Check::Null { not } => Expr::val(*not),
        Check::Number(..) => Expr::val(false),
    }
}

/// A double held against a check. NaN fails every comparison but `!=`; in Postgres it would be greater than all.
pub fn double(value: Expr, check: &Check) -> Expr {
    let Check::Number(comparison, number) = check else { return Expr::val(false) };
    let holds = value.clone().binary(comparison_operator(*comparison), Expr::val(number.float()));
    if *comparison == Comparison::NotEqual { holds } else { holds.and(value.ne(Expr::val(f64::NAN))) }
}

/// A 64-bit integer held against a check.
pub fn integer(value: Expr, check: &Check) -> Expr {
    let Check::Number(comparison, number) = check else { return Expr::val(false) };
    let operator = comparison_operator(*comparison);
    match number {
        Number::Int(number) => value.binary(operator, Expr::val(*number)),
        Number::Float(number) => value.cast_as("double precision").binary(operator, Expr::val(*number)),
    }
}

pub fn comparison_operator(comparison: Comparison) -> BinOper {
    match comparison {
        Comparison::Equal => BinOper::Equal,
        Comparison::NotEqual => BinOper::NotEqual,
        Comparison::Less => BinOper::SmallerThan,
        Comparison::LessOrEqual => BinOper::SmallerThanOrEqual,
        Comparison::Greater => BinOper::GreaterThan,
        Comparison::GreaterOrEqual => BinOper::GreaterThanOrEqual,
    }
}
