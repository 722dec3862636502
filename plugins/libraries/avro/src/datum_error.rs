use std::fmt;

/// Why a value is not one of its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatumError {
    /// `a.b[3].c`; empty for the value as a whole.
    path: String,
    reason: String,
}

impl DatumError {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { path: String::new(), reason: reason.into() }
    }

    /// The same of something inside a field.
    pub(crate) fn in_field(self, name: &str) -> Self {
        let path = match self.path.as_str() {
            "" => name.to_owned(),
            inner if inner.starts_with('[') => format!("{name}{inner}"),
            inner => format!("{name}.{inner}"),
        };
        Self { path, ..self }
    }

    /// The same of something inside an item.
    pub(crate) fn in_item(self, index: usize) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Self { path: format!("[{index}]{dot}{}", self.path), ..self }
    }
}

impl fmt::Display for DatumError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.reason);
        }
        write!(f, "field {}: {}", self.path, self.reason)
    }
}

impl std::error::Error for DatumError {}

#[cfg(test)]
mod tests {
    use super::DatumError;

    #[test]
    fn a_path_leads_to_what_is_wrong() {
        let error = DatumError::new("no").in_field("c").in_item(3).in_item(0).in_field("b").in_field("a");
        assert_eq!(error.to_string(), "field a.b[0][3].c: no");
        assert_eq!(DatumError::new("no").to_string(), "no");
    }
}
