#[path = "../../tests/guard/allocations.rs"]
mod allocations;

use bytes::{BufMut as _, Bytes, BytesMut};
use kafka_protocol::messages::{FetchRequest, MetadataRequest};
use kafka_protocol::protocol::{Encodable, Message as _};
use proptest::prelude::*;

use self::allocations::largest_during;
use super::schema::{Kind, Layout, Struct};
use super::*;

/// What decoding a body of a few hundred bytes may ask for at once: far above what any of them does, and far below
/// what a count could.
const ROOM: usize = 64 << 10;

/// An answer in bytes, as its layout says, and how those are decoded.
struct Sample {
    name: String,
    body: Bytes,
    /// What was decoded, in bytes again.
    decode: fn(Bytes, i16) -> Result<Bytes, AnswerError>,
    version: i16,
}

fn samples_of<R: Request>() -> Vec<Sample>
where
    R::Response: Encodable,
{
    let api = ApiKey::try_from(R::KEY).unwrap();
    let layout = answers::layout_of(api).unwrap();
    let versions = R::Response::VERSIONS;
    let sample = |version| Sample {
        name: format!("an answer to {api:?} version {version}"),
        body: Writing { version, flexible: version >= layout.flexible }.body(layout),
        decode: |body, version| {
            let answer = decode_answer::<R>(body, version)?;
            let mut again = BytesMut::new();
            // What no broker could have said, but can be read: as text where there is to be none.
            let _ = answer.encode(&mut again, version);
            Ok(again.freeze())
        },
        version,
    };
    (versions.min..=versions.max).map(sample).collect()
}

macro_rules! samples {
    ($($request:ident)*) => {
        fn samples() -> Vec<Sample> {
            let mut all = Vec::new();
            $(all.extend(samples_of::<kafka_protocol::messages::$request>());)*
            all
        }
    };
}

samples! {
    ProduceRequest FetchRequest ListOffsetsRequest MetadataRequest ApiVersionsRequest InitProducerIdRequest
    OffsetForLeaderEpochRequest DeleteRecordsRequest OffsetCommitRequest OffsetFetchRequest OffsetDeleteRequest
    JoinGroupRequest SyncGroupRequest HeartbeatRequest LeaveGroupRequest DescribeGroupsRequest ListGroupsRequest
    DeleteGroupsRequest ConsumerGroupHeartbeatRequest ConsumerGroupDescribeRequest FindCoordinatorRequest
    CreateTopicsRequest DeleteTopicsRequest CreatePartitionsRequest DescribeConfigsRequest AlterConfigsRequest
    IncrementalAlterConfigsRequest DescribeClusterRequest DescribeTopicPartitionsRequest SaslHandshakeRequest
    SaslAuthenticateRequest DescribeAclsRequest CreateAclsRequest DeleteAclsRequest
    DescribeUserScramCredentialsRequest AlterUserScramCredentialsRequest
}

/// Writes a body as its layout says, with everything in it that there may be.
struct Writing {
    version: i16,
    flexible: bool,
}

impl Writing {
    fn body(&self, layout: &Layout) -> Bytes {
        let mut into = BytesMut::new();
        self.structure(&layout.body, &mut into);
        into.freeze()
    }

    fn structure(&self, of: &Struct, into: &mut BytesMut) {
        for member in of.members.iter().filter(|member| member.versions.contains(&self.version)) {
            self.field(&member.kind, into);
        }
        if !self.flexible {
            return;
        }
        let tags: Vec<_> = of.tags.iter().filter(|tag| self.version >= tag.since).collect();
        // All of these are below 128, and take one byte. The last one is none that is known.
        into.put_u8(u8::try_from(tags.len() + 1).unwrap());
        for tag in tags {
            let mut value = BytesMut::new();
            self.field(&tag.kind, &mut value);
            into.put_u8(u8::try_from(tag.number).unwrap());
            into.put_u8(u8::try_from(value.len()).unwrap());
            into.put(value);
        }
        into.put_slice(&[100, 2, 7, 7]);
    }

    fn count_of_two(&self, into: &mut BytesMut) {
        if self.flexible {
            into.put_u8(3);
        } else {
            into.put_i32(2);
        }
    }

