use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use super::{Acl, Operation, PatternType, Permission, ResourceType, WILDCARD};
use crate::principal::Principal;

/// ACLs, so arranged that what holds for a resource is found without looking at all of them.
#[derive(Debug, Default)]
pub struct AclIndex {
    kinds: HashMap<ResourceType, OfKind>,
}

#[derive(Debug, Default)]
struct OfKind {
    literal: HashMap<Box<str>, Vec<Rule>>,
    prefixed: HashMap<Box<str>, Vec<Rule>>,
    /// The lengths that prefixes have: only those are looked up.
    lengths: BTreeSet<usize>,
}

#[derive(Debug)]
struct Rule {
    principal: Principal,
    host: Host,
    operation: Operation,
    permission: Permission,
}

#[derive(Debug, PartialEq, Eq)]
enum Host {
    Any,
    Address(IpAddr),
    /// No address, so nobody comes from there.
    None,
}

/// Who wants something.
#[derive(Debug, Clone, Copy)]
pub struct Requester<'a> {
    pub principal: &'a Principal,
    /// Where they come from; none from inside of the process, for whom ACLs of a single host do not hold.
    pub host: Option<IpAddr>,
}

/// What ACLs say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    Denied,
    /// There is none about the resource, for anybody.
    NoAcl,
}

impl AclIndex {
    pub fn new<'a>(acls: impl IntoIterator<Item = &'a Acl>) -> Self {
        let mut index = Self::default();
        for acl in acls {
            let kind = index.kinds.entry(acl.resource.kind).or_default();
            let name = acl.resource.name.as_str();
            let rules = match acl.resource.pattern {
                PatternType::Literal => kind.literal.entry(name.into()).or_default(),
                PatternType::Prefixed => {
                    kind.lengths.insert(name.len());
                    kind.prefixed.entry(name.into()).or_default()
                }
            };
            rules.push(Rule::new(acl));
        }
        index
    }

    /// Whether somebody may do something with a resource of this name.
    #[must_use]
    pub fn judge(&self, who: Requester<'_>, operation: Operation, kind: ResourceType, name: &str) -> Verdict {
        let Some(kind) = self.kinds.get(&kind) else { return Verdict::NoAcl };
        let mut verdict = Verdict::NoAcl;
        for rule in kind.holding_for(name) {
            if rule.denies(who, operation) {
                return Verdict::Denied;
            }
            if rule.allows(who, operation) {
                verdict = Verdict::Allowed;
            } else if verdict == Verdict::NoAcl {
                verdict = Verdict::Denied;
            }
        }
        verdict
    }

    /// Whether there is any resource of a kind with which somebody may do something.
    #[must_use]
    pub fn judge_any(&self, who: Requester<'_>, operation: Operation, kind: ResourceType) -> Verdict {
        let Some(kind) = self.kinds.get(&kind) else { return Verdict::NoAcl };
        let denies =
            |rules: Option<&Vec<Rule>>| rules.into_iter().flatten().any(|rule| rule.denies(who, operation));
        if denies(kind.literal.get(WILDCARD)) {
            return Verdict::Denied;
        }
        // Whether the names that begin so are all denied.
        let is_shut = |name: &str| kind.prefixes_of(name).any(|prefix| denies(kind.prefixed.get(prefix)));
        let allows = |rules: &[Rule]| rules.iter().any(|rule| rule.allows(who, operation));
        let by_name = kind.literal.iter().any(|(name, rules)| {
            allows(rules) && (&**name == WILDCARD || !(denies(Some(rules)) || is_shut(name)))
        });
        let is_allowed =
            by_name || kind.prefixed.iter().any(|(prefix, rules)| allows(rules) && !is_shut(prefix));
        if is_allowed { Verdict::Allowed } else { Verdict::Denied }
    }
}

impl OfKind {
    fn holding_for<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Rule> {
        let wildcard = (name != WILDCARD).then(|| self.literal.get(WILDCARD)).flatten();
        let prefixed = self.prefixes_of(name).filter_map(|prefix| self.prefixed.get(prefix));
        self.literal.get(name).into_iter().chain(wildcard).chain(prefixed).flatten()
    }

    fn prefixes_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.lengths.range(..=name.len()).filter_map(|length| name.get(..*length))
    }
}

impl Rule {
    fn new(acl: &Acl) -> Self {
        let host = match acl.host.as_str() {
            WILDCARD => Host::Any,
            host => host.parse::<IpAddr>().map_or(Host::None, |host| Host::Address(host.to_canonical())),
        };
        Self { principal: acl.principal.clone(), host, operation: acl.operation, permission: acl.permission }
    }

    fn is_for(&self, who: Requester<'_>) -> bool {
        let is_host = match self.host {
            Host::Any => true,
            Host::Address(host) => who.host.is_some_and(|other| other.to_canonical() == host),
            Host::None => false,
        };
        is_host && (self.principal.is_everybody() || self.principal == *who.principal)
    }

    fn denies(&self, who: Requester<'_>, operation: Operation) -> bool {
        self.permission == Permission::Deny && self.operation.denies(operation) && self.is_for(who)
    }

    fn allows(&self, who: Requester<'_>, operation: Operation) -> bool {
        self.permission == Permission::Allow && self.operation.allows(operation) && self.is_for(who)
    }
}

#[cfg(test)]
mod tests;
