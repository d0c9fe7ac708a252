//! Pages of a list: at most 200 rows, continued by an opaque cursor.
//!
//! A cursor is the key of the row it stands after, under a mark that only this installation makes, for one list of one organization. So what comes back is
//! what was given out, and no key is tried that no list has shown.

use async_graphql::SimpleObject;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::str::FromStr;

use crate::{
    access::Scope,
    fault::Fault,
    platform::{MARK_LEN, Seal},
};
use shared::limits::PAGE_MAX;

/// A list of one organization: makes its cursors and knows them again.
#[derive(Clone)]
pub struct Listing {
    place: String,
    seal: Seal,
}

impl Listing {
    /// The list of this name, as the scope sees it. A list of what belongs to something names that too.
    pub fn of(scope: &Scope, name: &str) -> Self {
        Self { place: format!("{} {name}", scope.tenant().id), seal: scope.seal().clone() }
    }

    /// A cursor that stands after the row with a key.
    pub fn cursor(&self, key: &str) -> String {
        URL_SAFE_NO_PAD.encode([&self.seal.mark(&self.place, key)[..], key.as_bytes()].concat())
    }

    /// The key in a cursor of this list.
    ///
    /// # Errors
    /// `Invalid` naming `after`.
    pub fn key(&self, cursor: &str) -> Result<String, Fault> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad_cursor())?;
        let (mark, key) = bytes.split_at_checked(MARK_LEN).ok_or_else(bad_cursor)?;
        let key = std::str::from_utf8(key).ok().filter(|key| self.seal.is_marked(&self.place, key, mark));
        key.map(str::to_owned).ok_or_else(bad_cursor)
    }
}

/// What a caller asked for, checked.
#[derive(Clone)]
pub struct Page {
    list: Listing,
    limit: usize,
    after: Option<String>,
}

impl Page {
    /// Checks the size; reads the cursor.
    ///
    /// # Errors
    /// `Invalid` naming `first` or `after`.
    pub fn new(list: Listing, first: i32, after: Option<String>) -> Result<Self, Fault> {
        let limit = usize::try_from(first).ok().filter(|first| (1..=PAGE_MAX).contains(first));
        let limit = limit.ok_or_else(|| Fault::invalid("first", format!("Ask for 1 to {PAGE_MAX} rows.")))?;
        let after = after.filter(|cursor| !cursor.is_empty()).map(|cursor| list.key(&cursor)).transpose()?;
        Ok(Self { list, limit, after })
    }

    /// The rows asked for.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// One row more than asked for, by which a further page is known.
    pub fn limit_and_one(&self) -> u64 {
        self.limit as u64 + 1
    }

    /// The key of the row after which the page begins.
    pub fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// The cursor of a list that is ordered by id.
    ///
    /// # Errors
    /// `Invalid` when it holds something else.
    pub fn after_id<I: FromStr>(&self) -> Result<Option<I>, Fault> {
        self.after.as_deref().map(|text| text.parse().map_err(|_| bad_cursor())).transpose()
    }

    /// Where the page ends, with the key that continues the list, if it goes on.
    pub fn info(&self, next: Option<&str>) -> PageInfo {
        PageInfo { end_cursor: next.map(|key| self.list.cursor(key)), has_next_page: next.is_some() }
    }
}

/// What is said of every cursor that is not ours.
pub fn bad_cursor() -> Fault {
    Fault::invalid("after", "This cursor is not one this list gave out.")
}

/// One page of rows.
#[derive(Clone, Debug)]
pub struct Paged<T> {
    pub rows: Vec<T>,
    pub total: i64,
    end: Option<String>,
    more: bool,
}

impl<T> Paged<T> {
    /// Cuts the extra row off and remembers the last one's key.
    pub fn of(mut rows: Vec<T>, page: &Page, total: u64, key: impl Fn(&T) -> String) -> Self {
        let more = rows.len() > page.limit;
        rows.truncate(page.limit);
        let end = rows.last().map(|row| page.list.cursor(&key(row)));
        Self { rows, total: i64::try_from(total).unwrap_or(i64::MAX), end, more }
    }

    /// Where the page ends.
    pub fn info(&self) -> PageInfo {
        PageInfo { end_cursor: self.end.clone(), has_next_page: self.more }
    }
}

/// Where a page ends and whether another follows.
#[derive(SimpleObject)]
pub struct PageInfo {
    /// Send as `after` to get the next page.
    end_cursor: Option<String>,
    /// Whether there are more after it.
    has_next_page: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t38_a_page_is_bounded_and_a_cursor_is_ours() {
        let seal = Seal::open(Some("a secret of more than 32 characters"), std::path::Path::new("")).expect("opens");
        let list = |place: &str| Listing { place: place.into(), seal: seal.clone() };
        for first in [-1, 0, 201, i32::MAX, i32::MIN] {
            assert!(Page::new(list("tokens"), first, None).is_err(), "{first}");
        }
        for cursor in ["not base64!", "////", "YQ", &"A".repeat(5000)] {
            assert!(Page::new(list("tokens"), 10, Some(cursor.into())).is_err(), "{cursor:.20}");
        }
        let page = Page::new(list("tokens"), 2, None).expect("valid");
        let paged = Paged::of(vec!["a", "b", "c"], &page, 3, |row| (*row).to_owned());
        assert_eq!(paged.rows, ["a", "b"]);
        assert!(paged.info().has_next_page);
        let cursor = paged.info().end_cursor.expect("a cursor");
        for at in 0..cursor.len() {
            let mut changed = cursor.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("text");
            assert!(Page::new(list("tokens"), 2, Some(changed)).is_err(), "changed at {at}");
        }
        assert!(Page::new(list("members"), 2, Some(cursor.clone())).is_err(), "a cursor of another list");
        let next = Page::new(list("tokens"), 2, Some(cursor)).expect("valid");
        assert_eq!(next.after(), Some("b"));
        assert!(next.after_id::<shared::ids::TokenId>().is_err());
    }
}
