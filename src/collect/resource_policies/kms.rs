//! KMS: the policy of each key, AWS managed ones included.

use super::super::calls;
use super::super::error::CollectError;
use super::super::failure::Failure;
use super::super::session::Session;
use super::{Found, client, each_page};

pub(super) async fn read(session: &Session, found: &mut Found<'_>) -> Result<(), CollectError> {
    let client = client!(aws_sdk_kms, session);
    each_page!(found, &calls::LIST_KEYS, client.list_keys(), |page| {
        for key in page.keys.unwrap_or_default() {
            let (Some(id), Some(arn)) = (key.key_id, key.key_arn) else { continue };
            let answer = client.get_key_policy().key_id(id).policy_name("default").send().await;
            let policy =
                answer.map(|answer| answer.policy).map_err(|error| Failure::of(&calls::GET_KEY_POLICY, &error));
            found.policy(arn, policy)?;
        }
    });
    Ok(())
}
