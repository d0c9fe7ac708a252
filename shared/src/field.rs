//! Fields that are valid by construction. The web app shows the same message the server would.

use std::fmt;

use crate::{limits, spelling};

/// A value that breaks a rule, in words a person can act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

fn refuse<T>(message: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(message.into()))
}

/// An e-mail address in lower case. The rule is the shape people mean, not the whole of RFC 5322:
/// one `@`, a local part of printable ASCII without quotes, a domain with a dot or `localhost`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Trims and lower-cases.
    ///
    /// # Errors
    /// When the text is not of the shape `name@example.com`.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let text = text.trim();
        if text.is_empty() {
            return refuse("Enter an e-mail address.");
        }
        if text.len() > limits::EMAIL_MAX {
            return refuse("The e-mail address is longer than 254 characters.");
        }
        let shape = "Enter an e-mail address like name@example.com.";
        let Some((local, domain)) = text.split_once('@') else { return refuse(shape) };
        let local_ok = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b));
        let labels: Vec<&str> = domain.split('.').collect();
        let domain_ok = (labels.len() > 1 || domain == "localhost")
            && labels.iter().all(|label| {
                !label.is_empty()
                    && label.len() <= 63
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            });
        if local_ok && domain_ok { Ok(Self(text.to_ascii_lowercase())) } else { refuse(shape) }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The part of an e-mail address after the `@`, in lower case: `example.com`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MailDomain(String);

impl MailDomain {
    /// Trims, drops a leading `@` and lower-cases.
    ///
    /// # Errors
    /// When no e-mail address could end so.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let domain = text.trim().trim_start_matches('@').to_ascii_lowercase();
        match Email::parse(&format!("x@{domain}")) {
            Ok(_) => Ok(Self(domain)),
            Err(_) => refuse("Enter domains like example.com, one a line."),
        }
    }

    /// The domains in a text: one a line, or with commas or spaces between them.
    pub fn split(text: &str) -> impl Iterator<Item = &str> {
        text.split([',', ' ', '\r', '\n'])
    }

    /// Reads a list. Empty texts are none, and each domain is kept once.
    ///
    /// # Errors
    /// When one of them is no domain, or they are more than 100.
    pub fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<Self>, Refused> {
        let mut all: Vec<Self> = Vec::new();
        for text in texts.into_iter().filter(|text| !text.trim().is_empty()) {
            let domain = Self::parse(text)?;
            if !all.contains(&domain) {
                all.push(domain);
            }
        }
        if all.len() > limits::MAIL_DOMAINS_MAX {
            return refuse(format!("List at most {} domains.", limits::MAIL_DOMAINS_MAX));
        }
        Ok(all)
    }

    /// The domain.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name people read: of a person, an organization, a token, a project.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DisplayName(String);

impl DisplayName {
    /// Trims and composes (NFC), so that two spellings of one name are one name; keeps what was typed otherwise.
    ///
    /// # Errors
    /// When it is empty, longer than 120 characters, holds control or invisible characters, or a word in which a letter of another alphabet looks like a
    /// Latin one.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let text = spelling::composed(text.trim());
        if text.is_empty() {
            return refuse("Enter a name.");
        }
        if text.chars().count() > limits::NAME_MAX {
            return refuse("Use at most 120 characters.");
        }
        plain(&text)?;
        Ok(Self(text))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name of an experiment, as it was given: clients find experiments by it, so that spaces around it are part of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExperimentName(String);

impl ExperimentName {
    /// Composes (NFC) and keeps what was typed otherwise.
    ///
    /// # Errors
    /// When it is empty, longer than 500 characters, holds control or invisible characters, or a word in which a letter of another alphabet looks like a
    /// Latin one.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let text = spelling::composed(text);
        bounded(&text, limits::EXPERIMENT_NAME_MAX)?;
        plain(&text)?;
        Ok(Self(text))
    }

