//! An archive holds what the API shows, and no secret; it is there for some days; and it is made in spite of crashes.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use server::{
    features::{
        audit::{LogEntry, Verifier},
        register_jobs,
    },
    jobs::Worker,
};
use sqlx::Executor;

use super::{closing::invite, exported, look, start};
use crate::support::{
    Actor, World,
    names::Names,
    tracking::{get, history, ok, run_in},
};

/// A value as the protocol shows it, in bits.
fn bits(value: &Value) -> u64 {
    match value.as_str() {
        Some("NaN") => f64::NAN,
        Some("Infinity") => f64::INFINITY,
        Some("-Infinity") => f64::NEG_INFINITY,
        _ => value.as_f64().unwrap_or_else(|| panic!("{value}")),
    }
    .to_bits()
}

/// Steps, times and the bits of values, by run and key.
type Curves = BTreeMap<(String, String), Vec<(i64, i64, u64)>>;

#[tokio::test]
async fn an_export_holds_what_the_api_shows_to_the_last_bit() {
    let world = World::idle(&[]).await;
    let organization = world.organization().await;
    let script = organization.script().await;
    let names = Names::of(&script).await;
    let member = invite(&world, &organization, "viewer").await;
    let run = names.0["$run"].clone();
    let point = |key: &str, step: i64, value: Value| json!({ "key": key, "value": value, "timestamp": 1_700_000_000_000_i64 + step, "step": step });
    let mut points: Vec<Value> = (0..3_000).map(|step| point("loss", step, json!(1.0 / (step as f64 + 1.5)))).collect();
    points.extend([
        point("odd", -3, json!("NaN")),
        point("odd", 0, json!("Infinity")),
        point("odd", 1, json!("-Infinity")),
        point("odd", 7, json!(5e-324)),
        point("odd", 8, json!(-0.0)),
    ]);
    for some in points.chunks(900) {
        ok(&script, "POST", "runs/log-batch", json!({ "run_id": run, "metrics": some, "params": [{ "key": "lr", "value": "0.1" }] })).await;
    }
    // One that has ended is compacted, one is not.
    ok(&script, "POST", "runs/update", json!({ "run_id": run, "status": "FINISHED" })).await;
    let open = run_in(&script, &names.0["$experiment"]).await;
    ok(&script, "POST", "runs/log-batch", json!({ "run_id": open, "metrics": [point("odd", 2, json!("NaN")), point("odd", 2, json!("NaN"))] })).await;
    world.drain().await;

    let (export, archive) = exported(&organization).await;
    let mut taken = Curves::new();
    for (run, key, step, at, value) in archive.points() {
        taken.entry((run, key)).or_default().push((step, at, value));
    }
    for (run, keys) in [(&run, ["loss", "odd", "CANARY"].as_slice()), (&open, &["odd"])] {
        for key in keys {
            let mut shown: Vec<(i64, i64, u64)> = history(&script, run, key)
                .await
                .iter()
                .map(|point| (point["step"].as_i64().expect("a step"), point["timestamp"].as_i64().expect("a time"), bits(&point["value"])))
                .collect();
            let mut own = taken.remove(&(run.clone(), (*key).to_owned())).unwrap_or_default();
            assert!(own.is_sorted_by_key(|(step, ..)| *step), "{key} is in order");
            shown.sort_unstable();
            own.sort_unstable();
            assert_eq!(own, shown, "{key}");
        }
    }
    assert!(taken.is_empty(), "points of nothing: {:?}", taken.keys());
    let rows =
        |kind: &str| export["counts"].as_array().expect("counts").iter().find(|count| count["kind"] == kind).map(|count| count["rows"].clone());
    assert_eq!(rows("metric_points"), Some(json!(archive.points().len())));

    let shown = get(&script, &run).await;
    let line = archive.line("runs", &run);
    assert_eq!((&line["name"], &line["status"], &line["started_ms"]), (&shown["info"]["run_name"], &json!("FINISHED"), &shown["info"]["start_time"]));
    assert_eq!(line["params"]["lr"], "0.1");
    assert_eq!((&line["metrics"]["odd"]["value"], &line["metrics"]["odd"]["step"]), (&json!(-0.0), &json!(8)));
    assert_eq!(archive.line("runs", &open)["metrics"]["odd"]["value"], "NaN");
    assert_eq!(line["tags"]["k"], "CANARY");
    assert_eq!(archive.lines("runs").len(), 2);
    assert_eq!(archive.line("experiments", &names.0["$experiment"])["name"], names.0["$title"].as_str());
    let models = archive.lines("registered_models");
    assert_eq!((models.len(), &models[0]["name"], &models[0]["aliases"]["champion"]), (1, &json!(names.0["$model"]), &json!(1)));
    assert_eq!(archive.lines("model_versions")[0]["tags"]["k"], "CANARY");
    assert_eq!(archive.line("logged_models", &names.0["$logged"])["tags"]["k"], "CANARY");
    assert_eq!(archive.line("traces", &names.0["$trace"])["tags"]["k"], "CANARY");
    assert_eq!(archive.lines("trace_assessments").len(), 1);
    assert!(archive.lines("projects").iter().any(|project| project["slug"] == names.0["$project"].as_str()));
    let members: Vec<String> = archive.lines("members").iter().map(|member| member["email"].as_str().expect("an address").to_owned()).collect();
    assert!(members.contains(&organization.owner.email) && members.contains(&member.email) && members.len() == 2, "{members:?}");
    assert!(archive.lines("roles").iter().any(|role| role["name"] == "owner"));

    // The files, under their own paths.
    let files: Vec<Value> = archive.lines("artifacts");
    assert_eq!(files.len(), 2, "{files:?}");
    for file in &files {
        assert_eq!(archive.files[file["file"].as_str().expect("a file")], b"CANARY");
    }
    assert!(archive.files.contains_key(&format!("artifacts/runs/{run}/CANARY.txt")));

    // The audit log is a whole chain from the organization's beginning on.
    let tenant = organization.tenant().await;
    let mut verifier = Verifier::new(tenant, None);
    let entries = archive.lines("audit_log");
    for line in &entries {
        let text = |name: &str| line[name].as_str().unwrap_or_else(|| panic!("{name} of {line}")).to_owned();
        let hex = text("hash");
        let entry = LogEntry {
            sequence: line["seq"].as_i64().expect("a number"),
            at: DateTime::<Utc>::from_timestamp_micros(line["at_us"].as_i64().expect("a time")).expect("a time"),
            actor_kind: text("actor_kind"),
            actor_id: text("actor_id"),
            actor: text("actor"),
            credential_id: text("credential_id"),
            action: text("action"),
            subject_kind: text("subject_kind"),
            subject_id: text("subject_id"),
            subject_name: text("subject_name"),
            outcome: text("outcome"),
            detail: text("detail"),
            request_id: text("request_id"),
            address: text("address"),
            hash: (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("digits")).collect(),
        };
        verifier.next(&entry).unwrap_or_else(|finding| panic!("{finding}"));
    }
    let manifest = archive.manifest();
    assert_eq!(
        (&manifest["audit_log"]["entries"], &manifest["audit_log"]["hash"]),
        (&json!(entries.len()), &entries.last().expect("entries")["hash"])
    );
    assert_eq!((&manifest["format_version"], &manifest["organization"]["id"]), (&json!(1), &json!(tenant)));

    // Who asked for it is told, and each act is in the log.
    let told = organization.owner.graphql("{ notifications { nodes { kind path quote } } }", Value::Null).await;
    let told = &told["data"]["notifications"]["nodes"][0];
    assert_eq!((told["kind"].as_str(), told["path"].as_str()), (Some("EXPORT"), Some("/organization")), "{told}");
    world.clock.advance(TimeDelta::minutes(3));
    world.drain().await;
    let mails = world.mails_to(&organization.owner.email, "/organization");
    assert_eq!(mails.len(), 1, "{mails:?}");
    let log = organization.owner.graphql("{ auditEntries(filter: { action: \"export\" }) { nodes { action } } }", Value::Null).await;
    let log: Vec<&str> =
        log["data"]["auditEntries"]["nodes"].as_array().expect("entries").iter().filter_map(|entry| entry["action"].as_str()).collect();
    assert_eq!(log, ["export.download", "export.finish", "export.request"]);
}

