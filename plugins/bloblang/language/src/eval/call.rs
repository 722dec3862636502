//! What the body of a function sees: its arguments and where it was called.

use std::any::Any;
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use super::{Frame, Site, eval};
use crate::failure::Failure;
use crate::program::{Argument, CallSite};
use crate::spec::ParamKind;
use crate::value::{Array, Path, Text, Timestamp, Value};

/// One call.
pub(crate) struct Call<'v> {
    pub(crate) frame: Frame<'v>,
    site: &'v CallSite,
    /// The arguments that had to be evaluated.
    computed: Option<Computed>,
}

/// Arguments that were evaluated before the call; `None` for those that are known or that the function evaluates.
pub(super) type Computed = Vec<Option<Value>>;

impl<'v> Call<'v> {
    pub(crate) fn new(frame: Frame<'v>, site: &'v CallSite) -> Self {
        Self { frame, site, computed: None }
    }

    pub(super) fn with_arguments(frame: Frame<'v>, site: &'v CallSite, computed: Option<Computed>) -> Self {
        Self { frame, site, computed }
    }

    /// The arguments that had to be evaluated, if any had to be.
    pub(super) fn computed(&self) -> Option<&Computed> {
        self.computed.as_ref()
    }

    /// The argument at `index`; `None` when it was not given.
    pub(crate) fn optional(&self, index: usize) -> Result<Option<Cow<'v, Value>>, Failure> {
        if let Some(value) = self.computed.as_ref().and_then(|computed| computed.get(index)?.as_ref()) {
            return Ok(Some(Cow::Owned(value.clone())));
        }
        match self.site.arguments.get(index) {
            None | Some(Argument::Absent) => Ok(None),
            Some(Argument::Fixed(value)) => Ok(Some(Cow::Borrowed(value))),
            Some(Argument::Path(path)) => Ok(Some(Cow::Owned(Value::from(path.to_string())))),
            Some(Argument::Query(query)) => {
                let value = eval(query, self.frame).map_err(|failure| self.unresolved(index, failure))?;
                Ok(Some(value))
            }
        }
    }

    /// The argument at `index`, which must have been given.
    pub(crate) fn value(&self, index: usize) -> Result<Cow<'v, Value>, Failure> {
        self.optional(index)?
            .ok_or_else(|| Failure::plain(format!("missing parameter: {}", self.param(index))))
    }

    /// All arguments.
    pub(crate) fn values(&self) -> Result<Vec<Cow<'v, Value>>, Failure> {
        (0..self.site.arguments.len()).map(|index| self.value(index)).collect()
    }

    pub(crate) fn text(&self, index: usize) -> Result<Text, Failure> {
        let value = self.value(index)?;
        if let Value::String(text) = value.as_ref() {
            return Ok(text.clone());
        }
        value.as_text().ok_or_else(|| self.wrong(index, ParamKind::Text, &value))
    }

    /// The argument at `index`, which must be text or bytes, as it is.
    pub(crate) fn bytes(&self, index: usize) -> Result<Cow<'v, Value>, Failure> {
        let value = self.value(index)?;
        match value.as_bytes() {
            Some(_) => Ok(value),
            None => Err(self.wrong(index, ParamKind::Text, &value)),
        }
    }

    pub(crate) fn optional_text(&self, index: usize) -> Result<Option<Text>, Failure> {
        if self.is_given(index) { self.text(index).map(Some) } else { Ok(None) }
    }

    pub(crate) fn path(&self, index: usize) -> Result<Cow<'v, Path>, Failure> {
        if let Some(Argument::Path(path)) = self.site.arguments.get(index) {
            return Ok(Cow::Borrowed(path));
        }
        Ok(Cow::Owned(Path::dotted(&self.text(index)?)))
    }

    pub(crate) fn integer(&self, index: usize) -> Result<i64, Failure> {
        let value = self.value(index)?;
        let whole = value.as_number().and_then(crate::value::Number::whole);
        whole.ok_or_else(|| self.wrong(index, ParamKind::Integer, &value))
    }

    pub(crate) fn optional_integer(&self, index: usize) -> Result<Option<i64>, Failure> {
        if self.is_given(index) { self.integer(index).map(Some) } else { Ok(None) }
    }

    pub(crate) fn optional_float(&self, index: usize) -> Result<Option<f64>, Failure> {
        let Some(value) = self.optional(index)? else { return Ok(None) };
        match value.as_number() {
            Some(number) => Ok(Some(number.as_f64())),
            None => Err(self.wrong(index, ParamKind::Float, &value)),
        }
    }

    pub(crate) fn timestamp(&self, index: usize) -> Result<Timestamp, Failure> {
        let value = self.value(index)?;
        value
            .to_timestamp(self.frame.run.local())
            .map_err(|failure| self.unresolved(index, failure).settled())
    }

    pub(crate) fn boolean(&self, index: usize) -> Result<bool, Failure> {
        let value = self.value(index)?;
        match value.as_ref() {
            Value::Bool(value) => Ok(*value),
            other => Err(self.wrong(index, ParamKind::Bool, other)),
        }
    }

    pub(crate) fn optional_boolean(&self, index: usize) -> Result<Option<bool>, Failure> {
        if self.is_given(index) { self.boolean(index).map(Some) } else { Ok(None) }
    }

    pub(crate) fn array(&self, index: usize) -> Result<Array, Failure> {
        let value = self.value(index)?;
        match value.as_ref() {
            Value::Array(items) => Ok(items.clone()),
            other => Err(self.wrong(index, ParamKind::Array, other)),
        }
    }

    pub(crate) fn optional_array(&self, index: usize) -> Result<Option<Array>, Failure> {
        if self.is_given(index) { self.array(index).map(Some) } else { Ok(None) }
    }

    pub(crate) fn is_given(&self, index: usize) -> bool {
        !matches!(self.site.arguments.get(index), None | Some(Argument::Absent))
    }

    /// Whether the argument at `index` is written in the mapping.
    pub(crate) fn is_fixed(&self, index: usize) -> bool {
        matches!(self.site.arguments.get(index), Some(Argument::Fixed(_) | Argument::Path(_)))
    }

    /// Runs the query at `index` with `this` as `value`. Errors of the query are passed on as they are: what is still
    /// open about them is closed by the call.
    pub(crate) fn with(&self, index: usize, value: &Value) -> Result<Value, Failure> {
        match self.site.arguments.get(index) {
            Some(Argument::Query(query)) => eval(query, self.frame.with(value)).map(Cow::into_owned),
            Some(Argument::Fixed(value)) => Ok(value.clone()),
            None | Some(Argument::Absent | Argument::Path(_)) => Ok(Value::Nothing),
        }
    }

    /// Runs the query at `index` where the call stands.
    pub(crate) fn query(&self, index: usize) -> Result<Value, Failure> {
        match self.site.arguments.get(index) {
            Some(Argument::Query(query)) => eval(query, self.frame).map(Cow::into_owned),
            Some(Argument::Fixed(value)) => Ok(value.clone()),
            None | Some(Argument::Absent | Argument::Path(_)) => Ok(Value::Nothing),
        }
    }

    /// What messages call the query at `index`.
    pub(crate) fn title(&self, index: usize) -> String {
        match self.site.arguments.get(index) {
            Some(Argument::Query(query)) => query.title(),
            Some(Argument::Fixed(value)) => format!("{} literal", value.kind()),
            None | Some(Argument::Absent | Argument::Path(_)) => String::new(),
        }
    }

    /// What this call keeps between runs.
    pub(crate) fn state(&self) -> Result<&'v RefCell<Site>, Failure> {
        self.frame
            .run
            .sites
            .get(self.site.site)
            .ok_or_else(|| Failure::plain("call without a place for its state"))
    }

    /// What `make` makes out of `argument`, kept by this call for as long as it is called with that argument.
    pub(crate) fn kept<T: Any + Send + Sync>(
        &self,
        argument: &Text,
        make: impl FnOnce(&Text) -> Result<T, String>,
    ) -> Result<Arc<T>, Failure> {
        let site = self.state()?;
        if let Site::Kept { argument: known, made } = &*site.borrow()
            && known == argument
            && let Ok(made) = Arc::clone(made).downcast()
        {
            return Ok(made);
        }
        let made = Arc::new(make(argument).map_err(Failure::plain)?);
        let kept = Arc::<T>::clone(&made);
        *site.borrow_mut() = Site::Kept { argument: argument.clone(), made: kept };
        Ok(made)
    }

    fn param(&self, index: usize) -> &'static str {
        self.site.spec.params.get(index).map_or("value", |param| param.name)
    }

    fn unresolved(&self, index: usize, failure: Failure) -> Failure {
        failure.within(format_args!("failed to extract input arg '{}'", self.param(index))).settled()
    }

    fn wrong(&self, index: usize, wanted: ParamKind, got: &Value) -> Failure {
        Failure::plain(format!(
            "failed to extract input arg '{}': wrong argument type, expected {}, got {}",
            self.param(index),
            wanted.name(),
            got.kind()
        ))
    }
}