    /// The name.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// A name of a run, as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RunName(String);

impl RunName {
    /// Keeps what was typed.
    ///
    /// # Errors
    /// When it is empty, longer than 250 characters, or holds control characters.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        bounded(text, limits::RUN_NAME_MAX)?;
        if text.chars().any(char::is_control) { refuse("Remove the control characters from the name.") } else { Ok(Self(text.to_owned())) }
    }

    /// The name.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Refuses a name that hides characters or looks like another one.
fn plain(name: &str) -> Result<(), Refused> {
    if name.contains(spelling::is_invisible) {
        return refuse("Remove the control or invisible characters from the name.");
    }
    if spelling::deceives(name) {
        return refuse("Use letters of one alphabet in each word: one of them looks like a Latin letter and is none.");
    }
    Ok(())
}

fn bounded(name: &str, most: usize) -> Result<(), Refused> {
    if name.trim().is_empty() {
        return refuse("Enter a name.");
    }
    if name.chars().count() > most { refuse(format!("Use at most {most} characters.")) } else { Ok(()) }
}

/// What somebody says in a discussion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentText(String);

impl CommentText {
    /// Makes line ends plain, and drops empty lines before and spaces behind.
    ///
    /// # Errors
    /// When nothing is left, when it is longer than 10,000 characters, or holds control characters or such that turn its direction.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        // Counted before anything is copied: a megabyte costs no more than its length.
        if text.len() > limits::COMMENT_MAX * 4 || text.chars().count() > limits::COMMENT_MAX {
            return refuse(format!("A comment holds at most {} characters. Put longer texts into an artifact and link to it.", limits::COMMENT_MAX));
        }
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        if text.chars().any(|c| (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')) {
            return refuse("The text holds a control character. Remove it and try again.");
        }
        let text = text.trim_end().trim_start_matches('\n');
        if text.trim().is_empty() { refuse("Write something first.") } else { Ok(Self(text.to_owned())) }
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// The part of the address that names an organization: `northwind-risk`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slug(String);

impl Slug {
    /// Checks a slug that somebody typed.
    ///
    /// # Errors
    /// When it is not 2 to 40 lower-case letters, digits and single dashes, starting with a letter.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let bytes = text.as_bytes();
        let ok = (2..=40).contains(&bytes.len())
            && bytes[0].is_ascii_lowercase()
            && bytes[bytes.len() - 1] != b'-'
            && !text.contains("--")
            && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-');
        if ok { Ok(Self(text.to_owned())) } else { refuse("Use 2 to 40 lower-case letters, digits and single dashes, starting with a letter.") }
    }

    /// Makes a slug from a name: `Northwind Risk` becomes `northwind-risk`. `None` when the name
    /// has too few letters that can be used.
    pub fn from_name(name: &str) -> Option<Self> {
        let mut slug = String::new();
        for c in name.chars() {
            match c.to_ascii_lowercase() {
                c @ ('a'..='z' | '0'..='9') if slug.len() < 40 => slug.push(c),
                _ if !slug.is_empty() && !slug.ends_with('-') && slug.len() < 39 => slug.push('-'),
                _ => {}
            }
        }
        let slug = slug.trim_start_matches(|c: char| !c.is_ascii_lowercase()).trim_end_matches('-');
        Self::parse(slug).ok()
    }

    /// The slug.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A password somebody chose. It is never shown, logged or kept: only its hash is.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Checks a new password.
    ///
    /// # Errors
    /// When it is shorter than 12 characters, longer than 1,024 bytes, or one character repeated.
    pub fn choose(text: &str) -> Result<Self, Refused> {
        if text.chars().count() < limits::PASSWORD_MIN {
            return refuse("Use at least 12 characters.");
        }
        let first = text.chars().next();
        if text.chars().all(|c| Some(c) == first) {
            return refuse("Use more than one character repeated.");
        }
        Self::attempt(text)
    }

    /// Takes a password that somebody typed to sign in. Only its size is checked.
    ///
    /// # Errors
    /// When it is longer than 1,024 bytes.
    pub fn attempt(text: &str) -> Result<Self, Refused> {
        if text.len() > limits::PASSWORD_MAX_BYTES {
            return refuse("Use at most 1,024 bytes.");
        }
        Ok(Self(text.to_owned()))
    }

    /// The bytes to hash.
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Password(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_is_lower_case_and_of_the_usual_shape() {
        assert_eq!(Email::parse("  Ada@Example.COM ").map(|e| e.0), Ok("ada@example.com".into()));
        for wrong in ["", "ada", "@x.io", "ada@", "a@b@c.io", "ada@x", "a b@x.io", "a@x..io", "a@-x.io", "a\r\nbcc:x@y.io", "a@x.io\0"] {
            assert!(Email::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn t08_a_slug_never_carries_what_could_name_a_schema() {
        for wrong in ["t1\", public;--", "pg catalog", "$user", "../", "ABC", "é", "a", "-a", "a-", "a--b", "1a", &"a".repeat(41)] {
            assert!(Slug::parse(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(Slug::from_name("Northwind  Risk & Co.").map(|s| s.0), Some("northwind-risk-co".into()));
        assert_eq!(Slug::from_name("数据"), None);
    }

    #[test]
    fn t46_a_name_holds_no_deceptive_characters() {
        assert!(DisplayName::parse("Ærø 数据 O'Neill").is_ok());
        for wrong in ["", "   ", "a\u{0}b", "a\nb", "a\u{202E}b", "a\u{200B}b", "a\u{AD}b", "fr\u{430}ud", &"x".repeat(121)] {
            assert!(DisplayName::parse(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(DisplayName::parse("Rene\u{301}"), DisplayName::parse("Ren\u{e9}"));
    }

    #[test]
    fn t46_names_of_experiments_and_runs_are_bounded() {
        assert!(ExperimentName::parse(&"x".repeat(500)).is_ok() && RunName::parse(&"x".repeat(250)).is_ok());
        assert_eq!(RunName::parse(" as given ").map(RunName::into_string), Ok(" as given ".into()));
        for wrong in ["", "  ", "a\0b", "a\nb", "x\u{1b}]0;y", &"x".repeat(501)] {
            assert!(ExperimentName::parse(wrong).is_err() && RunName::parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(RunName::parse(&"x".repeat(251)).is_err());
        assert!(ExperimentName::parse("a\u{202E}b").is_err());
    }

    #[test]
    fn domains_are_listed_in_any_way() {
        let list = |text: &str| MailDomain::list(MailDomain::split(text)).map(|all| all.into_iter().map(|domain| domain.0).collect::<Vec<_>>());
        assert_eq!(list("@Example.com, b.example\r\nexample.com"), Ok(vec!["example.com".to_owned(), "b.example".to_owned()]));
        assert_eq!(list(" \n"), Ok(Vec::new()));
        assert!(list("example.com\nnot a domain").is_err());
        assert!(list(&(0..101).map(|at| format!("d{at}.example ")).collect::<String>()).is_err());
    }

    #[test]
    fn a_comment_says_something_within_bounds() {
        assert_eq!(CommentText::parse("\n\r\n a\r\nb \n").map(CommentText::into_string), Ok(" a\nb".into()));
        for wrong in ["", " \n", "a\u{202E}b", "a\u{7}b", &"x".repeat(10_001)] {
            assert!(CommentText::parse(wrong).is_err(), "{wrong:.20?}");
        }
    }

    #[test]
    fn t66_a_password_is_bounded() {
        assert!(Password::choose("correct horse battery").is_ok());
        assert!(Password::choose("short").is_err());
        assert!(Password::choose("aaaaaaaaaaaaaaaa").is_err());
        assert!(Password::attempt(&"x".repeat(1025)).is_err());
        assert_eq!(format!("{:?}", Password::attempt("secret").ok()), "Some(Password(hidden))");
    }
}
