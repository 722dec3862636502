use uuid::Uuid;

use crate::uuid_id::uuid_id;

uuid_id! {
    /// What a topic is known by. One that is deleted and made again under its name has another.
    TopicId
}

impl serde::Serialize for TopicId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u128(self.0.as_u128())
    }
}

impl<'de> serde::Deserialize<'de> for TopicId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <u128 as serde::Deserialize>::deserialize(deserializer).map(|id| Self(Uuid::from_u128(id)))
    }
}
