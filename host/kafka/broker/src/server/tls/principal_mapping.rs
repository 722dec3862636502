use std::str::FromStr;

use regex::Regex;

/// How the name in a certificate becomes a principal, as Kafka's `ssl.principal.mapping.rules` say: the first rule
/// that fits holds. By default it is the whole name.
#[derive(Debug, Clone, Default)]
pub struct PrincipalMapping(Vec<Rule>);

#[derive(Debug, Clone)]
enum Rule {
    Default,
    Replace { pattern: Regex, replacement: String, case: Case },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    AsIs,
    Lower,
    Upper,
}

/// Rules that are none, or that no name fits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    #[error(
        "{0:?} is no rule: expected DEFAULT or RULE:PATTERN/REPLACEMENT/, with L or U behind it or nothing"
    )]
    Rule(String),
    #[error("the pattern {pattern:?}: {reason}")]
    Pattern { pattern: String, reason: String },
    #[error("no rule fits the name {0:?} of a certificate")]
    NoRule(String),
}

impl PrincipalMapping {
    /// The name of the principal.
    ///
    /// # Errors
    /// When no rule fits.
    pub fn apply(&self, name: &str) -> Result<String, MappingError> {
        if self.0.is_empty() {
            return Ok(name.to_owned());
        }
        let mapped = self.0.iter().find_map(|rule| rule.apply(name));
        mapped.ok_or_else(|| MappingError::NoRule(name.to_owned()))
    }
}

impl Rule {
    fn apply(&self, name: &str) -> Option<String> {
        let Self::Replace { pattern, replacement, case } = self else { return Some(name.to_owned()) };
        let found = pattern.captures(name)?;
        let mut mapped = String::new();
        let mut rest = replacement.chars().peekable();
        while let Some(letter) = rest.next() {
            match letter {
                '$' => {
                    let digit = rest.next_if(char::is_ascii_digit).and_then(|digit| digit.to_digit(10));
                    let group = digit.and_then(|digit| usize::try_from(digit).ok());
                    mapped.push_str(
                        group.and_then(|group| found.get(group)).map_or("", |group| group.as_str()),
                    );
                }
                '\\' => mapped.extend(rest.next()),
                letter => mapped.push(letter),
            }
        }
        Some(match case {
            Case::AsIs => mapped,
            Case::Lower => mapped.to_lowercase(),
            Case::Upper => mapped.to_uppercase(),
        })
    }
}

impl FromStr for PrincipalMapping {
    type Err = MappingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut rules = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (rule, behind) = first(rest)?;
            rules.push(rule);
            rest = match behind.trim_start() {
                "" => "",
                behind => {
                    let next = behind.strip_prefix(',').map(str::trim_start).filter(|next| !next.is_empty());
                    next.ok_or_else(|| MappingError::Rule(rest.to_owned()))?
                }
            };
        }
        Ok(Self(rules))
    }
}

/// The first of some rules, and what stands behind it.
fn first(text: &str) -> Result<(Rule, &str), MappingError> {
    if let Some(behind) = text.strip_prefix("DEFAULT") {
        return Ok((Rule::Default, behind));
    }
    let no_rule = || MappingError::Rule(text.to_owned());
    let rest = text.strip_prefix("RULE:").ok_or_else(no_rule)?;
    let (pattern, rest) = until_slash(rest).ok_or_else(no_rule)?;
    let (replacement, rest) = until_slash(rest).ok_or_else(no_rule)?;
    let (case, rest) = match rest.chars().next() {
        Some('L') => (Case::Lower, &rest[1..]),
        Some('U') => (Case::Upper, &rest[1..]),
        _ => (Case::AsIs, rest),
    };
    // The whole name must fit, as in Java.
    let compiled = Regex::new(&format!("^(?:{})$", pattern.replace("\\/", "/")));
    let failed = |error: regex::Error| MappingError::Pattern {
        pattern: pattern.to_owned(),
        reason: error.to_string(),
    };
    let rule =
        Rule::Replace { pattern: compiled.map_err(failed)?, replacement: replacement.to_owned(), case };
    Ok((rule, rest))
}

/// What stands before the first slash that has no backslash in front, and behind it.
fn until_slash(text: &str) -> Option<(&str, &str)> {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '/' if !is_escaped => return Some((&text[..at], &text[at + 1..])),
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUKE: &str = "CN=Duke,OU=ServiceUsers,O=Org,C=US";

    fn mapped(rules: &str, name: &str) -> Result<String, MappingError> {
        rules.parse::<PrincipalMapping>()?.apply(name)
    }

    #[test]
    fn the_first_rule_that_fits_holds() {
        assert_eq!(mapped("", DUKE).as_deref(), Ok(DUKE));
        assert_eq!(mapped("DEFAULT", DUKE).as_deref(), Ok(DUKE));
        let rules =
            "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/, RULE:^CN=(.*?),OU=(.*?),O=(.*?)$/$1@$2/L ,DEFAULT";
        assert_eq!(mapped(rules, DUKE).as_deref(), Ok("Duke"));
        assert_eq!(mapped(rules, "CN=Adm,OU=Ops,O=X").as_deref(), Ok("adm@ops"));
        assert_eq!(mapped(rules, "O=X").as_deref(), Ok("O=X"));
        assert_eq!(mapped("RULE:CN=([^,]+).*/$1/U", DUKE).as_deref(), Ok("DUKE"));
        // The whole name must fit.
        assert_eq!(mapped("RULE:CN=Duke/x/", DUKE), Err(MappingError::NoRule(DUKE.to_owned())));
        assert_eq!(mapped("RULE:CN=a\\/(.*)/$1\\/$9x/", "CN=a/b").as_deref(), Ok("b/x"));
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for text in ["default", "RULE:a", "RULE:a/b", "RULE:a/b/X", "DEFAULT DEFAULT", "DEFAULT,"] {
            assert!(matches!(mapped(text, DUKE), Err(MappingError::Rule(_))), "{text}");
        }
        assert!(matches!(mapped("RULE:(/b/", DUKE), Err(MappingError::Pattern { .. })));
    }
}
