//! A head and its tails, from left to right.

use std::borrow::Cow;
use std::ops::Range;

use super::call::{Computed, arguments, check};
use super::expression::bounded;
use super::{Call, Frame, bracket, eval};
use crate::failure::Failure;
use crate::program::{CallSite, Chain, Tail};
use crate::spec::Body;
use crate::value::Value;

type Given<'v> = Result<Cow<'v, Value>, Failure>;

/// The part of a chain that a method evaluates itself.
pub(crate) struct Target<'v> {
    chain: &'v Chain,
    length: usize,
}

impl Target<'_> {
    /// Evaluates the target as seen from `frame`.
    pub(crate) fn eval(&self, frame: Frame<'_>) -> Result<Value, Failure> {
        part(self.chain, self.length, frame.deeper()?).map(Cow::into_owned)
    }
}

pub(super) fn chain<'v>(chain: &'v Chain, frame: Frame<'v>) -> Given<'v> {
    part(chain, chain.tails.len(), frame)
}

/// The first `length` tails.
#[inline(never)]
fn part<'v>(chain: &'v Chain, length: usize, frame: Frame<'v>) -> Given<'v> {
    let control = match chain.control {
        Some(at) if at < length => Some(at),
        Some(_) => last_control(chain, length),
        None => None,
    };
    let mut prepared = Prepared::default();
    let first = control.map_or(0, |at| at + 1);
    if chain.dynamic {
        prepared.arguments(chain, first..length, frame);
    }
    let (mut value, start) = match (prepared.failed.take(), control) {
        (Some((at, failure)), _) => (Err(failure), at + 1),
        (None, Some(at)) => (controlled(chain, at, frame), at + 1),
        (None, None) => (eval(&chain.head, frame), 0),
    };
    for (at, tail) in chain.tails.iter().enumerate().take(length).skip(start) {
        value = match (tail, value) {
            (Tail::Call(site), value) => match (site.spec.body, value) {
                (Body::Rescue(body), value) => {
                    let call = Call::with_arguments(frame, site, prepared.take(at));
                    rescue(chain, at, &call, body, value)
                }
                (_, Ok(target)) => {
                    let call = Call::with_arguments(frame, site, prepared.take(at));
                    let result = self::call(chain, at, &call, site, target);
                    result.map_err(|failure| refused(site, call.computed(), failure))
                }
                (_, Err(failure)) => Err(refused(site, prepared.take(at).as_ref(), failure)),
            },
            (tail, Ok(target)) => step(chain, at, tail, target, frame),
            // An error goes on to the next method that rescues.
            (_, failed) => failed,
        };
    }
    value
}

/// Arguments come before the target they are for: those of the last call first, and nothing of what is before a call
/// whose arguments have failed.
#[derive(Default)]
struct Prepared {
    computed: Vec<(usize, Computed)>,
    failed: Option<(usize, Failure)>,
}

impl Prepared {
    #[inline(never)]
    fn arguments(&mut self, chain: &Chain, tails: Range<usize>, frame: Frame<'_>) {
        for at in tails.rev() {
            let Some(Tail::Call(site)) = chain.tails.get(at) else { continue };
            if !site.dynamic {
                continue;
            }
            match arguments(site, frame, "method") {
                Ok(computed) => self.computed.push((at, computed)),
                Err(failure) => {
                    self.failed = Some((at, failure));
                    return;
                }
            }
        }
    }

    /// The arguments of the call at `at`, if it has any that had to be evaluated.
    fn take(&mut self, at: usize) -> Option<Computed> {
        self.computed.pop_if(|(other, _)| *other == at).map(|(_, computed)| computed)
    }
}

/// What is wrong with the arguments of a call comes before what is wrong with its target.
#[inline(never)]
fn refused(site: &CallSite, computed: Option<&Computed>, failure: Failure) -> Failure {
    match computed.map(|computed| check(site, computed)) {
        Some(Err(reason)) => Failure::plain(reason),
        _ => failure,
    }
}

type Rescue = fn(&Call<'_>, Given<'_>) -> Result<Value, Failure>;

/// An error of the target that the method passes on is not about the target.
fn rescue<'v>(chain: &'v Chain, at: usize, call: &Call<'v>, body: Rescue, target: Given<'v>) -> Given<'v> {
    let own = target.is_ok();
    match body(call, target) {
        Err(failure) if own => Err(failure.about(|| chain.title(at))),
        result => result.map(Cow::Owned),
    }
}

fn last_control(chain: &Chain, length: usize) -> Option<usize> {
    let is_control =
        |tail: &Tail| matches!(tail, Tail::Call(site) if matches!(site.spec.body, Body::Control(_)));
    chain.tails.iter().take(length).rposition(is_control)
}

#[inline(never)]
fn controlled<'v>(chain: &'v Chain, at: usize, frame: Frame<'v>) -> Given<'v> {
    let Some(Tail::Call(site)) = chain.tails.get(at) else {
        return Err(Failure::new("call without a target"));
    };
    let computed = if site.dynamic { Some(arguments(site, frame, "method")?) } else { None };
    match site.spec.body {
        Body::Control(body) => {
            let target = Target { chain, length: at };
            bounded(body(&Call::with_arguments(frame, site, computed), &target)?).map(Cow::Owned)
        }
        _ => Err(Failure::new(format!("{} does not control its target", site.spec.name))),
    }
}

#[inline(never)]
fn call<'v>(
    chain: &'v Chain,
    at: usize,
    call: &Call<'v>,
    site: &CallSite,
    target: Cow<'v, Value>,
) -> Given<'v> {
    let Body::Method(body) = site.spec.body else {
        return Err(Failure::new(format!("{} is not a method", site.spec.name)));
    };
    call.frame.run.step()?;
    let value = body(call, target)
        .map_err(|failure| if site.spec.unnamed { failure } else { failure.about(|| chain.title(at)) })?;
    bounded(value).map(Cow::Owned)
}

#[inline(never)]
fn step<'v>(
    chain: &'v Chain,
    at: usize,
    tail: &'v Tail,
    target: Cow<'v, Value>,
    frame: Frame<'v>,
) -> Given<'v> {
    match (tail, target) {
        (Tail::Path(path), Cow::Borrowed(value)) => Ok(path.find(value).unwrap_or(Cow::Owned(Value::Null))),
        (Tail::Path(path), Cow::Owned(value)) => {
            Ok(Cow::Owned(path.find(&value).map_or(Value::Null, Cow::into_owned)))
        }
        (Tail::Context(query), Cow::Borrowed(value)) => eval(query, frame.with(value)),
        (Tail::Context(query), Cow::Owned(value)) => {
            eval(query, frame.with(&value)).map(|result| Cow::Owned(result.into_owned()))
        }
        (Tail::Index(index), target) => bracket::index(&target, index, frame).map(Cow::Owned),
        (Tail::Slice { low, high, step }, target) => {
            let bounds = [low.as_ref(), high.as_ref(), step.as_ref()];
            bracket::slice(&target, bounds, frame).map(Cow::Owned)
        }
        (Tail::Call(site), target) => call(chain, at, &Call::new(frame, site), site, target),
    }
}
