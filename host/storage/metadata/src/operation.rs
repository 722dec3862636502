/// What a store can be asked for: a method of one of its traits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation(&'static str);

impl Operation {
    /// [`Log::commit`](crate::Log::commit).
    pub const COMMIT: Self = Self("commit");
    /// [`Log::find`](crate::Log::find).
    pub const FIND: Self = Self("find");

    /// The operation that is called `method`.
    pub(crate) const fn of(method: &'static str) -> Self {
        Self(method)
    }

    /// As the method is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// Whether it lasts until something happens, which says nothing about the store. All of these are called
    /// `watch_..`.
    #[must_use]
    pub fn is_wait(self) -> bool {
        self.0.starts_with("watch_")
    }
}
