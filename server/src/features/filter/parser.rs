//! Tokens to a [`Filter`].

use super::{
    MAX_CLAUSES, MAX_DEPTH, MAX_EXPRESSIONS, MAX_LENGTH, MAX_PATTERN,
    ast::{Check, Comparison, Filter, Number, Test},
    error::FilterError,
    grammar::{Entity, Grammar, Ops, Value},
    lexer::{Kind, Token, tokens},
};

/// Parses a filter over `grammar`. The empty text holds for everything; a text of blanks is refused, as MLflow does.
///
/// # Errors
/// [`FilterError`], whose text may be shown.
pub fn parse(text: &str, grammar: &Grammar) -> Result<Filter, FilterError> {
    if text.is_empty() {
        return Ok(Filter::All(Vec::new()));
    }
    if text.len() > MAX_LENGTH {
        return Err(FilterError::TooLarge);
    }
    let mut parser = Parser { tokens: tokens(text)?, place: 0, clauses: 0, expressions: 0, grammar };
    let filter = parser.any(0)?;
    match parser.next() {
        None => Ok(filter),
        Some(token) => Err(unexpected(Some(&token))),
    }
}

struct Parser<'g> {
    tokens: Vec<Token>,
    place: usize,
    clauses: usize,
    expressions: usize,
    grammar: &'g Grammar,
}

