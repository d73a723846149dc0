//! Rejects answers that are not complete. The SDK reads an XML answer up to where it ends, and an empty JSON answer as an
//! empty list: a proxy that cuts an answer off would remove principals. The error is one that the SDK retries.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde::de::IgnoredAny;

/// Whether a request was signed, so that AWS itself answers it. Others get their credentials from elsewhere.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum RequestSignature {
    /// It was signed.
    Signed,
    /// It was not signed.
    Unsigned,
}

/// The answer with its whole body.
///
/// # Errors
/// The body breaks off, or is not a complete document.
pub(super) async fn read_complete_answer(
    mut response: HttpResponse,
    signature: RequestSignature,
) -> Result<HttpResponse, ConnectorError> {
    let incomplete = |reason: String| ConnectorError::io(format!("incomplete answer: {reason}").into());
    let body = std::mem::replace(response.body_mut(), SdkBody::taken());
    let bytes = ByteStream::new(body).collect().await.map_err(|error| incomplete(error.to_string()))?.into_bytes();
    if response.status().is_success() {
        check_document(&bytes, signature).map_err(incomplete)?;
    }
    *response.body_mut() = SdkBody::from(bytes);
    Ok(response)
}

/// Checks that a body is a whole document: XML up to the closing tag of its root, or JSON.
fn check_document(body: &[u8], signature: RequestSignature) -> Result<(), String> {
    match body.trim_ascii_start().first() {
        Some(b'<') => check_xml(body),
        Some(b'{' | b'[') => match serde_json::from_slice::<IgnoredAny>(body) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        },
        None if signature == RequestSignature::Signed => Err("the body is empty".to_owned()),
        _ => Ok(()),
    }
}

/// Checks the closing tag of the root. An answer of the query protocol (IAM, STS, SNS), whose root is `…Response`, has a
/// `RequestId` too (AWS: IAM API Reference, common response elements).
fn check_xml(body: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?.trim();
    let root = find_root_name(text).ok_or("the XML has no root element")?;
    let is_closed = text.strip_suffix('>').map(str::trim_end).is_some_and(|rest| {
        rest.strip_suffix(root).is_some_and(|rest| rest.ends_with("</"))
            || (rest.ends_with('/') && rest.matches('<').count() == text.matches("<?").count() + 1)
    });
    if !is_closed {
        return Err(format!("the closing tag of {root} is missing"));
    }
    if root.ends_with("Response") && !text.contains("</RequestId>") {
        return Err("the RequestId is missing".to_owned());
    }
    Ok(())
}

/// The name of the first element.
fn find_root_name(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        let (_, tag) = rest.split_once('<')?;
        if !tag.starts_with(['?', '!']) {
            let name = tag.split(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').next()?;
            return (!name.is_empty()).then_some(name);
        }
        rest = tag;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "<?xml version=\"1.0\"?>\n<ListRolesResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
        <ListRolesResult><Roles/></ListRolesResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>\
        </ListRolesResponse>\n";

    fn is_complete(body: &str) -> bool {
        check_document(body.as_bytes(), RequestSignature::Signed).is_ok()
    }

    #[test]
    fn an_answer_that_is_cut_off_anywhere_is_incomplete() {
        assert!(is_complete(WHOLE));
        let json = r#"{"Roots":[{"Id":"r-1"}],"NextToken":null}"#;
        assert!(is_complete(json));
        for whole in [WHOLE.trim_end(), json] {
            for (length, _) in whole.char_indices() {
                assert!(!is_complete(whole.get(..length).unwrap_or_default()), "{length} of {whole}");
            }
        }
    }

    #[test]
    fn answers_of_each_protocol() {
        for body in [
            "{}",
            "<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>",
            "<?xml version=\"1.0\"?><ListAllMyBucketsResult/>",
            "plain text",
        ] {
            assert!(is_complete(body), "{body}");
        }
        let without_request_id = "<ListRolesResponse><ListRolesResult></ListRolesResult></ListRolesResponse>";
        for body in ["", " \n", without_request_id, "<a><a/>", "<a><b/>", "<?xml version=\"1.0\"?>", "{}{", "<"] {
            assert!(!is_complete(body), "{body}");
        }
        assert!(check_document(b"", RequestSignature::Unsigned).is_ok());
    }
}
