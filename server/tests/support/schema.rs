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

fn read(of: impl Fn(TypeKind) -> Option<Fields>) -> BTreeMap<String, Fields> {
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
