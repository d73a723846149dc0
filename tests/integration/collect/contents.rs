//! What is put into each account of a moto server, and what it should look like in a snapshot.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::moto_server::Moto;

/// Characters beyond ASCII, a percent sign that means itself, and one that looks like an encoding.
pub const INTRICATE: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"S1","Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::büro/100%/%41+ø/*"}]}"#;
pub const READS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}"#;
pub const AWS_MANAGED: &str = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
const SSO_PATH: &str = "/aws-reserved/sso.amazonaws.com/eu-west-1/";

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A user, group or role that is put in.
#[derive(Clone, Default)]
pub struct Put {
    pub kind: &'static str,
    pub name: &'static str,
    path: &'static str,
    trust: Option<String>,
    inline: Vec<(&'static str, &'static str)>,
    attached: Vec<String>,
    boundary: Option<String>,
    tags: Vec<(&'static str, &'static str)>,
    groups: Vec<&'static str>,
}

impl Put {
    fn into_moto(self, moto: &Moto, key: &str) {
        let Put { kind, name, path, .. } = self;
        let named = format!("{kind}Name");
        let mut fields = vec![(named.as_str(), name), ("Path", path)];
        fields.extend(self.trust.as_deref().map(|trust| ("AssumeRolePolicyDocument", trust)));
        fields.extend(self.boundary.as_deref().map(|arn| ("PermissionsBoundary", arn)));
        moto.iam(key, &format!("Create{kind}"), &fields);
        for (policy, document) in &self.inline {
            let fields = [(named.as_str(), name), ("PolicyName", policy), ("PolicyDocument", document)];
            moto.iam(key, &format!("Put{kind}Policy"), &fields);
        }
        for arn in &self.attached {
            moto.iam(key, &format!("Attach{kind}Policy"), &[(named.as_str(), name), ("PolicyArn", arn)]);
        }
        for (tag, value) in &self.tags {
            let fields = [(named.as_str(), name), ("Tags.member.1.Key", tag), ("Tags.member.1.Value", value)];
            moto.iam(key, &format!("Tag{kind}"), &fields);
        }
        for group in &self.groups {
            moto.iam(key, "AddUserToGroup", &[("UserName", name), ("GroupName", group)]);
        }
    }

    /// What it should look like in the snapshot.
    pub fn told(&self) -> Value {
        json!({
            "Path": self.path,
            "Trust": self.trust.as_deref().map(json),
            "Inline": self.inline.iter().map(|(name, document)| (*name, json(document))).collect::<BTreeMap<_, _>>(),
            "Attached": sorted(self.attached.clone()),
            "Boundary": self.boundary,
            "Tags": self.tags.iter().copied().collect::<BTreeMap<_, _>>(),
            "Groups": sorted(self.groups.clone()),
        })
    }
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list
}

/// An entry of a snapshot in the same form.
pub fn found(kind: &str, entry: &Value) -> Value {
    let list = |name: &str| entry[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let pairs = |list: Vec<Value>, key: &str, value: &str| -> BTreeMap<String, Value> {
        list.iter().map(|pair| (text(&pair[key]), pair[value].clone())).collect()
    };
    json!({
        "Path": entry["Path"],
        "Trust": entry["AssumeRolePolicyDocument"],
        "Inline": pairs(list(&format!("{kind}PolicyList")), "PolicyName", "PolicyDocument"),
        "Attached": sorted(list("AttachedManagedPolicies").iter().map(|p| text(&p["PolicyArn"])).collect()),
        "Boundary": entry["PermissionsBoundary"]["PermissionsBoundaryArn"],
        "Tags": pairs(list("Tags"), "Key", "Value"),
        "Groups": sorted(list("GroupList").iter().map(text).collect()),
    })
}

/// Everything that is put into an account, with its own policies.
pub fn contents(account: &str) -> (Vec<Put>, Vec<(&'static str, &'static str)>) {
    let own = |name: &str| format!("arn:aws:iam::{account}:policy/{name}");
    let service = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
    let federated = |provider: &str, action: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::{account}:{provider}"}},"Action":"{action}","Condition":{{"StringLike":{{"token.actions.example.org:sub":"repo:büro/100%25:*"}}}}}}}}"#
        )
    };
    let puts = vec![
        Put {
            kind: "Group",
            name: "readers",
            path: "/",
            inline: vec![("réads", READS)],
            attached: vec![AWS_MANAGED.into()],
            ..Put::default()
        },
        Put { kind: "Group", name: "writers", path: "/people/", attached: vec![own("local")], ..Put::default() },
        Put {
            kind: "User",
            name: "ann",
            path: "/people/",
            inline: vec![("more", INTRICATE)],
            tags: vec![("team", "bïlling 100%")],
            groups: vec!["readers", "writers"],
            ..Put::default()
        },
        Put { kind: "User", name: "bob", path: "/", ..Put::default() },
        Put {
            kind: "Role",
            name: "app",
            path: "/",
            trust: Some(service.into()),
            inline: vec![("inline", INTRICATE), ("second", READS)],
            attached: vec![own("local"), AWS_MANAGED.into()],
            boundary: Some(own("boundary")),
            tags: vec![("team", "app")],
            ..Put::default()
        },
        Put {
            kind: "Role",
            name: "deploy",
            path: "/ci/",
            trust: Some(federated("oidc-provider/token.actions.example.org", "sts:AssumeRoleWithWebIdentity")),
            inline: vec![("inline", READS)],
            boundary: Some("arn:aws:iam::aws:policy/PowerUserAccess".into()),
            ..Put::default()
        },
        Put {
            kind: "Role",
            name: "AWSReservedSSO_Admins_0123456789abcdef",
            path: SSO_PATH,
            trust: Some(federated("saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE", "sts:AssumeRoleWithSAML")),
            attached: vec![AWS_MANAGED.into()],
            ..Put::default()
        },
    ];
    (puts, vec![("local", INTRICATE), ("boundary", READS), ("unused", READS)])
}

pub fn fill(moto: &Moto, account: &str, alias: &str) {
    let key = moto.key_of(account);
    let (puts, policies) = contents(account);
    for (name, document) in policies {
        moto.iam(&key, "CreatePolicy", &[("PolicyName", name), ("PolicyDocument", document)]);
    }
    moto.iam(&key, "CreateAccountAlias", &[("AccountAlias", alias)]);
    let fields = [
        ("Url", "https://token.actions.example.org"),
        ("ClientIDList.member.1", "sts.amazonaws.com"),
        ("ThumbprintList.member.1", "0123456789012345678901234567890123456789"),
    ];
    moto.iam(&key, "CreateOpenIDConnectProvider", &fields);
    moto.iam(
        &key,
        "CreateSAMLProvider",
        &[("Name", "AWSSSO_0123456789abcdef_DO_NOT_DELETE"), ("SAMLMetadataDocument", &"<metadata/>".repeat(200))],
    );
    for put in puts {
        put.into_moto(moto, &key);
    }
}
