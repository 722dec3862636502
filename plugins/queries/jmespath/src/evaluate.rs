//! Runs an expression.

use forebay_bloblang::{Object, Value};

use crate::syntax::{Comparison, Node, Operand};
use crate::{DEPTH, SIZE, STEPS, functions};

/// How errors begin that name a limit, and no others.
const LIMIT: &str = "the expression ";

/// One run, and what it has used up.
#[derive(Default)]
pub(crate) struct Evaluation {
    steps: u64,
}

pub(crate) type Evaluated<T> = Result<T, String>;

impl Evaluation {
    pub(crate) fn count(&mut self, steps: usize) -> Evaluated<()> {
        self.steps = self.steps.saturating_add(steps as u64);
        if self.steps > STEPS {
            return Err(format!("the expression takes more than {STEPS} steps"));
        }
        Ok(())
    }

    /// A value that was put together.
    fn made(value: Value) -> Evaluated<Value> {
        if value.depth() > DEPTH {
            return Err(format!("the expression makes a value of more than {DEPTH} levels"));
        }
        if value.size() > SIZE {
            return Err(format!("the expression makes a value of more than {} MiB", SIZE >> 20));
        }
        Ok(value)
    }

    /// What a node finds; an expression where it is one for a function.
    pub(crate) fn value<'n>(&mut self, node: &'n Node, value: &Value) -> Evaluated<Operand<'n>> {
        self.count(1)?;
        let found = match node {
            Node::Reference(node) => return Ok(Operand::Expression(node)),
            Node::Identity => value.clone(),
            Node::Chain(left, right) => {
                let left = self.plain(left, value)?;
                return self.value(right, &left);
            }
            Node::Or(left, right) => {
                let left = self.value(left, value)?;
                if !is_false(&left) {
                    return Ok(left);
                }
                return self.value(right, value);
            }
            Node::And(left, right) => {
                let left = self.value(left, value)?;
                if is_false(&left) {
                    return Ok(left);
                }
                return self.value(right, value);
            }
            Node::Call(name, arguments) => {
                let arguments: Vec<_> =
                    arguments.iter().map(|argument| self.value(argument, value)).collect::<Evaluated<_>>()?;
                Self::made(functions::call(self, name, arguments)?)?
            }
            other => self.found(other, value)?,
        };
        Ok(Operand::Value(found))
    }

    /// What a node finds as a value; an expression is none.
    pub(crate) fn plain(&mut self, node: &Node, value: &Value) -> Evaluated<Value> {
        match self.value(node, value)? {
            Operand::Value(value) => Ok(value),
            Operand::Expression(_) => Ok(Value::Object(Object::new())),
        }
    }

    /// What a node finds, where its errors do not matter: the library passes over them in some places. A limit does.
    fn attempt(&mut self, node: &Node, value: &Value) -> Evaluated<Option<Value>> {
        match self.plain(node, value) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.starts_with(LIMIT) => Err(error),
            Err(_) => Ok(None),
        }
    }

    fn found(&mut self, node: &Node, value: &Value) -> Evaluated<Value> {
        match node {
            Node::Literal(value) => Ok(value.clone()),
            Node::Field(name) => Ok(match value {
                Value::Object(object) => object.get(name).cloned().unwrap_or(Value::Null),
                _ => Value::Null,
            }),
            Node::Index(index) => Ok(match value {
                Value::Array(items) => at(*index, items.len()).and_then(|at| items.get(at)).cloned(),
                _ => None,
            }
            .unwrap_or(Value::Null)),
            Node::Slice(parts) => match value {
                Value::Array(items) => self.slice(items, *parts),
                _ => Ok(Value::Null),
            },
            Node::Not(node) => Ok(Value::Bool(is_false(&self.value(node, value)?))),
            Node::Compare(comparison, left, right) => {
                let left = self.plain(left, value)?;
                let right = self.plain(right, value)?;
                self.count(1 + left.size().min(right.size()) as usize / 64)?;
                Ok(compare(*comparison, &left, &right))
            }
            Node::Flatten(of) => {
                let Some(Value::Array(items)) = self.attempt(of, value)? else { return Ok(Value::Null) };
                let mut flat = Vec::new();
                for item in items.iter() {
                    match item {
                        Value::Array(inner) => {
                            self.count(inner.len())?;
                            flat.extend(inner.iter().cloned());
                        }
                        other => flat.push(other.clone()),
                    }
                }
                Self::made(Value::from(flat))
            }
            Node::Projection(of, each) => match self.plain(of, value)? {
                Value::Array(items) => self.each(each, items.iter()),
                _ => Ok(Value::Null),
            },
            Node::Values(of, each) => {
                let Some(Value::Object(object)) = self.attempt(of, value)? else { return Ok(Value::Null) };
                // The library asks for as many nulls first as there are values.
                let nulls = std::iter::repeat_n(&Value::Null, object.len());
                self.each(each, nulls.chain(object.iter().map(|(_, value)| value)))
            }
            Node::Filter { of, each, condition } => {
                let Some(Value::Array(items)) = self.attempt(of, value)? else { return Ok(Value::Null) };
                let mut kept = Vec::new();
                for item in items.iter() {
                    if !is_false(&self.value(condition, item)?) {
                        let found = self.plain(each, item)?;
                        if found != Value::Null {
                            kept.push(found);
                        }
                    }
                }
                Self::made(Value::from(kept))
            }
            Node::List(_) | Node::Hash(_) if *value == Value::Null => Ok(Value::Null),
            Node::List(nodes) => {
                let items =
                    nodes.iter().map(|node| self.plain(node, value)).collect::<Evaluated<Vec<_>>>()?;
                Self::made(Value::from(items))
            }
            Node::Hash(entries) => {
                let entries = entries.iter().map(|(key, node)| Ok((key.clone(), self.plain(node, value)?)));
                Self::made(Value::Object(Object::from(entries.collect::<Evaluated<Vec<_>>>()?)))
            }
            _ => Err("Unknown AST node: ASTEmpty".to_owned()),
        }
    }

    /// What a node finds in each of these, but for nulls.
    fn each<'v>(&mut self, node: &Node, items: impl Iterator<Item = &'v Value>) -> Evaluated<Value> {
        let mut found = Vec::new();
        for item in items {
            let value = self.plain(node, item)?;
            if value != Value::Null {
                found.push(value);
            }
        }
        Self::made(Value::from(found))
    }

    fn slice(&mut self, items: &[Value], [start, end, step]: [Option<i64>; 3]) -> Evaluated<Value> {
        let step = step.unwrap_or(1);
        if step == 0 {
            return Err("Invalid slice, step cannot be 0".to_owned());
        }
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let bounded = |index: i64| {
            let index = if index < 0 { index.saturating_add(length) } else { index };
            if step < 0 { index.clamp(-1, length - 1) } else { index.clamp(0, length) }
        };
        let (first, last) = if step < 0 { (length - 1, -1) } else { (0, length) };
        let mut at = start.map_or(first, bounded);
        let end = end.map_or(last, bounded);
        let mut part = Vec::new();
        while if step > 0 { at < end } else { at > end } {
            part.extend(usize::try_from(at).ok().and_then(|at| items.get(at)).cloned());
            at = at.saturating_add(step);
        }
        self.count(part.len())?;
        Self::made(Value::from(part))
    }
}

/// Where an index is among so many items.
fn at(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    usize::try_from(if index < 0 { index.checked_add(length)? } else { index }).ok()
}

pub(crate) fn is_false(operand: &Operand<'_>) -> bool {
    match operand {
        Operand::Expression(_) => false,
        Operand::Value(value) => match value {
            Value::Null => true,
            Value::Bool(value) => !value,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(object) => object.is_empty(),
            _ => false,
        },
    }
}

fn compare(comparison: Comparison, left: &Value, right: &Value) -> Value {
    let holds = match (comparison, left, right) {
        (Comparison::Equal, left, right) => left == right,
        (Comparison::Different, left, right) => left != right,
        (comparison, Value::Float(left), Value::Float(right)) => match comparison {
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
            Comparison::Greater => left > right,
            _ => left >= right,
        },
        _ => return Value::Null,
    };
    Value::Bool(holds)
}
