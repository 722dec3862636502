//! Frames: the length in front, the header of the request, and the body as its API and version have it.

use bytes::{BufMut as _, Bytes, BytesMut};
use forebay_kafka_broker::{Request, RequestError};
use forebay_kafka_wire::{FrameLimit, RequestHeader};
use kafka_protocol::messages::ApiKey;

use super::{Broken, Outcome, Target, law, outcome};

/// Frames may claim to have so many bytes.
const MOST: usize = 1 << 20;

/// The target whose inputs are frames without the length in front.
#[must_use]
pub fn frames(corpus: fn() -> Vec<Vec<u8>>) -> Target {
    // An element of one byte becomes a structure of some hundred; names and ids are shared or copied once.
    Target { name: "frames and requests", corpus, read, room: |bytes| (64 << 10) + 400 * bytes }
}

/// The frame of a request, without the length in front.
///
/// # Errors
/// When there is no such API.
pub fn frame_of(api: i16, version: i16, body: &[u8]) -> Result<Vec<u8>, Broken> {
    let key = ApiKey::try_from(api).map_err(|()| Broken(format!("there is no API {api}")))?;
    let mut frame = BytesMut::new();
    frame.put_i16(api);
    frame.put_i16(version);
    frame.put_i32(7);
    frame.put_i16(2);
    frame.put_slice(b"me");
    if key.request_header_version(version) >= 2 {
        frame.put_u8(0);
    }
    frame.put_slice(body);
    Ok(frame.to_vec())
}

/// What a frame asks, if it asks anything.
///
/// # Errors
/// When its reading breaks a law.
pub fn read_frame(input: &[u8]) -> Result<Result<(RequestHeader, Request), Outcome>, Broken> {
    let mut rest = Bytes::copy_from_slice(input);
    let header = match RequestHeader::split_from(&mut rest) {
        Ok(header) => header,
        Err(error) => return Ok(Err(outcome(&error))),
    };
    let most = input.len() - 8;
    law(rest.len() + header.client_id.len() <= most, || "a header took nothing".to_owned())?;
    law(input.ends_with(&rest), || "what follows a header is not what is read".to_owned())?;
    Ok(match Request::decode(&header, rest) {
        Ok(request) => {
            law(request.version == header.api_version, || "another version".to_owned())?;
            law(request.body.api() as i16 == header.api_key, || "another API".to_owned())?;
            Ok((header, request))
        }
        Err(error @ RequestError::NotServed { .. }) => Err(outcome(&error)),
        Err(error) => Err(format!("{} {}: {}", header.api_key, header.api_version, outcome(&error))),
    })
}

fn read(input: &[u8]) -> Result<Outcome, Broken> {
    if let Some(prefix) = input.first_chunk::<4>()
        && let Ok(length) = FrameLimit::new(MOST).check(*prefix)
    {
        law((8..=MOST).contains(&length), || format!("a frame of {length} bytes"))?;
    }
    Ok(match read_frame(input)? {
        Ok((header, _)) => format!("{} {} is one", header.api_key, header.api_version),
        Err(outcome) => outcome,
    })
}
