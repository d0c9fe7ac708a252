//! The server's rules for what is typed, as fields take them. The sentences are the server's own.

use shared::{field, key, provider, web_address};

/// A rule of the server: says what is wrong with a text.
pub type Rule = fn(&str) -> Result<(), String>;

fn plain<T>(checked: Result<T, field::Refused>) -> Result<(), String> {
    checked.map(drop).map_err(|refused| refused.0)
}

/// E-mail addresses.
pub fn email(text: &str) -> Result<(), String> {
    plain(field::Email::parse(text))
}

/// Names of people, organizations, tokens, projects, comparisons.
pub fn name(text: &str) -> Result<(), String> {
    plain(field::DisplayName::parse(text))
}

/// Names of experiments.
pub fn experiment_name(text: &str) -> Result<(), String> {
    plain(field::ExperimentName::parse(text))
}

/// Names of runs.
pub fn run_name(text: &str) -> Result<(), String> {
    plain(field::RunName::parse(text))
}

/// New passwords.
pub fn new_password(text: &str) -> Result<(), String> {
    plain(field::Password::choose(text))
}

/// Keys of tags.
pub fn key(text: &str) -> Result<(), String> {
    plain(key::check_key(text.trim()))
}

/// What is said in a discussion.
pub fn comment(text: &str) -> Result<(), String> {
    plain(field::CommentText::parse(text))
}

/// Domains of mail addresses, one a line.
pub fn mail_domains(text: &str) -> Result<(), String> {
    plain(field::MailDomain::list(field::MailDomain::split(text)))
}

/// Issuers of identity providers.
pub fn issuer(text: &str) -> Result<(), String> {
    plain(provider::issuer(text))
}

/// What a provider calls this application.
pub fn client_id(text: &str) -> Result<(), String> {
    plain(provider::client_id(text))
}

/// What the application proves itself with.
pub fn client_secret(text: &str) -> Result<(), String> {
    plain(provider::client_secret(text))
}

/// Claims that hold groups.
pub fn claim(text: &str) -> Result<(), String> {
    plain(provider::claim(text))
}

/// Groups and their roles, one a line.
pub fn group_roles(text: &str) -> Result<(), String> {
    plain(provider::pairs(text).and_then(provider::rules))
}

/// Addresses of web servers.
pub fn web_address(text: &str) -> Result<(), String> {
    plain(web_address::check(text))
}

/// Steps of a metric.
pub fn step(text: &str) -> Result<(), String> {
    text.trim().parse::<i64>().map(drop).map_err(|_| "The step is a whole number.".to_owned())
}

/// Passwords to sign in with, and other fields that only must not be empty.
pub fn filled(text: &str) -> Result<(), String> {
    if text.is_empty() { Err("Fill in this field.".to_owned()) } else { Ok(()) }
}
