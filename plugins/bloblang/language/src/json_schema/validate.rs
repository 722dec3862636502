//! A value against a schema.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::HashMap;

use super::decimal::Decimal;
use super::report::{Place, Report};
use super::{Additional, Dependency, Id, Items, Node, Schema, format, normal};
use crate::value::{Object, Text, Value};

/// Nesting of values and references.
const DEPTH: u16 = 200;
/// Nodes that one value may be held against.
const STEPS: u64 = 10_000_000;

pub(super) struct Validator<'s> {
    schema: &'s Schema,
    depth: Cell<u16>,
    steps: Cell<u64>,
    stopped: Cell<Option<&'static str>>,
}

impl<'s> Validator<'s> {
    pub(super) fn new(schema: &'s Schema) -> Self {
        Self { schema, depth: Cell::new(0), steps: Cell::new(0), stopped: Cell::new(None) }
    }

    pub(super) fn validate(&self, value: &Value) -> Result<(), String> {
        let mut report = Report::default();
        self.check(0, value, &mut report, &Place::ROOT);
        if let Some(reason) = self.stopped.get() {
            return Err(reason.to_owned());
        }
        if report.is_empty() { Ok(()) } else { Err(report.lines.join("\n")) }
    }

    /// The report on a value by itself.
    fn apart(&self, id: Id, value: &Value, place: &Place<'_>) -> Report {
        let mut report = Report::default();
        self.check(id, value, &mut report, place);
        report
    }

