//! The commands that run a run again, as a script for `sh`.

use super::{Facts, Files, Gap};
use crate::features::{
    artifacts::{Artifact, location::url as address},
    datasets::Input,
};

/// Most names that one sentence lists.
const NAMED: usize = 5;
/// What a secret in a command was replaced by.
const HIDDEN: &str = "***";

/// What is known of a run that somebody wants to run again.
#[derive(Clone, Debug, Default)]
pub struct Recipe {
    /// As MLflow shows it.
    pub run: String,
    pub name: String,
    /// As MLflow shows it.
    pub experiment: String,
    pub facts: Facts,
    /// `None`: the reader may not see artifacts.
    pub files: Option<Files>,
    /// In the order they were logged.
    pub inputs: Vec<Input>,
    pub params: Vec<(String, String)>,
    /// The address of this server, without a slash at its end.
    pub site: String,
}

/// A text as one word of the shell, whatever is in it.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', "'\\''"))
}

/// A text that stays in its line and shows as it reads, for a comment.
fn plain(text: &str) -> String {
    let odd = |c: char| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    text.chars().map(|c| if odd(c) { '\u{fffd}' } else { c }).take(200).collect()
}

/// Where a dataset can be had again.
enum Source<'a> {
    Web(&'a str),
    /// An address that MLflow's own client knows how to read.
    Store(&'a str),
    /// A path of the machine that the run was on.
    Local(&'a str),
    /// The code made it.
    Code,
}

fn source<'a>(input: &Input, held: &'a serde_json::Value) -> Source<'a> {
    let found = ["url", "uri", "path"].into_iter().find_map(|key| held[key].as_str()).filter(|text| !text.is_empty());
    match found {
        Some(url) if url.starts_with("https://") || url.starts_with("http://") => Source::Web(url),
        Some(file) if file.starts_with("file:") || input.source_type == "local" => Source::Local(file),
        Some(uri) if uri.contains(":/") => Source::Store(uri),
        Some(path) => Source::Local(path),
        None => Source::Code,
    }
}

/// A file's name that is one on every machine: what a dataset is called may be anything.
fn file_name(place: usize, name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).take(60).collect();
    format!("{place}-{}", name.trim_start_matches('.'))
}

/// Commands that download an artifact, and refuse it when it is not what was logged.
fn fetch(site: &str, file: &Artifact, to: &str) -> String {
    let digest = file.file.map(|facts| facts.digest.to_string()).unwrap_or_default();
    format!("fetch {} {} {}", quote(&format!("{site}{}", address(file.owner, &file.path))), quote(to), quote(&digest))
}

const HEAD: &str = r#"set -eu
: "${MLFLOW_TRACKING_TOKEN:?Set it to an API token of yours}"
export MLFLOW_TRACKING_TOKEN

# Downloads what was logged, and goes on only if it is what was logged: address, file, SHA-256.
fetch() {
  printf 'Authorization: Bearer %s\n' "$MLFLOW_TRACKING_TOKEN" | curl -fsS -H @- -o "$2" -- "$1"
  if command -v sha256sum > /dev/null; then sum=$(sha256sum < "$2"); else sum=$(shasum -a 256 < "$2"); fi
  if [ "${sum%% *}" != "$3" ]; then echo "$2 is not what the run logged." >&2; exit 1; fi
}
"#;

/// The script: into a new folder go the code, its changes, the packages and the data; then the command runs, and logs to a new run that is tagged with the
/// one it reproduces.
pub fn script(recipe: &Recipe) -> String {
    let Recipe { run, name, experiment, facts, site, .. } = recipe;
    let mut out = vec![
        "#!/bin/sh".to_owned(),
        format!("# Runs {} again: {}/runs/{run}", plain(name), plain(site)),
        "# Read it before you run it: it runs the code of that run, with your rights.".to_owned(),
    ];
    out.extend(gaps(recipe).into_iter().map(|gap| format!("# Missing: {}", plain(&gap.what))));
    out.push(HEAD.to_owned());
    let context = serde_json::json!({ "assay.reproduces": run }).to_string();
    out.push(format!("export MLFLOW_TRACKING_URI={}", quote(site)));
    out.push(format!("export MLFLOW_EXPERIMENT_ID={}", quote(experiment)));
    out.push(format!("export MLFLOW_RUN_CONTEXT={}", quote(&context)));
    let start: String = run.chars().take(12).filter(char::is_ascii_alphanumeric).collect();
    let folder = quote(&format!("reproduce-{start}"));
    out.push(format!("mkdir {folder}\ncd {folder}\nhere=$PWD\n"));
    code(&mut out, recipe);
    environment(&mut out, recipe);
    data(&mut out, recipe);
    command(&mut out, facts, &recipe.params);
    out.join("\n") + "\n"
}