#[tokio::test]
async fn r22_no_secret_leaves_with_an_export() {
    let world = World::idle(&[]).await;
    let organization = world.organization().await;
    let script = organization.script().await;
    let mut tamperer = organization.tamperer().await;
    let run = run_in(&script, "0").await;
    let link = organization
        .owner
        .graphql(
            &format!("mutation {{ createLink(input: {{ shows: {{ run: \"{run}\" }}, label: \"l\", expiresInDays: 1 }}) {{ url }} }}"),
            Value::Null,
        )
        .await;
    let link = link["data"]["createLink"]["url"].as_str().expect("an address").rsplit('/').next().expect("a secret").to_owned();
    let job = format!("mutation {{ createJobToken(run: \"{run}\") {{ secret }} }}");
    let job = organization.owner.graphql(&job, Value::Null).await["data"]["createJobToken"]["secret"].clone();
    let job = job.as_str().expect("a secret");
    organization.owner.graphql("mutation { inviteMember(email: \"new@example.com\", role: \"viewer\") { id } }", Value::Null).await;
    world.drain().await;
    let invitation = super::token(&world, "new@example.com").await;
    for sql in [
        "insert into slack_connections (id, label, address, hint, posts, connected_by, connected_by_name, connected_at) \
            values (gen_random_uuid(), '#ml', 'SECRETSLACK', 'SECRETHINT', '{}', gen_random_uuid(), 'O', now())",
        "insert into imports (id, source, experiments, with_files, with_registry, credentials, started_by, state, phase, phase_at, created_at) \
            values (gen_random_uuid(), 'https://x.example', '{}', false, false, 'SECRETIMPORT', 'O', 'failed', 'listing', now(), now())",
        "insert into public.identity_providers values (current_setting('app.tenant_id')::uuid, 'oidc', 'ID', 'https://id.example', 'client', 'SECRETCLIENT', '', '[]', null, now())",
        "insert into public.second_factors select id, 'SECRETSEED', 1 from public.people",
        "insert into public.recovery_codes select id, 'SECRETCODE' from public.people",
    ] {
        tamperer.execute(sql).await.expect("a secret");
    }
    let (_, archive) = exported(&organization).await;
    assert!(
        archive.holds(b"https://id.example") && archive.holds(b"#ml") && archive.holds(b"https://x.example") && archive.holds(b"new@example.com")
    );
    let texts = ["SECRET", "$argon2", script.secret(), &link, job, &invitation];
    for secret in texts {
        assert!(!archive.holds(secret.as_bytes()), "{secret}");
    }
    // Bytes of tables stand in JSON as digits.
    for planted in ["SECRETSLACK", "SECRETIMPORT", "SECRETCLIENT", "SECRETSEED", "SECRETCODE"] {
        let digits: String = planted.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!archive.holds(digits.as_bytes()), "{planted}");
    }
    let hashes: Vec<(String,)> = sqlx::query_as(
        "select encode(hash, 'hex') from public.api_tokens union all select encode(hash, 'hex') from public.sessions union all select encode(hash, 'hex') from public.links \
         union all select encode(hash, 'hex') from public.invitations union all select encode(hash, 'hex') from public.job_tokens",
    )
    .fetch_all(&mut tamperer)
    .await
    .expect("hashes");
    assert!(hashes.len() >= 5);
    for (hash,) in hashes {
        assert!(!archive.holds(hash.as_bytes()), "{hash}");
    }
}

