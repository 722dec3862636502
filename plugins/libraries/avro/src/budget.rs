use crate::DatumError;

/// How much work a walk along a schema may be. Unions without names are tried type by type, and defaults hold others: a
/// few levels of either are more steps than anybody can wait for.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
}

/// Steps for each byte of a text, and those that there are for any.
const PER_BYTE: usize = 64;
const LEAST: usize = 10_000;

/// Bytes that are looked over, or written for nothing, in the time of a step.
const BYTES_OF_STEP: usize = 16;

impl Budget {
    /// For a text of so many bytes: values, or a schema with all its defaults.
    pub(crate) fn of_text(bytes: usize) -> Self {
        Self { left: bytes.saturating_mul(PER_BYTE).saturating_add(LEAST) }
    }

    /// Takes off a step with so many bytes.
    ///
    /// # Errors
    /// It was the last one: the walk has to end, whatever else could be tried.
    pub(crate) fn step(&mut self, bytes: usize) -> Result<(), DatumError> {
        self.left = self.left.saturating_sub(1 + bytes / BYTES_OF_STEP);
        if self.is_spent() {
            return Err(DatumError::new(
                "it takes more steps than its length allows: make unions, or defaults of records, simpler",
            ));
        }
        Ok(())
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.left == 0
    }
}