fn unexpected(token: Option<&Token>) -> FilterError {
    FilterError::Unexpected(match token {
        Some(token) => format!("'{}' at character {}", token.kind.shown(), token.at),
        None => "the text ends too early".to_owned(),
    })
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.place)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.place).cloned();
        self.place += 1;
        token
    }

    /// Takes the keyword, in any case, if it comes next.
    fn keyword(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token { kind: Kind::Bare(bare), .. }) if bare.eq_ignore_ascii_case(word));
        self.place += usize::from(found);
        found
    }

    fn take(&mut self, kind: &Kind) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == *kind);
        self.place += usize::from(found);
        found
    }

    fn any(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let mut parts = vec![self.all(depth)?];
        while self.keyword("or") {
            parts.push(self.all(depth)?);
        }
        Ok(one_or(parts, Filter::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let mut parts = vec![self.term(depth)?];
        while self.keyword("and") {
            parts.push(self.term(depth)?);
        }
        Ok(one_or(parts, Filter::All))
    }

    fn term(&mut self, depth: usize) -> Result<Filter, FilterError> {
        let not = self.keyword("not");
        if !not && !self.take(&Kind::Open) {
            return self.clause().map(Filter::Is);
        }
        if depth >= MAX_DEPTH {
            return Err(FilterError::TooDeep);
        }
        if not {
            return Ok(Filter::Not(Box::new(self.term(depth + 1)?)));
        }
        let inner = self.any(depth + 1)?;
        if self.take(&Kind::Close) { Ok(inner) } else { Err(unexpected(self.peek())) }
    }

    fn clause(&mut self) -> Result<Test, FilterError> {
        self.clauses += 1;
        if self.clauses > MAX_CLAUSES {
            return Err(FilterError::TooLarge);
        }
        let token = self.next();
        let (entity, key) = match token.as_ref().map(|token| &token.kind) {
            Some(Kind::Bare(word)) => split(word),
            Some(Kind::Field { entity, key }) => (Some(entity.clone()), key.clone()),
            Some(Kind::Quoted { text, quote: '`' | '"' }) => (None, text.clone()),
            _ => return Err(unexpected(token.as_ref())),
        };
        let (entity, key, value, ops) = resolve(self.grammar, entity.as_deref(), &key)?;
        let check = self.check(entity, &key, value, ops)?;
        Ok(Test { entity: entity.name, key, check })
    }

    fn check(&mut self, entity: &'static Entity, key: &str, value: Value, ops: Ops) -> Result<Check, FilterError> {
        let allow = |op: &str, needs: Ops| {
            if ops.has(needs) {
                return Ok(());
            }
            Err(FilterError::Operator { op: op.to_owned(), entity: entity.name, key: key.to_owned(), valid: ops.list() })
        };
        if self.keyword("is") {
            let not = self.keyword("not");
            if !self.keyword("null") {
                return Err(unexpected(self.peek()));
            }
            allow("IS NULL", Ops::NULL)?;
            return Ok(Check::Null { not });
        }
        let not = self.keyword("not");
        if self.keyword("in") {
            allow("IN", Ops::IN)?;
            return Ok(Check::In { list: self.list(entity, key)?, not });
        }
        if not {
            return Err(unexpected(self.peek()));
        }
        for (word, any_case) in [("like", false), ("ilike", true)] {
            if self.keyword(word) {
                allow(if any_case { "ILIKE" } else { "LIKE" }, Ops::LIKE)?;
                let pattern = self.text(entity, key)?;
                return if pattern.chars().count() > MAX_PATTERN { Err(FilterError::Pattern) } else { Ok(Check::Like { pattern, any_case }) };
            }
        }
        if self.keyword("rlike") {
            allow("RLIKE", Ops::RLIKE)?;
            self.expressions += 1;
            if self.expressions > MAX_EXPRESSIONS {
                return Err(FilterError::Expressions);
            }
            return Ok(Check::Matches(expression(self.text(entity, key)?)?));
        }
        let token = self.next();
        let Some(Kind::Op(op)) = token.as_ref().map(|token| &token.kind) else { return Err(unexpected(token.as_ref())) };
        let (comparison, needs) = match *op {
            "=" => (Comparison::Equal, Ops::SAME),
            "!=" => (Comparison::NotEqual, Ops::EQUAL),
            "<" => (Comparison::Less, Ops::ORDER),
            "<=" => (Comparison::LessOrEqual, Ops::ORDER),
            ">" => (Comparison::Greater, Ops::ORDER),
            _ => (Comparison::GreaterOrEqual, Ops::ORDER),
        };
        allow(op, needs)?;
        match value {
            Value::Number => Ok(Check::Number(comparison, self.number(entity, key)?)),
            Value::Text => Ok(Check::Text(comparison, self.text(entity, key)?)),
        }
    }

    fn number(&mut self, entity: &'static Entity, key: &str) -> Result<Number, FilterError> {
        let token = self.next().ok_or_else(|| unexpected(None))?;
        if let Kind::Bare(word) = &token.kind {
            if let Ok(value) = word.parse() {
                return Ok(Number::Int(value));
            }
            // `inf` and `nan` are words here, and a number that overflows is a mistake.
            let numeric = word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
            if let Some(value) = word.parse().ok().filter(|value: &f64| numeric && value.is_finite()) {
                return Ok(Number::Float(value));
            }
        }
        Err(FilterError::Number { entity: entity.name, key: key.to_owned(), found: token.kind.shown() })
    }

    fn text(&mut self, entity: &'static Entity, key: &str) -> Result<String, FilterError> {
        let token = self.next().ok_or_else(|| unexpected(None))?;
        match token.kind {
            Kind::Quoted { text, quote: '\'' | '"' } if !text.contains('\0') => Ok(text),
            other => Err(FilterError::Text { entity: entity.name, key: key.to_owned(), found: other.shown() }),
        }
    }

    fn list(&mut self, entity: &'static Entity, key: &str) -> Result<Vec<String>, FilterError> {
        if !self.take(&Kind::Open) {
            return Err(unexpected(self.peek()));
        }
        let mut list = vec![self.text(entity, key)?];
        while self.take(&Kind::Comma) {
            // Python writes a tuple of one with a comma behind it.
            if self.peek().is_some_and(|token| token.kind == Kind::Close) {
                break;
            }
            list.push(self.text(entity, key)?);
        }
        if self.take(&Kind::Close) { Ok(list) } else { Err(unexpected(self.peek())) }
    }
}

/// A regular expression whose cost is bounded: its length is, and with no reference back to a group and no look around it the database never tries the ways
/// of a match one by one, nor looks at the text again from every place.
fn expression(pattern: String) -> Result<String, FilterError> {
    if pattern.chars().count() > MAX_PATTERN {
        return Err(FilterError::Pattern);
    }
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        let rest = chars.as_str();
        let costs = match c {
            '\\' => chars.next().is_some_and(|next| next.is_ascii_digit()),
            '(' => ["?=", "?!", "?<"].iter().any(|look| rest.starts_with(look)),
            _ => false,
        };
        if costs {
            return Err(FilterError::Expression);
        }
    }
    Ok(pattern)
}

fn one_or(mut parts: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(one) if parts.is_empty() => one,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => Filter::All(parts),
    }
}

/// Splits `params.a.b` at the first dot into `params` and `a.b`.
pub(super) fn split(word: &str) -> (Option<String>, String) {
    match word.split_once('.') {
        Some((entity, key)) => (Some(entity.to_owned()), key.to_owned()),
        None => (None, word.to_owned()),
    }
}

/// Finds the entity and the canonical key.
pub(super) fn resolve(grammar: &Grammar, spelling: Option<&str>, key: &str) -> Result<(&'static Entity, String, Value, Ops), FilterError> {
    let unknown = |found: &str| FilterError::Entity { found: found.to_owned(), valid: grammar.spellings() };
    let entity = match spelling {
        None => grammar.entities.first().ok_or_else(|| unknown(""))?,
        Some(spelling) => grammar.entity(spelling).ok_or_else(|| unknown(spelling))?,
    };
    if key.contains('\0') {
        return Err(FilterError::Attribute { found: key.escape_debug().to_string(), valid: entity.keys() });
    }
    let (key, value, ops, _) = entity.field(key).ok_or_else(|| FilterError::Attribute { found: key.to_owned(), valid: entity.keys() })?;
    Ok((entity, key, value, ops))
}
