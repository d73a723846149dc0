//! Lambda: the policy of each function; versions and aliases have others, which are not read.

use super::super::calls;
use super::super::error::CollectError;
use super::super::failure::Failure;
use super::super::session::Session;
use super::{Found, client, each_page};

pub(super) async fn read(session: &Session, found: &mut Found<'_>) -> Result<(), CollectError> {
    let client = client!(aws_sdk_lambda, session);
    each_page!(found, &calls::LIST_FUNCTIONS, client.list_functions(), |page| {
        for function in page.functions.unwrap_or_default() {
            let Some(arn) = function.function_arn else { continue };
            let answer = client.get_policy().function_name(&arn).send().await;
            let policy =
                answer.map(|answer| answer.policy).map_err(|error| Failure::of(&calls::GET_FUNCTION_POLICY, &error));
            found.policy(arn, policy)?;
        }
    });
    Ok(())
}
