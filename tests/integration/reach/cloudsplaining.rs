//! A deliberately vulnerable account that others made: every principal of it that can really become broader than it is
//! is found, with the path; no other is. Each is argued here.
//!
//! In the account there are, to become: the users `obama` and `userwithlotsofpermissions`, who administer; the role
//! `privesc-high-priv-service-role`, which administers, has an instance profile, and trusts Data Pipeline, Elastic
//! Beanstalk, SageMaker, EKS, Glue, Lambda, CloudFormation, ECS tasks, EC2 and CodeBuild; the group `admin`. No policy
//! that a customer wrote has more than one version. Most roles trust one session of an SSO role alone.

use iamdrift::catalog::Catalog;
use iamdrift::reach::Graph;
use iamdrift::snapshot::Snapshot;
use iamdrift::solve::Solver;

use super::{ids, of};

/// A principal, the paths that it takes, and why; no path where it cannot.
const EXPECTED: &[(&str, &[&str], &str)] = &[
    (
        "user/fn1-privesc3-partial-user",
        &["ec2-001"],
        "PassRole and RunInstances stand in two policies; both are its own",
    ),
    ("role/fn1-privesc3-partial-role", &["ec2-001"], "the same"),
    ("user/fn2-exploitableResourceConstraint-user", &["iam-001"], "policy/fn2-* is the policy that it has"),
    ("role/fn2-exploitableResourceConstraint-role", &["iam-001"], "the same"),
    (
        "user/fn3-exploitableConditionConstraint-user",
        &["iam-001"],
        "a session issued after 2020 is every session of today",
    ),
    ("role/fn3-exploitableConditionConstraint-role", &["iam-001"], "the same"),
    (
        "user/fn4-exploitableNotAction-user",
        &["iam-007"],
        "all but iam:Update*, Create*, Attach*: PutUserPolicy is left",
    ),
    ("role/fn4-exploitableNotAction-role", &["iam-005"], "PutRolePolicy is left"),
    ("user/fp1-allow-and-deny-user", &[], "every iam action is denied"),
    ("role/fp1-allow-and-deny-role", &[], "every iam action is denied"),
    ("user/fp2-allow-and-deny-multiple-policies-user", &[], "everything is denied"),
    ("role/fp2-allow-and-deny-multiple-policies-role", &[], "everything is denied"),
    ("user/fp3-deny-iam-user", &[], "nothing is allowed"),
    ("role/fp3-deny-iam-role", &[], "nothing is allowed"),
    ("user/fp4-nonExploitableResourceConstraint-user", &[], "policies of AWS itself: nobody writes those"),
    ("role/fp4-nonExploitableResourceConstraint-role", &[], "policies of AWS itself: nobody writes those"),
    ("user/fp5-nonExploitableConditionConstraint-user", &[], "a session issued before 2020 is over"),
    ("role/fp5-nonExploitableConditionConstraint-role", &[], "a session issued before 2020 is over"),
    ("user/privesc-AssumeRole-start-user", &[], "no policy, and no role names it"),
    (
        "role/privesc-AssumeRole-starting-role",
        &["sts-001", "sts-001"],
        "named by the intermediate role, and that by the last",
    ),
    ("role/privesc-AssumeRole-intermediate-role", &["sts-001"], "named by the last role"),
    ("role/privesc-AssumeRole-ending-role", &[], "it administers already"),
    ("user/privesc-CloudFormationUpdateStack-user", &["cloudformation-002"], "if a stack has the service role"),
    ("role/privesc-CloudFormationUpdateStack-role", &["cloudformation-002"], "the same"),
    ("user/privesc-codeBuildCreateProjectPassRole-user", &["codebuild-001"], "the service role trusts CodeBuild"),
    ("role/privesc-codeBuildCreateProjectPassRole-role", &["codebuild-001"], "the same"),
    ("user/privesc-ec2InstanceConnect-user", &["ec2instanceconnect-003"], "if an instance runs with the service role"),
    ("role/privesc-ec2InstanceConnect-role", &["ec2instanceconnect-003"], "the same"),
    ("role/privesc-high-priv-service-role", &[], "it administers already"),
    ("role/privesc-permissive-role-trust", &[], "no policy: others may become it, not it others"),
    ("user/privesc-sageMakerCreateNotebookPassRole-user", &["sagemaker-001"], "the service role trusts SageMaker"),
    ("role/privesc-sageMakerCreateNotebookPassRole-role", &["sagemaker-001"], "the same"),
    (
        "user/privesc-sageMakerCreatePresignedNotebookURL-user",
        &["sagemaker-004"],
        "if a notebook runs with the service role",
    ),
    ("role/privesc-sageMakerCreatePresignedNotebookURL-role", &["sagemaker-004"], "the same"),
    ("user/privesc-sageMakerCreateProcessingJobPassRole-user", &["sagemaker-003"], "the service role trusts SageMaker"),
    ("role/privesc-sageMakerCreateProcessingJobPassRole-role", &["sagemaker-003"], "the same"),
    ("user/privesc-sageMakerCreateTrainingJobPassRole-user", &["sagemaker-002"], "the service role trusts SageMaker"),
    ("role/privesc-sageMakerCreateTrainingJobPassRole-role", &["sagemaker-002"], "the same"),
    ("user/privesc-sre-user", &["iam-001"], "iam:*: it writes the policy that its group has"),
    ("role/privesc-sre-role", &["iam-001"], "iam:*: it writes the policy that it has"),
    ("user/privesc-ssmSendCommand-user", &["ssm-002"], "if an instance runs with the service role"),
    ("role/privesc-ssmSendCommand-role", &["ssm-002"], "the same"),
    ("user/privesc-ssmStartSession-user", &["ssm-001"], "if an instance runs with the service role"),
    ("role/privesc-ssmStartSession-role", &["ssm-001"], "the same"),
    ("user/privesc1-CreateNewPolicyVersion-user", &["iam-001"], "of the policy that it has"),
    ("role/privesc1-CreateNewPolicyVersion-role", &["iam-001"], "of the policy that it has"),
    ("user/privesc2-SetExistingDefaultPolicyVersion-user", &[], "no policy of the account has another version"),
    ("role/privesc2-SetExistingDefaultPolicyVersion-role", &[], "no policy of the account has another version"),
    (
        "user/privesc3-CreateEC2WithExistingInstanceProfile-user",
        &["ec2-001"],
        "the service role has an instance profile",
    ),
    ("role/privesc3-CreateEC2WithExistingInstanceProfile-role", &["ec2-001"], "the same"),
    ("user/privesc4-CreateAccessKey-user", &["iam-002"], "for obama"),
    ("role/privesc4-CreateAccessKey-role", &["iam-002"], "for obama"),
    ("user/privesc5-CreateLoginProfile-user", &["iam-004"], "for obama, if there is no password yet"),
    ("role/privesc5-CreateLoginProfile-role", &["iam-004"], "the same"),
    ("user/privesc6-UpdateLoginProfile-user", &["iam-006"], "of obama, if there is a password"),
    ("role/privesc6-UpdateLoginProfile-role", &["iam-006"], "the same"),
    ("user/privesc7-AttachUserPolicy-user", &["iam-008"], "to itself"),
    ("role/privesc7-AttachUserPolicy-role", &[], "to users alone, and it can become none"),
    ("user/privesc8-AttachGroupPolicy-user", &["iam-010"], "it is in the group"),
    ("role/privesc8-AttachGroupPolicy-role", &[], "a role is in no group"),
    ("user/privesc9-AttachRolePolicy-user", &[], "to roles alone, and it can assume none"),
    ("role/privesc9-AttachRolePolicy-role", &["iam-009"], "to itself"),
    ("user/privesc10-PutUserPolicy-user", &["iam-007"], "into itself"),
    ("role/privesc10-PutUserPolicy-role", &[], "into users alone, and it can become none"),
    ("user/privesc11-PutGroupPolicy-user", &["iam-011"], "it is in the group"),
    ("role/privesc11-PutGroupPolicy-role", &[], "a role is in no group"),
    ("user/privesc12-PutRolePolicy-user", &[], "into roles alone, and it can assume none"),
    ("role/privesc12-PutRolePolicy-role", &["iam-005"], "into itself"),
    ("user/privesc13-AddUserToGroup-user", &["iam-013"], "the group admin"),
    ("role/privesc13-AddUserToGroup-role", &[], "a role joins no group"),
    ("user/privesc14-UpdatingAssumeRolePolicy-user", &["iam-012"], "of a role that administers"),
    ("role/privesc14-UpdatingAssumeRolePolicy-role", &["iam-012"], "of a role that administers"),
    ("user/privesc15-PassExistingRoleToNewLambdaThenInvoke-user", &["lambda-001"], "the service role trusts Lambda"),
    ("role/privesc15-PassExistingRoleToNewLambdaThenInvoke-role", &["lambda-001"], "the same"),
    (
        "user/privesc16-PassRoleToNewLambdaThenTriggerWithNewDynamo-user",
        &["lambda-publish"],
        "the service role trusts Lambda, and a published version runs its start code without a trigger",
    ),
    ("role/privesc16-PassRoleToNewLambdaThenTriggerWithNewDynamo-role", &["lambda-publish"], "the same"),
    (
        "user/privesc17-EditExistingLambdaFunctionWithRole-user",
        &["lambda-003"],
        "if a function runs with the service role",
    ),
    ("role/privesc17-EditExistingLambdaFunctionWithRole-role", &["lambda-003"], "the same"),
    ("user/privesc18-PassExistingRoleToNewGlueDevEndpoint-user", &["glue-001"], "the service role trusts Glue"),
    ("role/privesc18-PassExistingRoleToNewGlueDevEndpoint-role", &["glue-001"], "the same"),
    ("user/privesc19-UpdateExistingGlueDevEndpoint-user", &["glue-002"], "if an endpoint runs with the service role"),
    ("role/privesc19-UpdateExistingGlueDevEndpoint-role", &["glue-002"], "the same"),
    (
        "user/privesc20-PassExistingRoleToCloudFormation-user",
        &["cloudformation-001"],
        "the service role trusts CloudFormation",
    ),
    ("role/privesc20-PassExistingRoleToCloudFormation-role", &["cloudformation-001"], "the same"),
    (
        "user/privesc21-PassExistingRoleToNewDataPipeline-user",
        &["datapipeline-001"],
        "the service role trusts Data Pipeline",
    ),
    ("role/privesc21-PassExistingRoleToNewDataPipeline-role", &["datapipeline-001"], "the same"),
];

