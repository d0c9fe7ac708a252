//! Pages of a list: at most 200 rows, continued by an opaque cursor.

use async_graphql::SimpleObject;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::str::FromStr;

use crate::fault::Fault;
use shared::limits::PAGE_MAX;

/// What a caller asked for, checked.
#[derive(Clone, Debug)]
pub struct Page {
    limit: usize,
    after: Option<String>,
}

impl Page {
    /// Checks the size; decodes the cursor.
    ///
    /// # Errors
    /// `Invalid` naming `first` or `after`.
    pub fn new(first: i32, after: Option<String>) -> Result<Self, Fault> {
        let limit = usize::try_from(first).ok().filter(|first| (1..=PAGE_MAX).contains(first));
        let limit = limit.ok_or_else(|| Fault::invalid("first", format!("Ask for 1 to {PAGE_MAX} rows.")))?;
        let after = after.filter(|cursor| !cursor.is_empty()).map(|cursor| decode(&cursor)).transpose()?;
        Ok(Self { limit, after })
    }

    /// The rows asked for.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// One row more than asked for, by which a further page is known.
    pub fn limit_and_one(&self) -> u64 {
        self.limit as u64 + 1
    }

    /// What the cursor holds.
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
}

/// What is said of every cursor that is not ours.
pub fn bad_cursor() -> Fault {
    Fault::invalid("after", "This cursor is not one this list gave out.")
}

/// The key of the last row, made opaque.
pub fn encode(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

/// Reads [`encode`]'s form.
///
/// # Errors
/// `Invalid` naming `after`.
pub fn decode(cursor: &str) -> Result<String, Fault> {
    if cursor.len() > 2_000 {
        return Err(bad_cursor());
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad_cursor())?;
    String::from_utf8(bytes).map_err(|_| bad_cursor())
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
        let end = rows.last().map(|row| encode(&key(row)));
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
    has_next_page: bool,
}

impl PageInfo {
    /// `next` continues the list, if it goes on.
    pub fn of(next: Option<&str>) -> Self {
        Self { end_cursor: next.map(encode), has_next_page: next.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t38_a_page_is_bounded_and_a_cursor_is_ours() {
        for first in [-1, 0, 201, i32::MAX, i32::MIN] {
            assert!(Page::new(first, None).is_err(), "{first}");
        }
        for cursor in ["not base64!", "////", &"A".repeat(5000)] {
            assert!(Page::new(10, Some(cursor.into())).is_err(), "{cursor:.20}");
        }
        let page = Page::new(2, None).expect("valid");
        let paged = Paged::of(vec!["a", "b", "c"], &page, 3, |row| (*row).to_owned());
        assert_eq!(paged.rows, ["a", "b"]);
        assert!(paged.info().has_next_page);
        let next = Page::new(2, paged.info().end_cursor).expect("valid");
        assert_eq!(next.after(), Some("b"));
        assert!(next.after_id::<shared::ids::TokenId>().is_err());
    }
}
