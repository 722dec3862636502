//! Which messages of a batch go to which file.

use std::collections::HashMap;

use forebay_sdk::config::Values;

/// Messages that are written by one operation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The file, or why the path of this one message can't be told.
    pub(super) path: Result<String, String>,
    pub(super) indexes: Vec<usize>,
}

impl Target {
    /// Messages that follow each other and have the same path, in order.
    pub(super) fn of_runs(paths: &Values<'_>, messages: usize) -> Vec<Self> {
        if let Some(target) = Self::constant(paths, messages) {
            return target;
        }
        let mut targets: Vec<Self> = Vec::new();
        for index in 0..messages {
            let path = path(paths, index);
            match targets.last_mut() {
                Some(last) if last.path == path && path.is_ok() => last.indexes.push(index),
                _ => targets.push(Self { path, indexes: vec![index] }),
            }
        }
        targets
    }

    /// All messages that have the same path. Where files are replaced only the last of them counts.
    pub(super) fn of_paths(paths: &Values<'_>, messages: usize) -> Vec<Self> {
        if let Some(target) = Self::constant(paths, messages) {
            return target;
        }
        let mut targets: Vec<Self> = Vec::new();
        let mut known = HashMap::new();
        for index in 0..messages {
            let path = path(paths, index);
            let next = targets.len();
            let target = path.as_ref().map_or(next, |path| *known.entry(path.clone()).or_insert(next));
            if target == next {
                targets.push(Self { path, indexes: Vec::new() });
            }
            targets[target].indexes.push(index);
        }
        targets
    }

    /// The indexes as the host wants them: absent for a whole batch.
    pub(super) fn messages(&self, batch: usize) -> Option<Vec<u32>> {
        let narrow = |index: &usize| u32::try_from(*index).ok();
        if self.indexes.len() == batch { None } else { self.indexes.iter().map(narrow).collect() }
    }

    fn constant(paths: &Values<'_>, messages: usize) -> Option<Vec<Self>> {
        match paths {
            _ if messages == 0 => Some(Vec::new()),
            Values::Constant(path) => {
                Some(vec![Self { path: Ok((*path).to_owned()), indexes: (0..messages).collect() }])
            }
            Values::Each(_) => None,
        }
    }
}

fn path(paths: &Values<'_>, index: usize) -> Result<String, String> {
    let path = paths.get(index).map_err(|error| error.context("path").into_message())?;
    Ok(path.into_owned())
}

#[cfg(test)]
mod tests {
    use forebay_sdk::config::Values;
    use forebay_sdk::{Batch, BlockWriter};

    use super::Target;

    fn target(path: &str, indexes: &[usize]) -> Target {
        Target { path: Ok(path.to_owned()), indexes: indexes.to_vec() }
    }

    #[test]
    fn a_batch_is_split_where_paths_differ() {
        let paths = Values::Each(Batch::from_payloads(["a", "a", "b", "a"]));
        let expected = [target("a", &[0, 1]), target("b", &[2]), target("a", &[3])];
        assert_eq!(Target::of_runs(&paths, 4), expected);
        assert_eq!(expected[0].messages(4), Some(vec![0, 1]));
    }

    #[test]
    fn files_that_are_replaced_are_written_once() {
        let paths = Values::Each(Batch::from_payloads(["a", "a", "b", "a"]));
        assert_eq!(Target::of_paths(&paths, 4), [target("a", &[0, 1, 3]), target("b", &[2])]);
    }

    #[test]
    fn one_path_for_all_names_no_messages() {
        let targets = Target::of_runs(&Values::Constant("a"), 3);
        assert_eq!(targets, [target("a", &[0, 1, 2])]);
        assert_eq!(targets[0].messages(3), None);
        assert!(Target::of_runs(&Values::Constant("a"), 0).is_empty());
    }

    #[test]
    fn a_message_without_a_path_fails_alone() {
        let mut block = BlockWriter::with_capacity(2, 0);
        block.push(b"a");
        block.push(b"");
        block.push_error(1, "no such field");
        let targets = Target::of_paths(&Values::Each(Batch::from_block(block)), 2);
        assert_eq!(targets[1].path, Err("path: no such field".to_owned()));
    }
}
