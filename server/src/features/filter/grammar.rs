//! What may be searched: the entities, keys and operators of one noun.

/// A set of operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ops(u8);

impl Ops {
    /// `=` alone.
    pub const SAME: Ops = Ops(1);
    /// `=` and `!=`.
    pub const EQUAL: Ops = Ops(64 | 1);
    /// `>`, `>=`, `<`, `<=`.
    pub const ORDER: Ops = Ops(2);
    /// `LIKE` and `ILIKE`.
    pub const LIKE: Ops = Ops(4);
    /// `IN` and `NOT IN`.
    pub const IN: Ops = Ops(8);
    /// `IS NULL` and `IS NOT NULL`.
    pub const NULL: Ops = Ops(16);
    /// `RLIKE`.
    pub const RLIKE: Ops = Ops(32);

    pub const fn and(self, other: Ops) -> Ops {
        Ops(self.0 | other.0)
    }

    pub fn has(self, other: Ops) -> bool {
        self.0 & other.0 == other.0
    }

    /// The operators as people write them.
    pub fn list(self) -> String {
        let all = [
            (Ops::SAME, "="),
            (Ops::EQUAL, "!="),
            (Ops::ORDER, ">, >=, <, <="),
            (Ops::LIKE, "LIKE, ILIKE"),
            (Ops::RLIKE, "RLIKE"),
            (Ops::IN, "IN, NOT IN"),
            (Ops::NULL, "IS NULL, IS NOT NULL"),
        ];
        let names: Vec<&str> = all.iter().filter(|(op, _)| self.has(*op)).map(|(_, name)| *name).collect();
        names.join(", ")
    }
}

/// What the values of a key are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    Number,
    Text,
}

/// A named key.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    /// The canonical name.
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub value: Value,
    pub ops: Ops,
    pub sortable: bool,
}

impl Attribute {
    pub const fn text(name: &'static str, ops: Ops) -> Self {
        Self { name, aliases: &[], value: Value::Text, ops, sortable: true }
    }

    /// A number with all comparisons.
    pub const fn number(name: &'static str) -> Self {
        Self { name, aliases: &[], value: Value::Number, ops: Ops::EQUAL.and(Ops::ORDER), sortable: true }
    }

    pub const fn aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    pub const fn unsorted(self) -> Self {
        Self { sortable: false, ..self }
    }

    fn is(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

/// The keys of an entity.
#[derive(Clone, Copy, Debug)]
pub enum Fields {
    /// Whatever the rows carry.
    Any {
        value: Value,
        ops: Ops,
        sortable: bool,
    },
    Known(&'static [Attribute]),
}

/// A part of a row: its attributes, its metrics, its tags.
#[derive(Clone, Copy, Debug)]
pub struct Entity {
    /// The canonical name.
    pub name: &'static str,
    /// Every spelling, the canonical one if it is one.
    pub spellings: &'static [&'static str],
    pub fields: Fields,
}

impl Entity {
    /// The key in its canonical form, what its values are, its operators, and whether it sorts.
    pub(super) fn field(&self, key: &str) -> Option<(String, Value, Ops, bool)> {
        match self.fields {
            Fields::Any { value, ops, sortable } => (!key.is_empty()).then(|| (key.to_owned(), value, ops, sortable)),
            Fields::Known(list) => list.iter().find(|one| one.is(key)).map(|one| (one.name.to_owned(), one.value, one.ops, one.sortable)),
        }
    }

    pub(super) fn keys(&self) -> String {
        match self.fields {
            Fields::Any { .. } => "any".to_owned(),
            Fields::Known(list) => list.iter().map(|one| one.name).collect::<Vec<_>>().join(", "),
        }
    }
}

/// The searchable parts of a noun. The first entity is meant when a field names none.
#[derive(Clone, Copy, Debug)]
pub struct Grammar {
    pub entities: &'static [Entity],
}

impl Grammar {
    pub(super) fn entity(&self, spelling: &str) -> Option<&'static Entity> {
        self.entities.iter().find(|entity| entity.spellings.iter().any(|one| one.eq_ignore_ascii_case(spelling)))
    }

    pub(super) fn spellings(&self) -> String {
        self.entities.iter().flat_map(|entity| entity.spellings).copied().collect::<Vec<_>>().join(", ")
    }
}
