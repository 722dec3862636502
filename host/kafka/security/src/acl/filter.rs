use super::{Acl, Operation, PatternType, Permission, ResourcePattern, ResourceType, WILDCARD};

/// Chooses among ACLs. What is not said may be anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AclFilter {
    pub kind: Option<ResourceType>,
    pub name: Option<String>,
    pub pattern: PatternFilter,
    pub principal: Option<String>,
    pub host: Option<String>,
    pub operation: Option<Operation>,
    pub permission: Option<Permission>,
}

/// Which patterns a name is looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PatternFilter {
    /// Those that are written so, literal or prefixed.
    #[default]
    Any,
    /// Those that hold for it.
    Match,
    Only(PatternType),
}

impl PatternFilter {
    /// What has Kafka's number; none for another.
    #[must_use]
    pub fn from_number(number: i8) -> Option<Self> {
        match number {
            1 => Some(Self::Any),
            2 => Some(Self::Match),
            number => PatternType::from_number(number).map(Self::Only),
        }
    }

    /// Kafka's number of it.
    #[must_use]
    pub fn number(self) -> i8 {
        match self {
            Self::Any => 1,
            Self::Match => 2,
            Self::Only(pattern) => pattern.number(),
        }
    }
}

impl AclFilter {
    /// Whether it chooses this one.
    #[must_use]
    pub fn matches(&self, acl: &Acl) -> bool {
        self.matches_resource(&acl.resource)
            && self.principal.as_deref().is_none_or(|principal| principal == acl.principal.as_str())
            && self.host.as_ref().is_none_or(|host| *host == acl.host)
            && self.operation.is_none_or(|operation| operation == acl.operation)
            && self.permission.is_none_or(|permission| permission == acl.permission)
    }

    fn matches_resource(&self, resource: &ResourcePattern) -> bool {
        if self.kind.is_some_and(|kind| kind != resource.kind) {
            return false;
        }
        if matches!(self.pattern, PatternFilter::Only(pattern) if pattern != resource.pattern) {
            return false;
        }
        let Some(name) = &self.name else { return true };
        match (self.pattern, resource.pattern) {
            (PatternFilter::Match, PatternType::Literal) => {
                *name == resource.name || resource.name == WILDCARD
            }
            (PatternFilter::Match, PatternType::Prefixed) => name.starts_with(&resource.name),
            (PatternFilter::Any | PatternFilter::Only(_), _) => *name == resource.name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::Principal;

    #[test]
    fn names_are_looked_for_as_they_are_written_or_as_they_hold() {
        let acl = |name: &str| Acl::allow(Principal::user("a"), Operation::Read, ResourceType::Topic, name);
        let all = [acl("logs"), acl("*"), acl("lo").prefixed(), acl("logs").prefixed(), acl("other")];
        let chosen = |name: Option<&str>, pattern| {
            let filter = AclFilter { name: name.map(str::to_owned), pattern, ..AclFilter::default() };
            all.iter()
                .enumerate()
                .filter(|(_, acl)| filter.matches(acl))
                .map(|(at, _)| at)
                .collect::<Vec<_>>()
        };
        assert_eq!(chosen(None, PatternFilter::Any), [0, 1, 2, 3, 4]);
        assert_eq!(chosen(Some("logs"), PatternFilter::Any), [0, 3]);
        assert_eq!(chosen(Some("logs"), PatternFilter::Match), [0, 1, 2, 3]);
        assert_eq!(chosen(Some("logs"), PatternFilter::Only(PatternType::Literal)), [0]);
        assert_eq!(chosen(None, PatternFilter::Only(PatternType::Prefixed)), [2, 3]);
        let filter = AclFilter { principal: Some("User:b".to_owned()), ..AclFilter::default() };
        assert!(!filter.matches(&all[0]));
        let filter = AclFilter { permission: Some(Permission::Deny), ..AclFilter::default() };
        assert!(!filter.matches(&all[0]));
    }
}
