//! A head and its tails, from left to right.

use std::borrow::Cow;

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
    let (mut value, start) = match control {
        Some(at) => (controlled(chain, at, frame), at + 1),
        None => (eval(&chain.head, frame), 0),
    };
    for (at, tail) in chain.tails.iter().enumerate().take(length).skip(start) {
        value = match (tail, value) {
            (Tail::Call(site), value) => match (site.spec.body, value) {
                (Body::Rescue(body), value) => body(&Call::new(frame, site), value).map(Cow::Owned),
                (_, Ok(target)) => call(chain, at, site, target, frame),
                (_, failed) => failed,
            },
            (tail, Ok(target)) => step(chain, at, tail, target, frame),
            // An error goes on to the next method that rescues.
            (_, failed) => failed,
        };
    }
    value
}

fn last_control(chain: &Chain, length: usize) -> Option<usize> {
    let is_control =
        |tail: &Tail| matches!(tail, Tail::Call(site) if matches!(site.spec.body, Body::Control(_)));
    chain.tails.iter().take(length).rposition(is_control)
}

#[inline(never)]
fn controlled<'v>(chain: &'v Chain, at: usize, frame: Frame<'v>) -> Given<'v> {
    let Some(Tail::Call(site)) = chain.tails.get(at) else {
        return Err(Failure::plain("call without a target"));
    };
    match site.spec.body {
        Body::Control(body) => {
            let target = Target { chain, length: at };
            let value = body(&Call::new(frame, site), &target)
                .map_err(|failure| failure.about(|| chain.title(at)))?;
            bounded(value).map(Cow::Owned)
        }
        _ => Err(Failure::plain(format!("{} does not control its target", site.spec.name))),
    }
}

#[inline(never)]
fn call<'v>(
    chain: &'v Chain,
    at: usize,
    site: &'v CallSite,
    target: Cow<'v, Value>,
    frame: Frame<'v>,
) -> Given<'v> {
    let Body::Method(body) = site.spec.body else {
        return Err(Failure::plain(format!("{} is not a method", site.spec.name)));
    };
    frame.run.step()?;
    let value = body(&Call::new(frame, site), target)
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
    let about = |failure: Failure| failure.about(|| chain.title(at));
    match (tail, target) {
        (Tail::Path(path), Cow::Borrowed(value)) => Ok(path.find(value).unwrap_or(Cow::Owned(Value::Null))),
        (Tail::Path(path), Cow::Owned(value)) => {
            Ok(Cow::Owned(path.find(&value).map_or(Value::Null, Cow::into_owned)))
        }
        (Tail::Context(query), Cow::Borrowed(value)) => eval(query, frame.with(value)),
        (Tail::Context(query), Cow::Owned(value)) => {
            eval(query, frame.with(&value)).map(|result| Cow::Owned(result.into_owned()))
        }
        (Tail::Index(index), target) => bracket::index(&target, index, frame).map(Cow::Owned).map_err(about),
        (Tail::Slice { low, high, step }, target) => {
            let bounds = [low.as_ref(), high.as_ref(), step.as_ref()];
            bracket::slice(&target, bounds, frame).map(Cow::Owned).map_err(about)
        }
        (Tail::Call(site), target) => call(chain, at, site, target, frame),
    }
}
