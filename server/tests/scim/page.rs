//! What owners and admins see of the directory.

use serde_json::json;

use super::directory::Directory;
use crate::support::world;

#[tokio::test]
async fn the_page_says_how_to_connect_and_what_groups_are_and_the_list_who_is_kept() {
    let directory = Directory::connected().await;
    let (ada, _) = directory.user("Ada").await;
    let group = directory.group("Platform <b>people</b>", &[&ada]).await;
    directory.map(&group, json!("ops")).await;
    directory.patch(&format!("Users/{ada}"), json!([{ "op": "replace", "path": "active", "value": false }])).await;
    let owner = &directory.organization.owner;
    let page = owner.get("/access/single-sign-on").await.text();
    for words in [
        &format!("{}/scim/v2", world().services().config.public_url()),
        "Connect Okta",
        "Connect Microsoft Entra ID",
        "/tokens?name=Provisioning",
        "Operations",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(page.contains("Platform &lt;b&gt;people&lt;/b&gt;") && !page.contains("Platform <b>people</b>"));
    let admin = directory.organization.member("admin").await;
    assert!(admin.get("/access/single-sign-on").await.text().contains("Connect Okta"), "admins keep the directory too");
    let members = owner.get("/members").await.text();
    assert!(members.contains("Managed by your identity provider") && members.contains("suspended"), "{members:.2000}");
}
