use std::fmt;

/// Bytes that break the layout of columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutError {
    column: &'static str,
    problem: String,
}

impl LayoutError {
    pub(crate) fn new(column: &'static str, problem: impl Into<String>) -> Self {
        Self { column, problem: problem.into() }
    }
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed columns: {}: {}", self.column, self.problem)
    }
}

impl std::error::Error for LayoutError {}

/// Checks a table of `count` cumulative ends at the start of `table`: they never fall, and the
/// last is `total`.
pub(crate) fn check_ends(
    column: &'static str,
    table: &[u8],
    stride: usize,
    offset: usize,
    count: usize,
    total: usize,
) -> Result<(), LayoutError> {
    let ends = || table.chunks_exact(stride).take(count).map(|entry| crate::u32_at(entry, offset));
    // Every end is looked at, without a branch for each: this is done for every message.
    let (previous, falls) = ends().fold((0, false), |(last, falls), end| (end, falls | (end < last)));
    if falls {
        let mut last = 0;
        for (index, end) in ends().enumerate() {
            if end < last {
                return Err(LayoutError::new(column, format!("end {end} of entry {index} is before {last}")));
            }
            last = end;
        }
    }
    if crate::wide(previous) != total {
        return Err(LayoutError::new(
            column,
            format!("the last end is {previous}, but there are {total} bytes"),
        ));
    }
    Ok(())
}

/// Splits `bytes` at `at`, or says that they are too short.
pub(crate) fn split<'a>(
    column: &'static str,
    bytes: &'a [u8],
    at: usize,
    what: &str,
) -> Result<(&'a [u8], &'a [u8]), LayoutError> {
    bytes.split_at_checked(at).ok_or_else(|| {
        LayoutError::new(column, format!("{what} needs {at} bytes, but {} are left", bytes.len()))
    })
}

pub(crate) fn utf8<'a>(column: &'static str, bytes: &'a [u8]) -> Result<&'a str, LayoutError> {
    std::str::from_utf8(bytes).map_err(|error| {
        LayoutError::new(column, format!("text is not UTF-8 at byte {}", error.valid_up_to()))
    })
}
