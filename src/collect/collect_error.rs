//! Why a collection ended early.

use super::call_failure::{CallFailure, CallFailureKind};
use crate::snapshot::store::StoreError;

/// Why a collection ended early. Finished accounts are kept, and the collection can be resumed.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The credentials are missing, have expired, or are not valid.
    #[error("AWS rejected the credentials: {0}")]
    Credentials(CallFailure),
    /// The caller or the list of accounts cannot be read.
    #[error(transparent)]
    StartFailed(CallFailure),
    /// The arguments contradict each other.
    #[error("{message}")]
    Arguments {
        /// The error.
        message: String,
        /// What the user can do.
        help: &'static str,
    },
    /// The snapshot cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The asynchronous runtime cannot start.
    #[error("cannot start: {0}")]
    Runtime(std::io::Error),
}

impl CollectError {
    /// A failure that ends the collection.
    pub(super) fn from_failure(failure: CallFailure) -> CollectError {
        match failure.kind {
            CallFailureKind::Credentials => CollectError::Credentials(failure),
            _ => CollectError::StartFailed(failure),
        }
    }

    /// What the user can do, in one line.
    #[doc(hidden)]
    pub fn help(&self) -> String {
        match self {
            CollectError::Credentials(_) => {
                "sign in again (for example with `aws sso login`) and check `--profile`".to_owned()
            }
            CollectError::StartFailed(failure) => match (failure.permission(), failure.code.as_deref()) {
                (Some(permission), _) => {
                    format!("grant {permission}; policies/collector-permissions.json lists all required permissions")
                }
                (None, Some("AWSOrganizationsNotInUseException")) => "omit `--organization`".to_owned(),
                (None, Some(_)) => {
                    "AWS returned this error: check the arguments and `--region`, or try again".to_owned()
                }
                (None, None) => "check the network, `--region` and AWS_ENDPOINT_URL".to_owned(),
            },
            CollectError::Arguments { help, .. } => (*help).to_owned(),
            CollectError::Store(error) => error.help().to_owned(),
            CollectError::Runtime(_) => "the system is out of threads or file handles: close other programs".to_owned(),
        }
    }
}
