//! Why a call failed, told by what the reader can do about it.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_iam::config::http::HttpResponse;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;

use super::api_calls::{ApiCall, CollectionStage};
use crate::snapshot::format::{CollectionPart, UnreadPart};

/// A call that failed, after everything that can be tried again was.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}:{}: {message}", call.service, call.operation)]
pub struct CallFailure {
    /// Which call.
    pub call: &'static ApiCall,
    /// What kind of failure.
    pub kind: CallFailureKind,
    /// The error code that AWS answered with, where it answered.
    pub code: Option<String>,
    /// What AWS said, in one line, its error code first.
    pub message: String,
}

/// What kind of failure, by what can be done about it.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum CallFailureKind {
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

const DENIED_CODES: [&str; 6] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "UnauthorizedOperation",
    "NotAuthorized",
];
const EXPIRED_CODES: [&str; 3] = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"];
const UNKNOWN_CREDENTIAL_CODES: [&str; 6] = [
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidToken",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
];
const THROTTLED_CODES: [&str; 8] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
];

impl CallFailure {
    /// What an SDK's error means.
    pub(super) fn from_sdk_error<E>(call: &'static ApiCall, error: &SdkError<E, HttpResponse>) -> CallFailure
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        // The member role is assumed while a request is being made, so its refusal is inside another call's error.
        if let Some(assume_role_failure) = find_assume_role_failure(error) {
            return assume_role_failure;
        }
        if iterate_causes(error).any(|cause| cause.is::<CredentialsError>()) {
            return CallFailure {
                call,
                kind: CallFailureKind::Credentials,
                code: None,
                message: format_error_chain(error),
            };
        }
        let (kind, message) = match error {
            SdkError::ServiceError(context) => return CallFailure::from_service_error(call, context.err()),
            SdkError::TimeoutError(_) => (CallFailureKind::Timeout, "no answer in time".to_owned()),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                (CallFailureKind::Timeout, "no connection in time".to_owned())
            }
            SdkError::DispatchFailure(failure) if failure.is_io() => {
                (CallFailureKind::Connection, format_error_chain(error))
            }
            SdkError::ResponseError(_) => {
                (CallFailureKind::Connection, format!("the answer broke off: {}", format_error_chain(error)))
            }
            _ => (CallFailureKind::Other, format_error_chain(error)),
        };
        CallFailure { call, kind, code: None, message }
    }

    /// An error that the service answered with.
    fn from_service_error(
        call: &'static ApiCall,
        error: &(impl ProvideErrorMetadata + Error + 'static),
    ) -> CallFailure {
        let code = error.code().unwrap_or_default();
        let kind = match code {
            code if DENIED_CODES.contains(&code) => CallFailureKind::Denied,
            // Where a region is not enabled for an account, a service there knows none of its credentials.
            code if UNKNOWN_CREDENTIAL_CODES.contains(&code) && call.stage == CollectionStage::Resources => {
                CallFailureKind::Other
            }
            code if EXPIRED_CODES.contains(&code) || UNKNOWN_CREDENTIAL_CODES.contains(&code) => {
                CallFailureKind::Credentials
            }
            code if THROTTLED_CODES.contains(&code) => CallFailureKind::Throttled,
            "RequestTimeout" | "RequestTimeoutException" => CallFailureKind::Timeout,
            _ => CallFailureKind::Other,
        };
        let message = match (code, error.message()) {
            ("", None) => format_error_chain(error),
            ("", Some(message)) => message.to_owned(),
            (code, None) => code.to_owned(),
            (code, Some(message)) => format!("{code}: {message}"),
        };
        let code = (!code.is_empty()).then(|| code.to_owned());
        CallFailure { call, kind, code, message: join_whitespace(&message) }
    }

    /// An answer that is not what the API promises.
    pub(super) fn from_unexpected_answer(call: &'static ApiCall, message: impl Into<String>) -> CallFailure {
        CallFailure { call, kind: CallFailureKind::Other, code: None, message: message.into() }
    }

    /// The permission that is missing, where that is why.
    pub fn permission(&self) -> Option<&'static str> {
        (self.kind == CallFailureKind::Denied).then_some(self.call.action)
    }

    /// As a snapshot notes it.
    pub(super) fn to_unread_part(&self, part: CollectionPart, scope: Option<String>) -> UnreadPart {
        UnreadPart { part, of: scope, error: self.to_string(), permission: self.permission().map(str::to_owned) }
    }
}

