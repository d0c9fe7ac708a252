//! The audit log: every write has one entry, the chain shows every kind of tampering.

mod acts;
mod denials;
mod forms;
mod late;

use crate::support::{Organization, World, world};
use serde_json::{Value, json};
use sqlx::Executor;

async fn verification(organization: &Organization<'_>) -> (i64, Option<String>) {
    let answer = organization.owner.graphql("{ auditVerification { entries finding } }", Value::Null).await;
    let found = &answer["data"]["auditVerification"];
    (found["entries"].as_i64().unwrap_or_else(|| panic!("{answer}")), found["finding"].as_str().map(str::to_owned))
}

async fn entries(organization: &Organization<'_>, filter: Value) -> Vec<Value> {
    let query = "query($filter: AuditFilter) { auditEntries(first: 200, filter: $filter) { nodes { sequence action actor actorKind subjectKind subjectName outcome detail requestId address hash } } }";
    let answer = organization.owner.graphql(query, json!({ "filter": filter })).await;
    answer["data"]["auditEntries"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

/// An organization with eight entries: its founding, a sign-in, six projects.
async fn with_history(world: &World) -> Organization<'_> {
    let organization = world.organization().await;
    for n in 0..6 {
        let answer = organization
            .owner
            .graphql("mutation($name: String!) { createProject(name: $name) { id } }", json!({ "name": format!("project {n}") }))
            .await;
        assert!(answer["errors"].is_null(), "{answer}");
    }
    organization
}

#[tokio::test]
async fn c7_1d_every_write_has_exactly_one_entry_with_who_what_and_when() {
    let organization = with_history(world()).await;
    let created = entries(&organization, json!({ "action": "project" })).await;
    assert_eq!(created.len(), 6);
    let newest = &created[0];
    assert_eq!(newest["action"], "project.create");
    assert_eq!(newest["actor"], organization.owner.email.as_str());
    assert_eq!(newest["actorKind"], "member");
    assert_eq!(newest["subjectName"], "project 5");
    assert_eq!(newest["address"], organization.owner.address.to_string());
    let one = organization
        .owner
        .graphql(
            "query($sequence: Int!) { auditEntry(sequence: $sequence) { hash } absent: auditEntry(sequence: 99999) { hash } }",
            json!({ "sequence": newest["sequence"] }),
        )
        .await;
    assert_eq!(one["data"], json!({ "auditEntry": { "hash": newest["hash"] }, "absent": null }));
    assert_eq!(newest["requestId"].as_str().map(str::len), Some(32));
    assert_eq!(verification(&organization).await, (created[0]["sequence"].as_i64().expect("a number"), None));
}

#[tokio::test]
async fn c7_1d_a_refused_attempt_is_entered_once_a_minute() {
    let organization = world().organization().await;
    let viewer = organization.member("viewer").await;
    for _ in 0..3 {
        let refused = viewer.graphql("mutation { createProject(name: \"x\") { id } }", Value::Null).await;
        assert_eq!(crate::support::Actor::code(&refused), "FORBIDDEN");
    }
    let denied = entries(&organization, json!({ "outcome": "DENIED", "actor": viewer.email })).await;
    assert_eq!(denied.len(), 1);
    assert_eq!(denied[0]["subjectName"], "projects:write");
}

#[tokio::test]
async fn a_failed_write_leaves_neither_a_row_nor_an_entry() {
    let organization = with_history(world()).await;
    let before = entries(&organization, Value::Null).await.len();
    let again = organization.owner.graphql("mutation { createProject(name: \"project 1\") { id } }", Value::Null).await;
    assert_eq!(crate::support::Actor::code(&again), "ALREADY_EXISTS");
    assert_eq!(entries(&organization, Value::Null).await.len(), before);
}

#[tokio::test]
async fn when_the_log_cannot_be_written_nothing_is() {
    let organization = with_history(world()).await;
    let mut owner = organization.tamperer().await;
    owner.execute("alter table audit_entries add constraint no_room check (seq < 0) not valid").await.expect("alters");
    let refused = organization.owner.graphql("mutation { createProject(name: \"lost\") { id } }", Value::Null).await;
    assert_eq!(crate::support::Actor::code(&refused), "INTERNAL");
    assert!(refused["errors"][0]["extensions"]["reference"].is_string(), "{refused}");
    assert!(!refused.to_string().contains("constraint"), "{refused}");
    owner.execute("alter table audit_entries drop constraint no_room").await.expect("alters");
    let projects = organization.owner.graphql("{ projects { name } }", Value::Null).await;
    assert!(!projects.to_string().contains("lost"), "{projects}");
}

/// What somebody with all rights on the database may do to a log of eight entries, and what is then said first of all.
const TAMPERING: [(&str, &str); 10] = [
    ("entry 4 was changed", "update audit_entries set subject_name = 'other' where seq = 4"),
    ("entry 1 was changed", "update audit_entries set at = at - interval '1 second' where seq = 1"),
    ("entry 5 was changed", "update audit_entries set actor = 'somebody@example.com' where seq = 5"),
    ("entry 4 is missing", "delete from audit_entries where seq = 4"),
    // Those after it move up, and the head with them.
    (
        "entry 4 was changed",
        "delete from audit_entries where seq = 4; update audit_entries set seq = -seq where seq > 4; update audit_entries set seq = -seq - 1 where seq < 0; \
         update audit_head set seq = seq - 1",
    ),
    ("the log ends at entry 7, its head says 8", "delete from audit_entries where seq = (select max(seq) from audit_entries)"),
    (
        "entry 4 was changed",
        "update audit_entries a set detail = b.detail, action = b.action, subject_id = b.subject_id, subject_name = b.subject_name, hash = b.hash, at = b.at \
                 from audit_entries b where a.seq + b.seq = 9 and a.seq in (4, 5)",
    ),
    (
        "entry 9 was changed",
        "insert into audit_entries select seq + 1, at, actor_kind, actor_id, actor, credential_id, 'token.create', subject_kind, subject_id, subject_name, outcome, detail, request_id, address, hash \
                 from audit_entries order by seq desc limit 1; update audit_head set seq = seq + 1",
    ),
    // One comes in between, and those after it move down, the head with them.
    (
        "entry 4 was changed",
        "update audit_entries set seq = -seq where seq >= 4; update audit_entries set seq = -seq + 1 where seq < 0; \
         insert into audit_entries select 4, at, actor_kind, actor_id, actor, credential_id, 'token.create', subject_kind, subject_id, subject_name, outcome, detail, request_id, address, hash \
                 from audit_entries where seq = 3; update audit_head set seq = seq + 1",
    ),
    ("the log ends at entry 8, its head says 8", "update audit_head set hash = sha256('x'::bytea)"),
];

async fn tamper(organization: &Organization<'_>, tampering: &'static str) {
    let mut owner = organization.tamperer().await;
    owner.execute("alter table audit_entries disable trigger all").await.expect("disables");
    owner.execute(tampering).await.unwrap_or_else(|error| panic!("{tampering}: {error}"));
}

#[tokio::test]
async fn tampering_by_a_superuser_is_found() {
    for (said, tampering) in TAMPERING {
        let organization = with_history(world()).await;
        tamper(&organization, tampering).await;
        let (_, finding) = verification(&organization).await;
        let finding = finding.unwrap_or_else(|| panic!("not found: {tampering}"));
        assert!(finding.starts_with(said), "{tampering}: {finding}");
    }
}

#[tokio::test]
async fn c7_1d_the_operators_command_names_the_first_broken_entry_and_fails() {
    let database = crate::support::process::Database::create().await;
    let world = World::beside(&database, &[]);
    let slug = async |organization: &Organization<'_>| {
        let answer = organization.owner.graphql("{ viewer { organization { slug } } }", Value::Null).await;
        answer["data"]["viewer"]["organization"]["slug"].as_str().expect("a slug").to_owned()
    };
    let untouched = with_history(&world).await;
    let sound = slug(&untouched).await;
    let whole = format!("{sound}: 8 entries, the chain is whole, its head is {}\n", head(&untouched).await);
    assert_eq!(database.attempt(&["audit", "verify"]), (Some(0), whole.clone()));
    for (said, tampering) in TAMPERING {
        let organization = with_history(&world).await;
        tamper(&organization, tampering).await;
        let slug = slug(&organization).await;
        let (status, printed) = database.attempt(&["audit", "verify", "--organization", &slug]);
        assert_eq!(status, Some(1), "{tampering}: {printed}");
        assert!(printed.starts_with(&format!("{slug}: BROKEN after ")) && printed.contains(&format!("entries: {said}")), "{tampering}: {printed}");
        assert_eq!(printed.lines().count(), 1, "{printed}");
    }
    let (status, printed) = database.attempt(&["audit", "verify"]);
    assert_eq!((status, printed.lines().count()), (Some(1), 1 + TAMPERING.len()), "{printed}");
    assert!(printed.starts_with(&whole), "what is whole is said to be: {printed}");
    assert_eq!(database.attempt(&["audit", "verify", "--organization", &sound]), (Some(0), whole));
    assert_eq!(database.attempt(&["audit", "verify", "--organization", "nobody"]), (Some(1), String::new()));
}

