//! What operators do to help an organization that lets them look.

use serde_json::Value;

use crate::support::{Actor, World, process::Database};

/// What the servers of the tests seal with: the command's mail is theirs to send.
const SEALED: &str = "--secret=the secret of all servers of the tests";
const OPERATOR: &str = "Sam Support <sam@operator.example>";

fn enter<'a>(organization: &'a str, operator: &'a str) -> [&'a str; 7] {
    ["support", "enter", "--organization", organization, "--operator", operator, SEALED]
}

async fn asked(owner: &Actor, query: &str) -> Value {
    let answer = owner.graphql(query, Value::Null).await;
    assert!(answer["errors"].is_null(), "{answer}");
    answer["data"].clone()
}

#[tokio::test]
async fn t19_an_operator_enters_where_the_organization_lets_them_and_its_owners_are_mailed() {
    let database = Database::create().await;
    let world = World::beside(&database, &[]);
    let organization = world.organization().await;
    let (owner, email) = (&organization.owner, organization.owner.email.as_str());
    let slug = asked(owner, "{ viewer { organization { slug } } }").await["viewer"]["organization"]["slug"].as_str().expect("a slug").to_owned();
    let count = async || asked(owner, "{ auditEntries { totalCount } }").await["auditEntries"]["totalCount"].clone();
    let before = count().await;
    for (arguments, words) in [
        (enter(&slug, OPERATOR), "has not opened support access"),
        (enter("nobody", OPERATOR), "was not found"),
        (enter(&slug, "Sam"), "Say who you are"),
    ] {
        let (status, said) = database.refused(&arguments);
        assert!(status == Some(1) && said.contains(words), "{arguments:?}: {said}");
    }
    assert_eq!(database.refused(&["support", "enter", "--organization", &slug, SEALED]).0, Some(2), "who enters is asked for");
    assert_eq!(count().await, before, "nothing was entered");
    world.drain().await;
    assert!(world.mails_to(email, "Support looks into").is_empty());

    asked(owner, "mutation { grantSupport(hours: 4, reason: \"The sign-in page is slow\") { id } }").await;
    let (status, said) = database.attempt(&enter(&slug, OPERATOR));
    assert!(
        status == Some(0) && said.contains("Open it within 5 minutes; it works once.") && said.contains(&format!("{email} gave leave")),
        "{said}"
    );
    let address = said.lines().next().expect("an address");
    assert!(address.contains("/support?token="), "{said}");
    let page = world.anonymous().get(&address[address.find("/support").expect("its path")..]).await;
    assert!(page.status == 200 && page.text().contains("change nothing"), "{}", page.text());
    let supporter = world.anonymous();
    let token = address.split("token=").nth(1).expect("a token");
    let begun = supporter.form("/support", &[("token", token)]).await;
    assert_eq!((begun.status, begun.header("location")), (303, "/"), "{}", begun.text());
    let session = asked(&supporter, "{ supportSession { operator grantedBy } viewer { organization { slug } } }").await;
    assert_eq!((&session["supportSession"]["operator"], &session["supportSession"]["grantedBy"]), (&OPERATOR.into(), &email.into()));
    assert_eq!(session["viewer"]["organization"]["slug"], slug.as_str());

    assert_eq!(database.attempt(&["audit", "verify", SEALED]).0, Some(0), "the chain is whole with it");
    world.drain().await;
    let [mail] = world.mails_to(email, "Subject: Support looks into").try_into().expect("one mail");
    let mail = mail.replace("=\r\n", "").replace("=\n", "");
    assert!(mail.contains("Sam Support") && mail.contains("they can change nothing") && mail.contains("/organization"), "{mail}");
    assert!(!mail.contains(token), "the address is the operator's alone");
}