#[tokio::test]
async fn an_archive_is_sent_in_parts_and_for_seven_days() {
    let world = World::idle(&[]).await;
    let organization = world.organization().await;
    Names::of(&organization.script().await).await;
    let id = start(&organization).await;
    assert_eq!(look(&organization, &id).await["path"], Value::Null);
    let early = organization.owner.get(&format!("/exports/{id}")).await;
    assert_eq!(early.status, 404, "{}", early.text());
    let second = organization.owner.graphql("mutation { startOrganizationExport { id } }", Value::Null).await;
    assert_eq!(Actor::code(&second), "CONFLICT", "{second}");
    world.drain().await;
    let path = format!("/exports/{id}");
    let whole = organization.owner.get(&path).await;
    assert_eq!((whole.status, whole.header("accept-ranges"), whole.header("content-type")), (200, "bytes", "application/zip"));
    assert!(whole.header("content-disposition").contains("attachment") && whole.header("content-disposition").contains(".zip"));
    let part = async |range: &str, known: &str| {
        let request = organization.owner.request(reqwest::Method::GET, &path).header("range", range);
        organization.owner.send(if known.is_empty() { request } else { request.header("if-range", known) }).await
    };
    let tag = whole.header("etag").to_owned();
    let middle = part("bytes=10-99", &tag).await;
    assert_eq!((middle.status, &middle.body[..]), (206, &whole.body[10..100]));
    assert_eq!(middle.header("content-range"), format!("bytes 10-99/{}", whole.body.len()));
    let end = part("bytes=-22", "").await;
    assert_eq!((end.status, &end.body[..4]), (206, &b"PK\x05\x06"[..]));
    assert_eq!(part("bytes=10-99", "\"another\"").await.body, whole.body, "a part of another archive is no use");
    assert_eq!(part(&format!("bytes={}-", whole.body.len()), "").await.status, 416);
    // A script of an admin's, and nobody else.
    let (admin, engineer) = (invite(&world, &organization, "admin").await, invite(&world, &organization, "ml_engineer").await);
    assert_eq!(admin.token(&["organization:export"]).await.get(&path).await.body, whole.body);
    assert_eq!([engineer.get(&path).await.status, admin.token(&["organization:write"]).await.get(&path).await.status], [403, 403]);
    assert_eq!(world.anonymous().get(&path).await.status, 401);
    let stranger = world.organization().await;
    assert_eq!(stranger.owner.get(&path).await.status, 404);

    let tenant = organization.tenant().await.simple().to_string();
    let folder = world.mail.parent().expect("a folder").join("blobs").join(tenant).join("uploads").join(id.trim_start_matches("xpt_"));
    let left: Vec<String> =
        std::fs::read_dir(&folder).expect("a folder").flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(left, ["0"], "what the archive was made of is gone");
    world.clock.advance(TimeDelta::days(7) + TimeDelta::minutes(1));
    assert_eq!(organization.owner.get(&path).await.status, 404, "its time is over, whether it was removed or not");
    world.drain().await;
    assert_eq!(look(&organization, &id).await["state"], "REMOVED");
    assert_eq!(std::fs::read_dir(&folder).map_or(0, Iterator::count), 0, "its bytes are gone");
    let log = organization.owner.graphql("{ auditEntries(filter: { action: \"export\" }) { nodes { action } } }", Value::Null).await.to_string();
    assert_eq!((log.matches("export.remove").count(), log.matches("export.download").count()), (1, 6), "{log}");
    // It is no end: another one can be asked for.
    exported(&organization).await;
}

