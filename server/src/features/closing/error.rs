//! Why an organization was not closed, or not restored.

use shared::ErrorCode;

use crate::fault::Fault;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClosingError {
    #[error("This is not the name of the organization. Type it as it is written above.")]
    Name,
    #[error("A token cannot delete an organization. Sign in with a browser.")]
    Token,
    #[error("You signed in more than an hour ago. Sign in again to delete the organization.")]
    Stale,
    #[error("Somebody has closed the organization, or ended your membership, meanwhile.")]
    Meanwhile,
    #[error("This link was used or has expired, or the organization was restored or erased. Only owners restore it.")]
    Link,
}

impl From<ClosingError> for Fault {
    fn from(error: ClosingError) -> Self {
        let message = error.to_string();
        match error {
            ClosingError::Name => Fault::invalid("name", message),
            ClosingError::Token | ClosingError::Stale => Fault::new(ErrorCode::Forbidden, message),
            ClosingError::Meanwhile => Fault::conflict(message),
            ClosingError::Link => Fault::invalid("token", message),
        }
    }
}
