//! Which grants a plugin needs: those for what its component imports.

use std::fmt;

use super::Access;
use crate::plugin::Import;

/// What a plugin has to be granted before it can do anything with it. Shown as it is written in a
/// file of grants, with capitals for what is to be filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    Files(Access),
    Variables,
    Commands,
    Http,
    Listen,
    Objects(Access),
    Kafka(Access),
}

/// What changes objects.
const OBJECTS_WRITTEN: [&str; 5] = [
    "[method]store.put",
    "[method]store.put-batch",
    "[method]store.put-stream",
    "[method]store.begin",
    "[method]store.delete",
];

impl Need {
    /// What a plugin with these imports needs.
    #[must_use]
    pub fn of(imports: &[Import]) -> Vec<Self> {
        imports.iter().filter_map(Self::of_one).collect()
    }

    fn of_one(import: &Import) -> Option<Self> {
        let interface = import.interface.split('@').next()?;
        let calls =
            |names: &[&str]| import.functions.iter().any(|function| names.contains(&function.as_str()));
        match interface {
            // `write` includes reading.
            "forebay:files/files" if calls(&["append-to", "replace", "remove"]) => {
                Some(Self::Files(Access::Write))
            }
            "forebay:files/files" if calls(&["find", "open", "open-reader"]) => {
                Some(Self::Files(Access::Read))
            }
            "forebay:objects/objects" if calls(&OBJECTS_WRITTEN) => Some(Self::Objects(Access::Write)),
            "forebay:objects/objects" if calls(&["[static]store.open"]) => Some(Self::Objects(Access::Read)),
            "forebay:kafka/kafka" if calls(&["[method]cluster.producer"]) => Some(Self::Kafka(Access::Write)),
            "forebay:kafka/kafka" if calls(&["[static]cluster.open"]) => Some(Self::Kafka(Access::Read)),
            "forebay:environment/environment" if calls(&["get"]) => Some(Self::Variables),
            "forebay:subprocess/subprocess" if calls(&["[static]process.spawn"]) => Some(Self::Commands),
            "forebay:http/client" if calls(&["send", "open", "start"]) => Some(Self::Http),
            "forebay:http/listener" if calls(&["[static]listener.listen"]) => Some(Self::Listen),
            "forebay:http/outlet" if calls(&["[static]outlet.open"]) => Some(Self::Listen),
            _ => None,
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Files(Access::Read) => "files: [{path: FOLDER, access: read}]",
            Self::Files(Access::Write) => "files: [{path: FOLDER, access: write}]",
            Self::Variables => "variables: [NAME]",
            Self::Commands => "commands: [{path: PROGRAM}]",
            Self::Http => "http: [{hosts: [HOST]}]",
            Self::Listen => "listen: ['ADDRESS:PORT']",
            Self::Objects(Access::Read) => "objects: [{bucket: 's3://BUCKET/PREFIX', access: read}]",
            Self::Objects(Access::Write) => "objects: [{bucket: 's3://BUCKET/PREFIX', access: write}]",
            Self::Kafka(Access::Read) => "kafka: [{brokers: ['HOST:PORT'], topics: [TOPIC], access: read}]",
            Self::Kafka(Access::Write) => "kafka: [{brokers: ['HOST:PORT'], topics: [TOPIC], access: write}]",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(interface: &str, functions: &[&str]) -> Vec<String> {
        let functions = functions.iter().map(|name| (*name).to_owned()).collect();
        let needs = Need::of(&[Import { interface: interface.to_owned(), functions }]);
        needs.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_capability_needs_a_grant_for_what_is_taken_of_it() {
        assert_eq!(lines("forebay:files/files@0.1.0", &["open"]), ["files: [{path: FOLDER, access: read}]"]);
        let writing = ["[method]appender.append", "append-to", "open"];
        assert_eq!(lines("forebay:files/files@0.1.0", &writing), ["files: [{path: FOLDER, access: write}]"]);
        assert_eq!(lines("forebay:environment/environment@0.1.0", &["get"]), ["variables: [NAME]"]);
        let putting = ["[static]store.open", "[method]store.put-batch"];
        let needed = "objects: [{bucket: 's3://BUCKET/PREFIX', access: write}]";
        assert_eq!(lines("forebay:objects/objects@0.1.0", &putting), [needed]);
        let needed = "kafka: [{brokers: ['HOST:PORT'], topics: [TOPIC], access: read}]";
        assert_eq!(lines("forebay:kafka/kafka@0.1.0", &["[static]cluster.open"]), [needed]);
    }

    #[test]
    fn what_reaches_nothing_needs_none() {
        assert!(lines("forebay:environment/environment@0.1.0", &["now"]).is_empty());
        assert!(lines("forebay:http/listener@0.1.0", &["[static]exchange.respond"]).is_empty());
        assert!(lines("forebay:log/log@0.1.0", &["write"]).is_empty());
        assert!(lines("wasi:io/poll@0.2.6", &["poll"]).is_empty());
    }
}
