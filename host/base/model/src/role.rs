use std::fmt;
use std::str::FromStr;

/// Something that an agent does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Role {
    /// It serves Kafka's clients.
    Proxy = 0,
    /// It serves those that produce.
    ProxyProduce = 1,
    /// It serves those that consume.
    ProxyConsume = 2,
    /// It does what nobody waits for.
    Jobs = 3,
    /// It runs pipelines.
    Pipelines = 4,
}

/// A name that is none of a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no role {name:?}: expected proxy, proxy-produce, proxy-consume, jobs or pipelines")]
pub struct RoleError {
    /// What was given.
    pub name: String,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Proxy, Self::ProxyProduce, Self::ProxyConsume, Self::Jobs, Self::Pipelines];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::ProxyProduce => "proxy-produce",
            Self::ProxyConsume => "proxy-consume",
            Self::Jobs => "jobs",
            Self::Pipelines => "pipelines",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|role| role.name() == name);
        found.ok_or_else(|| RoleError { name: name.to_owned() })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an agent does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Roles(u8);

impl Roles {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// Those of an agent that is told nothing: `proxy` and `jobs`.
    pub const DEFAULT: Self = Self(Role::Proxy.bit() | Role::Jobs.bit());

    /// Whether this is one of them. `proxy` is not both of its halves: see [`Self::produces`].
    #[must_use]
    pub const fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// Whether clients may produce.
    #[must_use]
    pub const fn produces(self) -> bool {
        self.has(Role::Proxy) || self.has(Role::ProxyProduce)
    }

    /// Whether clients may consume.
    #[must_use]
    pub const fn consumes(self) -> bool {
        self.has(Role::Proxy) || self.has(Role::ProxyConsume)
    }

    /// Whether any client may come.
    #[must_use]
    pub const fn serves(self) -> bool {
        self.produces() || self.consumes()
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.has(*role))
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().fold(0, |set, role| set | role.bit()))
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, role) in self.iter().enumerate() {
            if place > 0 {
                f.write_str(",")?;
            }
            f.write_str(role.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roles({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_combined() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
        }
        assert!("proxy-producer".parse::<Role>().unwrap_err().to_string().contains("proxy-produce,"));
        let split: Roles = [Role::Jobs, Role::ProxyConsume].into_iter().collect();
        assert_eq!(split.to_string(), "proxy-consume,jobs");
        assert!(split.consumes() && split.serves() && !split.produces() && !split.has(Role::Proxy));
        assert!(Roles::DEFAULT.produces() && Roles::DEFAULT.consumes());
        assert!(!Roles::from_iter([Role::Pipelines]).serves());
        let halves: Roles = [Role::ProxyProduce, Role::ProxyConsume].into_iter().collect();
        assert!(halves.produces() && halves.consumes());
    }
}
