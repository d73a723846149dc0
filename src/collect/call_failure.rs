//! Why a call failed, classified by what the user can do.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_iam::config::http::HttpResponse;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;

use super::api_calls::ApiCall;
use crate::snapshot::format::{CollectionPart, UnreadPart};

/// A call that failed after all retries.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}:{}: {message}", call.service, call.operation)]
pub struct CallFailure {
    /// The call.
    pub call: &'static ApiCall,
    /// The kind of failure.
    pub kind: CallFailureKind,
    /// AWS's error code. `None` if AWS did not answer with one.
    pub code: Option<String>,
    /// The error in one line, AWS's error code first.
    pub message: String,
}

/// The kind of failure, by what the user can do.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum CallFailureKind {
    /// The permission is missing.
    Denied,
    /// The credentials have expired or are not valid.
    Credentials,
    /// AWS throttled all attempts.
    Throttled,
    /// Timeout.
    Timeout,
    /// A network error or an incomplete answer.
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
    /// Classifies an error of the SDK.
    pub(super) fn from_sdk_error<E>(call: &'static ApiCall, error: &SdkError<E, HttpResponse>) -> CallFailure
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        // The member role is assumed during another call, so its failure is inside the error of that call.
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
                (CallFailureKind::Connection, format!("incomplete answer: {}", format_error_chain(error)))
            }
            _ => (CallFailureKind::Other, format_error_chain(error)),
        };
        CallFailure { call, kind, code: None, message }
    }

    /// Classifies an error that the service returned.
    fn from_service_error(
        call: &'static ApiCall,
        error: &(impl ProvideErrorMetadata + Error + 'static),
    ) -> CallFailure {
        let code = error.code().unwrap_or_default();
        let kind = match code {
            code if DENIED_CODES.contains(&code) => CallFailureKind::Denied,
            // In a region that the account has not enabled, services reject its credentials.
            code if UNKNOWN_CREDENTIAL_CODES.contains(&code) && call.stage.is_regional() => CallFailureKind::Other,
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

    /// An answer that violates the API.
    pub(super) fn from_unexpected_answer(call: &'static ApiCall, message: impl Into<String>) -> CallFailure {
        CallFailure { call, kind: CallFailureKind::Other, code: None, message: message.into() }
    }

    /// The missing permission. `None` if that is not the cause.
    #[doc(hidden)]
    pub fn permission(&self) -> Option<&'static str> {
        (self.kind == CallFailureKind::Denied).then_some(self.call.action)
    }

    /// The entry for the snapshot.
    pub(super) fn to_unread_part(&self, part: CollectionPart, scope: Option<String>) -> UnreadPart {
        UnreadPart { part, of: scope, error: self.to_string(), permission: self.permission().map(str::to_owned) }
    }
}

/// The failure of `sts:AssumeRole`, anywhere in a chain of causes.
fn find_assume_role_failure(error: &(dyn Error + 'static)) -> Option<CallFailure> {
    let assume_role_error = iterate_causes(error).find_map(|cause| cause.downcast_ref::<AssumeRoleError>())?;
    Some(CallFailure::from_service_error(&super::api_calls::ASSUME_ROLE, assume_role_error))
}

/// An error and its causes.
fn iterate_causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    let mut current = Some(error);
    std::iter::from_fn(move || {
        let cause = current?;
        current = cause.source();
        Some(cause)
    })
}

/// An error and its causes in one line.
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

/// Some causes span several lines.
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
                "dispatch failure: other: the credential provider was not enabled: nobody is signed in",
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
