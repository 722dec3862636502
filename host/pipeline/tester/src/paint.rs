//! Colours, where somebody sees them.

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    Colours,
    Plain,
}

impl Paint {
    pub fn red(self, text: impl AsRef<str>) -> String {
        self.with(31, text.as_ref())
    }

    pub fn green(self, text: impl AsRef<str>) -> String {
        self.with(32, text.as_ref())
    }

    pub fn yellow(self, text: impl AsRef<str>) -> String {
        self.with(33, text.as_ref())
    }

    pub fn blue(self, text: impl AsRef<str>) -> String {
        self.with(34, text.as_ref())
    }

    fn with(self, code: u8, text: &str) -> String {
        match self {
            Self::Colours => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Self::Plain => text.to_owned(),
        }
    }
}
