use std::borrow::Cow;
use std::ops::Range;

use forebay_sdk::config::Values;
use forebay_sdk::{Batch, Error, log};

use crate::budget::BYTES;

/// The messages that become one archive.
pub(super) struct Members<'a> {
    batch: &'a Batch,
    /// Absent in formats that have no names.
    names: Option<&'a Values<'a>>,
    range: Range<usize>,
}

/// One of them.
pub(super) struct Member<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) bytes: &'a [u8],
}

impl<'a> Members<'a> {
    pub(super) fn new(batch: &'a Batch, names: Option<&'a Values<'a>>) -> Self {
        Self { batch, names, range: 0..batch.len() }
    }

    /// One of them alone.
    pub(super) fn only(&self, index: usize) -> Self {
        Self { batch: self.batch, names: self.names, range: index..index + 1 }
    }

    pub(super) fn len(&self) -> usize {
        self.range.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Member<'a>> {
        let (batch, names) = (self.batch, self.names);
        self.range
            .clone()
            .map(move |index| Member { name: name(names, index), bytes: batch.message(index).bytes() })
    }

    /// How much an archive holds that has so many bytes beside each message, or that it is too much.
    pub(super) fn size(&self, beside: usize) -> Result<usize, Error> {
        let sizes =
            self.range.clone().map(|index| self.batch.message(index).bytes().len().saturating_add(beside));
        let size = sizes.fold(0, usize::saturating_add);
        if size > BYTES {
            return Err(Error::new(format!(
                "an archive of {size} bytes is larger than the limit of {BYTES}"
            )));
        }
        Ok(size)
    }
}

fn name<'a>(names: Option<&'a Values<'a>>, index: usize) -> Cow<'a, str> {
    let Some(names) = names else { return Cow::Borrowed("") };
    names.get(index).unwrap_or_else(|error| {
        log::error(format!("evaluate the path of a message, which gets an empty one: {error}"));
        Cow::Borrowed("")
    })
}