/// Evaluates the arguments of a call, in order; `kind` says what is called.
#[inline(never)]
pub(super) fn arguments(site: &CallSite, frame: Frame<'_>, kind: &str) -> Result<Computed, Failure> {
    let mut computed = Vec::with_capacity(site.arguments.len());
    // Those without a name are counted, the ones that are known left out.
    let mut count = 0;
    for (index, argument) in site.arguments.iter().enumerate() {
        let param = site.spec.params.get(index);
        let kind_wanted = param.map_or(ParamKind::Any, |param| param.kind);
        computed.push(match argument {
            Argument::Query(query) if kind_wanted != ParamKind::Query => {
                let value =
                    eval(query, frame).and_then(|value| kind_wanted.accept(&value).map_err(Failure::new));
                let value = Some(value.map_err(|failure| {
                    let name = param.map_or_else(|| count.to_string(), |param| param.name.to_owned());
                    failure
                        .within(format_args!("failed to extract input arg '{name}'"))
                        .within(format_args!("{kind} '{}'", site.spec.name))
                })?);
                count += 1;
                value
            }
            _ => None,
        });
    }
    Ok(computed)
}

/// That the function takes its arguments, some of which were evaluated just now.
pub(super) fn check(site: &CallSite, computed: &Computed) -> Result<(), String> {
    let Some(check) = site.spec.check else { return Ok(()) };
    let values: Vec<Option<Cow<'_, Value>>> = site
        .arguments
        .iter()
        .enumerate()
        .map(|(index, argument)| match (argument, computed.get(index)) {
            (_, Some(Some(value))) => Some(Cow::Borrowed(value)),
            (Argument::Fixed(value), _) => Some(Cow::Borrowed(value)),
            (Argument::Path(path), _) => Some(Cow::Owned(Value::from(path.to_string()))),
            (Argument::Absent | Argument::Query(_), _) => None,
        })
        .collect();
    check(&values.iter().map(Option::as_deref).collect::<Vec<_>>())
}
