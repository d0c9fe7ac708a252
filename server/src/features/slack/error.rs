//! What can be wrong with a channel.

use crate::fault::Fault;

/// Why a channel was not connected, changed or tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlackError {
    #[error("{0}")]
    Address(String),
    #[error("{0}")]
    Label(String),
    #[error("No channel is connected.")]
    None,
}

impl From<SlackError> for Fault {
    fn from(error: SlackError) -> Self {
        let message = error.to_string();
        match error {
            SlackError::Address(_) => Fault::invalid("address", message),
            SlackError::Label(_) => Fault::invalid("label", message),
            SlackError::None => Fault::new(shared::ErrorCode::NotFound, message),
        }
    }
}
