//! What can be listened to, as each role, with each scope alone, as a stranger and as nobody.

use serde_json::Value;
use shared::{Permission, Role};

use super::{fixture::Fixture, narrow_tokens, roles::may};
use crate::{
    live::Stream,
    support::{Actor, world},
};

/// Subjects of `changes`, and what each asks for. `$self` is whoever listens.
const SUBJECTS: &[(&str, Permission)] =
    &[("exp_$experiment", Permission::ExperimentsRead), ("run_$run", Permission::RunsRead), ("$self", Permission::CommentsRead)];
/// What nobody listens to, whatever they may: what others are told, what does not exist, what a stream ends by.
const NOBODYS: [&str; 4] = ["$member", "mem_$absentmember", "run_$absentrun", "standing"];

/// What the server says to somebody who wants to listen: nothing, or the code of a refusal.
async fn heard(actor: &Actor, subject: &str) -> String {
    match Stream::open(actor, &[subject]).await {
        Ok(mut stream) => stream.refusal().await,
        Err(status) => status.to_string(),
    }
}

async fn own_id(actor: &Actor) -> String {
    actor.graphql("{ viewer { id } }", Value::Null).await["data"]["viewer"]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn c7_1a_c7_1b_each_role_and_each_scope_hears_what_it_may_see() {
    let organization = world().organization().await;
    let fixture = Fixture::of(&organization).await;
    let mut listeners: Vec<(String, Actor, Vec<Permission>)> = Vec::new();
    for role in Role::ALL {
        let actor = if *role == Role::Owner { organization.owner.clone() } else { organization.member(role.as_str()).await };
        listeners.push((role.as_str().to_owned(), actor, Permission::ALL.iter().copied().filter(|permission| may(*role, *permission)).collect()));
    }
    listeners.extend(narrow_tokens(&organization).await.into_iter().map(|(scope, script)| (scope.to_string(), script, vec![scope])));
    let mut refused = 0;
    for (whom, actor, has) in &listeners {
        let own = own_id(actor).await;
        for (subject, needed) in SUBJECTS {
            let expected = if has.contains(needed) { "" } else { "FORBIDDEN" };
            refused += usize::from(!expected.is_empty());
            assert_eq!(heard(actor, &fixture.fill(&subject.replace("$self", &own))).await, expected, "{whom} {subject}");
        }
        if has.len() > 1 {
            for subject in NOBODYS {
                assert_eq!(heard(actor, &fixture.fill(subject)).await, "NOT_FOUND", "{whom} {subject}");
            }
        }
    }
    assert!(refused > 0, "nobody was refused");
}

#[tokio::test]
async fn c7_1b_a_stranger_and_nobody_hear_nothing() {
    let organization = world().organization().await;
    let fixture = Fixture::of(&organization).await;
    let (nobody, stranger) = (world().anonymous(), world().organization().await.owner);
    let own = own_id(&organization.owner).await;
    for subject in SUBJECTS.iter().map(|(subject, _)| *subject).chain(NOBODYS) {
        let subject = fixture.fill(&subject.replace("$self", &own));
        assert_eq!(heard(&nobody, &subject).await, "401", "{subject}");
        assert_eq!(heard(&stranger, &subject).await, "NOT_FOUND", "{subject}");
    }
}
