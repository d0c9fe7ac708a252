//! The one error type of the product: a code from the closed list, a sentence that may be shown,
//! and a cause that only the log sees.

use std::{borrow::Cow, error::Error, fmt};

use shared::ErrorCode;
use uuid::Uuid;

/// The sentence shown for every defect of ours.
pub const INTERNAL_MESSAGE: &str = "Something went wrong on our side. Nothing was changed.";
/// The sentence shown while the database is away.
pub const UNAVAILABLE_MESSAGE: &str = "The service cannot reach its database right now. Nothing was changed; try again shortly.";

/// What is said of, and known by, a transaction under which rights were changed.
pub const OVERTAKEN: &str = "What may be done here was changed while this was under way. Nothing of it was kept; try again.";

/// The sentence shown where a statement of somebody who waits took too long. It stands in the error of the database, whose own words are told nobody.
pub const TOO_LONG: &str =
    "This takes longer than a search may, and was given up. Narrow it: a filter that finds less, a shorter period, fewer experiments.";

/// What a request named by its id that is absent, or another organization's: the two are told apart nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Missing {
    /// The noun of audit entries: `run`.
    pub kind: &'static str,
    pub id: String,
}

/// Why something was not done.
#[derive(Clone)]
pub struct Fault {
    code: ErrorCode,
    message: Cow<'static, str>,
    field: Option<&'static str>,
    reference: Option<Uuid>,
    missing: Option<Box<Missing>>,
    damaged: Option<Box<str>>,
    barred: bool,
    overtaken: bool,
}

impl Fault {
    /// A fault with a message that may be shown.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), field: None, reference: None, missing: None, damaged: None, barred: false, overtaken: false }
    }

    /// A value breaks a rule. `field` names the input as the API spells it.
    pub fn invalid(field: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field), ..Self::new(ErrorCode::Invalid, message) }
    }

    /// The subject of an id is absent or not visible to the caller. `kind` is the noun of audit entries: `run`.
    pub fn not_found(kind: &'static str, id: impl fmt::Display) -> Self {
        let (first, rest) = kind.split_at(1);
        let message = format!("{}{} {id} was not found.", first.to_uppercase(), rest.replace('_', " "));
        Self::missing(kind, id, message)
    }

    /// The same in other words. Edges enter the attempt into the audit log: ids are not guessed by accident. What is asked for by a name may well be absent,
    /// and is [`Fault::new`].
    pub fn missing(kind: &'static str, id: impl fmt::Display, message: impl Into<Cow<'static, str>>) -> Self {
        Self { missing: Some(Box::new(Missing { kind, id: id.to_string() })), ..Self::new(ErrorCode::NotFound, message) }
    }

    /// What is stored under a digest does not have it any more. Edges enter it into the audit log: an owner must hear of it without reading ours.
    pub fn damaged(digest: impl fmt::Display) -> Self {
        const MESSAGE: &str = "The stored bytes no longer match their digest; they are not served.";
        Self { damaged: Some(digest.to_string().into()), ..Self::new(ErrorCode::IntegrityError, MESSAGE) }
    }

    /// The caller may not do this.
    pub fn forbidden(what: impl fmt::Display) -> Self {
        Self::new(ErrorCode::Forbidden, format!("Your role does not include {what}. Ask an owner or admin of the organization."))
    }

    /// The caller may do this elsewhere, but not in the project it is about.
    pub fn barred() -> Self {
        const MESSAGE: &str =
            "Your role in this project does not include that. Ask whoever shares the project, or an owner or admin of the organization.";
        Self { barred: true, ..Self::new(ErrorCode::Forbidden, MESSAGE) }
    }

    /// Rights changed while something was done with those of before.
    fn overtaken() -> Self {
        Self { overtaken: true, ..Self::new(ErrorCode::Unavailable, OVERTAKEN) }
    }

    /// No valid credential.
    pub fn unauthenticated() -> Self {
        Self::new(ErrorCode::Unauthenticated, "Sign in, or send a valid API token.")
    }

    /// The request contradicts the present state.
    pub fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::Conflict, message)
    }

    /// A defect of ours: the cause goes to the log with a reference, the caller sees the reference.
    pub fn internal(cause: impl fmt::Display) -> Self {
        let reference = Uuid::new_v4();
        tracing::error!(%reference, %cause, "internal error");
        Self { reference: Some(reference), ..Self::new(ErrorCode::Internal, INTERNAL_MESSAGE) }
    }

    /// A dependency is away.
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        let reference = Uuid::new_v4();
        tracing::warn!(%reference, %cause, "dependency unavailable");
        Self { reference: Some(reference), ..Self::new(ErrorCode::Unavailable, UNAVAILABLE_MESSAGE) }
    }

    /// The code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The sentence that may be shown.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The input that is to blame, if one is.
    pub fn field(&self) -> Option<&'static str> {
        self.field
    }

    /// Whether a project was in the way, not what the caller may do in general.
    pub fn is_barred(&self) -> bool {
        self.barred
    }

    /// Whether what may be done was changed while this was under way: nothing of it was kept, and asked again it is decided by what holds now.
    pub fn is_overtaken(&self) -> bool {
        self.overtaken
    }

    /// What was named by an id and not found.
    pub fn what_is_missing(&self) -> Option<&Missing> {
        self.missing.as_deref()
    }

    /// The digest of the file that is damaged.
    pub fn what_is_damaged(&self) -> Option<&str> {
        self.damaged.as_deref()
    }

    /// Finds the cause in the log; present on internal errors and outages.
    pub fn reference(&self) -> Option<String> {
        self.reference.map(|reference| reference.simple().to_string())
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.code.as_str(), self.message)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl Error for Fault {}

