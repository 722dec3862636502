//! Between what `object_store` knows of objects and what we do.

use object_store::{Attribute, GetResult, PutPayload, TagSet};

use super::{Backend, Takes};
use crate::attributes::{Attributes, PutOptions};
use crate::described::{Described, ObjectVersion};
use crate::error::{ErrorKind, ObjectError, Operation};
use crate::name::ObjectName;
use crate::objects::Listed;
use crate::payload::Payload;

pub(super) fn payload(payload: &Payload) -> PutPayload {
    payload.pieces().iter().cloned().collect()
}

pub(super) fn tags(tags: &[(String, String)]) -> TagSet {
    let mut set = TagSet::default();
    for (name, value) in tags {
        set.push(name, value);
    }
    set
}

pub(super) fn attributes(ours: &Attributes) -> object_store::Attributes {
    let mut theirs = object_store::Attributes::new();
    for (attribute, value) in pairs(ours) {
        theirs.insert(attribute, value.to_owned().into());
    }
    theirs
}

fn pairs(ours: &Attributes) -> impl Iterator<Item = (Attribute, &str)> {
    let Attributes {
        content_type,
        content_encoding,
        content_language,
        content_disposition,
        cache_control,
        storage_class,
        metadata,
    } = ours;
    let named = [
        (Attribute::ContentType, content_type),
        (Attribute::ContentEncoding, content_encoding),
        (Attribute::ContentLanguage, content_language),
        (Attribute::ContentDisposition, content_disposition),
        (Attribute::CacheControl, cache_control),
        (Attribute::StorageClass, storage_class),
    ];
    let named = named.into_iter().filter_map(|(attribute, value)| Some((attribute, value.as_deref()?)));
    let own = metadata.iter().map(|(name, value)| (Attribute::Metadata(name.clone().into()), value.as_str()));
    named.chain(own)
}

pub(super) fn described(name: &ObjectName, result: &GetResult) -> Described {
    let mut attributes = Attributes::default();
    for (attribute, value) in &result.attributes {
        let value = value.as_ref().to_owned();
        match attribute {
            Attribute::ContentType => attributes.content_type = Some(value),
            Attribute::ContentEncoding => attributes.content_encoding = Some(value),
            Attribute::ContentLanguage => attributes.content_language = Some(value),
            Attribute::ContentDisposition => attributes.content_disposition = Some(value),
            Attribute::CacheControl => attributes.cache_control = Some(value),
            Attribute::StorageClass => attributes.storage_class = Some(value),
            Attribute::Metadata(name) => attributes.metadata.push((name.to_string(), value)),
            // The crate may come to know more.
            _ => {}
        }
    }
    attributes.metadata.sort();
    let meta = &result.meta;
    // A weak tag is never matched.
    let tag = meta.e_tag.as_ref().filter(|tag| !tag.starts_with("W/"));
    Described {
        listed: Listed { name: name.clone(), size: meta.size, modified: meta.last_modified.into() },
        version: tag.map(|tag| ObjectVersion::new(tag.clone())),
        version_id: meta.version.clone(),
        attributes,
    }
}

impl Backend {
    /// Refuses what the store would leave out or what can't be sent.
    pub(super) fn check(
        &self,
        operation: Operation,
        name: &ObjectName,
        options: &PutOptions,
    ) -> Result<(), ObjectError> {
        if options.is_empty() {
            return Ok(());
        }
        let Takes { attributes, tags, with_parts } = self.takes;
        let invalid = |reason: String| Err(ObjectError::new(operation, name, ErrorKind::Invalid, reason));
        if operation == Operation::Begin && !with_parts {
            return invalid(format!("{self} takes no attributes or tags for objects in parts"));
        }
        if !attributes && options.attributes != Attributes::default() {
            return invalid(format!("{self} keeps no attributes of objects"));
        }
        if !tags && !options.tags.is_empty() {
            return invalid(format!("{self} keeps no tags of objects"));
        }
        for (attribute, value) in pairs(&options.attributes) {
            let is_sendable = |letter: u8| letter == b' ' || letter.is_ascii_graphic();
            if !value.bytes().all(is_sendable) {
                return invalid(format!(
                    "the value of {} can't be sent: it may hold visible ASCII letters and spaces",
                    shown(&attribute)
                ));
            }
            let Attribute::Metadata(key) = &attribute else { continue };
            let is_token =
                |letter: u8| letter.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&letter);
            if key.is_empty() || !key.bytes().all(is_token) {
                return invalid(format!("`{key}` can't be a name of metadata: it becomes part of a header"));
            }
        }
        Ok(())
    }
}

fn shown(attribute: &Attribute) -> String {
    match attribute {
        Attribute::Metadata(name) => format!("metadata `{name}`"),
        other => format!("{other:?}"),
    }
}
