//! How a principal satisfies a condition of a guard by itself.

/// How a principal satisfies a condition of a guard by itself.
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub enum GuardBypassMethod {
    /// The principal has a tag with the required value.
    HasTag {
        /// The context key of the tag.
        key: String,
        /// The value.
        value: String,
    },
    /// The principal does not have the tag, and the condition does not require it.
    LacksTag {
        /// The name of the tag.
        tag: String,
    },
    /// The principal can set the tag, on itself or on the resource.
    SetsTag {
        /// The context key of the tag.
        key: String,
        /// The action that sets it.
        action: String,
    },
    /// The principal can remove the tag, from itself or from the resource.
    RemovesTag {
        /// The context key of the tag.
        key: String,
        /// The action that removes it.
        action: String,
    },
    /// The principal can start a federated session with the tag.
    FederatesWithTag {
        /// The context key of the tag.
        key: String,
        /// The actions that this takes.
        actions: [&'static str; 2],
    },
    /// A caller that assumes the role sets the key.
    SetWhenAssumed {
        /// The context key.
        key: String,
        /// The permission that the caller has.
        action: &'static str,
    },
    /// The role can rewrite its own trust policy, so that callers can set the key.
    RewritesTrust {
        /// The context key.
        key: String,
        /// The action that rewrites it.
        action: &'static str,
    },
    /// The role can change an identity provider of its trust policy, so that sessions have the key.
    ReplacesProvider {
        /// The context key.
        key: String,
        /// The action that changes it.
        action: String,
    },
    /// The caller of a request chooses the value of the key.
    ChosenByCaller {
        /// The context key.
        key: String,
    },
    /// A caller that assumes the role chooses the session name, which is a part of the key.
    SessionNameChosen {
        /// The context key.
        key: String,
    },
}

impl GuardBypassMethod {
    /// A stable token for fingerprints.
    pub(crate) fn to_token(&self) -> String {
        match self {
            GuardBypassMethod::HasTag { key, value } => format!("has-tag {key} {value}"),
            GuardBypassMethod::LacksTag { tag } => format!("lacks-tag {tag}"),
            GuardBypassMethod::SetsTag { key, action } => format!("sets-tag {key} {action}"),
            GuardBypassMethod::RemovesTag { key, action } => format!("removes-tag {key} {action}"),
            GuardBypassMethod::FederatesWithTag { key, .. } => format!("federates-with-tag {key}"),
            GuardBypassMethod::SetWhenAssumed { key, action } => format!("set-when-assumed {key} {action}"),
            GuardBypassMethod::RewritesTrust { key, action } => format!("rewrites-trust {key} {action}"),
            GuardBypassMethod::ReplacesProvider { key, action } => format!("replaces-provider {key} {action}"),
            GuardBypassMethod::ChosenByCaller { key } => format!("chosen-by-caller {key}"),
            GuardBypassMethod::SessionNameChosen { key } => format!("session-name-chosen {key}"),
        }
    }
}
