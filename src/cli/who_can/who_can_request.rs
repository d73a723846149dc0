//! The question of `iamdrift who-can`.

/// The request of `iamdrift who-can`.
pub struct WhoCanRequest<'a> {
    /// An action, or a pattern over actions.
    pub action: &'a str,
    /// An ARN, a pattern over ARNs, or `*`. `None` for any resource.
    pub resource: Option<&'a str>,
    pub access_scope: AccessScope,
}

impl WhoCanRequest<'_> {
    /// The resource, if it is one: not a pattern over ARNs.
    pub fn concrete_resource(&self) -> Option<&str> {
        self.resource.filter(|resource| *resource == "*" || !resource.contains(['*', '?']))
    }
}

/// Whether escalation paths count.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum AccessScope {
    /// Only what principals can do themselves.
    DirectOnly,
    /// Also what they can do through escalation.
    WithEscalation,
}