/// The newest entry as `SEQ:HASH`, read by a member.
async fn head(organization: &Organization<'_>) -> String {
    let newest = entries(organization, Value::Null).await[0].clone();
    format!("{}:{}", newest["sequence"], newest["hash"].as_str().expect("a hash"))
}

/// Whoever owns the database cuts the log and its head alike: the chain is whole, and only who kept an older head can tell.
#[tokio::test]
async fn c7_1d_a_log_that_was_cut_together_with_its_head_is_found_by_a_head_that_was_kept() {
    let database = crate::support::process::Database::create().await;
    let world = World::beside(&database, &[]);
    let cut = "delete from audit_entries where seq > 7; update audit_head set (seq, hash) = (select seq, hash from audit_entries where seq = 7)";
    let organization = with_history(&world).await;
    let answer = organization.owner.graphql("{ viewer { organization { slug } } }", Value::Null).await;
    let slug = answer["data"]["viewer"]["organization"]["slug"].as_str().expect("a slug").to_owned();
    let verify = |since: &str| database.attempt(&["audit", "verify", "--organization", &slug, "--since", since]);
    let kept = head(&organization).await;
    let older = entries(&organization, Value::Null).await[1].clone();
    let older = format!("7:{}", older["hash"].as_str().expect("a hash"));
    assert_eq!(verify(&kept), (Some(0), format!("{slug}: 8 entries, the chain is whole, its head is {kept}\n")));
    let create = "mutation($name: String!) { createProject(name: $name) { id } }";
    organization.owner.graphql(create, json!({ "name": "later" })).await;
    assert_eq!(verify(&kept).0, Some(0), "a log that grew still holds it");
    tamper(&organization, cut).await;
    assert_eq!(database.attempt(&["audit", "verify"]).0, Some(0), "nothing else shows it");
    let (status, printed) = verify(&kept);
    assert_eq!((status, printed.contains("BROKEN after 7 entries: entry 8 is not the one that was kept")), (Some(1), true), "{printed}");
    // Another act takes the place of the one that was cut away.
    organization.owner.graphql(create, json!({ "name": "another" })).await;
    let (status, printed) = verify(&kept);
    assert_eq!((status, printed.contains("BROKEN after 8 entries: entry 8 is not the one that was kept")), (Some(1), true), "{printed}");
    assert_eq!(verify(&older).0, Some(0), "what lies before the cut is as it was");
    for wrong in ["8", "8:", "x:y", "8:zz"] {
        assert_eq!(verify(wrong), (Some(2), String::new()), "{wrong}");
    }
    assert_eq!(database.attempt(&["audit", "verify", "--since", &kept]), (Some(2), String::new()), "a head is of one organization");
}

#[tokio::test]
async fn t104_the_application_cannot_touch_the_log() {
    let organization = with_history(world()).await;
    let mut connection = organization.tamperer().await;
    connection.execute("set role assay_app").await.expect("gives up rights");
    for statement in [
        "update audit_entries set actor = 'x'",
        "delete from audit_entries",
        "truncate audit_entries",
        "insert into audit_entries select * from audit_entries",
        "update audit_head set seq = 0",
        "alter table audit_entries disable trigger all",
    ] {
        assert!(connection.execute(statement).await.is_err(), "{statement}");
    }
    assert_eq!(verification(&organization).await.1, None);
}
