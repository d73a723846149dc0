//! DynamoDB: the policy of each table; streams and indexes have none that is read.

use super::super::calls;
use super::super::error::CollectError;
use super::super::failure::Failure;
use super::super::session::Session;
use super::{Found, client, each_page};

pub(super) async fn read(session: &Session, found: &mut Found<'_>) -> Result<(), CollectError> {
    let client = client!(aws_sdk_dynamodb, session);
    each_page!(found, &calls::LIST_TABLES, client.list_tables(), |page| {
        for name in page.table_names.unwrap_or_default() {
            let arn = format!("arn:{}:dynamodb:{}:{}:table/{name}", found.partition, found.region, found.owner);
            let answer = client.get_resource_policy().resource_arn(&arn).send().await;
            let policy =
                answer.map(|answer| answer.policy).map_err(|error| Failure::of(&calls::GET_TABLE_POLICY, &error));
            found.policy(arn, policy)?;
        }
    });
    Ok(())
}
