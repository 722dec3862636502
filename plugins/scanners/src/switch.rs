use forebay_regex::Regex;
use forebay_sdk::config::{Pointer, ScannerConfig};
use forebay_sdk::{Config, Docs, Error, Example, Problem};

use crate::plan::{Kind, Plan, Scan, inner};
use crate::source::Source;

/// Chooses a scanner by the name of what is read.
///
/// The first case that fits the name counts. One without a condition fits every name, so it is best to have one at the
/// end: a stream that no case fits fails.
#[derive(Config)]
pub(crate) struct SwitchConfig(Vec<CaseConfig>);

#[derive(Config)]
struct CaseConfig {
    /// A regular expression that the name of the source, a path or its like, must match somewhere.
    #[config(example = "\\.csv$")]
    re_match_name: Option<String>,
    /// The scanner of this case.
    scanner: ScannerConfig,
}

pub(crate) struct Switch {
    cases: Vec<Case>,
}

pub(crate) struct Case {
    pub(crate) name: Option<Regex>,
    pub(crate) scanner: Box<dyn Plan>,
}

impl Kind for Switch {
    const NAME: &'static str = "switch";
    const DOCS: Docs = Docs {
        examples: &[Example {
            title: "By the ending of a file",
            summary: "Compressed rows, plain rows, and anything else as a whole.",
            config: "input:\n  file:\n    paths: [ ./data/* ]\n    scanner:\n      switch:\n        - re_match_name: \
                     '\\.csv\\.gz$'\n          scanner:\n            decompress:\n              algorithm: gzip\n              \
                     into:\n                csv: {}\n        - re_match_name: '\\.csv$'\n          scanner:\n            csv: \
                     {}\n        - scanner:\n            to_the_end: {}\n",
        }],
        ..Docs::DEFAULT
    };

    type Config = SwitchConfig;

    fn plan(SwitchConfig(configs): SwitchConfig, at: &Pointer<'_>) -> Result<Box<dyn Plan>, Problem> {
        let mut cases = Vec::with_capacity(configs.len());
        for (index, CaseConfig { re_match_name, scanner }) in configs.into_iter().enumerate() {
            let at = at.index(index);
            let compile = |pattern: String| {
                Regex::compile(&pattern).map_err(|error| Problem::new(error).at(at.key("re_match_name")))
            };
            let name = re_match_name.map(compile).transpose()?;
            cases.push(Case { name, scanner: inner(&scanner, &at.key("scanner"))? });
        }
        Ok(Self::of(cases))
    }
}

impl Switch {
    pub(crate) fn of(cases: Vec<Case>) -> Box<dyn Plan> {
        Box::new(Self { cases })
    }
}

impl Plan for Switch {
    fn begin(&self, source: Box<dyn Source>, name: &str) -> Result<Box<dyn Scan>, Error> {
        let fits = |case: &&Case| case.name.as_ref().is_none_or(|pattern| pattern.is_match(name.as_bytes()));
        match self.cases.iter().find(fits) {
            Some(case) => case.scanner.begin(source, name),
            None => Err(Error::new("source details did not match against any scanners")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{cut_in, refused};

    #[test]
    fn the_first_case_that_fits_the_name_counts() {
        let config = json!({"switch": [
            {"re_match_name": r"\.chunks$", "scanner": {"chunker": {"size": 2}}},
            {"re_match_name": "^b/", "scanner": {"lines": {}}},
        ]});
        let scanned = |name| cut_in(&config, b"ab\nc", 3, name);
        assert_eq!(scanned("b/x.chunks").texts(), ["ab", "\nc"]);
        assert_eq!(scanned("b/x.json").texts(), ["ab", "c"]);
        let failed = scanned("a/x.json").error;
        assert_eq!(failed.as_deref(), Some("source details did not match against any scanners"));
    }

    #[test]
    fn a_wrong_pattern_is_refused() {
        let case = json!({"re_match_name": "(", "scanner": {"lines": {}}});
        assert_eq!(
            refused(&json!({"switch": [case]})),
            "/switch/0/re_match_name: error parsing regexp: missing closing ): `(`"
        );
    }
}
