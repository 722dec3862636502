//! Produce of the versions that are only refused.

use bytes::{BufMut as _, Bytes, BytesMut};
use forebay_kafka_wire::OldProduce;

use super::{Broken, Outcome, Target, law, outcome};

/// The first byte of an input is the version, the others are the body.
pub const OLD_PRODUCE: Target =
    Target { name: "Produce 0 to 2", corpus, read, room: |bytes| (16 << 10) + 64 * bytes };

fn corpus() -> Vec<Vec<u8>> {
    let body = |version: u8| {
        let mut body = BytesMut::new();
        body.put_u8(version);
        body.put_i16(-1);
        body.put_i32(30_000);
        body.put_i32(2);
        for name in [&b"one"[..], b"other"] {
            body.put_i16(i16::try_from(name.len()).unwrap_or_default());
            body.put_slice(name);
            body.put_i32(2);
            for partition in 0..2 {
                body.put_i32(partition);
                body.put_i32(5);
                body.put_slice(b"bytes");
            }
        }
        body.to_vec()
    };
    (0..=2).map(body).collect()
}

fn read(input: &[u8]) -> Result<Outcome, Broken> {
    let Some((version, body)) = input.split_first() else { return Ok("nothing".to_owned()) };
    let version = i16::from(version % 3);
    Ok(match OldProduce::parse(&Bytes::copy_from_slice(body), version) {
        Ok(produce) => {
            let refusal = produce.refusal(35);
            // A partition is answered with up to 22 bytes, and was asked for with 8 at least.
            law(refusal.len() <= 3 * body.len() + 16, || format!("{} bytes of refusal", refusal.len()))?;
            format!("one of version {version}")
        }
        Err(error) => outcome(&error),
    })
}