#[tokio::test]
async fn a_cancelled_export_leaves_nothing() {
    let world = World::idle(&[]).await;
    let organization = world.organization().await;
    Names::of(&organization.script().await).await;
    let id = start(&organization).await;
    let cancel = "mutation($id: ID!) { cancelOrganizationExport(id: $id) { state } }";
    let answer = organization.owner.graphql(cancel, json!({ "id": id })).await;
    assert_eq!(answer["data"]["cancelOrganizationExport"]["state"], "CANCELLED", "{answer}");
    assert_eq!(Actor::code(&organization.owner.graphql(cancel, json!({ "id": id })).await), "CONFLICT");
    world.drain().await;
    assert_eq!(look(&organization, &id).await["state"], "CANCELLED");
    let mut tamperer = organization.tamperer().await;
    let rows: (i64,) = sqlx::query_as("select count(*) from export_files").fetch_one(&mut tamperer).await.expect("a count");
    assert_eq!(rows.0, 0);
    exported(&organization).await;
}

/// How many files of an export are made.
async fn made(connection: &mut sqlx::PgConnection) -> i64 {
    let row: (i64,) = sqlx::query_as("select next_file - 1 from exports where state = 'running'").fetch_one(connection).await.expect("an export");
    row.0
}

#[tokio::test]
async fn an_export_whose_worker_was_killed_twice_goes_on_and_holds_everything_once() {
    let world = World::idle(&[]).await;
    let organization = world.organization().await;
    let script = organization.script().await;
    let names = Names::of(&script).await;
    let run = names.0["$run"].clone();
    for batch in 0..5 {
        let points: Vec<Value> = (0..1_000)
            .map(|n| json!({ "key": format!("k{}", n % 7), "value": f64::from(n) / 3.0, "timestamp": n, "step": batch * 1_000 + n }))
            .collect();
        ok(&script, "POST", "runs/log-batch", json!({ "run_id": run, "metrics": points })).await;
    }
    let id = start(&organization).await;
    let mut tamperer = organization.tamperer().await;
    for files in [4, 12] {
        let services = world.services();
        let work = world.begin(async move { Worker::new(services, register_jobs).drain().await });
        while !work.is_finished() && made(&mut tamperer).await < files {
            tokio::task::yield_now().await;
        }
        assert!(!work.is_finished(), "it was to be cut off before its end");
        work.abort();
        let _ = work.await;
        assert_eq!(look(&organization, &id).await["state"], "RUNNING");
        // The lease of who is gone runs out.
        tamperer.execute("update public.jobs set lease_until = now() - interval '1 second' where state = 'leased'").await.expect("changes");
        // What a killed worker left half-written under the next number.
        let next = made(&mut tamperer).await + 1;
        let tenant = organization.tenant().await.simple().to_string();
        let folder = world.mail.parent().expect("a folder").join("blobs").join(tenant).join("uploads").join(id.trim_start_matches("xpt_"));
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(next.to_string()), b"half").expect("writes");
    }
    world.drain().await;
    let export = look(&organization, &id).await;
    assert_eq!(export["state"], "DONE", "{export}");
    let archive = super::Unpacked::read(&organization.owner.get(export["path"].as_str().expect("a path")).await.body);
    let mut points = archive.points();
    let count = points.len();
    points.sort_unstable();
    points.dedup();
    assert_eq!((points.len(), count), (5_001, 5_001), "every point once");
    for kind in ["runs", "experiments", "traces", "members", "audit_log", "registered_models"] {
        let lines = archive.lines(kind);
        let mut distinct: Vec<String> = lines.iter().map(Value::to_string).collect();
        distinct.sort_unstable();
        distinct.dedup();
        assert!(!lines.is_empty() && distinct.len() == lines.len(), "{kind} once each");
    }
    assert_eq!(archive.lines("runs").len(), 1);
}
