//! Typed, prefixed ids: `run_0190…` outside, a UUIDv7 inside. Two kinds of id cannot be confused.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text was not an id of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidId {
    /// The prefix that was expected.
    pub expected: &'static str,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "expected an id like {}_ and 32 hexadecimal characters", self.expected)
    }
}

impl std::error::Error for InvalidId {}

/// Reads `prefix_<32 hex>`, and the bare 32 hexadecimal characters that the MLflow protocol shows.
fn parse(prefix: &'static str, text: &str) -> Result<Uuid, InvalidId> {
    let invalid = InvalidId { expected: prefix };
    let hex = match text.strip_prefix(prefix) {
        Some(rest) => rest.strip_prefix('_').ok_or(invalid.clone())?,
        None => text,
    };
    if hex.len() != 32 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(invalid);
    }
    Uuid::try_parse(hex).map_err(|_| invalid)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// The prefix before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a UUID that is known to be of this kind (read from its own table, or fresh).
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The UUID inside.
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// 32 lower-case hexadecimal characters, as the MLflow protocol shows ids.
            pub fn hex(self) -> String {
                self.0.simple().to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{}_{}", $prefix, self.0.simple())
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse($prefix, text).map(Self)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }
    )*};
}

ids! {
    /// A tenant: a customer organization.
    TenantId = "org";
    /// A person, who may be a member of several organizations.
    PersonId = "per";
    /// A person's membership of one organization.
    MemberId = "mem";
    /// A group of an organization's directory.
    ScimGroupId = "grp";
    /// An invitation to an organization.
    InvitationId = "inv";
    /// A browser session.
    SessionId = "ses";
    /// A personal API token.
    TokenId = "tok";
    /// A token by which a job logs to one run.
    JobTokenId = "jtk";
    /// A link that shows one thing to whoever has it.
    LinkId = "lnk";
    /// Leave for the operator's support to look into an organization.
    SupportGrantId = "sup";
    /// A project inside an organization (MLflow's workspace).
    ProjectId = "prj";
    /// An experiment.
    ExperimentId = "exp";
    /// A run.
    RunId = "run";
    /// A dataset that a run used.
    DatasetId = "dat";
    /// A logged model. The MLflow protocol shows it as `m-` and 32 hexadecimal characters.
    LoggedModelId = "mdl";
    /// A registered model.
    RegisteredModelId = "reg";
    /// A run that others are started from.
    TemplateId = "tpl";
    /// A saved comparison.
    ComparisonId = "cmp";
    /// An import of another tracking server.
    ImportId = "imp";
    /// An export of the whole organization.
    ExportId = "xpt";
    /// A thread of comments.
    ThreadId = "thr";
    /// A comment.
    CommentId = "com";
    /// Something a member was told.
    NotificationId = "ntf";
    /// A background job.
    JobId = "job";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_in_both_spellings_and_refuses_other_kinds() {
        let id = RunId::from_uuid(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.hex().parse(), Ok(id));
        assert!(id.to_string().parse::<ExperimentId>().is_err());
        for wrong in ["", "run_", "run_zz", "run0190", "run_0190-0000", "../../etc/passwd", "run_\u{0}"] {
            assert!(wrong.parse::<RunId>().is_err(), "{wrong:?}");
        }
    }
}
