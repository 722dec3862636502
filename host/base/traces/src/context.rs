use std::fmt;
use std::str::FromStr;

use forebay_lifecycle::chance;

/// The identity of a trace: never only zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceId(u128);

/// The identity of a span: never only zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpanId(u64);

/// The span that a message is in, as it travels with the message. Its text is a `traceparent` of W3C.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    pub trace: TraceId,
    pub span: SpanId,
    /// Whether anybody is told of it.
    pub is_sampled: bool,
}

/// A text that is no `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotATraceContext;

/// How long a `traceparent` is. Versions after the first may say more behind that.
const LENGTH: usize = 55;

impl TraceId {
    /// One that nobody has had.
    #[must_use]
    pub fn random() -> Self {
        Self((u128::from(chance::number()) << 64 | u128::from(chance::number())).max(1))
    }

    /// As it stands on the wire.
    #[must_use]
    pub fn bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl SpanId {
    /// One that nobody has had.
    #[must_use]
    pub fn random() -> Self {
        Self(chance::number().max(1))
    }

    /// As it stands on the wire.
    #[must_use]
    pub fn bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, span, is_sampled } = self;
        write!(f, "00-{:032x}-{:016x}-{:02x}", trace.0, span.0, u8::from(*is_sampled))
    }
}

impl FromStr for TraceContext {
    type Err = NotATraceContext;

    fn from_str(text: &str) -> Result<Self, NotATraceContext> {
        let bytes = text.as_bytes();
        let digits = |from: usize, to: usize| {
            let digits = bytes.get(from..to)?;
            let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
            digits.iter().all(is_digit).then(|| text.get(from..to)).flatten()
        };
        let read = || {
            let version = digits(0, 2).filter(|version| *version != "ff")?;
            let trace = u128::from_str_radix(digits(3, 35)?, 16).ok().filter(|trace| *trace != 0)?;
            let span = u64::from_str_radix(digits(36, 52)?, 16).ok().filter(|span| *span != 0)?;
            let flags = u8::from_str_radix(digits(53, 55)?, 16).ok()?;
            let ends = match bytes.get(LENGTH) {
                None => true,
                Some(next) => version != "00" && *next == b'-',
            };
            let is_sampled = flags & 1 != 0;
            let borders = [2, 35, 52].iter().all(|at| bytes.get(*at) == Some(&b'-'));
            (ends && borders).then_some(Self { trace: TraceId(trace), span: SpanId(span), is_sampled })
        };
        read().ok_or(NotATraceContext)
    }
}

impl fmt::Display for NotATraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a traceparent such as 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    }
}

impl std::error::Error for NotATraceContext {}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_context_is_what_its_text_says() {
        let context: TraceContext = TEXT.parse().unwrap();
        assert_eq!((context.to_string().as_str(), context.is_sampled), (TEXT, true));
        assert_eq!(context.trace.bytes()[..3], [0x4b, 0xf9, 0x2f]);
        assert_eq!(context.span.bytes()[6..], [0x02, 0xb7]);
        assert!(!TEXT.replace("-01", "-02").parse::<TraceContext>().unwrap().is_sampled);
    }

    #[test]
    fn later_versions_may_say_more() {
        let later = format!("cc{}-more", &TEXT[2..]);
        assert_eq!(later.parse::<TraceContext>(), TEXT.parse());
    }

    #[test]
    fn what_is_no_context_is_refused() {
        for text in [
            "",
            "00",
            &TEXT[..54],
            &format!("{TEXT}-more"),
            &TEXT.to_uppercase(),
            &TEXT.replace("00-4b", "ff-4b"),
            &TEXT.replace('-', "_"),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473\u{e9}-00f067aa0ba902b7-0",
        ] {
            assert_eq!(text.parse::<TraceContext>(), Err(NotATraceContext), "{text}");
        }
    }

    #[test]
    fn identities_differ() {
        let one = (TraceId::random(), SpanId::random());
        assert_ne!(one.0, TraceId::random());
        assert_ne!(one.1, SpanId::random());
    }
}
