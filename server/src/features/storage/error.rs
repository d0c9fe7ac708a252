//! Why something was not stored, or not deleted for good.

use shared::{ErrorCode, size};

use super::Storage;
use crate::fault::Fault;

/// One case, one code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    #[error(
        "The organization's storage is full: {} of {} are taken, and this does not fit. Delete what nobody needs; an owner or admin makes room of it on the page \
         Organization, or asks whoever runs this server for more.",
        size::show(.0.used),
        size::show(.0.quota.unwrap_or_default())
    )]
    Full(Storage),
    #[error("An export is being made of what is stored. Wait for its end, or cancel it.")]
    Exporting,
}

impl From<StorageError> for Fault {
    fn from(error: StorageError) -> Self {
        let text = error.to_string();
        match error {
            StorageError::Full(_) => Self::new(ErrorCode::StorageFull, text),
            StorageError::Exporting => Self::conflict(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t25_who_is_refused_reads_how_full_it_is_and_what_to_do() {
        let fault = Fault::from(StorageError::Full(Storage { used: 49_980_000_000, quota: Some(50_000_000_000) }));
        assert_eq!(fault.code(), ErrorCode::StorageFull);
        assert!(fault.message().starts_with("The organization's storage is full: 50.0 GB of 50.0 GB are taken"), "{}", fault.message());
    }
}
