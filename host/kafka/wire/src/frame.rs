/// How large a frame may be, without the four bytes in front that say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameLimit(usize);

/// A length in front of a frame that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("a frame has {length} bytes, fewer than a request header")]
    Short { length: i32 },
    #[error("a frame has {length} bytes, here at most {limit} are read")]
    Large { length: usize, limit: usize },
}

/// API key, version and correlation id: what every request begins with.
const SHORTEST: i32 = 8;

impl FrameLimit {
    #[must_use]
    pub const fn new(bytes: usize) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub const fn bytes(self) -> usize {
        self.0
    }

    /// The bytes of the frame that begins with `prefix`.
    ///
    /// # Errors
    /// When it can't be a request, or is larger than this.
    pub fn check(self, prefix: [u8; 4]) -> Result<usize, FrameError> {
        let length = i32::from_be_bytes(prefix);
        if length < SHORTEST {
            return Err(FrameError::Short { length });
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > self.0 {
            return Err(FrameError::Large { length, limit: self.0 });
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_no_request_has_are_refused() {
        let limit = FrameLimit::new(100);
        assert_eq!(limit.check([0, 0, 0, 100]), Ok(100));
        assert_eq!(limit.check([0, 0, 0, 101]), Err(FrameError::Large { length: 101, limit: 100 }));
        assert_eq!(limit.check([0, 0, 0, 7]), Err(FrameError::Short { length: 7 }));
        assert_eq!(limit.check([0xff; 4]), Err(FrameError::Short { length: -1 }));
        // The first bytes of a TLS hello, and of an HTTP request.
        assert!(limit.check([0x16, 3, 1, 0]).is_err());
        assert!(limit.check(*b"GET ").is_err());
    }
}
