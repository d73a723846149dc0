//! *Dense*: roles that trust the account and may assume each other. *Chain*: roles that each assume the next one. The last
//! role may do what the others may not.

use std::io;
use std::path::Path;

use serde_json::json;

use super::account::{self, document, trust_principal, trust_service};

const ACCOUNT: &str = "111122223333";

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Trust {
    Everyone,
    Previous,
}

pub fn write(path: &Path, roles: usize, trust: Trust) -> io::Result<()> {
    let role = |number: usize| {
        let arn = |number: usize| format!("arn:aws:iam::{ACCOUNT}:role/worker-{number}");
        let trusted = match (trust, number.checked_sub(1)) {
            (Trust::Everyone, _) => trust_principal(&format!("arn:aws:iam::{ACCOUNT}:root")),
            (Trust::Previous, Some(previous)) => trust_principal(&arn(previous)),
            (Trust::Previous, None) => trust_service("ec2.amazonaws.com"),
        };
        let target = match trust {
            Trust::Everyone => format!("arn:aws:iam::{ACCOUNT}:role/worker-*"),
            Trust::Previous => arn(number + 1),
        };
        let mut statements = vec![json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": target })];
        if number + 1 == roles {
            statements.push(json!({ "Effect": "Allow", "Action": "dynamodb:DeleteTable", "Resource": "*" }));
        }
        let mut role = account::role(ACCOUNT, "/", &format!("worker-{number}"), &trusted);
        role["RolePolicyList"] = json!([{ "PolicyName": "inline", "PolicyDocument": document(&statements) }]);
        role
    };
    account::write(path, (0..roles).map(role), std::iter::empty())
}
