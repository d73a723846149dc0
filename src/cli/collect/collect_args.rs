//! The options of a collection, for `collect` and for an `audit` that collects first.

use iamdrift::iam::{AccountId, Arn};

/// The help heading of these options. Each option names it, because a heading for the struct would also apply to the
/// options after it.
pub const HELP_HEADING: &str = "Collection options";

/// The options that conflict with an existing snapshot. `--quiet` has no effect there.
pub const COLLECT_ONLY_ARGS: [&str; 11] = [
    "profile",
    "region",
    "role_arn",
    "external_id",
    "accounts",
    "member_role",
    "concurrency",
    "requests_per_second",
    "resource_regions",
    "read_service_roles",
    "no_other_regions",
];

/// The accounts to read, the credentials, and the rate.
#[derive(Clone, Debug, clap::Args)]
#[cfg_attr(not(feature = "aws"), allow(dead_code))]
pub struct CollectArgs {
    /// The AWS profile to use
    #[arg(long, value_name = "NAME", help_heading = HELP_HEADING)]
    pub profile: Option<String>,
    /// The AWS region [default: from the environment or the profile]
    #[arg(long, value_name = "REGION", value_parser = parse_region, help_heading = HELP_HEADING)]
    pub region: Option<String>,
    /// A role to assume first
    #[arg(long, value_name = "ARN", value_parser = parse_role_arn, help_heading = HELP_HEADING)]
    pub role_arn: Option<String>,
    /// External ID to pass to sts:AssumeRole
    #[arg(long, value_name = "ID", help_heading = HELP_HEADING)]
    pub external_id: Option<String>,
    /// Account ids to read, separated by commas; with `--organization`, only these of its accounts
    #[arg(long, value_name = "IDS", value_delimiter = ',', value_parser = parse_account, help_heading = HELP_HEADING)]
    pub accounts: Vec<AccountId>,
    /// The name (optionally with path) of the role to assume in each account other than the caller's
    #[arg(long, value_name = "NAME", value_parser = parse_role, help_heading = HELP_HEADING)]
    pub member_role: Option<String>,
    /// The number of accounts to read in parallel
    #[arg(long, value_name = "N", help_heading = HELP_HEADING)]
    #[arg(default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub concurrency: u16,
    /// The maximum number of requests per second, for all accounts together; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 20.0, value_parser = parse_rate, help_heading = HELP_HEADING)]
    pub requests_per_second: f64,
    /// Regions whose resource policies are read, in a build with `aws-resources`, and whose resources that use roles are
    /// read, with `--read-service-roles`
    #[arg(long, value_name = "REGIONS", value_delimiter = ',', value_parser = parse_region, help_heading = HELP_HEADING)]
    pub resource_regions: Vec<String>,
    /// Read the resources of services that use roles (functions, stacks, notebooks, …), in a build with `aws-service-roles`
    #[arg(long, help_heading = HELP_HEADING)]
    pub read_service_roles: bool,
    /// State that the accounts have no resources in other regions than `--resource-regions`
    #[arg(long, requires_all = ["read_service_roles", "resource_regions"], help_heading = HELP_HEADING)]
    pub no_other_regions: bool,
    /// Show no progress and no summary; unread parts are still reported
    #[arg(short, long, help_heading = HELP_HEADING)]
    pub quiet: bool,
}

fn parse_role_arn(text: &str) -> Result<String, String> {
    let is_role = |arn: &Arn| {
        arn.service() == "iam" && AccountId::parse(arn.account()).is_some() && arn.resource().starts_with("role/")
    };
    match Arn::parse(text) {
        Some(arn) if is_role(&arn) => Ok(text.to_owned()),
        _ => Err("expected the ARN of a role, such as `arn:aws:iam::111122223333:role/auditor`".to_owned()),
    }
}

fn parse_region(text: &str) -> Result<String, String> {
    let is_allowed_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_allowed_char) {
        return Ok(text.to_owned());
    }
    Err("expected a region, such as `eu-west-1`".to_owned())
}

fn parse_account(text: &str) -> Result<AccountId, String> {
    AccountId::parse(text).ok_or_else(|| "expected an account number of twelve digits".to_owned())
}

fn parse_role(text: &str) -> Result<String, String> {
    if text.starts_with("arn:") {
        return Err("expected the name of the role: its ARN is different in each account".to_owned());
    }
    let is_allowed_char = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c);
    if text.is_empty() || !text.chars().all(is_allowed_char) {
        return Err("expected the name of a role, such as `iamdrift-member`".to_owned());
    }
    Ok(text.to_owned())
}

fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate == 0.0 || (0.1..=10_000.0).contains(&rate) => Ok(rate),
        _ => Err("expected a number from 0.1 to 10000, or 0 for no limit".to_owned()),
    }
}
