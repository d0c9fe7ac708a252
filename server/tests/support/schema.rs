//! The schema as tests walk it.

use std::collections::BTreeMap;

use async_graphql::parser::{
    parse_schema,
    types::{BaseType, Type, TypeKind, TypeSystemDefinition},
};

/// What a type holds: of an object its fields, each with its arguments; of an input object its fields, each as its own only argument.
pub type Fields = BTreeMap<String, Vec<(String, String)>>;

/// Every object type of the schema.
pub fn objects() -> BTreeMap<String, Fields> {
    read(|kind| match kind {
        TypeKind::Object(object) => Some(
            object
                .fields
                .into_iter()
                .map(|field| {
                    let arguments = field.node.arguments.into_iter();
                    (field.node.name.node.to_string(), arguments.map(|one| (one.node.name.node.to_string(), base(&one.node.ty.node))).collect())
                })
                .collect(),
        ),
        _ => None,
    })
}

/// A field of an object.
pub struct Field {
    /// The type inside lists and exclamation marks.
    pub ty: String,
    /// Whether it cannot be asked without saying more.
    pub needs_argument: bool,
    /// Whether it can fail and leave its object there.
    pub is_nullable: bool,
}

/// Object types with their fields.
pub type Types = BTreeMap<String, BTreeMap<String, Field>>;

/// Every object type of the schema, and where its fields lead.
pub fn types() -> Types {
    read(|kind| match kind {
        TypeKind::Object(object) => Some(
            object
                .fields
                .into_iter()
                .map(|field| {
                    let needs_argument = field.node.arguments.iter().any(|one| !one.node.ty.node.nullable && one.node.default_value.is_none());
                    (
                        field.node.name.node.to_string(),
                        Field { ty: base(&field.node.ty.node), needs_argument, is_nullable: field.node.ty.node.nullable },
                    )
                })
                .collect(),
        ),
        _ => None,
    })
}

/// What of the schema has no description: types, fields and cases. What a page of a list has as every page has it needs none.
pub fn undescribed() -> Vec<String> {
    let document = parse_schema(server::graphql::sdl()).expect("the schema parses");
    let mut found = Vec::new();
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let (ty, is_page) = (definition.node.name.node.to_string(), definition.node.name.node.ends_with("Connection"));
        let mut parts = vec![(String::new(), definition.node.description.is_some() || is_page)];
        match definition.node.kind {
            TypeKind::Object(object) => parts.extend(object.fields.into_iter().map(|field| {
                let name = field.node.name.node.to_string();
                let is_plain = is_page && ["nodes", "pageInfo", "totalCount"].contains(&name.as_str());
                (name, field.node.description.is_some() || is_plain)
            })),
            TypeKind::InputObject(object) => {
                parts.extend(object.fields.into_iter().map(|field| (field.node.name.node.to_string(), field.node.description.is_some())));
            }
            TypeKind::Enum(list) => {
                parts.extend(list.values.into_iter().map(|case| (case.node.value.node.to_string(), case.node.description.is_some())));
            }
            TypeKind::Scalar | TypeKind::Interface(_) | TypeKind::Union(_) => {}
        }
        found.extend(parts.into_iter().filter(|(_, described)| !described).map(|(name, _)| format!("{ty} {name}")));
    }
    found
}

/// Every input type of the schema.
pub fn inputs() -> BTreeMap<String, Fields> {
    read(|kind| match kind {
        TypeKind::InputObject(object) => Some(
            object
                .fields
                .into_iter()
                .map(|field| {
                    let name = field.node.name.node.to_string();
                    (name.clone(), vec![(name, base(&field.node.ty.node))])
                })
                .collect(),
        ),
        _ => None,
    })
}

fn read<T>(of: impl Fn(TypeKind) -> Option<T>) -> BTreeMap<String, T> {
    let document = parse_schema(server::graphql::sdl()).expect("the schema parses");
    let types = document.definitions.into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => Some((definition.node.name.node.to_string(), of(definition.node.kind)?)),
        _ => None,
    });
    types.collect()
}

/// The type inside lists and exclamation marks.
fn base(ty: &Type) -> String {
    match &ty.base {
        BaseType::Named(name) => name.to_string(),
        BaseType::List(inner) => base(inner),
    }
}

/// Whether an argument is an id, or holds one at any depth.
pub fn names_something(name: &str, ty: &str, inputs: &BTreeMap<String, Fields>) -> bool {
    // `clientId` is a word of an identity provider.
    let like = |name: &str| name != "clientId" && (matches!(name, "id" | "ids") || name.ends_with("Id") || name.ends_with("Ids"));
    ty == "ID" || like(name) || inputs.get(ty).is_some_and(|fields| fields.values().flatten().any(|(name, ty)| names_something(name, ty, inputs)))
}
