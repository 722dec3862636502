//! Uploads that an output which was killed has left in the store.

use std::rc::Rc;
use std::time::Duration;

use forebay_sdk::config::Interpolated;
use forebay_sdk::objects::{ObjectError, Store};
use forebay_sdk::{Operation, log};

/// The search for them, which goes on while objects are put.
#[derive(Default)]
pub(super) struct Leftovers {
    has_begun: bool,
    search: Option<Operation>,
}

impl Leftovers {
    /// Begins the search, unless it was begun before. What it can't do does not keep an output from its work.
    pub(super) fn abort(
        &mut self,
        shown: &str,
        store: Result<Rc<Store>, ObjectError>,
        path: &Interpolated,
        untouched: Duration,
    ) {
        let Some((beginning, end)) = literal(path).filter(|_| !self.has_begun) else { return };
        match store.and_then(|store| store.abort_stale(beginning, end, untouched)) {
            Ok(operation) => {
                self.has_begun = true;
                self.search = Some(operation);
            }
            Err(error) => {
                // A store that is away is asked again with the next connection.
                self.has_begun = !matches!(error, ObjectError::Unavailable(_));
                log::warn(format!("{shown}: uploads that were left unfinished can't be looked for: {error}"));
            }
        }
    }

    /// Says so once where something went wrong.
    pub(super) fn look(&mut self) {
        let Some(outcome) = self.search.as_ref().and_then(Operation::outcome) else { return };
        self.search = None;
        if let Err(error) = outcome {
            log::warn(format!("an upload that was left unfinished could not be aborted: {error}"));
        }
    }
}

/// How the names of all objects of a path begin and end; without an end where there is only one. None where they begin
/// with nothing in common: such uploads may be anybody's. None too where only the language knows where an expression ends.
fn literal(path: &Interpolated) -> Option<(&str, Option<&str>)> {
    if let Some(name) = path.constant() {
        return Some((name, None));
    }
    let source = path.source();
    // What is escaped is not what it looks like.
    if source.contains("${{!") {
        return None;
    }
    let (beginning, _) = source.split_once("${!")?;
    let (_, last) = source.rsplit_once("${!")?;
    // One brace is the end of the last expression; of several, each may be, and a name may hold the rest.
    let (_, end) = last.split_once('}')?;
    (!beginning.is_empty() && !end.contains('}')).then_some((beginning, Some(end)))
}

#[cfg(test)]
mod tests {
    use forebay_sdk::{Batch, Error, Processed, testing};

    use super::*;

    #[test]
    fn a_path_says_which_uploads_are_its_own() {
        testing::set_language(|_, _, _| {
            Ok(|_: &Batch| -> Result<Processed, Error> { Err(Error::new("it is not evaluated here")) })
        });
        for (path, expected) in [
            ("all", Some(("all", None))),
            ("day/${! @day }/${! @n }.parquet", Some(("day/", Some(".parquet")))),
            ("day=${! @day }", Some(("day=", Some("")))),
            ("${! @day }/x", None),
            ("cost${usd}/x-${!id}", Some(("cost${usd}/x-", Some("")))),
            ("a/${!id}/{v1}.bin", None),
            ("a/${! {\"x\": 1}.x }.bin", None),
            ("a${{!x}}b", None),
            ("a/${{!x}}/${!id}.bin", None),
        ] {
            let path = Interpolated::new(path).unwrap();
            assert_eq!(literal(&path), expected, "{path:?}");
        }
    }
}
