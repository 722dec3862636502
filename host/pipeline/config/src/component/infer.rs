//! Which component a mapping is: the one that `type` names, or the one key that is the name of a component.

use crate::build::{self, Pin};
use crate::catalog::{Catalog, Entry};
use crate::component::reserved;
use crate::lint::Examiner;
use crate::position::Span;
use crate::spec::Kind;
use crate::suggest;
use crate::yaml::{Key, Node, Value};

/// The component, where it is named, and its settings, if there are any.
pub(super) struct Inferred<'c, 'n> {
    pub(super) entry: &'c Entry,
    pub(super) pin: Option<Pin>,
    pub(super) at: Span,
    pub(super) config: Option<&'n Node>,
}

pub(super) fn infer<'c, 'n>(
    examiner: &mut Examiner<'c>,
    kind: Kind,
    node: &'n Node,
) -> Option<Inferred<'c, 'n>> {
    let Value::Mapping(entries) = &node.value else {
        examiner.fatal(node.span.start, format!("expected object value, got {}", node.tag()));
        return None;
    };
    let catalog = examiner.catalog;
    let candidates: Vec<&(Key, Node)> =
        entries.iter().filter(|(key, _)| !reserved(kind).contains(&key.text.as_str())).collect();
    if let Some(named) = node.get("type").filter(|value| !value.is_null()) {
        return by_type(examiner, kind, named, &candidates);
    }
    let mut known = candidates.iter().filter(|(key, _)| is_known(catalog, kind, &key.text));
    let Some((key, config)) = known.next() else {
        unknown(examiner, kind, node, &candidates);
        return None;
    };
    if let Some((second, _)) = known.next() {
        let message =
            format!("this {kind} is `{}` already and cannot be `{}` as well", key.text, second.text);
        examiner.fatal(second.span.start, message);
        return None;
    }
    let (entry, pin) = named(examiner, kind, &key.text, key.span)?;
    others_are_invalid(examiner, entry, &candidates);
    Some(Inferred { entry, pin, at: key.span, config: Some(config) })
}

fn is_known(catalog: &Catalog, kind: Kind, text: &str) -> bool {
    match build::split(text) {
        (name, None) => catalog.get(kind, name).is_some(),
        (name, Some(_)) => catalog.knows(kind, name),
    }
}

/// The component that a name, with or without the digest of a build, stands for.
pub(super) fn named<'c>(
    examiner: &mut Examiner<'c>,
    kind: Kind,
    text: &str,
    at: Span,
) -> Option<(&'c Entry, Option<Pin>)> {
    let catalog = examiner.catalog;
    let (name, build) = build::split(text);
    if !is_known(catalog, kind, text) {
        not_recognised(examiner, kind, name, at);
        return None;
    }
    let Some(build) = build else { return Some((catalog.get(kind, name)?, None)) };
    let found = build.parse::<Pin>().map_err(|bad| bad.to_string()).and_then(|pin| {
        let entry = catalog.pinned(kind, name, &pin).map_err(|none| none.to_string())?;
        Ok((entry, Some(pin)))
    });
    found.map_err(|message| examiner.fatal(at.start, message)).ok()
}

fn by_type<'c, 'n>(
    examiner: &mut Examiner<'c>,
    kind: Kind,
    named: &Node,
    candidates: &[&'n (Key, Node)],
) -> Option<Inferred<'c, 'n>> {
    if !named.is_scalar() {
        examiner.fatal(named.span.start, "expected string value");
        return None;
    }
    let (entry, pin) = self::named(examiner, kind, &named.text, named.span)?;
    others_are_invalid(examiner, entry, candidates);
    let own = candidates.iter().find(|(key, _)| build::split(&key.text).0 == entry.spec.name.as_str());
    let at = own.map_or(named.span, |(key, _)| key.span);
    Some(Inferred { entry, pin, at, config: own.map(|(_, config)| config) })
}

fn others_are_invalid(examiner: &mut Examiner<'_>, entry: &Entry, candidates: &[&(Key, Node)]) {
    let (kind, name) = (entry.spec.kind, entry.spec.name.as_str());
    for (key, _) in candidates.iter().filter(|(key, _)| build::split(&key.text).0 != name) {
        let message = format!("field {} is invalid when the component type is {name} ({kind})", key.text);
        examiner.lint(key.span.start, message);
    }
}

fn unknown(examiner: &mut Examiner<'_>, kind: Kind, node: &Node, candidates: &[&(Key, Node)]) {
    if candidates.is_empty() {
        let article = if matches!(kind, Kind::Input | Kind::Output) { "an" } else { "a" };
        examiner.fatal(node.span.start, format!("the name of {article} {kind} is missing here"));
    }
    for (key, _) in candidates {
        not_recognised(examiner, kind, build::split(&key.text).0, key.span);
    }
}

fn not_recognised(examiner: &mut Examiner<'_>, kind: Kind, name: &str, at: Span) {
    let near = examiner.catalog.nearest(kind, name);
    examiner.fatal(at.start, format!("{kind} `{name}` not recognised{}", suggest::hint(name, near)));
}
