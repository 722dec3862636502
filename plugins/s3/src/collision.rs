/// What becomes of a message whose object is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Collision {
    /// It takes the place of the object.
    #[default]
    Overwrite,
    /// It fails.
    Fail,
    /// It is dropped.
    Ignore,
}