    fn check(&self, id: Id, value: &Value, report: &mut Report, place: &Place<'_>) {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > STEPS {
            self.stopped.set(Some("the schema took too many steps"));
        }
        if self.depth.get() >= DEPTH {
            self.stopped.set(Some("the schema nests too deeply"));
        }
        let Some(node) = self.schema.nodes.get(id).filter(|_| self.stopped.get().is_none()) else { return };
        self.depth.set(self.depth.get() + 1);
        self.check_node(node, value, report, place);
        self.depth.set(self.depth.get() - 1);
    }

    fn check_node(&self, node: &Node, value: &Value, report: &mut Report, place: &Place<'_>) {
        if let Some(pass) = node.pass {
            if !pass {
                report.add(place, "False always fails validation");
            }
            return;
        }
        if let Some(reference) = node.reference {
            self.check(reference, value, report, place);
            return;
        }
        if let Some(given) = wrong_type(&node.types, value) {
            let expected = match node.types.as_slice() {
                [one] => one.to_string(),
                several => {
                    format!("[{}]", several.iter().map(Text::as_str).collect::<Vec<_>>().join(","))
                }
            };
            report.add(place, format!("Invalid type. Expected: {expected}, given: {given}"));
            return;
        }
        self.combinations(node, value, report, place);
        match value {
            Value::Array(items) => self.array(node, items, report, place),
            Value::Object(object) => self.object(node, object, report, place),
            _ => {}
        }
        if let Some(number) = Decimal::of(value) {
            numbers(node, number, report, place);
        }
        common(node, value, report, place);
        if let Some(text) = shown_text(value) {
            texts(node, &text, report, place);
        }
        if let Value::Object(object) = value {
            for (key, id) in &node.properties {
                if let Some(value) = object.get(key) {
                    self.check(*id, value, report, &place.below(key));
                }
            }
        }
        report.score += 1;
    }

    fn combinations(&self, node: &Node, value: &Value, report: &mut Report, place: &Place<'_>) {
        if !node.any_of.is_empty() {
            let (valid, best) = self.try_each(&node.any_of, value, place, 1);
            if valid == 0 {
                report.add(place, "Must validate at least one schema (anyOf)");
                best.into_iter().for_each(|best| report.merge(best));
            }
        }
        if !node.one_of.is_empty() {
            let (valid, best) = self.try_each(&node.one_of, value, place, usize::MAX);
            if valid != 1 {
                report.add(place, "Must validate one and only one schema (oneOf)");
            }
            if valid == 0 {
                best.into_iter().for_each(|best| report.merge(best));
            }
        }
        if !node.all_of.is_empty() {
            let mut valid = 0;
            for id in &node.all_of {
                let part = self.apart(*id, value, place);
                valid += usize::from(part.is_empty());
                report.merge(part);
            }
            if valid != node.all_of.len() {
                report.add(place, "Must validate all the schemas (allOf)");
            }
        }
        if node.not.is_some_and(|id| self.apart(id, value, place).is_empty()) {
            report.add(place, "Must not validate the schema (not)");
        }
        if let Value::Object(object) = value {
            self.dependencies(node, object, value, report, place);
        }
        if let Some(condition) = node.condition {
            let holds = self.apart(condition, value, place).is_empty();
            let (branch, text) = if holds {
                (node.then, "Must validate \"then\" as \"if\" was valid")
            } else {
                (node.otherwise, "Must validate \"else\" as \"if\" was not valid")
            };
            let part = branch.map(|id| self.apart(id, value, place)).filter(|part| !part.is_empty());
            if let Some(part) = part {
                report.add(place, text);
                report.merge(part);
            }
        }
        report.score += 1;
    }

    /// How many of the schemas hold, up to a number that is enough, and the report of the one that came closest.
    fn try_each(
        &self,
        ids: &[Id],
        value: &Value,
        place: &Place<'_>,
        enough: usize,
    ) -> (usize, Option<Report>) {
        let (mut valid, mut best): (usize, Option<Report>) = (0, None);
        for id in ids {
            if valid >= enough {
                break;
            }
            let part = self.apart(*id, value, place);
            if part.is_empty() {
                valid += 1;
            } else if valid == 0 && best.as_ref().is_none_or(|best| part.score > best.score) {
                best = Some(part);
            }
        }
        (valid, best)
    }

    fn dependencies(
        &self,
        node: &Node,
        object: &Object,
        value: &Value,
        report: &mut Report,
        place: &Place<'_>,
    ) {
        for (key, dependency) in &node.dependencies {
            if !object.contains_key(key) {
                continue;
            }
            match dependency {
                Dependency::Schema(id) => self.check(*id, value, report, place),
                Dependency::Keys(keys) => {
                    for key in keys.iter().filter(|key| !object.contains_key(key)) {
                        report.add(place, format!("Has a dependency on {key}"));
                    }
                }
            }
        }
    }

    fn array(&self, node: &Node, items: &[Value], report: &mut Report, place: &Place<'_>) {
        let each = |id: Id, from: usize, to: usize, report: &mut Report| {
            for (index, item) in items.iter().enumerate().take(to).skip(from) {
                let key = index.to_string();
                report.merge(self.apart(id, item, &place.below(&key)));
            }
        };
        match &node.items {
            Items::Any => {}
            Items::Each(id) => each(*id, 0, items.len(), report),
            Items::Listed(ids) => {
                for (index, id) in ids.iter().enumerate() {
                    each(*id, index, index + 1, report);
                }
                if !ids.is_empty() && ids.len() < items.len() {
                    match node.additional_items {
                        Additional::Anything => {}
                        Additional::Nothing => report.add(place, "No additional items allowed on array"),
                        Additional::Schema(id) => each(id, ids.len(), items.len(), report),
                    }
                }
            }
        }
        if let Some(least) = node.min_items.filter(|least| items.len() < *least) {
            report.add(place, format!("Array must have at least {least} items"));
        }
        if let Some(most) = node.max_items.filter(|most| items.len() > *most) {
            report.add(place, format!("Array must have at most {most} items"));
        }
        if node.unique_items {
            let mut seen = HashMap::new();
            for (index, item) in items.iter().enumerate() {
                if let Some(before) = seen.insert(normal(item), index) {
                    report.add(place, format!("array items[{before},{index}] must be unique"));
                }
            }
        }
        if let Some(id) = node.contains {
            self.contained(id, items, report, place);
        }
        report.score += 1;
    }

    fn contained(&self, id: Id, items: &[Value], report: &mut Report, place: &Place<'_>) {
        let mut best: Option<Report> = None;
        for (index, item) in items.iter().enumerate() {
            let key = index.to_string();
            let part = self.apart(id, item, &place.below(&key));
            if part.is_empty() {
                return;
            }
            if best.as_ref().is_none_or(|best| part.score > best.score) {
                best = Some(part);
            }
        }
        report.add(place, "At least one of the items must match");
        best.into_iter().for_each(|best| report.merge(best));
    }

    fn object(&self, node: &Node, object: &Object, report: &mut Report, place: &Place<'_>) {
        if let Some(least) = node.min_properties.filter(|least| object.len() < *least) {
            report.add(place, format!("Must have at least {least} properties"));
        }
        if let Some(most) = node.max_properties.filter(|most| object.len() > *most) {
            report.add(place, format!("Must have at most {most} properties"));
        }
        for key in &node.required {
            if object.contains_key(key) {
                report.score += 1;
            } else {
                report.add_property(place, key, &format!("{key} is required"));
            }
        }
        for (key, value) in object.iter() {
            let named = node.properties.iter().any(|(name, _)| name == key);
            let mut matched = false;
            for (pattern, id) in &node.pattern_properties {
                if pattern.is_match(key.as_bytes()) {
                    matched = true;
                    report.merge(self.apart(*id, value, &place.below(key)));
                }
            }
            report.score += i64::from(matched);
            if named || matched {
                continue;
            }
            match node.additional_properties {
                Additional::Anything => {}
                Additional::Nothing => {
                    report.add_property(place, key, &format!("Additional property {key} is not allowed"));
                }
                Additional::Schema(id) => report.merge(self.apart(id, value, &place.below(key))),
            }
        }
        if let Some(id) = node.property_names {
            for (key, _) in object.iter() {
                let part = self.apart(id, &Value::String(key.clone()), place);
                if !part.is_empty() {
                    report.add_property(place, key, &format!("Property name of \"{key}\" does not match"));
                    report.merge(part);
                }
            }
        }
        report.score += 1;
    }
}

