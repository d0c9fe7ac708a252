//! What an organization may be called, and what its founder is handed.

use std::collections::HashSet;

use crate::support::{PASSWORD, world};
use serde_json::Value;
use server::access::{Secret, provision::Issued};
use sqlx::{Executor, Row};

fn is_schema(name: &str) -> bool {
    name.strip_prefix("t_").is_some_and(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
}

fn is_slug(slug: &str) -> bool {
    (2..=40).contains(&slug.len())
        && slug.starts_with(|c: char| c.is_ascii_lowercase())
        && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[tokio::test]
async fn t08_no_name_of_an_organization_becomes_the_name_of_a_schema() {
    let world = world();
    let long = "a".repeat(65);
    let longest = "é".repeat(120);
    let names = [
        "t1\", public;--",
        "pg_catalog",
        "$user",
        "public",
        "information_schema",
        "../",
        "t_0190aaaabbbb7ccc8dddeeeeffff0001",
        "ABC",
        "ABC",
        "😀",
        "'; drop schema public cascade; --",
        "{schema}",
        &long,
        &long,
        &long,
        &longest,
    ];
    let found = async |name: &str| {
        let browser = world.anonymous();
        let email = format!("founder-{}@example.com", uuid::Uuid::now_v7().simple());
        let form = [("organization", name), ("name", "Ada"), ("email", email.as_str()), ("password", PASSWORD)];
        assert_eq!(browser.form("/sign-up", &form).await.status, 303, "{name}");
        let link = world.link_to(&email).await;
        assert_eq!(browser.form("/confirm", &[("token", link.split("token=").nth(1).expect("a token"))]).await.status, 303, "{name}");
        let made = browser.graphql("mutation { createProject(name: \"p\") { id } }", Value::Null).await;
        assert!(made["errors"].is_null(), "{name}: {made}");
        let seen = browser.graphql("{ viewer { organization { id name slug } } projects { name } }", Value::Null).await["data"].take();
        assert_eq!(seen["viewer"]["organization"]["name"], name, "kept as it was typed");
        assert_eq!(seen["projects"].as_array().map(Vec::len), Some(2), "{name}: {seen}");
        let slug = seen["viewer"]["organization"]["slug"].as_str().expect("a slug").to_owned();
        assert!(is_slug(&slug), "{name}: {slug}");
        (seen["viewer"]["organization"]["id"].as_str().expect("an id").replace("org_", "t_"), slug)
    };
    let (mut schemas, mut slugs) = (HashSet::new(), HashSet::new());
    for name in names {
        let (schema, slug) = found(name).await;
        assert!(schemas.insert(schema) && slugs.insert(slug), "{name}: one of its own");
    }
    // Several at once, whose names make the same slug.
    let name = format!("Same {}", uuid::Uuid::now_v7().simple());
    for (schema, slug) in futures::future::join_all((0..3).map(|_| found(&name))).await {
        assert!(schemas.insert(schema) && slugs.insert(slug), "{name}: one of its own");
    }
    for refused in ["", "  ", "a\u{0}b", "a\nb", "a\u{202e}b", &"x".repeat(121)] {
        let form = [("organization", refused), ("name", "Ada"), ("email", "refused@example.com"), ("password", PASSWORD)];
        assert_eq!(world.anonymous().form("/sign-up", &form).await.status, 422, "{refused:?}");
    }
    let organization = world.organization().await;
    let mut owner = organization.tamperer().await;
    let rows =
        owner.fetch_all("select nspname::text from pg_namespace where nspname not like 'pg\\_%' and nspname not in ('public', 'information_schema')");
    let present: HashSet<String> = rows.await.expect("schemas").iter().map(|row| row.get(0)).collect();
    assert!(present.iter().all(|name| is_schema(name)), "{present:?}");
    assert!(schemas.is_subset(&present), "{schemas:?}");
}

#[tokio::test]
async fn t70_no_stranger_takes_the_one_time_password_away_and_choosing_by_mail_does() {
    let world = world();
    let once = Secret::opaque().expose()[..20].to_owned();
    let email = world.found(Some(Issued { one_time_password: once.clone(), token: Secret::token() })).await;
    let other = world.found(None).await;
    let leads = async |email: &str| {
        let answer = world.anonymous().form("/sign-in", &[("email", email), ("password", &once)]).await;
        (answer.status, answer.header("location").to_owned())
    };
    let choosing = (303, format!("/reset-password?first=1&token={once}"));
    assert_eq!(leads(&email).await, choosing);
    assert_eq!(leads(&other).await.0, 401, "it is one person's");

    assert_eq!(world.anonymous().form("/forgot-password", &[("email", &email)]).await.status, 303);
    let link = world.link_to(&email).await;
    assert_eq!(leads(&email).await, choosing);
    // The link of a mail is no password.
    let token = link.split("token=").nth(1).expect("a token");
    assert_eq!(world.anonymous().form("/sign-in", &[("email", &email), ("password", token)]).await.status, 401);

    assert_eq!(world.anonymous().form("/reset-password", &[("token", token), ("password", "another good password")]).await.status, 303);
    assert_eq!(leads(&email).await.0, 401);
    assert_eq!(world.anonymous().form("/reset-password", &[("token", &once), ("password", PASSWORD)]).await.status, 422);
}

/// What is newer is made for whoever lacks it.
#[tokio::test]
async fn an_upgrade_brings_up_an_organization_that_is_behind() {
    let tenant = world().organization().await.tenant().await;
    let applied = async || -> Vec<(String,)> {
        let sql = "select name from public.schema_migrations where tenant_id = $1 order by name";
        sqlx::query_as(sql).bind(tenant).fetch_all(&mut world().connect().await).await.expect("migrations")
    };
    let all = applied().await;
    // One that may run again: it finds nothing of an older organization to change.
    let forget = sqlx::query("delete from public.schema_migrations where tenant_id = $1 and name = '0033_fewer_policies'").bind(tenant);
    assert_eq!(forget.execute(&mut world().connect().await).await.expect("forgets").rows_affected(), 1);
    let services = world().services();
    world().on_server(async move { services.vault.migrate().await.expect("migrates") }).await;
    assert_eq!(applied().await, all);
}
