//! The source account and the source ARN of a service's request. Each can be missing. If the ARN has an account, the two
//! agree (AWS: "The confused deputy problem").

use std::sync::Arc;

use crate::iam::condition::ConditionValue;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::value::TypedValue;
use crate::iam::{AccountId, Condition, ConditionOperator, PolicyDocument, Statement, TemplatePart};

const SOURCE_ACCOUNT: &str = "aws:SourceAccount";
const SOURCE_ARN: &str = "aws:SourceArn";
/// The account field of an ARN that has an account.
const ANY_ACCOUNT: &str = "????????????";

/// Denies the requests of a service for resources of other accounts, as far as the ARN of the resource has an account.
pub(super) fn deny_other_sources(account: &AccountId) -> Option<Arc<PolicyDocument>> {
    build_denies([list_arn_of_other_account(account)])
}

/// Denies the requests of a service for resources of this account, and those whose source account and source ARN
/// disagree. The accounts that the policy names are compared.
pub(super) fn deny_own_source(account: &AccountId, policy: &PolicyDocument) -> Option<Arc<PolicyDocument>> {
    let mut blocks = vec![vec![is_source_account(account)], vec![is_source_arn_in(account.as_str())]];
    for named in collect_source_accounts(policy).iter().filter(|named| *named != account) {
        let differs = Condition::on_texts(ConditionOperator::StringNotEquals, SOURCE_ACCOUNT, [named.as_str()]);
        let exists = Condition::on_value(ConditionOperator::Null, SOURCE_ACCOUNT, TypedValue::Bool(false));
        blocks.push(vec![is_source_arn_in(named.as_str()), differs, exists]);
        blocks.push([vec![is_source_account(named)], list_arn_of_other_account(named)].concat());
    }
    build_denies(blocks)
}

fn build_denies(blocks: impl IntoIterator<Item = Vec<Condition>>) -> Option<Arc<PolicyDocument>> {
    let deny = |conditions| Statement::deny(ActionElement::any(), ResourceElement::any()).under(conditions);
    let statements = blocks.into_iter().map(deny).collect();
    Some(Arc::new(PolicyDocument::from_statements("source", statements)))
}

fn is_source_account(account: &AccountId) -> Condition {
    Condition::on_texts(ConditionOperator::StringEquals, SOURCE_ACCOUNT, [account.as_str()])
}

fn is_source_arn_in(account: &str) -> Condition {
    Condition::on_texts(ConditionOperator::ArnLike, SOURCE_ARN, [format!("arn:*:*:*:{account}:*")])
}

/// The conditions of an ARN that has an account, and another one than this.
fn list_arn_of_other_account(account: &AccountId) -> Vec<Condition> {
    let own = format!("arn:*:*:*:{account}:*");
    vec![is_source_arn_in(ANY_ACCOUNT), Condition::on_texts(ConditionOperator::ArnNotLike, SOURCE_ARN, [own])]
}

/// The accounts that conditions on the source name in full.
fn collect_source_accounts(policy: &PolicyDocument) -> Vec<AccountId> {
    let mut accounts = Vec::new();
    for condition in policy.statements.iter().flat_map(|statement| &statement.conditions) {
        for value in &condition.values {
            let ConditionValue::Text(template) = value else { continue };
            let written = template.as_written();
            let account = match condition.key.lower() {
                "aws:sourceaccount" => AccountId::parse(written),
                "aws:sourcearn"
                    if !template.parts().iter().any(|part| matches!(part, TemplatePart::Variable { .. })) =>
                {
                    written.split(':').nth(4).and_then(AccountId::parse)
                }
                _ => None,
            };
            accounts.extend(account.filter(|account| !accounts.contains(account)));
        }
    }
    accounts
}
