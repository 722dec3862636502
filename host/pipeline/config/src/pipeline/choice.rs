//! Sections of the root that hold one of several types, by its name or with `type`.

use crate::lint::Examiner;
use crate::position::Span;
use crate::suggest;
use crate::yaml::{Key, Node};

/// What a section may hold.
pub(super) struct Choice {
    /// What the section is called in messages.
    pub(super) kind: &'static str,
    pub(super) types: &'static [&'static str],
    /// What stands beside the name of the type.
    pub(super) reserved: &'static [&'static str],
}

/// What a section holds.
pub(super) struct Chosen<'n> {
    pub(super) name: &'n str,
    pub(super) at: Span,
    pub(super) settings: Option<&'n Node>,
}

impl Choice {
    /// The type that a section names; what is wrong with that is left with the examiner.
    pub(super) fn of<'n>(
        &self,
        examiner: &mut Examiner<'_>,
        section: &'n Node,
        entries: &'n [(Key, Node)],
    ) -> Option<Chosen<'n>> {
        let Self { kind, types, reserved } = self;
        let candidates: Vec<_> =
            entries.iter().filter(|(key, _)| !reserved.contains(&key.text.as_str())).collect();
        let stated = section.get("type").filter(|stated| !stated.is_null());
        let (name, at) = match (stated, candidates.as_slice()) {
            (Some(stated), _) => (stated.text.as_str(), stated.span),
            (None, []) => {
                examiner.fatal(section.span.start, format!("an explicit {kind} type must be specified"));
                return None;
            }
            (None, [(key, _), ..]) => (key.text.as_str(), key.span),
        };
        if !types.contains(&name) {
            let hint = suggest::hint(name, types.iter().copied());
            examiner.fatal(at.start, format!("{kind} type `{name}` not recognised{hint}"));
            return None;
        }
        for (key, _) in candidates.iter().filter(|(key, _)| key.text != name) {
            let message = if stated.is_none() && types.contains(&key.text.as_str()) {
                format!("unable to infer {kind} type, multiple candidates '{name}' and '{}'", key.text)
            } else {
                format!("field {} is invalid when the component type is {name} ({kind})", key.text)
            };
            examiner.fatal(key.span.start, message);
        }
        let settings = candidates.iter().find(|(key, _)| key.text == name).map(|(_, settings)| settings);
        Some(Chosen { name, at, settings })
    }
}
