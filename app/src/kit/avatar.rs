use leptos::prelude::*;

/// The initials of a person. Decoration: the name stands beside it.
#[component]
pub fn Avatar(
    /// The person's name.
    #[prop(into)]
    name: Signal<String>,
) -> impl IntoView {
    view! { <span class="avatar" aria-hidden="true">{move || name.with(|name| initials(name))}</span> }
}

/// First letters of the first and the last word.
fn initials(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    let letter = |word: Option<&&str>| word.and_then(|word| word.chars().next()).map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let last = if words.len() > 1 { letter(words.last()) } else { String::new() };
    format!("{}{last}", letter(words.first()))
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_of_names() {
        assert_eq!(["Ada Lovelace", "ada", "", "Jean  le Rond d'Alembert", "数据"].map(initials), ["AL", "A", "", "JD", "数"]);
    }
}
