//! The contents of messages as a cache keeps them: which form this is, how many there are, and each with its length
//! before it. Numbers are of 32 bits, the highest byte first. The length is one more than it is; zero stands for a
//! tombstone.
//!
//! A form that differs needs another number, so that what an older version has left is refused.

/// Which form this is. Other programs that put a number here begin with small ones.
const FORM: u32 = 0x4662_0001;

/// What a cache may keep of these contents.
///
/// # Errors
/// They are too many, or too large.
pub(super) fn write<'p>(contents: impl Iterator<Item = Option<&'p [u8]>>) -> Result<Vec<u8>, String> {
    let too_large = "the result is too large to be kept";
    let mut kept = [FORM.to_be_bytes(), [0; 4]].concat();
    let mut count: u32 = 0;
    for content in contents {
        count = count.checked_add(1).ok_or(too_large)?;
        let length = content.map_or(Some(0), |content| content.len().checked_add(1));
        let length = length.and_then(|length| u32::try_from(length).ok()).ok_or(too_large)?;
        kept.extend_from_slice(&length.to_be_bytes());
        kept.extend_from_slice(content.unwrap_or_default());
    }
    kept[4..8].copy_from_slice(&count.to_be_bytes());
    Ok(kept)
}

/// The contents that were written.
///
/// # Errors
/// It was something else that was written, or only a part of it is here.
pub(super) fn read(mut kept: &[u8]) -> Result<Vec<Option<Vec<u8>>>, String> {
    let form = number(&mut kept)
        .ok_or("failed to extract serialisation format version: message is too small to extract number")?;
    if form != FORM {
        return Err(format!("invalid format version: {form}"));
    }
    let count =
        number(&mut kept).ok_or("failed to extract batch size: message is too small to extract number")?;
    // Not made room for at once: the number may be anything.
    let mut contents = Vec::new();
    for index in 0..count {
        let content = content(&mut kept);
        contents.push(content.ok_or_else(|| {
            format!("failed to extract message {index} size: input data ended unexpectedly")
        })?);
    }
    Ok(contents)
}

fn number(kept: &mut &[u8]) -> Option<u32> {
    let (number, rest) = kept.split_first_chunk()?;
    *kept = rest;
    Some(u32::from_be_bytes(*number))
}

fn content(kept: &mut &[u8]) -> Option<Option<Vec<u8>>> {
    let Some(length) = number(kept)?.checked_sub(1) else { return Some(None) };
    let (content, rest) = kept.split_at_checked(usize::try_from(length).ok()?)?;
    *kept = rest;
    Some(Some(content.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let all: [&[Option<&[u8]>]; 3] = [&[], &[None], &[Some(b"a"), None, Some(b""), Some(&[0xff; 300])]];
        for contents in all {
            let kept = write(contents.iter().copied()).unwrap();
            let found = read(&kept).unwrap();
            assert_eq!(found.iter().map(Option::as_deref).collect::<Vec<_>>(), contents);
            for end in 0..kept.len() {
                assert!(read(&kept[..end]).is_err(), "{end} of {}", kept.len());
            }
        }
    }

    #[test]
    fn the_form_stays_what_it_is() {
        let kept = write([Some(&b"ab"[..]), None].into_iter()).unwrap();
        assert_eq!(kept, b"Fb\0\x01\0\0\0\x02\0\0\0\x03ab\0\0\0\0");
    }

    #[test]
    fn what_others_wrote_is_refused() {
        assert!(read(b"foo").unwrap_err().ends_with("message is too small to extract number"));
        assert_eq!(read(b"\0\0\0\x01\0\0\0\0").unwrap_err(), "invalid format version: 1");
        let many = [FORM.to_be_bytes(), [0xff; 4]].concat();
        assert!(read(&many).unwrap_err().starts_with("failed to extract message 0 size"));
    }
}
