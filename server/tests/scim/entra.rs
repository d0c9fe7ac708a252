//! What Entra ID does: operations in capitals, truth as text, names with dots, members in the value of what removes them.

use serde_json::{Value, json};

use super::directory::{Directory, filter, fresh, id};

#[tokio::test]
async fn c7_1a_entra_provisions_users() {
    let directory = Directory::connected().await;
    let email = fresh("Ada");
    let made = directory
        .expect(
            201,
            "POST",
            "Users",
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
                "externalId": "ada", "userName": email, "active": "True", "emails": [{ "primary": true, "type": "work", "value": email }],
                "meta": { "resourceType": "User" }, "name": { "formatted": "Ada King", "familyName": "King", "givenName": "Ada" }, "roles": [],
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "ML", "manager": { "value": "x" } },
            }),
        )
        .await;
    let at = format!("Users/{}", id(&made));
    let other = fresh("Countess");
    for (operations, expected) in [
        (json!([{ "op": "Replace", "path": "active", "value": "False" }]), json!({ "active": false })),
        (json!([{ "op": "Add", "path": "active", "value": "True" }]), json!({ "active": true })),
        (json!([{ "op": "Replace", "value": { "active": "false", "name.givenName": "Augusta" } }]), json!({ "active": false })),
        (json!([{ "op": "Replace", "value": { "active": true } }]), json!({ "active": true })),
        (
            json!([{ "op": "Replace", "path": "displayName", "value": "Ada L" }, { "op": "Add", "path": "externalId", "value": "al" }]),
            json!({ "displayName": "Ada L", "externalId": "al" }),
        ),
        (json!([{ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": other }]), json!({ "userName": email })),
        (
            json!([{ "op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "Risk" }]),
            json!({ "active": true }),
        ),
        (json!([{ "op": "Remove", "path": "externalId" }]), json!({ "externalId": null })),
        (json!([{ "op": "Replace", "path": "userName", "value": other }]), json!({ "userName": other })),
    ] {
        let after = directory.patch(&at, operations.clone()).await;
        for (name, value) in expected.as_object().expect("an object") {
            assert_eq!(after[name], *value, "{operations}: {after}");
        }
    }
    let after = directory.expect(200, "GET", &at, Value::Null).await;
    assert_eq!((&after["name"]["givenName"], &after["emails"][0]["value"]), (&json!("Augusta"), &json!(other)));
    assert_eq!(directory.member(&id(&made)).await["email"], email.as_str(), "how somebody signs in is not the directory's to say");
    for (operation, word) in [
        (json!({ "op": "Replace", "path": "shoeSize", "value": "43" }), "invalidPath"),
        (json!({ "op": "Replace", "path": "members[value", "value": "43" }), "invalidPath"),
        (json!({ "op": "Replace", "path": "active", "value": "perhaps" }), "invalidValue"),
        (json!({ "op": "Replace", "path": "userName", "value": "not an address" }), ""),
        (json!({ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "nobody" }), "invalidValue"),
        (json!({ "op": "Remove" }), "noTarget"),
        (json!({ "op": "Replace", "path": "id", "value": "x" }), "mutability"),
        (json!({ "op": "Turn", "path": "active", "value": true }), "invalidSyntax"),
    ] {
        let found = directory.call("PATCH", &at, json!({ "Operations": [operation] })).await;
        if word.is_empty() {
            // A name need not be an address where another address is known.
            assert_eq!(found.status, 200, "{operation}: {}", found.text());
        } else {
            assert_eq!((found.status, found.json()["scimType"].as_str()), (400, Some(word)), "{operation}: {}", found.text());
        }
    }
}

#[tokio::test]
async fn entra_keeps_groups() {
    let directory = Directory::connected().await;
    let ((ada, _), (bob, _)) = (directory.user("Ada").await, directory.user("Bob").await);
    let made = directory
        .expect(201, "POST", "Groups", json!({ "externalId": "g-1", "displayName": "Risk", "members": [], "meta": { "resourceType": "Group" } }))
        .await;
    let group = id(&made);
    let by_name = format!("Groups?excludedAttributes=members&filter={}", filter("displayName eq \"Risk\""));
    let found = directory.expect(200, "GET", &by_name, Value::Null).await;
    assert_eq!((&found["totalResults"], found["Resources"][0].get("members")), (&json!(1), None));
    let at = format!("Groups/{group}");
    let is_in = async |user: &str| {
        let asked = format!("Groups?filter={}", filter(&format!("id eq \"{group}\" and members eq \"{user}\"")));
        directory.expect(200, "GET", &asked, Value::Null).await["totalResults"] == 1
    };
    for (operations, ada_is_in, bob_is_in) in [
        (json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": ada }] }]), true, false),
        (json!([{ "op": "Add", "path": "members", "value": [{ "value": ada }, { "value": bob }] }]), true, true),
        (json!([{ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": ada }] }]), false, true),
        (json!([{ "op": "Remove", "path": "members", "value": [{ "value": ada }] }]), false, true),
        (json!([{ "op": "Replace", "path": "members", "value": [{ "value": ada }] }]), true, false),
        (json!([{ "op": "Remove", "path": "members" }, { "op": "Add", "path": "members", "value": [{ "value": bob }] }]), false, true),
        (json!([{ "op": "Replace", "path": "displayName", "value": "Risk team" }]), false, true),
    ] {
        directory.patch(&at, operations.clone()).await;
        assert_eq!((is_in(&ada).await, is_in(&bob).await), (ada_is_in, bob_is_in), "{operations}");
    }
    let shown = directory
        .call("PATCH", &format!("{at}?attributes=displayName"), json!({ "Operations": [{ "op": "Add", "path": "externalId", "value": "g-2" }] }))
        .await;
    assert_eq!((shown.status, &shown.json()["displayName"]), (200, &json!("Risk team")));
    let whole = directory.expect(200, "GET", &format!("{at}?excludedAttributes=members"), Value::Null).await;
    assert_eq!((&whole["externalId"], whole.get("members")), (&json!("g-2"), None));
}
