//! What a filter says, with names resolved.

/// A condition on rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Every part holds; the empty list holds for everything.
    All(Vec<Filter>),
    /// At least one part holds.
    Any(Vec<Filter>),
    /// The part does not hold. What is absent holds for no clause, so it holds for the negation of every one but a null test.
    Not(Box<Filter>),
    Is(Test),
}

impl Filter {
    /// Whether something is so of every clause, wherever it stands.
    pub fn every(&self, is_so: &dyn Fn(&Test) -> bool) -> bool {
        match self {
            Filter::All(parts) | Filter::Any(parts) => parts.iter().all(|part| part.every(is_so)),
            Filter::Not(part) => part.every(is_so),
            Filter::Is(test) => is_so(test),
        }
    }

    /// Whether it holds a pattern: how long one takes to match, or a regular expression to be read, is whoever wrote it to say.
    pub fn has_pattern(&self) -> bool {
        !self.every(&|test| !matches!(test.check, Check::Like { .. } | Check::Matches(_)))
    }
}

/// One clause.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// The canonical name of the entity: `metric`, `param`, `tag`, `attribute`, `dataset`.
    pub entity: &'static str,
    /// The key; for attributes its canonical name.
    pub key: String,
    pub check: Check,
}

/// What a value is held against. A value that is absent fails every check but `Null`.
#[derive(Clone, Debug, PartialEq)]
pub enum Check {
    Number(Comparison, Number),
    Text(Comparison, String),
    /// `%` is any run of characters, `_` is any one character.
    Like {
        pattern: String,
        any_case: bool,
    },
    /// A regular expression that holds somewhere in the value.
    Matches(String),
    In {
        list: Vec<String>,
        not: bool,
    },
    Null {
        not: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A number as written: integers stay exact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    /// As a double.
    pub fn float(self) -> f64 {
        match self {
            Number::Int(value) => value as f64,
            Number::Float(value) => value,
        }
    }
}
