//! The criteria of the stories that are there: each is in the name of a test that proves it, as `c5_1a`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A new story's criteria come here with it; from then on they never lose their tests.
const THERE: [&str; 17] = [
    "c5_1a", "c5_1b", "c5_1c", "c5_1d", "c5_2a", "c5_2b", "c5_2c", "c5_2d", "c5_3a", "c5_3b", "c5_3c", "c5_3d", "c7_1a", "c7_1b", "c7_1c", "c7_1d",
    "c7_3a",
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    let own = entries.filter(|path| path.file_name().is_some_and(|name| name != "node_modules"));
    own.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The names of a file's tests, one a line: functions after a test's attribute, functions that pytest calls, journeys of a browser.
fn names(file: &Path, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let named = |at: usize, line: &str| match file.extension().and_then(|ending| ending.to_str()) {
        Some("rs") => line.contains("fn ") && lines[..at].iter().rev().take_while(|line| line.starts_with("#[")).any(|line| line.ends_with("test]")),
        Some("py") => line.starts_with("def test_"),
        Some("mjs") => ["journey(", "test("].iter().any(|call| line.starts_with(call)),
        _ => false,
    };
    lines.iter().enumerate().filter(|(at, line)| named(*at, line)).map(|(_, line)| (*line).to_owned()).collect()
}

/// The criteria that a name has: `c`, the story's two numbers, the criterion's letter.
fn criteria(name: &str) -> BTreeSet<String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let pairs = parts.windows(2).filter(|pair| {
        let (story, letter) = pair[1].split_at(pair[1].len().saturating_sub(1));
        pair[0].strip_prefix('c').is_some_and(digits) && digits(story) && letter.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    pairs.map(|pair| pair.join("_")).collect()
}

#[test]
fn criteria_are_read_from_the_names_of_tests() {
    let text = "#[tokio::test]\nasync fn t9_c1_2a_x() {}\nfn c1_2b_helper() {}\n#[test]\n#[ignore]\nfn c10_2d_c3_1_y() {}\n";
    let found: BTreeSet<String> = names(Path::new("x.rs"), text).iter().flat_map(|name| criteria(name)).collect();
    assert_eq!(found, BTreeSet::from(["c1_2a".to_owned(), "c10_2d".to_owned()]));
    let journeys = names(Path::new("x.mjs"), "journey(\"c1_1a c1_1b x\", async () => {\nconst c1_1c = 1;\n");
    assert_eq!(journeys.iter().flat_map(|name| criteria(name)).collect::<Vec<_>>(), ["c1_1a", "c1_1b"]);
}

#[test]
fn every_criterion_that_is_there_has_a_test_with_its_id() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut found = BTreeSet::new();
    for folder in ["server", "shared", "app", "e2e"] {
        for file in files(&workspace.join(folder)).into_iter().filter(|file| !file.ends_with("criteria.rs")) {
            let Ok(text) = fs::read_to_string(&file) else { continue };
            found.extend(names(&file, &text).iter().flat_map(|name| criteria(name)));
        }
    }
    let there = BTreeSet::from(THERE.map(str::to_owned));
    let without: Vec<&String> = there.difference(&found).collect();
    assert!(without.is_empty(), "no test has these in its name: {without:?}");
    let unlisted: Vec<&String> = found.difference(&there).collect();
    assert!(unlisted.is_empty(), "tests name these, and the list does not: {unlisted:?}");
}
