//! Who is meant by an `@` and the words after it.

use std::collections::BTreeSet;

use shared::{ids::MemberId, limits::EMAIL_MAX};

use super::markdown;

/// How many `@` of a comment are looked at.
const PLACES_MAX: usize = 30;
/// How many ends the words after an `@` may have: a name of so many words, an address of so many parts.
const ENDS_MAX: usize = 12;

/// The words after an `@`, and the member they mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// As they stand in the text.
    pub words: String,
    pub member: MemberId,
}

/// A member under the names that an `@` may call.
#[derive(Clone, Debug)]
pub struct Called {
    pub member: MemberId,
    /// In lower case.
    pub name: String,
    /// In lower case.
    pub email: String,
}

/// Everything that could be a name or an address after an `@` of a comment, in lower case: what to ask the list of members for.
pub fn candidates(body: &str) -> Vec<String> {
    let mut found = BTreeSet::new();
    for text in markdown::prose(body) {
        for after in places(&text).take(PLACES_MAX) {
            found.extend(ends(after).map(|end| after[..end].to_lowercase()));
        }
    }
    found.into_iter().collect()
}

/// Whom a comment mentions: of each `@` the longest words that name exactly one member.
pub fn resolve(body: &str, members: &[Called]) -> Vec<Mention> {
    let mut found: Vec<Mention> = Vec::new();
    for text in markdown::prose(body) {
        for after in places(&text).take(PLACES_MAX) {
            let named = ends(after).collect::<Vec<_>>().into_iter().rev().find_map(|end| {
                let words = &after[..end];
                let lower = words.to_lowercase();
                let mut fitting = members.iter().filter(|member| member.name == lower || member.email == lower);
                let first = fitting.next()?;
                // Two of one name: nobody is meant, their address is needed.
                fitting.next().is_none().then(|| Mention { words: words.to_owned(), member: first.member })
            });
            found.extend(named.filter(|mention| !found.contains(mention)));
        }
    }
    found
}

/// The texts after each `@` that begins a word.
fn places(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('@').filter(|(at, _)| !text[..*at].chars().next_back().is_some_and(char::is_alphanumeric)).map(|(at, _)| &text[at + 1..])
}

/// Where words after an `@` may end, the nearest first.
pub(super) fn ends(after: &str) -> impl Iterator<Item = usize> {
    let mut previous = None;
    let mut chars = after.char_indices().map(|(at, c)| (at, Some(c))).chain([(after.len(), None)]).take(EMAIL_MAX + 1);
    std::iter::from_fn(move || {
        loop {
            let (at, c) = chars.next()?;
            let before = previous;
            previous = c;
            let fits = before.is_some_and(|before: char| !before.is_whitespace()) && c.is_none_or(|c| !c.is_alphanumeric());
            if c == Some('\n') && !fits {
                return None;
            }
            if fits {
                return Some(at);
            }
        }
    })
    .take(ENDS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn called(id: u128, name: &str, email: &str) -> Called {
        Called { member: MemberId::from_uuid(Uuid::from_u128(id)), name: name.to_lowercase(), email: email.to_lowercase() }
    }

    fn mentioned(body: &str) -> Vec<(String, u128)> {
        let members = [
            called(1, "Ada", "ada@example.com"),
            called(2, "Ada Lovelace", "lovelace@example.com"),
            called(3, "Sam", "sam1@example.com"),
            called(4, "Sam", "sam2@example.com"),
            called(5, "Jean d'Alembert", "jean@example.com"),
        ];
        resolve(body, &members).into_iter().map(|mention| (mention.words, mention.member.uuid().as_u128())).collect()
    }

    #[test]
    fn c5_2b_the_longest_name_is_meant_and_addresses_tell_namesakes_apart() {
        let one = |words: &str, id| vec![(words.to_owned(), id)];
        assert_eq!(mentioned("@Ada Lovelace, look"), one("Ada Lovelace", 2));
        assert_eq!(mentioned("(@ada) and then"), one("ada", 1));
        assert_eq!(mentioned("**@Ada**"), one("Ada", 1));
        assert_eq!(mentioned("ask @Jean d'Alembert."), one("Jean d'Alembert", 5));
        assert_eq!(mentioned("@sam2@example.com?"), one("sam2@example.com", 4));
        assert_eq!(mentioned("@Ada\nLovelace @Ada"), one("Ada", 1));
        for nobody in ["@Sam", "me@Ada.com", "@Adam", "@", "@ Ada", "`@Ada`", "```\n@Ada\n```", "@everyone", "a@b@c"] {
            assert_eq!(mentioned(nobody), vec![], "{nobody:?}");
        }
    }

    #[test]
    fn a_text_of_nothing_but_signs_asks_for_little() {
        assert!(candidates(&"@".repeat(10_000)).len() <= PLACES_MAX * ENDS_MAX);
        assert!(candidates(&"@a b c d e f g h i j k l m n o p ".repeat(300)).len() <= PLACES_MAX * ENDS_MAX);
    }
}
