//! Why a call failed, told by what the reader can do about it.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_iam::config::http::HttpResponse;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;

use super::calls::{Call, Stage};
use crate::snapshot::format::{Part, UnreadPart};

/// A call that failed, after everything that can be tried again was.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}:{}: {message}", call.service, call.operation)]
pub struct Failure {
    /// Which call.
    pub call: &'static Call,
    /// What kind of failure.
    pub kind: FailureKind,
    /// The error code that AWS answered with, where it answered.
    pub code: Option<String>,
    /// What AWS said, in one line, its error code first.
    pub message: String,
}

/// What kind of failure, by what can be done about it.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum FailureKind {
    /// The permission is missing.
    Denied,
    /// The credentials have expired, or AWS does not know them.
    Credentials,
    /// AWS refused to answer so quickly, however long one waited.
    Throttled,
    /// No answer in time.
    Timeout,
    /// The network, or an answer that broke off.
    Connection,
    /// Anything else.
    Other,
}

const DENIED: [&str; 6] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "UnauthorizedOperation",
    "NotAuthorized",
];
const EXPIRED: [&str; 3] = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"];
const UNKNOWN: [&str; 6] = [
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidToken",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
];
const THROTTLED: [&str; 8] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
];

impl Failure {
    /// What an SDK's error means.
    pub(super) fn of<E>(call: &'static Call, error: &SdkError<E, HttpResponse>) -> Failure
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        // The member role is assumed while a request is being made, so its refusal is inside another call's error.
        if let Some(assumed) = assuming(error) {
            return assumed;
        }
        if causes(error).any(|cause| cause.is::<CredentialsError>()) {
            return Failure { call, kind: FailureKind::Credentials, code: None, message: chain(error) };
        }
        let (kind, message) = match error {
            SdkError::ServiceError(context) => return Failure::answered(call, context.err()),
            SdkError::TimeoutError(_) => (FailureKind::Timeout, "no answer in time".to_owned()),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                (FailureKind::Timeout, "no connection in time".to_owned())
            }
            SdkError::DispatchFailure(failure) if failure.is_io() => (FailureKind::Connection, chain(error)),
            SdkError::ResponseError(_) => (FailureKind::Connection, format!("the answer broke off: {}", chain(error))),
            _ => (FailureKind::Other, chain(error)),
        };
        Failure { call, kind, code: None, message }
    }

    /// An error that the service answered with.
    fn answered(call: &'static Call, error: &(impl ProvideErrorMetadata + Error + 'static)) -> Failure {
        let code = error.code().unwrap_or_default();
        let kind = match code {
            code if DENIED.contains(&code) => FailureKind::Denied,
            // Where a region is not enabled for an account, a service there knows none of its credentials.
            code if UNKNOWN.contains(&code) && call.stage == Stage::Resources => FailureKind::Other,
            code if EXPIRED.contains(&code) || UNKNOWN.contains(&code) => FailureKind::Credentials,
            code if THROTTLED.contains(&code) => FailureKind::Throttled,
            "RequestTimeout" | "RequestTimeoutException" => FailureKind::Timeout,
            _ => FailureKind::Other,
        };
        let message = match (code, error.message()) {
            ("", None) => chain(error),
            ("", Some(message)) => message.to_owned(),
            (code, None) => code.to_owned(),
            (code, Some(message)) => format!("{code}: {message}"),
        };
        let code = (!code.is_empty()).then(|| code.to_owned());
        Failure { call, kind, code, message: one_line(&message) }
    }

    /// An answer that is not what the API promises.
    pub(super) fn unexpected(call: &'static Call, message: impl Into<String>) -> Failure {
        Failure { call, kind: FailureKind::Other, code: None, message: message.into() }
    }

    /// The permission that is missing, where that is why.
    pub fn permission(&self) -> Option<&'static str> {
        (self.kind == FailureKind::Denied).then_some(self.call.action)
    }

    /// As a snapshot notes it.
    pub(super) fn unread(&self, part: Part, of: Option<String>) -> UnreadPart {
        UnreadPart { part, of, error: self.to_string(), permission: self.permission().map(str::to_owned) }
    }
}

