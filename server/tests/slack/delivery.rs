//! What becomes of a message that Slack does not take at once.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::{Executor, Row};

use super::{
    CONNECT, CONNECT_OWN, LOOPBACK, act, connect, entries, open_world, run, say,
    sink::{self, Hook, Says},
};
use crate::support::{Organization, World};

/// A server of one test's, whose clock it moves.
async fn alone() -> World {
    World::alone(&[LOOPBACK, &format!("--slack={}", *sink::URL)]).await
}

/// Waits until every job about messages has ended or waits for its time.
async fn settled(organization: &Organization<'_>) {
    let mut tamperer = organization.tamperer().await;
    for _ in 0..400 {
        let sql = "select count(*) from public.jobs where kind = 'slack.post' and (state = 'leased' or (state = 'queued' and attempt > 0))";
        let under_way: i64 = tamperer.fetch_one(sql).await.expect("counts").get(0);
        if under_way == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("jobs do not end");
}

#[tokio::test]
async fn r8_what_slack_could_not_take_is_tried_again_later_and_posted_once() {
    let world = alone().await;
    let organization = world.organization().await;
    let (owner, hook) = (&organization.owner, Hook::new());
    connect(owner, CONNECT, &hook).await;
    let about = run(&organization).await;
    hook.says(Says::status(500, "no_service"));
    hook.says(Says::status(503, ""));
    say(owner, &about, "one").await;
    hook.wait(1).await;
    settled(&organization).await;
    world.clock.advance(TimeDelta::seconds(6));
    hook.wait(2).await;
    settled(&organization).await;
    // Another message waits with it.
    say(owner, &about, "two").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    hook.wait(2).await;
    world.clock.advance(TimeDelta::seconds(61));
    hook.wait(4).await;
    settled(&organization).await;
    let entry = |action: &str, log: &[(String, String, String)]| log.iter().filter(|(own, ..)| own == action).count();
    let log = entries(owner).await;
    assert_eq!((entry("slack.post", &log), entry("slack.break", &log)), (2, 0), "{log:?}");
    // A worker that ends before it has written that its job is done leaves the job to be run again.
    let mut tamperer = organization.tamperer().await;
    let row = "select id, connection_id, (select request_id from public.jobs where kind = 'slack.post' limit 1) from slack_messages where posted_at is not null limit 1";
    let message: uuid::Uuid = tamperer.fetch_one(row).await.expect("a message").get(0);
    let again = "update public.jobs set state = 'queued', run_at = created_at, payload = jsonb_build_object('message', $1::text, 'round', 0, 'away', 0, 'wait_seconds', 0) \
        where id = (select id from public.jobs where kind = 'slack.post' and state = 'done' order by id limit 1)";
    tamperer.execute(sqlx::query(again).bind(message.to_string())).await.expect("queues it again");
    say(owner, &about, "three").await;
    let last = hook.wait(5).await[4].clone();
    assert!(last["text"].as_str().is_some_and(|text| text.ends_with("three")), "{last}");
    settled(&organization).await;
    hook.wait(5).await;
}

#[tokio::test]
async fn r8_slack_is_left_alone_for_as_long_as_it_asks() {
    let world = alone().await;
    let organization = world.organization().await;
    let (owner, hook) = (&organization.owner, Hook::new());
    connect(owner, CONNECT, &hook).await;
    let about = run(&organization).await;
    hook.says(Says { headers: vec![("retry-after", "120".into())], ..Says::status(429, "rate_limited") });
    say(owner, &about, "one").await;
    hook.wait(1).await;
    settled(&organization).await;
    world.clock.advance(TimeDelta::seconds(100));
    say(owner, &about, "two").await;
    // A look of the worker's, which finds nothing that is due.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    hook.wait(1).await;
    world.clock.advance(TimeDelta::seconds(22));
    hook.wait(3).await;
    // Slack that stays away is not asked for ever.
    (0..20).for_each(|_| hook.says(Says::status(502, "")));
    say(owner, &about, "three").await;
    hook.wait(4).await;
    for _ in 0..12 {
        settled(&organization).await;
        world.clock.advance(TimeDelta::hours(11));
        tokio::time::sleep(Duration::from_millis(2_300)).await;
    }
    let mut tamperer = organization.tamperer().await;
    let row = tamperer
        .fetch_one("select count(*) filter (where failed_at is not null), count(*) filter (where posted_at is not null) from slack_messages")
        .await;
    let row = row.expect("counts");
    assert_eq!((row.get::<i64, _>(0), row.get::<i64, _>(1)), (1, 2));
    assert!(hook.heard().len() <= 3 + 8, "{}", hook.heard().len());
}

#[tokio::test]
async fn a_webhook_that_is_gone_is_not_asked_again_and_its_owner_is_told() {
    let organization = open_world().await.organization().await;
    let (owner, mia) = (&organization.owner, organization.member("data_scientist").await);
    let about = run(&organization).await;
    for (status, word) in [(404, "no_service"), (410, "channel_is_archived"), (403, "invalid_token")] {
        let hook = Hook::new();
        connect(&mia, CONNECT_OWN, &hook).await;
        hook.says(Says::status(status, word));
        say(owner, &about, &format!("@{} one", mia.email)).await;
        hook.wait(1).await;
        settled(&organization).await;
        let query = "{ ownSlackChannel { brokenAt brokenReason } notifications(first: 1) { nodes { kind actor subject path quote } } }";
        let mut seen = Value::Null;
        for _ in 0..100 {
            seen = mia.graphql(query, Value::Null).await["data"].clone();
            if seen["ownSlackChannel"]["brokenAt"].is_string() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let reason = seen["ownSlackChannel"]["brokenReason"].as_str().unwrap_or_else(|| panic!("{word}: {seen}"));
        let told = json!({ "kind": "DISCONNECT", "actor": "Slack", "subject": "#ml-experiments", "path": "/notifications", "quote": reason });
        assert_eq!(seen["notifications"]["nodes"][0], told, "{word}");
        say(owner, &about, &format!("@{} two", mia.email)).await;
        // Mended, it is used again.
        let tested = act(&mia, "testOwnSlack { posted channel { brokenAt } }").await["testOwnSlack"].clone();
        assert_eq!(tested, json!({ "posted": true, "channel": { "brokenAt": null } }), "{word}");
        say(owner, &about, &format!("@{} three", mia.email)).await;
        let heard = hook.wait(3).await;
        assert!(heard[2]["text"].as_str().is_some_and(|text| text.ends_with("three")), "{word}: {heard:?}");
    }
    let others = owner.graphql("{ notifications { nodes { kind } } }", Value::Null).await;
    assert!(!others.to_string().contains("DISCONNECT"), "told to its owner alone: {others}");
    assert_eq!(entries(owner).await.iter().filter(|(action, ..)| action == "slack.break").count(), 3);
}

#[tokio::test]
async fn t73_t74_redirects_silence_and_floods_are_told_as_classes_of_reasons() {
    let organization = open_world().await.organization().await;
    let (owner, hook, elsewhere) = (&organization.owner, Hook::new(), Hook::new());
    connect(owner, CONNECT, &hook).await;
    let cases = [
        (
            Says { headers: vec![("location", elsewhere.address())], ..Says::status(307, "") },
            "Slack sent on to another address, which is not followed.",
        ),
        (Says::status(400, "INTERNAL-SECRET"), "Slack did not take this message."),
        (Says::status(500, "INTERNAL-SECRET"), "Slack answered with an error of its own."),
        (Says { after: Duration::from_secs(20), ..Says::status(200, "ok") }, "Slack did not answer within 15 seconds."),
    ];
    for (says, words) in cases {
        hook.says(says);
        let begun = Instant::now();
        let tested = act(owner, "testSlack { posted answer }").await["testSlack"].clone();
        assert_eq!(tested, json!({ "posted": false, "answer": words }));
        assert!((Duration::from_millis(700)..Duration::from_secs(18)).contains(&begun.elapsed()), "{words}: {:?}", begun.elapsed());
    }
    assert!(elsewhere.heard().is_empty(), "no redirect is followed");
    let log = entries(owner).await;
    assert!(log.iter().all(|(.., detail)| !detail.contains("INTERNAL")), "{log:?}");
}