    fn field(&self, kind: &Kind, into: &mut BytesMut) {
        match kind {
            // A one of any size, which is a truth as well.
            Kind::Fixed(bytes) => {
                into.put_bytes(0, bytes - 1);
                into.put_u8(1);
            }
            Kind::String => {
                if self.flexible {
                    into.put_u8(4);
                } else {
                    into.put_i16(3);
                }
                into.put_slice(b"abc");
            }
            Kind::Bytes => {
                if self.flexible {
                    into.put_u8(6);
                } else {
                    into.put_i32(5);
                }
                into.put_slice(b"bytes");
            }
            Kind::Array(element) => {
                self.count_of_two(into);
                self.field(element, into);
                self.field(element, into);
            }
            Kind::Structs(members) => {
                self.count_of_two(into);
                self.structure(&structure(members), into);
                self.structure(&structure(members), into);
            }
            Kind::Struct(of) => self.structure(of, into),
            Kind::Optional(of) => {
                into.put_u8(1);
                self.structure(of, into);
            }
        }
    }
}

#[test]
fn every_version_of_every_answer_is_walked_as_it_is_decoded() {
    for Sample { name, body, decode, version } in samples() {
        assert_eq!(decode(body.clone(), version).unwrap(), body, "{name}");
    }
}

#[test]
fn an_answer_that_ends_early_is_refused() {
    for Sample { name, body, decode, version } in samples() {
        for length in 0..body.len() {
            assert!(decode(body.slice(..length), version).is_err(), "{name} at {length}");
        }
    }
}

#[test]
fn a_huge_count_anywhere_in_an_answer_makes_no_room() {
    let huge: [&[u8]; 4] = [
        &[0x7f, 0xff, 0xff, 0xff],
        &[0x00, 0xff, 0xff, 0xff],
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0x80, 0x80, 0x80, 0x80, 0x08],
    ];
    for Sample { name, body, decode, version } in samples() {
        for at in 0..=body.len() {
            for huge in huge {
                let end = (at + huge.len()).min(body.len());
                let body = Bytes::from([&body[..at], huge, &body[end..]].concat());
                let room = largest_during(|| drop(decode(body, version)));
                assert!(room <= ROOM, "{name}: {huge:?} at {at} asked for {room} bytes");
            }
        }
    }
}

#[test]
fn an_answer_that_would_take_too_much_memory_is_refused() {
    // Of one topic: so many partitions, of 18 bytes each.
    let body = |partitions: usize| {
        let mut body = BytesMut::new();
        body.put_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, b't', 0]);
        body.put_i32(i32::try_from(partitions).unwrap());
        body.put_bytes(0, partitions * 18);
        body.freeze()
    };
    let topics = decode_answer::<MetadataRequest>(body(1000), 1).unwrap().topics;
    assert_eq!(topics[0].partitions.len(), 1000);
    let refused = decode_answer::<MetadataRequest>(body(1_000_000), 1);
    assert!(
        matches!(refused, Err(AnswerError::Malformed { source: Malformed::Decoded, .. })),
        "{:?}",
        refused.map(drop)
    );
}

/// Where the first unknown field of a structure is kept there is room for eleven.
#[test]
fn unknown_fields_that_would_take_too_much_memory_are_refused() {
    // Of one topic and one partition: so many aborted transactions, each with one field that nobody knows, of no bytes.
    let body = |transactions: u32| {
        let mut body = BytesMut::new();
        body.put_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, b't', 2]);
        body.put_bytes(0, 4 + 2 + 8 + 8 + 8);
        let mut count = transactions + 1;
        while count >= 0x80 {
            body.put_u8(u8::try_from(count & 0x7f).unwrap() | 0x80);
            count >>= 7;
        }
        body.put_u8(u8::try_from(count).unwrap());
        for _ in 0..transactions {
            body.put_bytes(0, 8 + 8);
            body.put_slice(&[1, 100, 0]);
        }
        // No replica, no records, and no more fields.
        body.put_slice(&[0, 0, 0, 0, 0, 0, 0, 0]);
        body.freeze()
    };
    let topics = decode_answer::<FetchRequest>(body(1000), 12).unwrap().responses;
    let transactions = topics[0].partitions[0].aborted_transactions.as_ref().unwrap();
    assert!(transactions.iter().all(|transaction| transaction.unknown_tagged_fields.len() == 1));
    let refused = decode_answer::<FetchRequest>(body(1_000_000), 12);
    assert!(
        matches!(refused, Err(AnswerError::Malformed { source: Malformed::Decoded, .. })),
        "{:?}",
        refused.map(drop)
    );
}

proptest! {
    #[test]
    fn any_answer_is_decoded_or_refused(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        random in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let samples = samples();
        let Sample { name, body, decode, version } = which.get(&samples);
        let mut body = body.to_vec();
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        for body in [Bytes::from(body), Bytes::from(random)] {
            let room = largest_during(|| drop(decode(body, *version)));
            prop_assert!(room <= ROOM, "{name} asked for {room} bytes");
        }
    }
}
