//! The processors that others use by their labels: `processor_resources`.
//!
//! Every use stands for the whole resource, and that may use others in turn. So a short text can stand for a great many
//! components, or for an endless number: circles, and what is too deep or too much, are problems of the configuration.

use std::collections::{HashMap, HashSet};

use crate::component::{ComponentConfig, ResourceUse};
use crate::lint::{Examiner, MAX_DEPTH};
use crate::pipeline::caches::labelled;
use crate::position::Position;
use crate::spec::Kind;
use crate::suggest;
use crate::yaml::{Node, Value};

pub(crate) const FIELD: &str = "processor_resources";

/// How many components the uses in a configuration may stand for, all in all.
const MOST: usize = 4096;

/// A component, and which of several files it stands in.
pub(crate) type InFile<'c> = (usize, &'c ComponentConfig);

/// What is wrong with a use: in which file it stands, and where.
pub(crate) type Fault = (usize, Position, String);

/// Reads the list; what is wrong with it is left with the examiner.
pub(crate) fn examine(examiner: &mut Examiner<'_>, root: &Node) -> Vec<ComponentConfig> {
    labelled(examiner, root, FIELD, Kind::Processor)
}

/// The list, as far as it is one.
pub(crate) fn items(root: &Node) -> &[Node] {
    match root.get(FIELD).map(|list| &list.value) {
        Some(Value::Sequence(items)) => items,
        _ => &[],
    }
}

/// Which labels there are, also those of resources that can't be read: whoever uses one of these is not at fault.
pub(crate) enum Labels<'c> {
    These(HashSet<&'c str>),
    /// Files that are not looked at may have more.
    Open,
}

impl<'c> Labels<'c> {
    pub(crate) fn of(roots: impl IntoIterator<Item = &'c Node>) -> Self {
        let all = roots.into_iter().flat_map(items).filter_map(|item| item.get("label"));
        Self::These(all.map(|label| label.text.as_str()).collect())
    }

    fn has(&self, label: &str) -> bool {
        match self {
            Self::These(labels) => labels.contains(label),
            Self::Open => true,
        }
    }
}

/// What is wrong with the uses in components that are no resources, and in the resources themselves.
pub(crate) fn faults<'c>(users: &[InFile<'c>], resources: &[InFile<'c>], labels: &Labels<'c>) -> Vec<Fault> {
    let mut survey = Survey {
        labels,
        resources: HashMap::new(),
        known: HashMap::new(),
        open: Vec::new(),
        total: None,
        is_too_large: false,
        faults: Vec::new(),
    };
    for (file, resource) in resources {
        if let Some(label) = &resource.label {
            survey.resources.entry(label.as_str()).or_insert((*file, resource));
        }
    }
    for (file, resource) in resources {
        match &resource.label {
            Some(label) => drop(survey.inside(*file, label.as_str(), resource, 0)),
            None => drop(survey.extent(*file, resource, 0)),
        }
    }
    survey.total = Some(0);
    for (file, user) in users {
        survey.extent(*file, user, 0);
    }
    survey.faults
}

/// How deep a component is, with all that it contains and uses, and how many components that is.
#[derive(Clone, Copy)]
struct Extent {
    depth: usize,
    count: usize,
}

struct Survey<'l, 'c> {
    labels: &'l Labels<'c>,
    resources: HashMap<&'c str, InFile<'c>>,
    /// Those that have been looked into. An extent that is too small, because of a circle or of too great a depth, is
    /// one that a fault was found in.
    known: HashMap<&'c str, Extent>,
    /// Those that are being looked into, each within the one before it.
    open: Vec<&'c str>,
    /// What was used so far outside of resources; none while only those are looked into.
    total: Option<usize>,
    is_too_large: bool,
    faults: Vec<Fault>,
}

impl<'c> Survey<'_, 'c> {
    /// `above` is the number of components that this one is within.
    fn extent(&mut self, file: usize, component: &'c ComponentConfig, above: usize) -> Extent {
        let mut extent = Extent { depth: 1, count: 1 };
        let inside = component.children.iter().map(|child| &child.component).chain(&component.processors);
        for inner in inside {
            let inner = self.extent(file, inner, above + 1);
            extent.hold(inner);
        }
        for used in component.resource_uses() {
            if let Some(inner) = self.used(file, used, above + 1) {
                extent.hold(inner);
            }
        }
        extent
    }

    fn used(&mut self, file: usize, used: &ResourceUse, above: usize) -> Option<Extent> {
        let Some((&label, &(home, resource))) = self.resources.get_key_value(used.label.as_str()) else {
            if self.labels.has(&used.label) {
                return None;
            }
            let hint = suggest::hint(&used.label, self.resources.keys().copied());
            let message = format!("there is no processor `{}` among the {FIELD}{hint}", used.label);
            self.faults.push((file, used.at, message));
            return None;
        };
        if let Some(start) = self.open.iter().position(|open| *open == label) {
            let circle = [&self.open[start..], &[label]].concat().join(" -> ");
            self.faults.push((file, used.at, format!("processor `{label}` uses itself: {circle}")));
            return None;
        }
        let extent = match self.known.get(label) {
            Some(known) => *known,
            None if above >= MAX_DEPTH => Extent { depth: 1, count: 1 },
            None => self.inside(home, label, resource, above),
        };
        let count = match &mut self.total {
            Some(total) if self.open.is_empty() => {
                *total = total.saturating_add(extent.count);
                *total
            }
            _ => extent.count,
        };
        let fault = if above + extent.depth > MAX_DEPTH {
            format!("components are nested deeper than {MAX_DEPTH} levels")
        } else if count > MOST {
            format!("the uses of {FIELD} stand for more than {MOST} components")
        } else {
            return Some(extent);
        };
        // One says it all; others follow from it.
        if !self.is_too_large {
            self.is_too_large = true;
            self.faults.push((file, used.at, fault));
        }
        Some(extent)
    }

    /// The extent of a resource, which is not open.
    fn inside(&mut self, file: usize, label: &'c str, resource: &'c ComponentConfig, above: usize) -> Extent {
        if let Some(known) = self.known.get(label) {
            return *known;
        }
        self.open.push(label);
        let extent = self.extent(file, resource, above);
        self.open.pop();
        self.known.insert(label, extent);
        extent
    }
}

impl Extent {
    fn hold(&mut self, inner: Self) {
        self.depth = self.depth.max(1 + inner.depth);
        self.count = self.count.saturating_add(inner.count);
    }
}

#[cfg(test)]
mod tests;
