//! The closed list of codes that may leave the process. Every error a client sees carries one.

use serde::{Deserialize, Serialize};

/// Why a request was not carried out. Serialised as `SCREAMING_SNAKE_CASE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// No credential, or one that is unknown, expired or revoked.
    Unauthenticated,
    /// The actor may see the subject but not do this to it.
    Forbidden,
    /// Absent, or not visible to this actor: the two look the same.
    NotFound,
    /// A value breaks a rule; the message says which and how.
    Invalid,
    /// The request contradicts the present state.
    Conflict,
    /// The name is taken.
    AlreadyExists,
    /// A query is larger, deeper or wider than the documented limits.
    LimitExceeded,
    /// Too many attempts; try again later.
    TooManyRequests,
    /// The body is larger than the documented limit.
    PayloadTooLarge,
    /// What the organization may store is full.
    StorageFull,
    /// The body came too slowly, or stopped coming.
    TooSlow,
    /// The body is not what its declared digest says.
    DigestMismatch,
    /// The verb does not exist on this path.
    MethodNotAllowed,
    /// The content type is not one this endpoint reads.
    UnsupportedMediaType,
    /// Stored bytes no longer match their digest.
    IntegrityError,
    /// Not offered by this server.
    NotImplemented,
    /// A dependency is away; nothing was changed.
    Unavailable,
    /// A defect of ours. The message is one fixed sentence; the cause is in the log.
    Internal,
}

impl ErrorCode {
    /// The code as it stands in bodies and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::Invalid => "INVALID",
            Self::Conflict => "CONFLICT",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::TooManyRequests => "TOO_MANY_REQUESTS",
            Self::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
            Self::StorageFull => "STORAGE_FULL",
            Self::TooSlow => "TOO_SLOW",
            Self::DigestMismatch => "DIGEST_MISMATCH",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::IntegrityError => "INTEGRITY_ERROR",
            Self::NotImplemented => "NOT_IMPLEMENTED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }

    /// The HTTP status that goes with the code.
    pub fn status(self) -> u16 {
        match self {
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Invalid | Self::LimitExceeded => 400,
            Self::Conflict | Self::AlreadyExists => 409,
            Self::TooManyRequests => 429,
            // Not 507: some clients send again what was answered by 5xx, and it will not fit then either.
            Self::PayloadTooLarge | Self::StorageFull => 413,
            Self::MethodNotAllowed => 405,
            Self::TooSlow => 408,
            Self::DigestMismatch => 422,
            Self::UnsupportedMediaType => 415,
            Self::NotImplemented => 501,
            Self::Unavailable => 503,
            Self::IntegrityError | Self::Internal => 500,
        }
    }
}
