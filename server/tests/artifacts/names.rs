//! File names in lists: each as it is, and in no header of any answer.

use reqwest::Method;
use serde_json::{Value, json};

use super::{FILES, list, put, run};
use crate::support::{actor::Answer, html::elements, world};

/// Names that are kept, as a path of a request spells them, and what a download of them is called.
const KEPT: &[(&str, &str, &str)] = &[
    ("非ascii", "%E9%9D%9Eascii", "attachment; filename=\"_ascii\"; filename*=UTF-8''%E9%9D%9Eascii"),
    ("con", "con", "attachment; filename=con"),
    ("a b=c&d,e.txt", "a%20b=c&d,e.txt", "attachment; filename=\"a b=c&d,e.txt\""),
    ("it's 100%.txt", "it's%20100%25.txt", "attachment; filename=\"it's 100_.txt\"; filename*=UTF-8''it%27s%20100%25.txt"),
    ("filename=x.txt", "filename=x.txt", "attachment; filename=\"filename=x.txt\""),
];

/// Names that no file can have.
fn refused() -> [String; 6] {
    ["a\"\r\nSet-Cookie: x=1".to_owned(), "a\r\nb".into(), "a\nb".into(), "a;b".into(), "a\"b".into(), "n".repeat(300)]
}

fn encoded(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The headers that tell nothing of a name: all of a list's answer.
fn assert_headers(case: &str, answer: &Answer) {
    assert_eq!(answer.status, 200, "{case}: {}", answer.text());
    for (name, value) in &answer.headers {
        let value = value.to_str().unwrap_or_else(|_| panic!("{case} {name}: {value:?}"));
        let told = KEPT.iter().any(|(kept, ..)| value.contains(kept) && *kept != "con") || value.contains("Set-Cookie");
        assert!(!told && name != "content-disposition" && name != "set-cookie", "{case} {name}: {value}");
    }
}

#[tokio::test]
async fn t33_a_file_name_is_itself_in_every_list_and_in_no_header_of_one() {
    let organization = world().organization().await;
    let script = organization.script().await;
    let (run, root) = run(&script).await;
    let model = script.mlflow("POST", "logged-models", json!({ "experiment_id": "0" })).await.json();
    let model = model["model"]["info"]["model_id"].as_str().expect("an id").to_owned();
    let name = uuid::Uuid::now_v7().simple().to_string();
    for place in [root.clone(), format!("{root}/非 folder"), format!("0/models/{model}/artifacts")] {
        for (kept, spelled, _) in KEPT {
            let answer = put(&script, &format!("{}/{spelled}", place.replace(" folder", "%20folder")), *kept).await;
            assert_eq!(answer.status, 200, "{kept}: {}", answer.text());
        }
        for name in refused() {
            assert_eq!(put(&script, &format!("{}/{}", place.replace(" folder", "%20folder"), encoded(&name)), "x").await.status, 400, "{name:.40?}");
        }
    }
    assert_eq!(script.mlflow("POST", "registered-models/create", json!({ "name": name })).await.status, 200);
    let version = json!({ "name": name, "source": format!("runs:/{run}"), "run_id": run });
    assert_eq!(script.mlflow("POST", "model-versions/create", version).await.status, 200);
    let mut expected: Vec<&str> = KEPT.iter().map(|(kept, ..)| *kept).collect();
    expected.sort_unstable();

    // The lists of the protocol.
    let at = "/api/2.0/mlflow";
    for (path, query, folder) in [
        (FILES.to_owned(), vec![("path", root.clone())], ""),
        (FILES.to_owned(), vec![("path", format!("{root}/非 folder"))], ""),
        (FILES.to_owned(), vec![("path", format!("0/models/{model}/artifacts"))], ""),
        (format!("{at}/artifacts/list"), vec![("run_id", run.clone())], ""),
        (format!("{at}/artifacts/list"), vec![("run_id", run.clone()), ("path", "非 folder".into())], "非 folder/"),
        (format!("{at}/logged-models/{model}/artifacts/directories"), vec![], ""),
    ] {
        let answer = script.send(script.request(Method::GET, &path).query(&query)).await;
        assert_headers(&path, &answer);
        let files = answer.json()["files"].as_array().cloned().unwrap_or_default();
        let names = files.iter().filter(|file| file["is_dir"] == false).map(|file| file["path"].as_str().expect("a path").to_owned());
        let mut names: Vec<String> = names.map(|path| path.strip_prefix(folder).expect("in the folder").to_owned()).collect();
        names.sort_unstable();
        assert_eq!(names, expected, "{path} {query:?}");
    }

    // GraphQL's list, and the addresses in it.
    for folder in ["", "非 folder"] {
        let body = json!({
            "query": "query($run: ID!, $path: String!) { run(id: $run) { artifacts(path: $path) { name path url isFolder } } }",
            "variables": { "run": run, "path": folder }
        });
        let answer = organization.owner.send(organization.owner.request(Method::POST, "/graphql").json(&body)).await;
        assert_headers("graphql", &answer);
        let files = answer.json()["data"]["run"]["artifacts"].as_array().cloned().unwrap_or_default();
        for (kept, _, disposition) in KEPT {
            let file = files.iter().find(|file| file["name"] == *kept).unwrap_or_else(|| panic!("{kept}: {files:?}"));
            let url = file["url"].as_str().expect("an address");
            assert!(url.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>\\".contains(&b)), "{url}");
            let page = organization.owner.get(url).await;
            assert_eq!((page.status, page.text().as_str(), page.header("content-disposition")), (200, *kept, *disposition), "{kept}");
        }
    }

    // Every download names the file, and nothing but the file.
    for (kept, spelled, disposition) in KEPT {
        for place in [
            format!("{FILES}/{root}/{spelled}"),
            format!("/get-artifact?run_id={run}&path={}", encoded(kept)),
            format!("/model-versions/get-artifact?name={name}&version=1&path={}", encoded(kept)),
            format!("{at}/logged-models/{model}/artifacts/files?artifact_file_path={}", encoded(kept)),
            format!("/artifacts/models/{model}/{spelled}"),
        ] {
            let answer = script.get(&place).await;
            assert_eq!((answer.status, answer.header("content-disposition")), (200, *disposition), "{place}: {}", answer.text());
            assert!(answer.headers.get_all("content-disposition").iter().count() == 1 && !answer.headers.contains_key("set-cookie"), "{place}");
        }
    }

    // The page that lists them.
    let page = organization.owner.get(&format!("/runs/{run}/artifacts")).await;
    assert_headers("the page", &page);
    let links: Vec<String> = elements(&page.text()).iter().filter_map(|element| element.attribute("href").map(str::to_owned)).collect();
    for (kept, ..) in KEPT {
        let shown = page.text().contains(&kept.replace('&', "&amp;").replace('\'', "&#x27;")) || page.text().contains(&kept.replace('&', "&amp;"));
        assert!(shown, "{kept}");
    }
    assert!(links.iter().all(|link| !link.contains(['\r', '\n', '"'])), "{links:?}");
    assert_eq!(list(&script, &format!("{root}/absent")).await, Value::Object(serde_json::Map::new()));
}