fn code(out: &mut Vec<String>, recipe: &Recipe) {
    let facts = &recipe.facts;
    out.push("# The code".to_owned());
    match (&facts.remote, &facts.commit) {
        (Some(remote), Some(commit)) => {
            out.push(format!("GIT_ALLOW_PROTOCOL=file:git:http:https:ssh git clone --quiet --no-checkout -- {} code", quote(remote)));
            out.push(format!("git -C code -c advice.detachedHead=false checkout --quiet --detach {}", quote(commit)));
        }
        _ => {
            out.push(": \"${REPRODUCE_CODE:?Set it to a folder with the code of this run: where it is kept is not known}\"".to_owned());
            out.push("cp -R -- \"$REPRODUCE_CODE\" code".to_owned());
        }
    }
    if let Some(diff) = recipe.files.as_ref().and_then(|files| files.diff.as_ref()) {
        out.push(fetch(&recipe.site, diff, "uncommitted.diff"));
        out.push("git -C code apply --whitespace=nowarn ../uncommitted.diff".to_owned());
    }
    out.push(String::new());
}

fn environment(out: &mut Vec<String>, recipe: &Recipe) {
    out.push("# Its packages; REPRODUCE_PYTHON names a Python that has them already".to_owned());
    let version = recipe.facts.python_version().unwrap_or("3");
    let short = version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    out.push(format!(
        "if [ -n \"${{REPRODUCE_PYTHON:-}}\" ]; then\n  python=$REPRODUCE_PYTHON\nelse\n  if command -v uv > /dev/null; then\n    uv venv --quiet --seed --python {} environment\n  else\n    found=$(command -v python{short} || command -v python3)\n    \"$found\" -m venv environment\n  fi\n  python=$here/environment/bin/python",
        quote(version)
    ));
    match recipe.files.as_ref().and_then(|files| files.lock.as_ref().map(|lock| (lock, files.lock_is_whole))) {
        // All packages are named, so that none has to be looked for.
        Some((lock, whole)) => {
            out.push(format!("  {}", fetch(&recipe.site, lock, "requirements.txt")));
            out.push(format!(
                "  \"$python\" -m pip install --quiet --disable-pip-version-check {}-r requirements.txt",
                if whole { "--no-deps " } else { "" }
            ));
        }
        None => out.push("  \"$python\" -m pip install --quiet --disable-pip-version-check mlflow".to_owned()),
    }
    out.push("fi".to_owned());
    if recipe.facts.captured {
        out.push("# The module that logged all this; one that is in the code comes first".to_owned());
        out.push("mkdir support".to_owned());
        out.push(format!("curl -fsS -o support/assay_environment.py -- {}", quote(&format!("{}/assay_environment.py", recipe.site))));
        out.push("export PYTHONPATH=\"$here/support${PYTHONPATH:+:$PYTHONPATH}\"".to_owned());
    }
    out.push(String::new());
}

fn data(out: &mut Vec<String>, recipe: &Recipe) {
    let mut lines = Vec::new();
    for (place, input) in recipe.inputs.iter().enumerate() {
        let held = serde_json::from_str(&input.source).unwrap_or(serde_json::Value::Null);
        let about = plain(&format!("{} ({})", input.name, input.digest));
        match source(input, &held) {
            Source::Web(url) => {
                let to = quote(&format!("inputs/{}", file_name(place + 1, &input.name)));
                lines.push(format!("# {about}\ncurl -fsSL --proto =http,https -o {to} -- {}", quote(url)));
            }
            Source::Store(uri) => {
                let to = quote(&format!("inputs/{}", file_name(place + 1, &input.name)));
                lines.push(format!("# {about}\nmkdir {to}\n\"$python\" -m mlflow artifacts download --artifact-uri={} --dst-path {to}", quote(uri)));
            }
            Source::Local(path) => lines.push(format!("# {about} was read from {}", plain(path))),
            Source::Code => lines.push(format!("# {about} is made by the code")),
        }
    }
    if !lines.is_empty() {
        out.push("# Its data".to_owned());
        out.push("mkdir inputs".to_owned());
        out.extend(lines);
        out.push(String::new());
    }
}

fn command(out: &mut Vec<String>, facts: &Facts, params: &[(String, String)]) {
    out.push("# The command".to_owned());
    out.push(match facts.folder() {
        Some(".") | None => "cd code".to_owned(),
        Some(folder) => format!("cd -- {}", quote(&format!("code/{folder}"))),
    });
    if !facts.command.is_empty() {
        let words: Vec<String> = facts.command.iter().map(|word| quote(word)).collect();
        out.push(format!("exec \"$python\" {}", words.join(" ")));
        return;
    }
    out.push("# The run logged these params:".to_owned());
    out.extend(params.iter().map(|(key, value)| format!("#   {} = {}", plain(key), plain(value))));
    match script_of(facts) {
        Some(script) => out.push(format!("exec \"$python\" {} \"$@\"", quote(script))),
        None => out.push("echo 'Which command ran is not known: run it in the folder code.' >&2\nexit 1".to_owned()),
    }
}

/// The script that a client without [`super::MODULE`] names: by its file's name, as its folder is one of another machine.
fn script_of(facts: &Facts) -> Option<&str> {
    facts.entry.as_deref()?.rsplit(['/', '\\']).next().filter(|name| name.ends_with(".py") && !name.starts_with('-'))
}

