use super::ClassicGroup;

impl ClassicGroup {
    /// Whether some member subscribes to a topic, as far as members say so in the form of Kafka's consumers: one of
    /// which that can't be told subscribes to nothing.
    #[must_use]
    pub fn subscribes_to(&self, topic: &str) -> bool {
        if self.protocol_type.as_deref() != Some("consumer") {
            return false;
        }
        self.members.values().any(|member| {
            let mut protocols = member.protocols.iter();
            let chosen =
                protocols.find(|(name, _)| self.protocol.is_none() || Some(name) == self.protocol.as_ref());
            chosen.is_some_and(|(_, metadata)| topics(metadata).any(|name| name == topic.as_bytes()))
        })
    }
}

/// The topics in what a consumer says of itself: a version in two bytes, how many there are in four, and for each its
/// length in two. Ends where that is not so.
fn topics(metadata: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = metadata.get(6..).unwrap_or_default();
    let count = metadata.get(2..6).and_then(|count| count.try_into().ok()).map_or(0, u32::from_be_bytes);
    (0..count).map_while(move |_| {
        let (length, name) = rest.split_first_chunk::<2>()?;
        let (name, after) = name.split_at_checked(u16::from_be_bytes(*length).into())?;
        rest = after;
        Some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_read_as_far_as_they_go() {
        let metadata = b"\0\x03\0\0\0\x02\0\x01a\0\x02bc\xff\xff";
        assert_eq!(topics(metadata).collect::<Vec<_>>(), [&b"a"[..], b"bc"]);
        assert_eq!(topics(&metadata[..11]).collect::<Vec<_>>(), [&b"a"[..]]);
        assert_eq!(topics(b"\0\x01\xff\xff\xff\xff").count(), 0);
        assert_eq!(topics(b"").count(), 0);
    }
}
