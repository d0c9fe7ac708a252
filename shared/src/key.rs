//! Keys of params, metrics and tags: one rule for all of them.

use crate::field::Refused;

/// Longest key, in characters.
pub const KEY_MAX: usize = 250;

/// Checks a key: letters, digits and `_ - . : /` and spaces, and no path that a file system would read as another one, because keys may become
/// names of files.
///
/// # Errors
/// When the key breaks a rule; the message quotes it.
pub fn check_key(key: &str) -> Result<(), Refused> {
    let refuse = |why: &str| {
        let shown: String = key.chars().take(KEY_MAX).flat_map(char::escape_debug).collect();
        Err(Refused(format!("Invalid value \"{shown}\" for parameter 'key' supplied: {why}")))
    };
    if key.is_empty() {
        return refuse("A key name must be provided.");
    }
    if key.chars().count() > KEY_MAX {
        return refuse("It exceeds the maximum length of 250 characters.");
    }
    if !key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/' | ' ')) {
        return refuse("Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).");
    }
    if key.starts_with("..") || key.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return refuse("Names may be treated as files in certain cases, and must not resolve to other names when treated as such.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t37_keys_follow_mlflows_rule() {
        for key in ["a", "val/loss", "a b.c-d:e_f", "größe", "数据", "a/..b", "mlflow.runName", &"k".repeat(250)] {
            assert!(check_key(key).is_ok(), "{key}");
        }
        for key in [
            "",
            ".",
            "..",
            "...",
            "/a",
            "a/",
            "a//b",
            "a/./b",
            "a/../b",
            "a'b",
            "a\"b",
            "a`b",
            "a\0b",
            "a\nb",
            "a\u{202E}b",
            "a\u{200B}b",
            "a;b",
            "a%b",
            &"k".repeat(251),
            &"k".repeat(10_240),
        ] {
            assert!(check_key(key).is_err(), "{key:.20}");
        }
    }
}
