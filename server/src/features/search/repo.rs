//! The statements of the search: names that contain the text, the most recent first.

use sea_orm::DbErr;
use shared::ids::{ExperimentId, MemberId, RegisteredModelId, RunId};
use uuid::Uuid;

use super::{Hit, Kind};
use crate::{
    access::{Connection, Reach},
    fault::Fault,
};

const EXPERIMENTS: &str = "select id, name, '' from experiments where removed_at is null and name ilike $1 \
    and ($3 or project_id = coalesce($4, (select id from projects where is_default))) order by updated_at desc, id limit $2";
const RUNS: &str = "select r.id, r.name, e.name from runs r join experiments e on e.id = r.experiment_id \
    where r.removed_at is null and r.name ilike $1 and ($3 or e.project_id = coalesce($4, (select id from projects where is_default))) order by r.id desc limit $2";
const MODELS: &str = "select m.id, m.name, case when p.is_default then '' else p.slug end from registered_models m join projects p on p.id = m.project_id \
    where m.name ilike $1 and ($3 or m.project_id = coalesce($4, (select id from projects where is_default))) order by m.name, m.id limit $2";
const MEMBERS: &str = "select m.id, p.name, coalesce(p.email, 'service account') from public.memberships m join public.people p on p.id = m.person_id \
    where p.name ilike $1 or p.email ilike $1 order by p.name, m.id limit $2";

/// Things of one kind within reach whose name contains the text.
pub async fn find<C: Connection>(tx: &C, reach: Reach, kind: Kind, text: &str, limit: i64) -> Result<Vec<Hit>, Fault> {
    let sql = match kind {
        Kind::Experiment => EXPERIMENTS,
        Kind::Run => RUNS,
        Kind::Model => MODELS,
        Kind::Member => MEMBERS,
    };
    let mut values = vec![pattern(text).into(), limit.into()];
    // Members are of the organization, whatever its projects.
    if kind != Kind::Member {
        values.extend([reach.is_whole().into(), reach.project().into()]);
    }
    let rows = tx.rows(sql, values).await?;
    let hit = |row: &sea_orm::QueryResult| {
        let (id, title, subtitle): (Uuid, String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let (id, path) = match kind {
            Kind::Experiment => (ExperimentId::from_uuid(id).to_string(), format!("/experiments/{}", ExperimentId::from_uuid(id))),
            Kind::Run => (RunId::from_uuid(id).to_string(), format!("/runs/{}", RunId::from_uuid(id))),
            Kind::Model => (RegisteredModelId::from_uuid(id).to_string(), format!("/models/{}{}", escape(&title), in_project(&subtitle))),
            Kind::Member => (MemberId::from_uuid(id).to_string(), "/members".to_owned()),
        };
        Ok(Hit { kind, id, title, subtitle, path })
    };
    Ok(rows.iter().map(hit).collect::<Result<_, DbErr>>()?)
}

/// The text as a pattern that contains it, whatever wildcards it holds.
fn pattern(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

/// A model that is not in the default project is found by its project too.
fn in_project(slug: &str) -> String {
    if slug.is_empty() { String::new() } else { format!("?project={slug}") }
}

/// A name as one segment of a path.
fn escape(name: &str) -> String {
    name.bytes().map(|b| if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
