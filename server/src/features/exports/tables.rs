//! Everything but points and files: a file for so many lines of each kind.

use super::{
    repo::{
        self,
        kinds::{KINDS, Kind},
    },
    sheet::{Sheet, added},
    step::{Stopped, Work},
};

/// Rows looked at for a page. What is taken of them at once is bounded in bytes.
const ROWS: i64 = 200;

/// Writes the next file, or goes on to the next kind. `true`: every kind is taken.
pub async fn take(work: &mut Work<'_>) -> Result<bool, Stopped> {
    let cursor = work.export.cursor.clone();
    let (name, mut at) = cursor.split_once(' ').map_or((KINDS[0].name, KINDS[0].start.to_owned()), |(name, at)| (name, at.to_owned()));
    let Some(place) = KINDS.iter().position(|kind| kind.name == name) else { return Ok(true) };
    let kind = &KINDS[place];
    let mut sheet = Sheet::default();
    let mut ends = false;
    while !ends && !sheet.is_full() {
        let (lines, last) = repo::page(&work.begin().await?, kind, &at, ROWS).await?;
        match last {
            Some(last) => {
                at = last;
                sheet = added(sheet, lines).await?;
            }
            None => ends = true,
        }
    }
    let next = if ends { following(place) } else { Some(format!("{name} {at}")) };
    let (next, done) = (next.clone().unwrap_or_else(|| "- ".into()), next.is_none());
    if sheet.is_empty() {
        work.move_to(&next).await?;
    } else {
        let path = format!("data/{name}/{:05}.ndjson", work.export.next_file);
        work.keep(&path, sheet.finish()?, name, &next).await?;
    }
    Ok(done)
}

/// Where the kind after this one begins.
fn following(place: usize) -> Option<String> {
    KINDS.get(place + 1).map(|Kind { name, start, .. }| format!("{name} {start}"))
}