/// The refusal of a role that was to be assumed, wherever in a chain of causes it is.
fn assuming(error: &(dyn Error + 'static)) -> Option<Failure> {
    let refused = causes(error).find_map(|cause| cause.downcast_ref::<AssumeRoleError>())?;
    Some(Failure::answered(&super::calls::ASSUME_ROLE, refused))
}

/// An error, and what caused it.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    let mut at = Some(error);
    std::iter::from_fn(move || {
        let cause = at?;
        at = cause.source();
        Some(cause)
    })
}

/// An error with its causes, in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for cause in causes(error).map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    one_line(&text)
}

/// Some causes are told in paragraphs.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::calls::{ASSUME_ROLE, GET_DETAILS, LIST_KEYS};
    use super::*;
    use aws_sdk_iam::error::{ConnectorError, ErrorMetadata};
    use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsError as DetailsError;

    type Sdk = SdkError<DetailsError, HttpResponse>;

    fn of(error: Sdk) -> (FailureKind, String) {
        let failure = Failure::of(&GET_DETAILS, &error);
        (failure.kind, failure.to_string())
    }

    #[test]
    fn what_came_back_or_did_not_is_told() {
        let io = || Box::new(std::io::Error::other("reset\n by peer"));
        for (error, kind, text) in [
            (Sdk::timeout_error("slow"), FailureKind::Timeout, "no answer in time"),
            (Sdk::dispatch_failure(ConnectorError::timeout(io())), FailureKind::Timeout, "no connection in time"),
            (
                Sdk::dispatch_failure(ConnectorError::io(io())),
                FailureKind::Connection,
                "dispatch failure: io error: reset by peer",
            ),
            (
                Sdk::dispatch_failure(ConnectorError::other(
                    Box::new(CredentialsError::not_loaded("nobody is signed in")),
                    None,
                )),
                FailureKind::Credentials,
                "dispatch failure: other: the credential provider was not enabled: nobody is signed in",
            ),
        ] {
            assert_eq!(of(error), (kind, format!("iam:GetAccountAuthorizationDetails: {text}")));
        }
    }

    #[test]
    fn codes_are_told_apart() {
        for (code, kind) in [
            ("AccessDenied", FailureKind::Denied),
            ("AccessDeniedException", FailureKind::Denied),
            ("ExpiredToken", FailureKind::Credentials),
            ("InvalidClientTokenId", FailureKind::Credentials),
            ("Throttling", FailureKind::Throttled),
            ("NoSuchBucketPolicy", FailureKind::Other),
            ("ServiceFailure", FailureKind::Other),
        ] {
            let error = DetailsError::generic(ErrorMetadata::builder().code(code).message("so it is").build());
            let failure = Failure::answered(&GET_DETAILS, &error);
            assert_eq!((failure.kind, failure.message), (kind, format!("{code}: so it is")));
            assert_eq!(failure.code.as_deref(), Some(code));
        }
    }

    #[test]
    fn a_region_that_is_not_enabled_is_no_matter_of_the_credentials() {
        for (call, code, kind) in [
            (&LIST_KEYS, "UnrecognizedClientException", FailureKind::Other),
            (&LIST_KEYS, "ExpiredTokenException", FailureKind::Credentials),
            (&GET_DETAILS, "InvalidClientTokenId", FailureKind::Credentials),
        ] {
            let error = DetailsError::generic(ErrorMetadata::builder().code(code).build());
            assert_eq!(Failure::answered(call, &error).kind, kind, "{code}");
        }
    }

    #[test]
    fn a_role_that_cannot_be_assumed_is_told_as_that() {
        let refused = AssumeRoleError::generic(ErrorMetadata::builder().code("AccessDenied").message("no").build());
        let inside = CredentialsError::provider_error(refused);
        let failure = Failure::of(&GET_DETAILS, &Sdk::dispatch_failure(ConnectorError::other(Box::new(inside), None)));
        assert_eq!(failure.call, &ASSUME_ROLE);
        assert_eq!(failure.permission(), Some("sts:AssumeRole"));
    }
}
