//! How scanners stand inside of each other.
//!
//! A configuration becomes a [`Plan`] when the component is opened, with the plans of the scanners in it
//! inside. For each stream the plan is asked for a [`Scan`]; what changes the bytes for another scanner does
//! so as a [`Source`] under that. All of it lies in one instance.

use std::marker::PhantomData;

use forebay_sdk::config::{Config, Pointer, ScannerConfig};
use forebay_sdk::serde_json::Value;
use forebay_sdk::streams::ByteStream;
use forebay_sdk::{Context, Docs, Error, Problem, Scanned, Scanner};

use crate::kinds::KINDS;
use crate::source::Source;

/// What to do with every stream.
pub(crate) trait Plan {
    /// Starts a stream. `name` is that of its source.
    ///
    /// # Errors
    /// Fails the stream.
    fn begin(&self, source: Box<dyn Source>, name: &str) -> Result<Box<dyn Scan>, Error>;
}

/// A stream that is being scanned, as [`Scanner::next`].
pub(crate) trait Scan {
    /// # Errors
    /// Fails the rest of the stream.
    fn next(&mut self) -> Result<Scanned, Error>;
}

/// A scanner of this plugin.
pub(crate) trait Kind: 'static {
    const NAME: &'static str;
    const DOCS: Docs = Docs::DEFAULT;

    type Config: Config;

    /// Checks the configuration, which stands at `at`.
    ///
    /// # Errors
    /// Says which field can't be used, and why.
    fn plan(config: Self::Config, at: &Pointer<'_>) -> Result<Box<dyn Plan>, Problem>;
}

/// A scanner as a component.
pub(crate) struct Component<K> {
    plan: Box<dyn Plan>,
    scan: Option<Box<dyn Scan>>,
    kind: PhantomData<K>,
}

impl<K: Kind> Scanner for Component<K> {
    const NAME: &'static str = K::NAME;
    const DOCS: Docs = K::DOCS;

    type Config = K::Config;

    fn open(config: K::Config, _: &Context) -> Result<Self, Problem> {
        Ok(Self { plan: K::plan(config, &Pointer::ROOT)?, scan: None, kind: PhantomData })
    }

    fn begin(&mut self, source: ByteStream, name: &str) -> Result<(), Error> {
        // What the one before keeps is free before this one takes anything.
        self.scan = None;
        self.scan = Some(self.plan.begin(Box::new(source), name)?);
        Ok(())
    }

    fn next(&mut self) -> Result<Scanned, Error> {
        let Some(scan) = &mut self.scan else { return Ok(Scanned::Ended) };
        let scanned = scan.next();
        if !matches!(scanned, Ok(Scanned::Batch(_) | Scanned::Idle)) {
            self.scan = None;
        }
        scanned
    }
}

type Planned = Result<Box<dyn Plan>, Problem>;

/// Makes the plan of a scanner by its name.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) plan: fn(&Value, &Pointer<'_>) -> Planned,
}

pub(crate) const fn entry<K: Kind>() -> Entry {
    fn plan<K: Kind>(config: &Value, at: &Pointer<'_>) -> Planned {
        K::plan(K::Config::parse(config, at)?, at)
    }
    Entry { name: K::NAME, plan: plan::<K> }
}

/// The plan of a scanner inside of another one, where it stands at `at`: `{"lines": {...}}`.
pub(crate) fn inner(config: &ScannerConfig, at: &Pointer<'_>) -> Result<Box<dyn Plan>, Problem> {
    let mut members = config.json().as_object().into_iter().flatten();
    let (Some((name, config)), None) = (members.next(), members.next()) else {
        return Err(Problem::new("expected the name of one scanner and its fields").at(at));
    };
    let Some(entry) = KINDS.iter().find(|entry| entry.name == name) else {
        let known: Vec<_> = KINDS.iter().map(|entry| entry.name).collect();
        return Err(Problem::new(format!(
            "scanner `{name}` is of another plugin and can't stand inside of this one, only {} can",
            known.join(", ")
        ))
        .at(at));
    };
    (entry.plan)(config, &at.key(name))
}
