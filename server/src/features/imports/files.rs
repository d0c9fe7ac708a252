//! Taking the files of runs and logged models.

use std::{sync::OnceLock, time::Instant};

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use shared::ErrorCode;
use uuid::Uuid;

use super::{
    model::Kind,
    repo::{self, Found, Settled},
    runs::local_id,
    source::Holder,
    step::{Stopped, Work},
};
use crate::{
    features::artifacts::{
        self,
        location::{Location, Owner, parse_model_id},
        path::ArtifactPath,
    },
    platform::OutboundError,
};

/// Holders whose files are taken at the same time, and those of one look at the list.
const READERS: usize = 6;
const HOLDERS_AT_ONCE: u64 = 48;
/// Most files and folders of one holder.
const FILES_MAX: usize = 100_000;

/// What came of one holder's files.
#[derive(Default)]
struct Taken {
    files: u64,
    bytes: u64,
    remarks: Vec<String>,
    /// Files that are not told of one by one.
    more: usize,
}

impl Taken {
    fn remark(&mut self, path: &str, why: &str) {
        if self.remarks.len() < 5 {
            let path: String = path.chars().take(120).flat_map(char::escape_debug).collect();
            self.remarks.push(format!("{path}: {why}"));
        } else {
            self.more += 1;
        }
    }

    fn reason(&self) -> String {
        let more = if self.more > 0 { format!(" And {} more.", self.more) } else { String::new() };
        format!("{}{more}", self.remarks.join(" "))
    }
}

/// Takes the files of some holders, until `deadline`; whether none is left.
///
/// # Errors
/// Why the step stops.
pub async fn take(work: &Work<'_>, deadline: Instant) -> Result<bool, Stopped> {
    for kind in [Kind::RunFiles, Kind::ModelFiles] {
        let waiting = {
            let tx = work.begin().await?;
            repo::waiting(&tx, work.import.id, kind, HOLDERS_AT_ONCE).await?
        };
        if waiting.is_empty() {
            continue;
        }
        for some in waiting.chunks(READERS) {
            let readers: Vec<_> = some.iter().map(|found| one(work, found)).collect();
            let taken: Vec<(&Found, Option<(Uuid, Taken)>)> = stream::iter(readers).buffer_unordered(READERS).try_collect().await?;
            let settled: Vec<Settled<'_>> = taken
                .iter()
                .map(|(found, taken)| match taken {
                    None => Settled::failed(found, "What they belong to was not taken."),
                    Some((id, taken)) => {
                        Settled { reason: taken.reason(), amount: i64::try_from(taken.bytes).unwrap_or(i64::MAX), ..Settled::taken(found, *id) }
                    }
                })
                .collect();
            let files: u64 = taken.iter().filter_map(|(_, taken)| Some(taken.as_ref()?.1.files)).sum();
            let tx = work.begin().await?;
            repo::settle(&tx, &work.import, kind, &settled).await?;
            work.commit(tx, "import.files", json!({ "holders": settled.len(), "files": files })).await?;
            if Instant::now() > deadline {
                break;
            }
        }
        return Ok(false);
    }
    Ok(true)
}

/// The files of one run or model; `None` when that is not here.
async fn one<'f>(work: &Work<'_>, found: &'f Found) -> Result<(&'f Found, Option<(Uuid, Taken)>), Stopped> {
    let (kind, owner, holder) = match (found.kind, parse_model_id(&found.source_id)) {
        (Kind::ModelFiles, Some(id)) => (Kind::Model, Owner::Model(id), Holder::Model(&found.source_id)),
        _ => (Kind::Run, Owner::Run(local_id(&work.import, &found.source_id)), Holder::Run(&found.source_id)),
    };
    let here = {
        let tx = work.begin().await?;
        repo::origins(&tx, &work.import.source, kind, std::slice::from_ref(&found.source_id)).await?
    };
    let Some(id) = here.get(&found.source_id) else { return Ok((found, None)) };
    let mut taken = Taken::default();
    let (mut folders, mut seen) = (vec![String::new()], 0);
    while let Some(folder) = folders.pop() {
        let listed = match work.source.files(holder, &folder).await {
            Ok(listed) => listed,
            // Servers answer so for a holder without files.
            Err(OutboundError::Absent | OutboundError::Failed) if folder.is_empty() => break,
            Err(error) if error.may_pass() => return Err(error.into()),
            Err(error) => {
                taken.remark(&folder, &error.to_string());
                continue;
            }
        };
        for file in listed.files {
            seen += 1;
            if seen > FILES_MAX {
                taken.remark(&file.path, "There are more than 100,000 files.");
                return Ok((found, Some((*id, taken))));
            }
            if file.is_dir && file.path != folder {
                folders.push(file.path);
            } else if !file.is_dir {
                put(work, owner, holder, &file.path, &mut taken).await?;
            }
        }
    }
    Ok((found, Some((*id, taken))))
}

async fn put(work: &Work<'_>, owner: Owner, holder: Holder<'_>, path: &str, taken: &mut Taken) -> Result<(), Stopped> {
    let at = match ArtifactPath::parse(path).and_then(ArtifactPath::file) {
        Ok(path) => Location { owner, path },
        Err(error) => {
            taken.remark(path, &error.to_string());
            return Ok(());
        }
    };
    let body = match work.source.file(holder, path).await {
        Ok(body) => body,
        Err(error) if error.may_pass() => return Err(error.into()),
        Err(error) => {
            taken.remark(path, &error.to_string());
            return Ok(());
        }
    };
    let broken = OnceLock::new();
    let body = body.inspect_err(|error| {
        let _ = broken.set(*error);
    });
    let outcome = artifacts::put(work.scope, &work.services.blobs, &at, None, body).await;
    match (outcome, broken.into_inner()) {
        (Ok(file), _) => {
            taken.files += 1;
            taken.bytes += file.blob.size;
            Ok(())
        }
        // The bytes broke off on the way, or came too slowly: they are asked for again later, and in the end the import says why not.
        (Err(_), Some(error)) => Err(error.into()),
        (Err(fault), None) if matches!(fault.code(), ErrorCode::Invalid | ErrorCode::Conflict | ErrorCode::PayloadTooLarge | ErrorCode::NotFound) => {
            taken.remark(path, fault.message());
            Ok(())
        }
        (Err(fault), None) => Err(fault.into()),
    }
}
