use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::{Regex, RegexBuilder};

use crate::GroupError;

/// How large a regular expression may become, in bytes.
const REGEX_SIZE: usize = 1 << 20;
/// How many are remembered: each may be as large as that.
const MOST: usize = 16;
/// Longer ones are not, in bytes of their text.
const LONGEST: usize = 1 << 16;

/// Those that were used last, of all groups: each heartbeat of a member asks for the same one again, and compiling it
/// takes longer than all that a heartbeat does beside.
static COMPILED: LazyLock<Compiled> = LazyLock::new(Compiled::default);

/// A regular expression that a whole name must match.
///
/// # Errors
/// When it is none, or becomes too large.
pub(super) fn compiled(expression: &str) -> Result<Arc<Regex>, GroupError> {
    COMPILED.get(expression)
}

/// Compiled expressions, by what they were made of.
#[derive(Debug, Default)]
struct Compiled(Mutex<HashMap<String, Arc<Regex>>>);

impl Compiled {
    fn get(&self, expression: &str) -> Result<Arc<Regex>, GroupError> {
        // Nothing panics half way while it is locked.
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(regex) = known().get(expression) {
            return Ok(Arc::clone(regex));
        }
        let regex = Arc::new(compile(expression)?);
        if expression.len() > LONGEST {
            return Ok(regex);
        }
        let mut known = known();
        if known.len() >= MOST {
            // Those that are still asked for come back.
            known.clear();
        }
        known.insert(expression.to_owned(), Arc::clone(&regex));
        Ok(regex)
    }
}

fn compile(expression: &str) -> Result<Regex, GroupError> {
    RegexBuilder::new(&format!("^(?:{expression})$"))
        .size_limit(REGEX_SIZE)
        .dfa_size_limit(REGEX_SIZE)
        .build()
        .map_err(|error| GroupError::InvalidRegularExpression(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_expression_is_compiled_once_and_only_some_are_remembered() {
        let compiled = Compiled::default();
        let first = compiled.get("a.*").unwrap();
        assert!(first.is_match("abc") && !first.is_match("xabc"));
        assert!(Arc::ptr_eq(&first, &compiled.get("a.*").unwrap()));
        assert!(matches!(compiled.get("a("), Err(GroupError::InvalidRegularExpression(_))));
        for number in 0..10 * MOST {
            let regex = compiled.get(&format!("a{number}")).unwrap();
            assert!(regex.is_match(&format!("a{number}")) && !regex.is_match("a"));
            assert!(compiled.0.lock().unwrap().len() <= MOST);
        }
        assert!(!Arc::ptr_eq(&first, &compiled.get("a.*").unwrap()));
    }
}
