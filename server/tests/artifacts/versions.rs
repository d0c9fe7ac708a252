//! What a path held before what it holds now.

use reqwest::Method;
use serde_json::json;

use super::{FILES, put, run};
use crate::support::world;

#[tokio::test]
async fn c5_1b_every_version_of_a_file_can_be_seen_and_downloaded() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (id, root) = run(&script).await;
    let seen = async |of: &str| {
        let query =
            "query($id: ID!, $of: String!) { run(id: $id) { artifactVersions(path: $of) { number isCurrent size digest createdBy createdAt url } } }";
        organization.owner.graphql(query, json!({ "id": format!("run_{id}"), "of": of })).await["data"]["run"]["artifactVersions"].clone()
    };
    for content in ["one", "second", "three"] {
        assert_eq!(put(&script, &format!("{root}/a/f.txt"), content).await.status, 200);
    }
    let versions = seen("a/f.txt").await;
    let of = |place: usize| (versions[place]["number"].as_i64(), versions[place]["isCurrent"].as_bool(), versions[place]["size"].as_i64());
    assert_eq!(
        [of(0), of(1), of(2)],
        [(Some(3), Some(true), Some(5)), (Some(2), Some(false), Some(6)), (Some(1), Some(false), Some(3))],
        "{versions}"
    );
    for (place, content) in ["three", "second", "one"].iter().enumerate() {
        let file = organization.owner.get(versions[place]["url"].as_str().expect("an address")).await;
        assert_eq!((file.status, file.text().as_str()), (200, *content));
    }
    let text = "query($id: ID!, $version: Int) { run(id: $id) { artifactText(path: \"a/f.txt\", version: $version) { text } } }";
    for (version, content) in [(json!(1), json!("one")), (json!(2), json!("second")), (json!(null), json!("three")), (json!(4), json!(null))] {
        let found = organization.owner.graphql(text, json!({ "id": format!("run_{id}"), "version": version })).await;
        assert_eq!(found["data"]["run"]["artifactText"]["text"], content, "{found}");
    }
    let address = versions[0]["url"].as_str().expect("an address").replace("version=3", "");
    for (version, status) in [("version=4", 404), ("version=0", 404), ("version=-1", 404), ("version=x", 400), ("version=99999999999", 400)] {
        assert_eq!(organization.owner.get(&format!("{address}{version}")).await.status, status, "{version}");
    }
    assert_eq!([seen("a").await, seen("nothing").await], [json!([]), json!([])], "a folder and what is not there have none");

    // Whoever removes a file wants no more of it to be seen, also when there is another one later.
    let gone = script.send(script.request(Method::DELETE, &format!("{FILES}/{root}/a/f.txt"))).await;
    assert_eq!((gone.status, seen("a/f.txt").await), (200, json!([])));
    for place in 0..3 {
        assert_eq!(organization.owner.get(versions[place]["url"].as_str().expect("an address")).await.status, 404);
    }
    for content in ["four", "five"] {
        assert_eq!(put(&script, &format!("{root}/a/f.txt"), content).await.status, 200);
    }
    let again = seen("a/f.txt").await;
    assert_eq!((again.as_array().map(Vec::len), again[0]["number"].as_i64(), again[1]["number"].as_i64()), (Some(2), Some(5), Some(4)), "{again}");
    assert_eq!(organization.owner.get(versions[0]["url"].as_str().expect("an address")).await.status, 404);
}
