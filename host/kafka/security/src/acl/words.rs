use std::fmt;
use std::str::FromStr;

/// A word, or a number, that means nothing here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is no {what}: expected one of {known}")]
pub struct UnknownWord {
    pub what: &'static str,
    pub word: String,
    pub known: String,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal: $($(#[$item:meta])* $variant:ident = $number:literal, $word:literal;)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(i8)]
        pub enum $name {
            $($(#[$item])* $variant = $number,)*
        }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Kafka's number of it.
            #[must_use]
            pub const fn number(self) -> i8 {
                self as i8
            }

            /// What has this number; none for another.
            #[must_use]
            pub const fn from_number(number: i8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// Kafka's word for it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                // Kafka's tools write them with small letters and capitals in front.
                let plain = |word: &str| word.replace(['_', '-'], "").to_ascii_uppercase();
                let found = Self::ALL.iter().find(|known| plain(known.name()) == plain(word));
                found.copied().ok_or_else(|| UnknownWord {
                    what: $what,
                    word: word.to_owned(),
                    known: Self::ALL.iter().map(|known| known.name()).collect::<Vec<_>>().join(", "),
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

words! {
    /// What there are permissions for.
    ResourceType, "type of resource":
    Topic = 2, "TOPIC";
    Group = 3, "GROUP";
    Cluster = 4, "CLUSTER";
    TransactionalId = 5, "TRANSACTIONAL_ID";
    DelegationToken = 6, "DELEGATION_TOKEN";
    User = 7, "USER";
}

words! {
    /// How a resource is named.
    PatternType, "type of pattern":
    /// By its name, or by `*` for all.
    Literal = 3, "LITERAL";
    /// By what its name begins with.
    Prefixed = 4, "PREFIXED";
}

words! {
    /// What somebody wants to do.
    Operation, "operation":
    All = 2, "ALL";
    Read = 3, "READ";
    Write = 4, "WRITE";
    Create = 5, "CREATE";
    Delete = 6, "DELETE";
    Alter = 7, "ALTER";
    Describe = 8, "DESCRIBE";
    ClusterAction = 9, "CLUSTER_ACTION";
    DescribeConfigs = 10, "DESCRIBE_CONFIGS";
    AlterConfigs = 11, "ALTER_CONFIGS";
    IdempotentWrite = 12, "IDEMPOTENT_WRITE";
    CreateTokens = 13, "CREATE_TOKENS";
    DescribeTokens = 14, "DESCRIBE_TOKENS";
    TwoPhaseCommit = 15, "TWO_PHASE_COMMIT";
}

words! {
    /// Whether somebody may.
    Permission, "permission":
    Deny = 2, "DENY";
    Allow = 3, "ALLOW";
}

impl Operation {
    /// Whether a permission for this is one for `wanted` too. Prohibitions imply less: only those of all.
    pub(super) fn allows(self, wanted: Self) -> bool {
        self == Self::All
            || self == wanted
            || match wanted {
                Self::Describe => matches!(self, Self::Read | Self::Write | Self::Delete | Self::Alter),
                Self::DescribeConfigs => self == Self::AlterConfigs,
                _ => false,
            }
    }

    pub(super) fn denies(self, wanted: Self) -> bool {
        self == Self::All || self == wanted
    }
}

impl ResourceType {
    /// The operations that there are for it, which clients are told to be authorized for.
    #[must_use]
    pub const fn operations(self) -> &'static [Operation] {
        use Operation as O;
        match self {
            Self::Topic => &[
                O::Read,
                O::Write,
                O::Create,
                O::Delete,
                O::Alter,
                O::Describe,
                O::DescribeConfigs,
                O::AlterConfigs,
            ],
            Self::Group => &[O::Read, O::Delete, O::Describe],
            Self::Cluster => &[
                O::Create,
                O::Alter,
                O::Describe,
                O::ClusterAction,
                O::DescribeConfigs,
                O::AlterConfigs,
                O::IdempotentWrite,
            ],
            Self::TransactionalId => &[O::Write, O::Describe, O::TwoPhaseCommit],
            Self::DelegationToken => &[O::Describe],
            Self::User => &[O::CreateTokens, O::DescribeTokens],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_kafka_and_its_tools_write_them() {
        assert_eq!("DescribeConfigs".parse(), Ok(Operation::DescribeConfigs));
        assert_eq!("transactional-id".parse(), Ok(ResourceType::TransactionalId));
        let error = "everything".parse::<Permission>().unwrap_err();
        assert_eq!(error.to_string(), "\"everything\" is no permission: expected one of DENY, ALLOW");
        for operation in Operation::ALL {
            assert_eq!(Operation::from_number(operation.number()), Some(*operation));
            assert_eq!(operation.name().parse(), Ok(*operation));
        }
        assert_eq!((Operation::from_number(0), Operation::from_number(1)), (None, None));
    }
}
