//! Schedules without a leader: whoever moves `next_at` on enqueues the job, and a unique key per
//! fire time keeps it to one, also when it was done. A process that was down for hours fires once, not once per missed time.

use chrono::{DateTime, Utc};
use croner::Cron;
use std::str::FromStr;

use super::{Envelope, Job, housekeeping::Housekeeping};
use crate::{
    access::{Sql, Vault},
    fault::Fault,
    platform::Seal,
};

/// A job that comes round by itself. Times are UTC.
struct Schedule {
    name: &'static str,
    cron: &'static str,
    enqueue: fn(DateTime<Utc>, &Seal) -> Result<Envelope, Fault>,
}

const SCHEDULES: &[Schedule] = &[Schedule {
    name: "housekeeping",
    cron: "17 * * * *",
    enqueue: |fire_time, seal| Envelope::new(&Housekeeping { fire_time }, None, Housekeeping::KIND, seal),
}];

/// The key of the job of a fire time. The database keeps keys that begin so unique for as long as their jobs are kept, whatever has become of them.
pub fn fire_key(fire_time: DateTime<Utc>) -> String {
    format!("at {}", fire_time.timestamp())
}

/// Enqueues what is due.
pub async fn fire(vault: &Vault) -> Result<(), Fault> {
    for schedule in SCHEDULES {
        fire_one(vault, schedule).await?;
    }
    Ok(())
}

async fn fire_one(vault: &Vault, schedule: &Schedule) -> Result<(), Fault> {
    let tx = vault.dispatch().await?;
    let now = tx.now();
    let next = next_after(schedule.cron, now)?;
    let known = tx.row("select next_at from schedules where name = $1", vec![schedule.name.into()]).await?;
    match known {
        None => {
            tx.run("insert into schedules (name, next_at) values ($1, $2) on conflict do nothing", vec![schedule.name.into(), next.into()]).await?;
        }
        Some(row) => {
            let fire_time: DateTime<Utc> = row.try_get("", "next_at")?;
            if fire_time <= now {
                let moved = tx
                    .run(
                        "update schedules set next_at = $3 where name = $1 and next_at = $2",
                        vec![schedule.name.into(), fire_time.into(), next.into()],
                    )
                    .await?;
                if moved == 1 {
                    Envelope::insert_all(vec![(schedule.enqueue)(fire_time, vault.seal())?], &tx).await?;
                }
            }
        }
    }
    tx.commit().await
}

fn next_after(cron: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Fault> {
    Cron::from_str(cron).map_err(Fault::internal)?.find_next_occurrence(&now, false).map_err(Fault::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schedule_can_be_read() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).expect("valid");
        for schedule in SCHEDULES {
            assert!(next_after(schedule.cron, now).expect(schedule.name) > now);
        }
    }
}
