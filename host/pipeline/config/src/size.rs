//! Sizes in bytes as people write them: `512`, `64KiB`, `1.5MB`.

/// A text that is no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a size such as 512, 64KiB or 1.5MB")]
pub struct BadSize {
    text: String,
}

/// Reads a size: a number, and a unit of powers of 1000 (`B`, `KB`, `MB`, `GB`, `TB`) or of 1024
/// (`KiB`, `MiB`, `GiB`, `TiB`) in any case. Parts of a byte are cut off.
///
/// # Errors
/// Any other text, and sizes of 2^63 bytes and more.
pub fn parse_size(text: &str) -> Result<u64, BadSize> {
    bytes(text.trim()).ok_or_else(|| BadSize { text: text.to_owned() })
}

fn bytes(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..end], unit(text[end..].trim_start())?);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || number.ends_with('.') || fraction.contains('.') {
        return None;
    }
    let mut total = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let mut part = u128::from(unit) * 1_000_000_000;
    let mut parts = 0;
    for digit in fraction.bytes().take(9) {
        part /= 10;
        parts += part * u128::from(digit - b'0');
    }
    total = total.checked_add(u64::try_from(parts / 1_000_000_000).ok()?)?;
    i64::try_from(total).is_ok().then_some(total)
}

fn unit(name: &str) -> Option<u64> {
    Some(match name.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("0", 0)]
    #[case("512", 512)]
    #[case("64KiB", 64 << 10)]
    #[case("64 kib", 64 << 10)]
    #[case("1.5MB", 1_500_000)]
    #[case("1.25GiB", (1 << 30) + (1 << 28))]
    #[case("0.5B", 0)]
    fn sizes_are_read(#[case] text: &str, #[case] bytes: u64) {
        assert_eq!(parse_size(text), Ok(bytes));
    }

    #[rstest]
    fn other_texts_are_refused(
        #[values("", "MB", "1.", ".5", "1.2.3", "-1", "1 parsec", "99999999999TB", "1e3")] text: &str,
    ) {
        assert_eq!(
            parse_size(text).unwrap_err().to_string(),
            format!("`{text}` is not a size such as 512, 64KiB or 1.5MB")
        );
    }
}
