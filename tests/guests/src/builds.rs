//! Other builds of a guest, made of its bytes.

/// The same with every occurrence of a text replaced by another one of the same length.
///
/// # Panics
/// When there is none, or the lengths differ.
#[must_use]
pub fn patched(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "other lengths would move what is behind them");
    let mut patched = bytes.to_vec();
    let mut found = 0;
    for at in 0..=bytes.len().saturating_sub(from.len()) {
        if bytes[at..].starts_with(from.as_bytes()) {
            patched[at..at + to.len()].copy_from_slice(to.as_bytes());
            found += 1;
        }
    }
    assert!(found > 0, "the guest has no {from}");
    patched
}

/// The guest `versions` with another number.
#[must_use]
pub fn other_build(versions: &[u8], number: u32) -> Vec<u8> {
    patched(versions, "build 0000000001", &format!("build {number:010}"))
}

/// A build of a component that does the same: only a section that nobody reads tells it from the first.
#[must_use]
pub fn same_again(component: &[u8], number: u8) -> Vec<u8> {
    const NAME: &[u8] = b"build";
    let mut bytes = component.to_vec();
    bytes.extend([0, 7, 5]);
    bytes.extend_from_slice(NAME);
    bytes.push(number);
    bytes
}
