//! What is known of a run's environment: read from its tags, which clients write as they like.

/// The prefix of tags that [`super::MODULE`] writes.
const OWN: &str = "assay.environment";
/// Longest text that is taken over, in characters.
const TEXT_MAX: usize = 2_000;

/// What a run ran in. Nothing of it is checked by anybody; `None` and empty: not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whether the run logged its environment, and did not only send what the MLflow client sends by itself.
    pub captured: bool,
    /// 40 or 64 hexadecimal characters.
    pub commit: Option<String>,
    pub branch: Option<String>,
    pub remote: Option<String>,
    /// Whether files that Git tracks were changed.
    pub dirty: Option<bool>,
    /// Whether a branch of a remote held the commit.
    pub pushed: Option<bool>,
    /// Files that Git did not track.
    pub untracked: Vec<String>,
    /// Bytes of a diff that was not logged.
    pub diff_left_out: Option<u64>,
    /// What Python was given: the script or module and its arguments.
    pub command: Vec<String>,
    /// The command's folder, from the root of the repository.
    pub directory: Option<String>,
    /// What the client calls the source: the script's path as a rule.
    pub entry: Option<String>,
    pub python: Option<String>,
    pub conda: bool,
    pub os: Option<String>,
    pub cpu: Option<String>,
    /// Bytes.
    pub memory: Option<i64>,
    pub gpus: Vec<String>,
}

impl Facts {
    /// Reads them from tags.
    pub fn of(tags: &[(String, String)]) -> Self {
        let tag = |key: &str| tags.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_str()).filter(|value| !value.trim().is_empty());
        let text = |key: &str| tag(key).map(|value| value.trim().chars().take(TEXT_MAX).collect::<String>());
        let own = |name: &str| tag(&format!("{OWN}.{name}"));
        let own_text = |name: &str| text(&format!("{OWN}.{name}"));
        let yes = |name: &str| own(name).and_then(|value| value.parse::<bool>().ok());
        let list = |name: &str| own(name).and_then(|value| serde_json::from_str::<Vec<String>>(value).ok()).unwrap_or_default();
        Self {
            captured: tag(OWN).is_some(),
            commit: text("mlflow.source.git.commit").map(|commit| commit.to_lowercase()).filter(|commit| is_commit(commit)),
            branch: text("mlflow.source.git.branch"),
            remote: text("mlflow.source.git.repoURL"),
            dirty: yes("dirty"),
            pushed: yes("pushed"),
            untracked: list("untracked"),
            diff_left_out: own("diff_left_out").and_then(|bytes| bytes.parse().ok()),
            command: list("command"),
            directory: own_text("directory"),
            entry: text("mlflow.source.name"),
            python: own_text("python"),
            conda: yes("conda").unwrap_or(false),
            os: own_text("os"),
            cpu: own_text("cpu"),
            memory: own("memory").and_then(|bytes| bytes.parse().ok()).filter(|bytes| *bytes > 0),
            gpus: list("gpu"),
        }
    }

    /// The command's folder, if it lies in the repository.
    pub fn folder(&self) -> Option<&str> {
        let folder = self.directory.as_deref()?;
        let inside = !folder.starts_with(['/', '\\', '~', '-']) && !folder.contains('\0') && folder.split(['/', '\\']).all(|part| part != "..");
        inside.then_some(folder)
    }

    /// Python's version, if it is one.
    pub fn python_version(&self) -> Option<&str> {
        let version = self.python.as_deref()?;
        let numbers = version.split('.').count() >= 2 && version.len() <= 20;
        let plain = version.starts_with(|c: char| c.is_ascii_digit()) && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
        (numbers && plain).then_some(version)
    }
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Something without which a run is not reproduced exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What is missing.
    pub what: String,
    /// How it is there the next time.
    pub how: String,
}

/// A package of a lock file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    pub name: String,
    /// Empty: not pinned. Else the version, or where it came from.
    pub version: String,
}

/// The packages of a file that pip reads, in its order.
pub fn packages(text: &str) -> Vec<Package> {
    let line = |line: &str| {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with(['#', '-']) {
            return None;
        }
        let (name, version) = line.split_once("==").or_else(|| line.split_once(" @ ")).unwrap_or((line, ""));
        Some(Package { name: name.trim().to_owned(), version: version.trim().to_owned() })
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(pairs: &[(&str, &str)]) -> Facts {
        Facts::of(&pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_no_commit_folder_or_version_is_none() {
        for bad in ["HEAD", "--upload-pack=x", "$(rm -rf ~)", &"g".repeat(40), &"a".repeat(39)] {
            assert_eq!(facts(&[("mlflow.source.git.commit", bad)]).commit, None, "{bad}");
        }
        assert_eq!(facts(&[("mlflow.source.git.commit", &"A".repeat(40))]).commit, Some("a".repeat(40)));
        for (folder, inside) in [(".", true), ("a/b", true), ("..", false), ("a/../..", false), ("/etc", false), ("~root", false), ("-P", false)] {
            assert_eq!(facts(&[("assay.environment.directory", folder)]).folder().is_some(), inside, "{folder}");
        }
        for (version, good) in [("3.11.2", true), ("3.13.0rc1", true), ("3", false), ("3.1;x", false), ("$(x).1", false), ("-3.1", false)] {
            assert_eq!(facts(&[("assay.environment.python", version)]).python_version().is_some(), good, "{version}");
        }
    }

    #[test]
    fn lists_are_read_and_anything_else_is_none() {
        assert_eq!(facts(&[("assay.environment.command", "[\"train.py\", \"--rate\", \"0.1\"]")]).command, ["train.py", "--rate", "0.1"]);
        for bad in ["train.py", "{}", "[1]", "[[]]", ""] {
            assert!(facts(&[("assay.environment.command", bad)]).command.is_empty(), "{bad}");
        }
    }

    #[test]
    fn packages_are_names_and_versions() {
        let found = packages("# Python 3.11.2\n\nmlflow==3.17.2\nnumpy\n-e .\nmine @ git+https://example.com/x@abc\nskops==0.1 # why\n");
        let pairs: Vec<(&str, &str)> = found.iter().map(|package| (package.name.as_str(), package.version.as_str())).collect();
        assert_eq!(pairs, [("mlflow", "3.17.2"), ("numpy", ""), ("mine", "git+https://example.com/x@abc"), ("skops", "0.1")]);
    }
}
