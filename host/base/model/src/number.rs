/// A number that must not be below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} {value} is negative: expected 0 or more")]
pub struct Negative {
    /// What the number stands for.
    pub what: &'static str,
    /// What was given.
    pub value: i64,
}

/// A signed number of the Kafka protocol that is never below zero here: what the protocol writes as -1, "none" or
/// "unknown", is an `Option` in this program.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident($of:ty), $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($of);

        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(0);

            /// # Errors
            /// When `value` is below zero.
            pub fn new(value: $of) -> Result<Self, crate::Negative> {
                if value < 0 {
                    return Err(crate::Negative { what: $what, value: value.into() });
                }
                Ok(Self(value))
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> $of {
                self.0
            }
        }

        impl TryFrom<$of> for $name {
            type Error = crate::Negative;

            fn try_from(value: $of) -> Result<Self, Self::Error> {
                Self::new(value)
            }
        }

        crate::shown::shown!($name);
    };
}
pub(crate) use number;
