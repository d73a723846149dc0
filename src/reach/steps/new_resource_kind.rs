//! The kinds of resources that a state can create or rename, and their actions.

/// What a state can create.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum NewResource {
    Role,
    User,
    Group,
    Policy,
}

impl NewResource {
    /// The kind of resource that an action of IAM is about.
    pub(super) fn of_action(action: &str) -> NewResource {
        match action {
            "iam:CreatePolicy" => NewResource::Policy,
            "iam:CreateGroup" | "iam:PutGroupPolicy" | "iam:AttachGroupPolicy" | "iam:AddUserToGroup" => {
                NewResource::Group
            }
            action if action.contains("User") || action.contains("AccessKey") || action.contains("LoginProfile") => {
                NewResource::User
            }
            _ => NewResource::Role,
        }
    }

    /// The kind of the resource with an ARN. None for other kinds.
    pub(super) fn of_arn(arn: &str) -> Option<NewResource> {
        let resource = arn.splitn(6, ':').nth(5)?;
        let kinds = [NewResource::Role, NewResource::User, NewResource::Group, NewResource::Policy];
        kinds.into_iter().find(|kind| resource.starts_with(kind.prefix()))
    }

    /// The action that gives it another name or path. None if it keeps them.
    pub(super) fn rename_action(self) -> Option<&'static str> {
        match self {
            NewResource::User => Some("iam:UpdateUser"),
            NewResource::Group => Some("iam:UpdateGroup"),
            NewResource::Role | NewResource::Policy => None,
        }
    }

    pub(super) fn create_action(self) -> &'static str {
        match self {
            NewResource::Role => "iam:CreateRole",
            NewResource::User => "iam:CreateUser",
            NewResource::Group => "iam:CreateGroup",
            NewResource::Policy => "iam:CreatePolicy",
        }
    }

    /// The first part of the resource in the ARN.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            NewResource::Role => "role/",
            NewResource::User => "user/",
            NewResource::Group => "group/",
            NewResource::Policy => "policy/",
        }
    }
}
