//! A report is a file: what it compares is named in it, and in no header.

use serde_json::json;

use super::{OCTOBER, new_experiment, report, run};
use crate::support::world;

/// Names that would say something of their own in a header.
fn hostile() -> [String; 6] {
    [
        "a\"\r\nSet-Cookie: x=1".to_owned(),
        "非ascii".to_owned(),
        "con".to_owned(),
        "n".repeat(300),
        "x.exe\"; filename*=UTF-8''y.exe".to_owned(),
        "../../etc/passwd%0d%0aSet-Cookie:x".to_owned(),
    ]
}

#[tokio::test]
async fn t33_a_report_is_called_by_its_day_and_format_whatever_it_compares() {
    let organization = world().organization().await;
    let script = organization.script().await;
    for (at, name) in hostile().into_iter().enumerate() {
        // What can be no name of an experiment or a group is one of a value.
        let shown = if name.contains('\r') { "plain".to_owned() } else { format!("{at} {name}") };
        let id = new_experiment(&script, &shown).await;
        for value in [0.5, 0.6] {
            run(&script, &id, &shown.chars().take(250).collect::<String>(), OCTOBER, json!({ "p": name }), json!({ "acc": value })).await;
        }
        let encoded: String = name.bytes().map(|b| format!("%{b:02X}")).collect();
        let day = world().clock.now().format("%Y-%m-%d").to_string();
        for format in ["html", "md", "csv", "pdf"] {
            for query in
                [format!("e1={id}"), format!("e1={id}&metric={encoded}"), format!("e1={id}&{encoded}={encoded}"), format!("e1={id}&n1={encoded}")]
            {
                let answer = report(&script, &format!("format={format}&{query}")).await;
                let named = query.contains("n1=") && (name.contains('\r') || name.len() > 120);
                assert_eq!(answer.status, if named { 400 } else { 200 }, "{format} {name:.40?}: {}", answer.text());
                for (header, value) in &answer.headers {
                    let value = value.to_str().unwrap_or_else(|_| panic!("{header}: {value:?}"));
                    assert!(header != "set-cookie" && !value.contains("Set-Cookie") && !value.contains("passwd"), "{header}: {value}");
                }
                let called = answer.header("content-disposition");
                // The day may have ended since it was looked at.
                let today = world().clock.now().format("%Y-%m-%d").to_string();
                let expected = [&day, &today].map(|day| format!("attachment; filename=\"comparison-{day}.{format}\""));
                assert!(named && called.is_empty() || expected.iter().any(|own| own == called), "{format} {name:.40?}: {called}");
            }
        }
        let answer = report(&script, &format!("format={encoded}&e1={id}")).await;
        assert_eq!((answer.status, answer.header("content-disposition")), (400, ""), "{name:.40?}");
    }
}
