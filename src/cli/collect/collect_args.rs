//! What is collected from AWS and how, as arguments: those of `collect`, and of an `audit` that collects first.

use iamdrift::iam::{AccountId, Arn};

/// Under what the help lists them. Named at each: a heading for all would go on to the options that follow them.
pub const HELP_HEADING: &str = "Collecting";

/// What makes no sense beside a snapshot that was collected before. `--quiet` has nothing to silence there.
pub const COLLECT_ONLY_ARGS: [&str; 9] = [
    "profile",
    "region",
    "role_arn",
    "external_id",
    "accounts",
    "member_role",
    "concurrency",
    "requests_per_second",
    "resource_regions",
];

/// Whom to ask, as whom, and how much at a time.
#[derive(Clone, Debug, clap::Args)]
#[cfg_attr(not(feature = "aws"), allow(dead_code))]
pub struct CollectArgs {
    /// The profile of the AWS configuration files to use
    #[arg(long, value_name = "NAME", help_heading = HELP_HEADING)]
    pub profile: Option<String>,
    /// The region to ask, where neither the environment nor the profile says
    #[arg(long, value_name = "REGION", value_parser = parse_region, help_heading = HELP_HEADING)]
    pub region: Option<String>,
    /// A role to assume before anything else
    #[arg(long, value_name = "ARN", value_parser = parse_role_arn, help_heading = HELP_HEADING)]
    pub role_arn: Option<String>,
    /// The external id to tell whenever a role is assumed
    #[arg(long, value_name = "ID", help_heading = HELP_HEADING)]
    pub external_id: Option<String>,
    /// Accounts to read, `111122223333,444455556666`; with `--organization` only these of it
    #[arg(long, value_name = "IDS", value_delimiter = ',', value_parser = parse_account, help_heading = HELP_HEADING)]
    pub accounts: Vec<AccountId>,
    /// The role to assume in each account but the caller's own, by its name or path and name
    #[arg(long, value_name = "NAME", value_parser = parse_role, help_heading = HELP_HEADING)]
    pub member_role: Option<String>,
    /// How many accounts to read at a time
    #[arg(long, value_name = "N", help_heading = HELP_HEADING)]
    #[arg(default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub concurrency: u16,
    /// How many requests to send a second at most, all accounts together; 0 for no bound
    #[arg(long, value_name = "N", default_value_t = 20.0, value_parser = parse_rate, help_heading = HELP_HEADING)]
    pub requests_per_second: f64,
    /// Regions whose resources' policies are read, in a build with `aws-resources`
    #[arg(long, value_name = "REGIONS", value_delimiter = ',', value_parser = parse_region, help_heading = HELP_HEADING)]
    pub resource_regions: Vec<String>,
    /// Show no progress, and no summary; what could not be read is told all the same
    #[arg(short, long, help_heading = HELP_HEADING)]
    pub quiet: bool,
}

fn parse_role_arn(text: &str) -> Result<String, String> {
    let is_role = |arn: &Arn| {
        arn.service() == "iam" && AccountId::parse(arn.account()).is_some() && arn.resource().starts_with("role/")
    };
    match Arn::parse(text) {
        Some(arn) if is_role(&arn) => Ok(text.to_owned()),
        _ => Err("the ARN of a role, such as `arn:aws:iam::111122223333:role/auditor`".to_owned()),
    }
}

fn parse_region(text: &str) -> Result<String, String> {
    let is_allowed_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_allowed_char) {
        return Ok(text.to_owned());
    }
    Err("a region, such as `eu-west-1`".to_owned())
}

fn parse_account(text: &str) -> Result<AccountId, String> {
    AccountId::parse(text).ok_or_else(|| "an account number has twelve digits".to_owned())
}

fn parse_role(text: &str) -> Result<String, String> {
    if text.starts_with("arn:") {
        return Err("give the role's name alone: its ARN differs from account to account".to_owned());
    }
    let is_allowed_char = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c);
    if text.is_empty() || !text.chars().all(is_allowed_char) {
        return Err("the name of a role, such as `iamdrift-member`".to_owned());
    }
    Ok(text.to_owned())
}

fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate == 0.0 || (0.1..=10_000.0).contains(&rate) => Ok(rate),
        _ => Err("a number from 0.1 to 10000, or 0 for no bound".to_owned()),
    }
}