/// What is missing to run it again exactly, the gravest first.
pub fn gaps(recipe: &Recipe) -> Vec<Gap> {
    let facts = &recipe.facts;
    let mut gaps = Vec::new();
    let mut gap = |missing: bool, what: String, how: &str| {
        if missing {
            gaps.push(Gap { what, how: how.to_owned() });
        }
    };
    let capture = "Call assay_environment.capture() in the training.";
    gap(
        facts.commit.is_none() || facts.remote.is_none(),
        "The code: the run names no commit, or no repository to clone it from.".into(),
        "Keep the code in a Git repository with a remote, and call assay_environment.capture() in the training.",
    );
    let short: String = facts.commit.iter().flat_map(|commit| commit.chars().take(8)).collect();
    gap(
        facts.pushed == Some(false),
        format!("The commit {short}: no branch of the remote held it when the run began."),
        "Push before the run begins.",
    );
    match &recipe.files {
        None => {
            gap(true, "The packages and what was not committed: your role does not show artifacts.".into(), "Ask somebody who may read artifacts.")
        }
        Some(files) => {
            let changed = facts.dirty == Some(true) && files.diff.is_none();
            let size = facts.diff_left_out.map(|bytes| format!(" ({bytes} bytes)")).unwrap_or_default();
            gap(
                changed,
                format!("What was not committed: files had changed, and how was not logged{size}."),
                "Commit before the run begins, or keep the changes below 1 MB.",
            );
            gap(files.lock.is_none(), "The packages: their versions were not logged.".into(), capture);
            gap(
                files.lock.is_some() && !files.lock_is_whole,
                "Most of the packages: only those that the logged model needs are known.".into(),
                capture,
            );
        }
    }
    gap(!facts.captured && facts.commit.is_some(), "Whether anything had changed since the commit.".into(), capture);
    gap(
        facts.command.is_empty(),
        "The command with its arguments.".into(),
        "Run a script instead of a notebook, and call assay_environment.capture() in it.",
    );
    let outside = facts.command.first().is_some_and(|word| word.starts_with('/'));
    gap(outside, "The script: it lies outside the repository.".into(), "Keep the script in the repository.");
    let hidden = facts.command.iter().any(|word| word.contains(HIDDEN));
    gap(hidden, "An argument of the command that looked like a secret: it reads *** here.".into(), "Hand secrets over in environment variables.");
    gap(
        facts.directory.is_some() && facts.folder().is_none(),
        "The folder of the command: it lies outside the repository.".into(),
        "Run the command in the repository.",
    );
    gap(facts.python_version().is_none(), "Python's version.".into(), capture);
    gap(
        facts.conda,
        "Packages that are not Python's: the environment was made by conda, and only Python's packages are listed.".into(),
        "Log `conda list --explicit` as an artifact.",
    );
    gap(
        !facts.untracked.is_empty(),
        format!("Files that are not in Git: {}.", listed(&facts.untracked)),
        "Add them to the repository, or to .gitignore if the run does not need them.",
    );
    let local: Vec<String> = recipe
        .inputs
        .iter()
        .filter(|input| matches!(source(input, &serde_json::from_str(&input.source).unwrap_or_default()), Source::Local(_)))
        .map(|input| input.name.clone())
        .collect();
    gap(
        !local.is_empty(),
        format!("Data that lies on the run's own machine: {}.", listed(&local)),
        "Log datasets with a source that others can read.",
    );
    gaps
}

fn listed(names: &[String]) -> String {
    let mut shown: Vec<String> = names.iter().take(NAMED).map(|name| plain(name)).collect();
    if names.len() > NAMED {
        shown.push(format!("{} more", names.len() - NAMED));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts that a shell would take for more than text.
    const HOSTILE: [&str; 8] = [
        "$(touch pwned)",
        "`touch pwned`",
        "'; touch pwned; '",
        "\\'; touch pwned #",
        "a\ntouch pwned\n",
        "\"; touch pwned; \"",
        "${IFS}touch",
        "-rf ~",
    ];

    /// What `sh` makes of a text's words.
    fn words(text: &str) -> Vec<String> {
        let done = std::process::Command::new("sh").arg("-c").arg(format!("printf '%s\\0' {text}")).output().unwrap();
        assert!(done.status.success(), "{text}");
        String::from_utf8(done.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect()
    }

    #[test]
    fn whatever_is_quoted_is_one_word() {
        for text in HOSTILE.into_iter().chain(["", " ", "é\u{202e}x", "'", "''", "\\"]) {
            assert_eq!(words(&quote(text)), [text], "{text:?}");
        }
    }

    #[test]
    fn a_comment_stays_in_its_line() {
        for text in HOSTILE.into_iter().chain(["a\rb", "a\u{2028}b", "\u{1b}[2J", "a\u{202e}b"]) {
            assert!(!plain(text).contains(['\n', '\r', '\u{2028}', '\u{1b}', '\u{202e}']), "{text:?}");
        }
    }

    #[test]
    fn a_datasets_file_has_a_harmless_name() {
        assert_eq!(file_name(1, "../../etc/passwd"), "1-_.._etc_passwd");
        assert_eq!(file_name(2, "-rf ~"), "2--rf__");
    }
}