impl From<shared::ids::InvalidId> for Fault {
    fn from(error: shared::ids::InvalidId) -> Self {
        Self::new(ErrorCode::NotFound, format!("Not found: {error}."))
    }
}

impl From<sea_orm::DbErr> for Fault {
    fn from(error: sea_orm::DbErr) -> Self {
        use sea_orm::{DbErr, RuntimeErr};
        match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::unavailable(error),
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) if is_outage(cause) => Self::unavailable(error),
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) if is_overtaken(cause) => Self::overtaken(),
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) if is_barred(cause) => Self::barred(),
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) if is_no_expression(cause) => {
                Self::invalid("filter", "Invalid filter: a pattern of RLIKE is no regular expression, or too complex.")
            }
            DbErr::Custom(text) if text == OVERTAKEN => Self::overtaken(),
            DbErr::Custom(text) if text == TOO_LONG => Self::new(ErrorCode::LimitExceeded, TOO_LONG),
            _ => Self::internal(error),
        }
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        if is_outage(&error) { Self::unavailable(error) } else { Self::internal(error) }
    }
}

/// Whether the statement failed because the database went away or refused it for want of time,
/// not because it was wrong. (SQLSTATE classes 08, 53, 57, and 55P03, 40001, 40P01.)
fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| matches!(&code[..2], "08" | "53" | "57") || matches!(&*code, "55P03" | "40001" | "40P01"))
        }
        _ => false,
    }
}

/// Whether an act was refused its entry because what may be done changed under it. (`audit_append` raises it.)
fn is_overtaken(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "AS001")
}

/// Whether a regular expression is none that the database can compile. (SQLSTATE 2201B; those of the product's own statements are.)
fn is_no_expression(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "2201B")
}

/// Whether a row was refused because it belongs to a project that the transaction may not write in. (SQLSTATE 42501; Postgres names the policy.)
fn is_barred(error: &sqlx::Error) -> bool {
    let told =
        |error: &dyn sqlx::error::DatabaseError| error.code().is_some_and(|code| code == "42501") && error.message().contains("policy \"project_");
    error.as_database_error().is_some_and(told)
}

/// The name of the constraint that a statement broke, for repos that map it to a typed error.
pub fn broken_constraint(error: &sea_orm::DbErr) -> Option<String> {
    use sea_orm::{DbErr, RuntimeErr};
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
            cause.as_database_error()?.constraint().map(str::to_owned)
        }
        _ => None,
    }
}
