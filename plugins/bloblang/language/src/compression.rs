//! Compression, as Go's packages do it: the same bytes, and the same words for what is wrong.

pub(crate) mod flate;

/// That so many bytes more may be made.
fn room(made: usize, more: usize, limit: usize) -> Result<(), String> {
    if more > limit.saturating_sub(made) {
        return Err(format!("the content is longer than {limit} bytes"));
    }
    Ok(())
}
