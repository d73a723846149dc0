//! Answers in the form in which AWS gives them (the examples of the "IAM API Reference", the "AWS STS API Reference"
//! and the "AWS Organizations API Reference"): documents URL-encoded, pages that split at any entry.

use std::collections::BTreeMap;

use super::server::{Answer, Request};

pub const CALLER: &str = "999988887777";
pub const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
pub const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
pub const READ_ONLY_DOCUMENT: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}]}"#;

/// One account's lists, an entry each, as XML.
#[derive(Clone, Default)]
pub struct Account {
    pub users: Vec<String>,
    pub groups: Vec<String>,
    pub roles: Vec<String>,
    pub policies: Vec<String>,
    pub alias: Option<String>,
}

/// The accounts of a pretended AWS, by number.
#[derive(Clone)]
pub struct Aws {
    pub accounts: BTreeMap<String, Account>,
    /// How many entries a page has.
    pub page: usize,
}

/// The characters that AWS leaves as they are (RFC 3986, unreserved).
const ENCODED: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

pub fn encoded(document: &str) -> String {
    percent_encoding::utf8_percent_encode(document, ENCODED).to_string()
}

fn attached(arns: &[&str]) -> String {
    let member = |arn: &&str| {
        let name = arn.rsplit('/').next().unwrap();
        format!("<member><PolicyName>{name}</PolicyName><PolicyArn>{arn}</PolicyArn></member>")
    };
    format!("<AttachedManagedPolicies>{}</AttachedManagedPolicies>", arns.iter().map(member).collect::<String>())
}

fn inline(list: &str, policies: &[(&str, &str)]) -> String {
    let member = |(name, document): &(&str, &str)| {
        let document = encoded(document);
        format!("<member><PolicyName>{name}</PolicyName><PolicyDocument>{document}</PolicyDocument></member>")
    };
    format!("<{list}>{}</{list}>", policies.iter().map(member).collect::<String>())
}

pub fn role(account: &str, name: &str, policies: &[(&str, &str)], arns: &[&str]) -> String {
    let trust = encoded(TRUST);
    let (policies, arns) = (inline("RolePolicyList", policies), attached(arns));
    format!(
        "<member><Path>/</Path><RoleName>{name}</RoleName><RoleId>AROA{name}</RoleId>\
         <Arn>arn:aws:iam::{account}:role/{name}</Arn><CreateDate>2014-07-30T17:09:20Z</CreateDate>\
         <AssumeRolePolicyDocument>{trust}</AssumeRolePolicyDocument><InstanceProfileList/>{policies}{arns}\
         <Tags><member><Key>owner</Key><Value>té am</Value></member></Tags>\
         <RoleLastUsed><LastUsedDate>2019-11-20T17:09:20Z</LastUsedDate><Region>us-east-1</Region></RoleLastUsed></member>"
    )
}

pub fn user(account: &str, name: &str, groups: &[&str], arns: &[&str], boundary: Option<&str>) -> String {
    let groups: String = groups.iter().map(|group| format!("<member>{group}</member>")).collect();
    let boundary = boundary.map_or_else(String::new, |arn| {
        format!(
            "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>\
             <PermissionsBoundaryArn>{arn}</PermissionsBoundaryArn></PermissionsBoundary>"
        )
    });
    let arns = attached(arns);
    format!(
        "<member><Path>/</Path><UserName>{name}</UserName><UserId>AIDA{name}</UserId>\
         <Arn>arn:aws:iam::{account}:user/{name}</Arn><CreateDate>2013-10-14T18:32:24Z</CreateDate>\
         <UserPolicyList/><GroupList>{groups}</GroupList>{arns}{boundary}<Tags/></member>"
    )
}

pub fn group(account: &str, name: &str, policies: &[(&str, &str)]) -> String {
    let policies = inline("GroupPolicyList", policies);
    format!(
        "<member><Path>/</Path><GroupName>{name}</GroupName><GroupId>AGPA{name}</GroupId>\
         <Arn>arn:aws:iam::{account}:group/{name}</Arn><CreateDate>2013-10-14T18:32:24Z</CreateDate>\
         {policies}<AttachedManagedPolicies/></member>"
    )
}

pub fn policy(account: &str, name: &str, document: &str) -> String {
    let document = encoded(document);
    format!(
        "<member><PolicyName>{name}</PolicyName><PolicyId>ANPA{name}</PolicyId>\
         <Arn>arn:aws:iam::{account}:policy/{name}</Arn><Path>/</Path><DefaultVersionId>v2</DefaultVersionId>\
         <AttachmentCount>1</AttachmentCount><IsAttachable>true</IsAttachable>\
         <PolicyVersionList><member><Document>{document}</Document><VersionId>v2</VersionId>\
         <IsDefaultVersion>true</IsDefaultVersion><CreateDate>2014-02-11T19:26:06Z</CreateDate></member></PolicyVersionList>\
         </member>"
    )
}

impl Aws {
    pub fn new(page: usize) -> Aws {
        Aws { accounts: BTreeMap::new(), page }
    }

    pub fn with(mut self, id: &str, account: Account) -> Aws {
        self.accounts.insert(id.to_owned(), account);
        self
    }