/// The refusal of a role that was to be assumed, wherever in a chain of causes it is.
fn find_assume_role_failure(error: &(dyn Error + 'static)) -> Option<CallFailure> {
    let assume_role_error = iterate_causes(error).find_map(|cause| cause.downcast_ref::<AssumeRoleError>())?;
    Some(CallFailure::from_service_error(&super::api_calls::ASSUME_ROLE, assume_role_error))
}

/// An error, and what caused it.
fn iterate_causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    let mut current = Some(error);
    std::iter::from_fn(move || {
        let cause = current?;
        current = cause.source();
        Some(cause)
    })
}

/// An error with its causes, in one line.
fn format_error_chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for cause in iterate_causes(error).map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    join_whitespace(&text)
}

/// Some causes are told in paragraphs.
fn join_whitespace(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::api_calls::{ASSUME_ROLE, GET_DETAILS, LIST_KEYS};
    use aws_sdk_iam::error::{ConnectorError, ErrorMetadata};
    use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsError as DetailsError;

    type DetailsSdkError = SdkError<DetailsError, HttpResponse>;

    fn classify(error: DetailsSdkError) -> (CallFailureKind, String) {
        let failure = CallFailure::from_sdk_error(&GET_DETAILS, &error);
        (failure.kind, failure.to_string())
    }

    #[test]
    fn failures_are_classified_by_cause() {
        let io = || Box::new(std::io::Error::other("reset\n by peer"));
        for (error, kind, text) in [
            (DetailsSdkError::timeout_error("slow"), CallFailureKind::Timeout, "no answer in time"),
            (
                DetailsSdkError::dispatch_failure(ConnectorError::timeout(io())),
                CallFailureKind::Timeout,
                "no connection in time",
            ),
            (
                DetailsSdkError::dispatch_failure(ConnectorError::io(io())),
                CallFailureKind::Connection,
                "dispatch failure: io error: reset by peer",
            ),
            (
                DetailsSdkError::dispatch_failure(ConnectorError::other(
                    Box::new(CredentialsError::not_loaded("nobody is signed in")),
                    None,
                )),
                CallFailureKind::Credentials,
                "dispatch failure: the credential provider was not enabled: nobody is signed in",
            ),
        ] {
            assert_eq!(classify(error), (kind, format!("iam:GetAccountAuthorizationDetails: {text}")));
        }
    }

    #[test]
    fn error_codes_are_classified() {
        for (code, kind) in [
            ("AccessDenied", CallFailureKind::Denied),
            ("AccessDeniedException", CallFailureKind::Denied),
            ("ExpiredToken", CallFailureKind::Credentials),
            ("InvalidClientTokenId", CallFailureKind::Credentials),
            ("Throttling", CallFailureKind::Throttled),
            ("NoSuchBucketPolicy", CallFailureKind::Other),
            ("ServiceFailure", CallFailureKind::Other),
        ] {
            let error = DetailsError::generic(ErrorMetadata::builder().code(code).message("so it is").build());
            let failure = CallFailure::from_service_error(&GET_DETAILS, &error);
            assert_eq!((failure.kind, failure.message), (kind, format!("{code}: so it is")));
            assert_eq!(failure.code.as_deref(), Some(code));
        }
    }

    #[test]
    fn disabled_region_is_not_a_credential_failure() {
        for (call, code, kind) in [
            (&LIST_KEYS, "UnrecognizedClientException", CallFailureKind::Other),
            (&LIST_KEYS, "ExpiredTokenException", CallFailureKind::Credentials),
            (&GET_DETAILS, "InvalidClientTokenId", CallFailureKind::Credentials),
        ] {
            let error = DetailsError::generic(ErrorMetadata::builder().code(code).build());
            assert_eq!(CallFailure::from_service_error(call, &error).kind, kind, "{code}");
        }
    }

    #[test]
    fn failed_role_assumption_is_recognized() {
        let refused = AssumeRoleError::generic(ErrorMetadata::builder().code("AccessDenied").message("no").build());
        let inside = CredentialsError::provider_error(refused);
        let failure = CallFailure::from_sdk_error(
            &GET_DETAILS,
            &DetailsSdkError::dispatch_failure(ConnectorError::other(Box::new(inside), None)),
        );
        assert_eq!(failure.call, &ASSUME_ROLE);
        assert_eq!(failure.permission(), Some("sts:AssumeRole"));
    }
}