/// The type of a value that is of none of the wanted types.
fn wrong_type(types: &[Text], value: &Value) -> Option<&'static str> {
    let given = match value {
        Value::Null | Value::Delete | Value::Nothing => "null",
        Value::Bool(_) => "boolean",
        Value::String(_) | Value::Bytes(_) | Value::Timestamp(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Int(_) | Value::Uint(_) | Value::Float(_) | Value::Number(_) => {
            if Decimal::of(value).is_some_and(Decimal::is_whole) { "integer" } else { "number" }
        }
    };
    let fits = |kind: &Text| kind.as_str() == given || given == "integer" && kind.as_str() == "number";
    (!types.is_empty() && !types.iter().any(fits)).then_some(given)
}

/// Text, and what JSON shows as text.
fn shown_text(value: &Value) -> Option<Text> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bytes(_) | Value::Timestamp(_) => {
            let mut json = Vec::new();
            value.write_json(&mut json);
            Some(Text::lossy(json.get(1..json.len().saturating_sub(1)).unwrap_or_default()))
        }
        _ => None,
    }
}

fn common(node: &Node, value: &Value, report: &mut Report, place: &Place<'_>) {
    if let Some(constant) = &node.constant
        && normal(value) != *constant
    {
        report.add_named(place, format!("does not match: {constant}"));
    }
    if !node.choices.is_empty() && !node.choices.contains(&normal(value)) {
        report.add_named(place, format!("must be one of the following: {}", node.choices.join(", ")));
    }
    report.score += 1;
}

fn texts(node: &Node, text: &Text, report: &mut Report, place: &Place<'_>) {
    let length = text.chars().count();
    if let Some(least) = node.min_length.filter(|least| length < *least) {
        report.add(place, format!("String length must be greater than or equal to {least}"));
    }
    if let Some(most) = node.max_length.filter(|most| length > *most) {
        report.add(place, format!("String length must be less than or equal to {most}"));
    }
    if let Some((pattern, regex)) = &node.pattern
        && !regex.is_match(text.as_bytes())
    {
        report.add(place, format!("Does not match pattern '{pattern}'"));
    }
    if let Some(name) = node.format.as_ref().filter(|name| !format::holds(name, text)) {
        report.add(place, format!("Does not match format '{name}'"));
    }
    report.score += 1;
}

fn numbers(node: &Node, number: Decimal, report: &mut Report, place: &Place<'_>) {
    if let Some(unit) = node.multiple_of.filter(|unit| !number.is_multiple_of(*unit)) {
        report.add(place, format!("Must be a multiple of {unit}"));
    }
    let bounds = [
        (node.maximum, "Must be less than or equal to", [Ordering::Greater, Ordering::Greater]),
        (node.exclusive_maximum, "Must be less than", [Ordering::Greater, Ordering::Equal]),
        (node.minimum, "Must be greater than or equal to", [Ordering::Less, Ordering::Less]),
        (node.exclusive_minimum, "Must be greater than", [Ordering::Less, Ordering::Equal]),
    ];
    for (bound, text, wrong) in bounds {
        if let Some(bound) = bound.filter(|bound| wrong.contains(&number.compare(*bound))) {
            report.add(place, format!("{text} {bound}"));
        }
    }
    // A number is in no format that is known.
    if let Some(name) = node.format.as_ref().filter(|name| format::is_known(name)) {
        report.add(place, format!("Does not match format '{name}'"));
    }
    report.score += 1;
}