    /// What AWS answers when nothing is wrong.
    pub fn answer(&self, request: &Request) -> Answer {
        match request.name().as_str() {
            "sts:GetCallerIdentity" => Answer::xml(format!(
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                 <Arn>arn:aws:iam::{CALLER}:user/auditor</Arn><UserId>AIDAAUDITOR</UserId><Account>{CALLER}</Account>\
                 </GetCallerIdentityResult></GetCallerIdentityResponse>"
            )),
            "sts:AssumeRole" => assumed(&request.field("RoleArn").unwrap()),
            "iam:GetAccountAuthorizationDetails" => self.details(request),
            "iam:GetPolicy" => {
                let arn = request.field("PolicyArn").unwrap();
                Answer::xml(format!(
                    "<GetPolicyResponse><GetPolicyResult><Policy><PolicyName>{}</PolicyName><PolicyId>ANPAREAD</PolicyId>\
                     <Arn>{arn}</Arn><Path>/</Path><DefaultVersionId>v90</DefaultVersionId><AttachmentCount>1</AttachmentCount>\
                     </Policy></GetPolicyResult></GetPolicyResponse>",
                    arn.rsplit('/').next().unwrap()
                ))
            }
            "iam:GetPolicyVersion" => Answer::xml(format!(
                "<GetPolicyVersionResponse><GetPolicyVersionResult><PolicyVersion><Document>{}</Document>\
                 <VersionId>{}</VersionId><IsDefaultVersion>true</IsDefaultVersion></PolicyVersion></GetPolicyVersionResult>\
                 </GetPolicyVersionResponse>",
                encoded(READ_ONLY_DOCUMENT),
                request.field("VersionId").unwrap()
            )),
            "iam:ListAccountAliases" => {
                let alias = self.of(request).alias.iter().map(|alias| format!("<member>{alias}</member>"));
                Answer::xml(format!(
                    "<ListAccountAliasesResponse><ListAccountAliasesResult><IsTruncated>false</IsTruncated><AccountAliases>{}\
                     </AccountAliases></ListAccountAliasesResult></ListAccountAliasesResponse>",
                    alias.collect::<String>()
                ))
            }
            "iam:ListOpenIDConnectProviders" => Answer::xml(
                "<ListOpenIDConnectProvidersResponse><ListOpenIDConnectProvidersResult><OpenIDConnectProviderList>\
                 <member><Arn>arn:aws:iam::111122223333:oidc-provider/server.example.org</Arn></member>\
                 </OpenIDConnectProviderList></ListOpenIDConnectProvidersResult></ListOpenIDConnectProvidersResponse>",
            ),
            "iam:GetOpenIDConnectProvider" => Answer::xml(
                "<GetOpenIDConnectProviderResponse><GetOpenIDConnectProviderResult><Url>server.example.org</Url>\
                 <ClientIDList><member>my-application-ID</member></ClientIDList></GetOpenIDConnectProviderResult>\
                 </GetOpenIDConnectProviderResponse>",
            ),
            "iam:ListSAMLProviders" => Answer::xml(
                "<ListSAMLProvidersResponse><ListSAMLProvidersResult><SAMLProviderList/></ListSAMLProvidersResult>\
                 </ListSAMLProvidersResponse>",
            ),
            // Accounts without resources: `resources.rs` has some.
            "s3:ListBuckets" => Answer::xml("<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"),
            "sns:ListTopics" => {
                Answer::xml("<ListTopicsResponse><ListTopicsResult><Topics/></ListTopicsResult></ListTopicsResponse>")
            }
            "kms:ListKeys"
            | "lambda:ListFunctions"
            | "sqs:ListQueues"
            | "secretsmanager:ListSecrets"
            | "ecr:DescribeRepositories"
            | "dynamodb:ListTables" => Answer::json("{}"),
            name => panic!("the collector asked for {name}, which nothing here answers"),
        }
    }

    /// The account of whoever signed.
    fn of(&self, request: &Request) -> &Account {
        let id = request.key.strip_prefix("ASIA").unwrap_or(CALLER);
        &self.accounts[id]
    }

    fn details(&self, request: &Request) -> Answer {
        let account = self.of(request);
        let (list, entries) = match request.field("Filter.member.1").as_deref() {
            Some("User") => ("UserDetailList", &account.users),
            Some("Group") => ("GroupDetailList", &account.groups),
            Some("Role") => ("RoleDetailList", &account.roles),
            Some("LocalManagedPolicy") => ("Policies", &account.policies),
            other => panic!("a filter {other:?}: the catalogue of AWS's policies must not be asked for"),
        };
        let start: usize = request.field("Marker").map_or(0, |marker| marker.parse().unwrap());
        let end = entries.len().min(start + self.page);
        let (more, marker) = match end < entries.len() {
            true => ("true", format!("<Marker>{end}</Marker>")),
            false => ("false", String::new()),
        };
        let mut lists: String = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"]
            .iter()
            .filter(|name| **name != list)
            .map(|name| format!("<{name}/>"))
            .collect();
        lists += &format!("<{list}>{}</{list}>", entries[start..end].concat());
        Answer::xml(format!(
            "<GetAccountAuthorizationDetailsResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
             <GetAccountAuthorizationDetailsResult><IsTruncated>{more}</IsTruncated>{marker}{lists}\
             </GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>"
        ))
    }
}

/// A session whose access key tells the account.
fn assumed(role: &str) -> Answer {
    let account = role.split(':').nth(4).unwrap();
    Answer::xml(format!(
        "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><Arn>arn:aws:sts::{account}:assumed-role/m/iamdrift-collect\
         </Arn><AssumedRoleId>AROAM:iamdrift-collect</AssumedRoleId></AssumedRoleUser><Credentials>\
         <AccessKeyId>ASIA{account}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>\
         <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    ))
}
