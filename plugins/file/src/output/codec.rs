use forebay_sdk::Problem;

/// How messages are written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Codec {
    /// One behind the other, each followed by the delimiter unless it ends with it.
    Append { delimiter: Vec<u8> },
    /// Each in place of the one before it.
    Replace,
}

impl Codec {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let append = |delimiter: &str| Ok(Self::Append { delimiter: delimiter.as_bytes().to_vec() });
        match text {
            "all-bytes" => Ok(Self::Replace),
            "append" => append(""),
            "lines" => append("\n"),
            _ => match text.strip_prefix("delim:") {
                Some("") => Err(Problem::new("codec delim needs a delimiter: delim:x").at("/codec")),
                Some(delimiter) => append(delimiter),
                None => Err(Problem::new(format!("codec {text} is not known")).at("/codec")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Codec;

    #[test]
    fn a_codec_is_one_of_four() {
        let append = |text: &str| Ok(Codec::Append { delimiter: text.as_bytes().to_vec() });
        assert_eq!(Codec::parse("lines"), append("\n"));
        assert_eq!(Codec::parse("append"), append(""));
        assert_eq!(Codec::parse("delim:ab"), append("ab"));
        assert_eq!(Codec::parse("all-bytes"), Ok(Codec::Replace));
        assert!(Codec::parse("delim:").is_err());
        assert!(Codec::parse("gzip").is_err());
    }
}
