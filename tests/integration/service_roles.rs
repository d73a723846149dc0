//! `service-roles.json`: what is read, and what is refused with its place.

use std::path::Path;

use iamdrift::snapshot::{ReadRegions, Snapshot, SnapshotError};
use iamdrift::source::SourceFile;

const PAGE: &str = r#"{ "RoleDetailList": [], "Policies": [] , "UserDetailList": [{ "Arn": "arn:aws:iam::111122223333:user/u",
    "UserName": "u", "UserId": "AIDAEXAMPLE", "Path": "/" }] }"#;

fn load(texts: &[(&str, &str)]) -> Result<Snapshot, SnapshotError> {
    let mut sources = vec![SourceFile::new("account.json", PAGE)];
    sources.extend(texts.iter().map(|(name, text)| SourceFile::new((*name).to_owned(), (*text).to_owned())));
    Snapshot::from_texts(Path::new("given"), &sources)
}

/// The errors of a file, each with its line and column.
fn refused(text: &str) -> Vec<String> {
    let Err(SnapshotError::Invalid(diagnostics)) = load(&[("service-roles.json", text)]) else {
        panic!("{text} is not refused")
    };
    let line = |error: &iamdrift::source::Diagnostic| {
        let place = error.place();
        format!("{}:{}: {}", place.line, place.column, error.message)
    };
    diagnostics.0.iter().map(line).collect()
}

#[test]
fn files_are_merged() {
    let first = r#"{ "ServiceResources": [{ "ResourceType": "AWS::Lambda::Function", "Roles": ["worker"],
        "Arn": "arn:aws:lambda:eu-west-1:111122223333:function:f" }],
        "CompleteResourceTypes": [{ "Account": "111122223333", "ResourceTypes": ["AWS::Lambda::Function"],
                                    "Regions": ["eu-west-1"] }] }"#;
    let second = r#"{ "CompleteResourceTypes": [
        { "Account": "111122223333", "ResourceTypes": ["AWS::Lambda::Function"], "Regions": ["us-east-1"] },
        { "Account": "111122223333", "ResourceTypes": ["AWS::Glue::Job"], "Regions": ["us-east-1", "*"] }] }"#;
    let files = [("a/service-roles.json", first), ("b/service-roles.json", second), ("c/service-roles.json", first)];
    let roles = load(&files).unwrap().service_roles;
    assert_eq!(roles.resources.len(), 1);
    assert_eq!(roles.resources[0].role_names().collect::<Vec<_>>(), [("111122223333", "worker")]);
    let regions: Vec<(&str, ReadRegions)> =
        roles.complete.iter().map(|((_, name), regions)| (name.as_str(), regions.clone())).collect();
    let both = ["eu-west-1", "us-east-1"].map(str::to_owned).into();
    assert_eq!(regions, [("AWS::Glue::Job", ReadRegions::All), ("AWS::Lambda::Function", ReadRegions::Only(both))]);
}

#[test]
fn what_is_not_valid_is_refused_at_its_place() {
    let text = r#"{ "ServiceResources": [
        { "ResourceType": "Lambda", "Arn": "arn:aws:lambda:eu-west-1:111122223333:function:f" },
        { "ResourceType": "AWS::Lambda::Function", "Arn": "arn:aws:lambda:eu-west-1:111122223333:function:*" },
        { "ResourceType": "AWS::Lambda::Function", "Arn": "arn:aws:lambda:eu-west-1::function:f" },
        { "ResourceType": "AWS::Lambda::Function", "Arn": "arn:aws:lambda:eu-west-1:111122223333:function:g",
          "Roles": ["arn:aws:iam::111122223333:user/u", "a/b"], "Properties": { "A": 1 } },
        { "Type": "AWS::Lambda::Function" } ],
      "CompleteResourceTypes": [
        { "ResourceTypes": ["AWS::Lambda::Function"], "Regions": ["*"] },
        { "Account": "111122223333", "ResourceTypes": [], "Regions": ["*"] } ],
      "Complete": [] }"#;
    insta::assert_snapshot!("service_roles_that_are_not_valid", refused(text).join("\n"));
    let twice = r#"{ "ServiceResources": [
        { "ResourceType": "AWS::Lambda::Function", "Arn": "arn:aws:lambda:eu-west-1:111122223333:function:f" },
        { "ResourceType": "AWS::Lambda::Function", "Arn": "arn:aws:lambda:eu-west-1:111122223333:function:f",
          "Roles": ["r"] } ] }"#;
    let expected = "3:59: arn:aws:lambda:eu-west-1:111122223333:function:f appears twice with different content";
    assert_eq!(refused(twice), [expected]);
}
