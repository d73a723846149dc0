//! The services that generated policies name.

pub struct Service {
    pub prefix: &'static str,
    pub read: &'static [&'static str],
    pub write: &'static [&'static str],
    /// The ARN of a resource. `{account}` and `{name}` are replaced.
    pub arn: &'static str,
}

macro_rules! services {
    ($($prefix:literal: [$($read:literal),*] [$($write:literal),*] $arn:literal;)*) => {
        pub const SERVICES: &[Service] =
            &[$(Service { prefix: $prefix, read: &[$($read),*], write: &[$($write),*], arn: $arn }),*];
    };
}

services! {
    "s3": ["GetObject", "ListBucket", "GetBucketPolicy", "GetObjectTagging"] ["PutObject", "DeleteObject", "DeleteBucket", "PutBucketPolicy"] "arn:aws:s3:::{name}/*";
    "dynamodb": ["GetItem", "Query", "Scan", "DescribeTable"] ["PutItem", "DeleteItem", "UpdateItem", "DeleteTable"] "arn:aws:dynamodb:eu-west-1:{account}:table/{name}";
    "ec2": ["DescribeInstances", "DescribeVpcs", "DescribeImages"] ["RunInstances", "TerminateInstances", "CreateTags", "StopInstances", "DeleteSecurityGroup"] "arn:aws:ec2:eu-west-1:{account}:instance/{name}";
    "lambda": ["GetFunction", "ListFunctions", "GetPolicy"] ["InvokeFunction", "UpdateFunctionCode", "CreateFunction", "DeleteFunction"] "arn:aws:lambda:eu-west-1:{account}:function:{name}";
    "sqs": ["GetQueueAttributes", "ListQueues"] ["SendMessage", "ReceiveMessage", "DeleteQueue", "PurgeQueue"] "arn:aws:sqs:eu-west-1:{account}:{name}";
    "sns": ["GetTopicAttributes", "ListTopics"] ["Publish", "Subscribe", "DeleteTopic"] "arn:aws:sns:eu-west-1:{account}:{name}";
    "kms": ["DescribeKey", "ListKeys"] ["Decrypt", "Encrypt", "GenerateDataKey", "ScheduleKeyDeletion"] "arn:aws:kms:eu-west-1:{account}:key/{name}";
    "logs": ["GetLogEvents", "DescribeLogGroups", "FilterLogEvents"] ["CreateLogGroup", "PutLogEvents", "DeleteLogGroup"] "arn:aws:logs:eu-west-1:{account}:log-group:{name}:*";
    "cloudwatch": ["GetMetricData", "ListMetrics"] ["PutMetricData", "PutMetricAlarm", "DeleteAlarms"] "*";
    "ecs": ["DescribeServices", "ListTasks"] ["RunTask", "UpdateService", "StopTask", "RegisterTaskDefinition"] "arn:aws:ecs:eu-west-1:{account}:service/{name}/*";
    "ecr": ["BatchGetImage", "DescribeRepositories"] ["PutImage", "DeleteRepository", "BatchDeleteImage"] "arn:aws:ecr:eu-west-1:{account}:repository/{name}";
    "rds": ["DescribeDBInstances", "ListTagsForResource"] ["DeleteDBInstance", "ModifyDBInstance", "CreateDBSnapshot"] "arn:aws:rds:eu-west-1:{account}:db:{name}";
    "secretsmanager": ["DescribeSecret", "ListSecrets"] ["GetSecretValue", "PutSecretValue", "DeleteSecret"] "arn:aws:secretsmanager:eu-west-1:{account}:secret:{name}-*";
    "ssm": ["GetParameter", "DescribeParameters"] ["PutParameter", "SendCommand", "StartSession"] "arn:aws:ssm:eu-west-1:{account}:parameter/{name}/*";
    "cloudformation": ["DescribeStacks", "ListStacks"] ["CreateStack", "UpdateStack", "DeleteStack"] "arn:aws:cloudformation:eu-west-1:{account}:stack/{name}/*";
    "states": ["DescribeExecution", "ListStateMachines"] ["StartExecution", "UpdateStateMachine", "DeleteStateMachine"] "arn:aws:states:eu-west-1:{account}:stateMachine:{name}";
    "events": ["DescribeRule", "ListRules"] ["PutRule", "PutTargets", "PutEvents", "DeleteRule"] "arn:aws:events:eu-west-1:{account}:rule/{name}";
    "glue": ["GetJob", "GetTables"] ["StartJobRun", "UpdateJob", "DeleteTable"] "arn:aws:glue:eu-west-1:{account}:job/{name}";
    "athena": ["GetQueryResults", "ListWorkGroups"] ["StartQueryExecution", "DeleteWorkGroup"] "arn:aws:athena:eu-west-1:{account}:workgroup/{name}";
    "iam": ["GetRole", "ListRoles", "GetPolicy"] ["PassRole", "TagRole", "UpdateRole"] "arn:aws:iam::{account}:role/{name}";
}
