//! What operators do for whoever has lost device and recovery codes.

use serde_json::Value;

use crate::support::{
    Actor, PASSWORD, World,
    phone::{PAGE, Phone},
    process::Database,
};

/// What the servers of the tests seal with: the command's mail is theirs to send.
const SEALED: &str = "--secret=the secret of all servers of the tests";

fn remove<'a>(email: &'a str, reason: &'a str) -> [&'a str; 7] {
    ["second-factor", "remove", "--email", email, "--reason", reason, SEALED]
}

/// The newest entry about a second factor: kind of actor, actor, detail.
async fn newest(owner: &Actor) -> (String, String, String) {
    let query = "{ auditEntries(filter: { action: \"second_factor.remove\" }) { nodes { actorKind actor detail } } }";
    let answer = owner.graphql(query, Value::Null).await;
    let entry = answer["data"]["auditEntries"]["nodes"][0].clone();
    let text = |name: &str| entry[name].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    (text("actorKind"), text("actor"), text("detail"))
}

#[tokio::test]
async fn c7_1c_an_operator_turns_off_the_second_factor_of_who_lost_it_with_a_reason_and_a_mail() {
    let database = Database::create().await;
    let world = World::beside(&database, &[]);
    let organization = world.organization().await;
    let (owner, email) = (&organization.owner, organization.owner.email.as_str());
    let (status, said) = database.refused(&remove(email, "none there"));
    assert!(status == Some(1) && said.contains("has no second factor"), "{said}");
    let phone = Phone::set_up(&world, owner).await;
    let half = world.anonymous();
    let sign_in = [("email", email), ("password", PASSWORD)];
    assert_eq!(half.form("/sign-in", &sign_in).await.header("location"), "/second-factor");

    for (arguments, words) in [
        (remove(email, " "), "Say why"),
        (remove(email, "a\nb"), "one line"),
        (remove("nobody@example.com", "lost"), "was not found"),
        (remove("nobody", "lost"), "address"),
    ] {
        let (status, said) = database.refused(&arguments);
        assert!(status == Some(1) && said.contains(words), "{arguments:?}: {said}");
    }
    assert_eq!(database.refused(&["second-factor", "remove", "--email", email, SEALED]).0, Some(2), "a reason is asked for");
    world.drain().await;
    assert!(world.mails_to(email, "switched off").is_empty(), "nothing was turned off");
    assert_eq!(world.anonymous().form("/sign-in", &sign_in).await.header("location"), "/second-factor");

    let address = format!(" {} ", email.to_uppercase());
    assert_eq!(database.attempt(&remove(&address, "lost phone, seen in person")).0, Some(0));
    assert_eq!(half.form("/second-factor", &[("code", &phone.codes[0])]).await.status, 422, "what had begun with it has ended");
    let browser = Actor::sign_in(&world, email, PASSWORD).await;
    let left = browser.graphql("{ secondFactor { since recoveryCodesLeft } }", Value::Null).await;
    assert_eq!(left["data"]["secondFactor"], serde_json::json!({ "since": null, "recoveryCodesLeft": 0 }));
    let (kind, actor, detail) = newest(owner).await;
    assert_eq!((kind.as_str(), actor.as_str()), ("operator", "operator"));
    assert!(detail.contains("\"reason\":\"lost phone, seen in person\""), "{detail}");
    assert_eq!(database.attempt(&["audit", "verify", SEALED]).0, Some(0), "the chain is whole with it");
    world.drain().await;
    let [mail] = world.mails_to(email, "Subject: Two-factor sign-in was switched off by an operator").try_into().expect("one mail");
    assert!(mail.contains("The reason given: lost phone, seen in person."), "{mail}");
    assert_eq!(database.refused(&remove(email, "again")).0, Some(1));
    // And it can be set up anew.
    assert_eq!(browser.get(PAGE).await.status, 200);
    Phone::set_up(&world, &browser).await;
}