#[test]
#[ignore = "needs IAMDRIFT_CORPUS (account details)"]
fn every_principal_that_can_become_broader_is_found_and_no_other() {
    let corpus = crate::needs::corpus();
    let snapshot = Snapshot::load(&corpus.join("accounts/cloudsplaining__example.json")).unwrap();
    let labelled: Vec<&str> = snapshot
        .principals()
        .map(|(_, principal)| principal.arn.resource())
        .filter(|name| ["/privesc", "/fn", "/fp"].iter().any(|label| name.contains(label)))
        .collect();
    let argued: Vec<&str> = EXPECTED.iter().map(|(name, ..)| *name).collect();
    let unargued: Vec<&&str> = labelled.iter().filter(|name| !argued.contains(name)).collect();
    assert!(unargued.is_empty() && argued.len() == labelled.len(), "{unargued:?}");
    let solver = Solver::new(Catalog::embedded());
    let graph = Graph::new(&solver, &snapshot, jiff::civil::date(2026, 11, 20));
    let mut wrong = Vec::new();
    for (name, expected, why) in EXPECTED {
        let from = graph.find(&format!("arn:aws:iam::200611803367:{name}")).unwrap();
        let found = of(&graph, from).map(|links| ids(&links)).unwrap_or_default();
        if found != *expected {
            wrong.push(format!("{name}: {found:?}, not {expected:?}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
