//! Text to tokens.

use super::error::FilterError;

/// A token and where it starts, in characters from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub kind: Kind,
    pub at: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A word without quotes: a field, a keyword or a number.
    Bare(String),
    /// A field in which a part stands in backquotes or double quotes: the entity and its dot, and the key.
    Field {
        entity: String,
        key: String,
    },
    /// A quoted text. The quotes are stripped and nothing in it is an escape; `quote` tells which they were.
    Quoted {
        text: String,
        quote: char,
    },
    Op(&'static str),
    Open,
    Close,
    Comma,
}

impl Kind {
    /// As the caller wrote it, for messages.
    pub fn shown(&self) -> String {
        match self {
            Kind::Bare(word) => word.clone(),
            Kind::Field { entity, key } => format!("{entity}.`{key}`"),
            Kind::Quoted { text, quote } => format!("{quote}{text}{quote}"),
            Kind::Op(op) => (*op).to_owned(),
            Kind::Open => "(".to_owned(),
            Kind::Close => ")".to_owned(),
            Kind::Comma => ",".to_owned(),
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '+' | '-' | '/' | ':' | '@')
}

/// Splits a filter into tokens.
pub fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut place = 0;
    while place < chars.len() {
        let at = place + 1;
        let c = chars[place];
        if c.is_whitespace() {
            place += 1;
            continue;
        }
        let kind = match c {
            '(' | ')' | ',' => {
                place += 1;
                match c {
                    '(' => Kind::Open,
                    ')' => Kind::Close,
                    _ => Kind::Comma,
                }
            }
            '=' | '!' | '<' | '>' => Kind::Op(operator(&chars, &mut place)?),
            '\'' | '"' | '`' => Kind::Quoted { text: quoted(&chars, &mut place)?, quote: c },
            c if is_word(c) => {
                let start = place;
                while place < chars.len() && is_word(chars[place]) {
                    place += 1;
                }
                let word: String = chars[start..place].iter().collect();
                // `tags.` and then a quoted key.
                match chars.get(place) {
                    Some('`' | '"') if word.ends_with('.') => {
                        Kind::Field { entity: word.trim_end_matches('.').to_owned(), key: quoted(&chars, &mut place)? }
                    }
                    _ => Kind::Bare(word),
                }
            }
            other => return Err(FilterError::Unexpected(format!("'{}' at character {at}", other.escape_debug()))),
        };
        tokens.push(Token { kind, at });
    }
    Ok(tokens)
}

fn quoted(chars: &[char], place: &mut usize) -> Result<String, FilterError> {
    let start = *place;
    let quote = chars[start];
    let length = chars[start + 1..].iter().position(|c| *c == quote).ok_or(FilterError::OpenQuote(start + 1))?;
    *place = start + length + 2;
    Ok(chars[start + 1..start + 1 + length].iter().collect())
}

fn operator(chars: &[char], place: &mut usize) -> Result<&'static str, FilterError> {
    let start = *place;
    while *place < chars.len() && matches!(chars[*place], '=' | '!' | '<' | '>') {
        *place += 1;
    }
    let found: String = chars[start..*place].iter().collect();
    ["=", "!=", "<", "<=", ">", ">="]
        .into_iter()
        .find(|op| *op == found)
        .ok_or_else(|| FilterError::Unexpected(format!("'{found}' at character {}", start + 1)))
}
