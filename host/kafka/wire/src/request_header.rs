use bytes::Bytes;
use kafka_protocol::messages::ApiKey;

use crate::cursor::{Cursor, Ended};
use crate::varint::{self, VarintError};

/// What stands in front of every request's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHeader {
    /// As sent: it may be none that is known.
    pub api_key: i16,
    pub api_version: i16,
    pub correlation_id: i32,
    /// Any text; empty where the client gave none.
    pub client_id: Bytes,
}

/// A frame that begins with no request header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestHeaderError {
    #[error(transparent)]
    Ended(#[from] Ended),
    #[error(transparent)]
    Varint(#[from] VarintError),
    #[error("the client id has the length {0}")]
    ClientId(i16),
    #[error("the header has {0} tagged fields")]
    Tags(u32),
}

/// More than any client sends; none has a meaning here.
const MOST_TAGS: u32 = 100;

impl RequestHeader {
    /// Takes the header off the front of a frame. Of an API that nobody knows only the first eight bytes
    /// are read: what follows them is not said by anything.
    ///
    /// # Errors
    /// When the frame ends inside of the header, or it has a length that can't be.
    pub fn split_from(frame: &mut Bytes) -> Result<Self, RequestHeaderError> {
        let whole = frame.clone();
        let mut from = Cursor::new(&whole);
        let api_key = from.i16()?;
        let api_version = from.i16()?;
        let correlation_id = from.i32()?;
        let mut client_id = Bytes::new();
        if let Ok(api) = ApiKey::try_from(api_key) {
            client_id = match from.i16()? {
                -1 => Bytes::new(),
                length => {
                    let bytes = usize::try_from(length).map_err(|_| RequestHeaderError::ClientId(length))?;
                    whole.slice_ref(from.take(bytes)?)
                }
            };
            if api.request_header_version(api_version) >= 2 {
                skip_tags(&mut from)?;
            }
        }
        *frame = whole.slice(whole.len() - from.remaining()..);
        Ok(Self { api_key, api_version, correlation_id, client_id })
    }
}

fn skip_tags(from: &mut Cursor<'_>) -> Result<(), RequestHeaderError> {
    let count = varint::unsigned(from)?;
    if count > MOST_TAGS {
        return Err(RequestHeaderError::Tags(count));
    }
    for _ in 0..count {
        varint::unsigned(from)?;
        let bytes = varint::unsigned(from)?;
        from.take(bytes as usize)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_and_a_flexible_header_are_read() {
        // Metadata version 1, client "me", then the body.
        let mut frame = Bytes::from_static(&[0, 3, 0, 1, 0, 0, 0, 7, 0, 2, b'm', b'e', 0xaa]);
        let header = RequestHeader::split_from(&mut frame).unwrap();
        assert_eq!((header.api_key, header.api_version, header.correlation_id), (3, 1, 7));
        assert_eq!((&header.client_id[..], &frame[..]), (&b"me"[..], &[0xaa][..]));
        // Metadata version 9 without a client, with one tagged field of two bytes.
        let mut frame = Bytes::from_static(&[0, 3, 0, 9, 0, 0, 0, 8, 0xff, 0xff, 1, 0, 2, 1, 2, 0xbb]);
        let header = RequestHeader::split_from(&mut frame).unwrap();
        assert_eq!((header.client_id.len(), &frame[..]), (0, &[0xbb][..]));
    }

    #[test]
    fn only_the_start_of_an_unknown_api_is_read() {
        let mut frame = Bytes::from_static(&[3, 0xe7, 0, 0, 0, 0, 0, 9, 0x80]);
        let header = RequestHeader::split_from(&mut frame).unwrap();
        assert_eq!((header.api_key, header.correlation_id), (999, 9));
    }

    #[test]
    fn headers_that_end_early_or_lie_are_refused() {
        let refused =
            |bytes: &'static [u8]| RequestHeader::split_from(&mut Bytes::from_static(bytes)).unwrap_err();
        assert_eq!(refused(&[0, 3, 0, 1, 0, 0, 0]), RequestHeaderError::Ended(Ended));
        assert_eq!(refused(&[0, 3, 0, 1, 0, 0, 0, 7, 0, 9, b'm']), RequestHeaderError::Ended(Ended));
        assert_eq!(refused(&[0, 3, 0, 1, 0, 0, 0, 7, 0xff, 0xfe]), RequestHeaderError::ClientId(-2));
        assert_eq!(
            refused(&[0, 3, 0, 9, 0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]),
            RequestHeaderError::Tags(u32::MAX)
        );
    }
}
