//! Why nothing, or no more, can be collected.

use super::call_failure::{CallFailure, CallFailureKind};
use crate::snapshot::store::StoreError;

/// A collection that ended before its end. What was finished is kept, and can be gone on from.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// There are no credentials, they have expired, or AWS does not know them.
    #[error("AWS does not accept the credentials: {0}")]
    Credentials(CallFailure),
    /// What everything rests on cannot be read: who is asking, or which accounts there are.
    #[error(transparent)]
    StartFailed(CallFailure),
    /// The arguments do not go together.
    #[error("{message}")]
    Arguments {
        /// What is wrong.
        message: String,
        /// What to do.
        help: &'static str,
    },
    /// The snapshot cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The machine cannot start what waits for the network.
    #[error("cannot start: {0}")]
    Runtime(std::io::Error),
}

impl CollectError {
    /// A failure that ends everything.
    pub(super) fn from_failure(failure: CallFailure) -> CollectError {
        match failure.kind {
            CallFailureKind::Credentials => CollectError::Credentials(failure),
            _ => CollectError::StartFailed(failure),
        }
    }

    /// What to do about it, in one line.
    pub fn help(&self) -> String {
        match self {
            CollectError::Credentials(_) => {
                "sign in again (`aws sso login`, or whatever issues them) and check `--profile`".to_owned()
            }
            CollectError::StartFailed(failure) => match (failure.permission(), failure.code.as_deref()) {
                (Some(permission), _) => {
                    format!("grant {permission}: all that is needed stands in policies/collector-permissions.json")
                }
                (None, Some("AWSOrganizationsNotInUseException")) => "leave `--organization` out".to_owned(),
                (None, Some(_)) => {
                    "this is AWS's own answer: check the arguments and `--region`, or try again".to_owned()
                }
                (None, None) => "check the network, `--region` and AWS_ENDPOINT_URL".to_owned(),
            },
            CollectError::Arguments { help, .. } => (*help).to_owned(),
            CollectError::Store(error) => error.help().to_owned(),
            CollectError::Runtime(_) => "the machine lacks threads or files: close other programs".to_owned(),
        }
    }
}
