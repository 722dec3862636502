//! What is checked and computed while the source is read: names, arguments, constants.

use super::Parsed;
use super::arguments::{Written, gather};
use crate::compile::{self, fold};
use crate::parse_error::Fault;
use crate::spec::FunctionSpec;
use crate::syntax::{CallNode, Constant, Node, NodeKind, Operator};
use crate::value::{Array, Object, Text, Value};

/// The call of a function, if there is one of that name, checked; `end` is the offset after its closing bracket.
pub(super) fn function(
    at: usize,
    spec: Option<&'static FunctionSpec>,
    name: &str,
    written: Vec<Written>,
    end: usize,
) -> Parsed<Node> {
    let fault = |reason: String| Fault::fatal(end, reason);
    let spec = spec.ok_or_else(|| fault(format!("unrecognised function '{name}'")))?;
    let arguments = gather(written).map_err(fault)?;
    compile::check(spec, &arguments).map_err(fault)?;
    let mut call = CallNode { name: Text::from(name), arguments, constant: None };
    let constant = match name {
        "deleted" => Some(Constant::titled(Value::Delete, Text::fixed("delete"))),
        "nothing" => Some(Constant::titled(Value::Nothing, Text::fixed("nothing"))),
        _ if spec.fixed && call.is_constant() => {
            let value = fold::fixed(spec, &call.arguments, None).map_err(fault)?;
            Some(Constant::titled(value, Text::from(format!("function {name}"))))
        }
        _ => None,
    };
    call.constant.clone_from(&constant);
    Ok(Node { at, kind: NodeKind::Call(call), constant })
}

/// The call of a method, if there is one of that name, checked; `target` is what it is called on, if that is a constant.
pub(super) fn method(
    spec: Option<&'static FunctionSpec>,
    name: &str,
    target: Option<&Constant>,
    written: Vec<Written>,
    end: usize,
) -> Parsed<CallNode> {
    let fault = |reason: String| Fault::fatal(end, reason);
    let spec = spec.ok_or_else(|| fault(format!("unrecognised method '{name}'")))?;
    let arguments = gather(written).map_err(fault)?;
    compile::check(spec, &arguments).map_err(fault)?;
    let mut call = CallNode { name: Text::from(name), arguments, constant: None };
    if let Some(target) = target
        && spec.fixed
        && call.is_constant()
    {
        let value = fold::fixed(spec, &call.arguments, Some(&target.value)).map_err(fault)?;
        call.constant = Some(Constant::titled(value, Text::from(format!("method {name}"))));
    }
    Ok(call)
}

/// Binds operands by the precedence of the operators between them, from the tightest to the loosest. `at` is where
/// the whole begins, and where mistakes in its constants are reported.
pub(super) fn operations(at: usize, mut operands: Vec<Node>, mut operators: Vec<Operator>) -> Parsed<Node> {
    for precedence in Operator::PRECEDENCES {
        if operators.is_empty() {
            break;
        }
        let mut rest = operands.into_iter();
        let mut bound: Vec<Node> = rest.next().into_iter().collect();
        let mut left = Vec::new();
        for (operator, operand) in operators.into_iter().zip(rest) {
            match bound.pop() {
                Some(before) if operator.precedence() == precedence => {
                    bound.push(join(at, before, operator, operand)?);
                }
                before => {
                    bound.extend(before);
                    bound.push(operand);
                    left.push(operator);
                }
            }
        }
        (operands, operators) = (bound, left);
    }
    operands.pop().ok_or_else(|| Fault::expected(at, "query"))
}

/// Adds an operand to a chain of the same precedence or starts a new one.
fn join(at: usize, left: Node, operator: Operator, right: Node) -> Parsed<Node> {
    let constant = fold::operation(at, &left, operator, &right)?;
    let start = left.at;
    let kind = match left.kind {
        NodeKind::Operate(first, mut rest)
            if rest.first().is_some_and(|(other, _)| other.precedence() == operator.precedence()) =>
        {
            rest.push((operator, right));
            NodeKind::Operate(first, rest)
        }
        _ => NodeKind::Operate(Box::new(left), vec![(operator, right)]),
    };
    Ok(Node { at: start, kind, constant })
}

/// Computes `-operand`, which is `0 - operand`.
pub(super) fn negate(start: usize, node: &mut Node) -> Parsed<()> {
    if let NodeKind::Negate(operand) = &node.kind {
        let zero = Node::new(start, NodeKind::Literal(Value::Int(0)));
        node.constant = fold::operation(start, &zero, Operator::Subtract, operand)?;
    }
    Ok(())
}

/// An array; what is deleted or nothing is left out of it.
pub(super) fn array(at: usize, items: Vec<Node>) -> Node {
    let values: Option<Vec<Value>> =
        items.iter().map(|item| item.constant().map(|known| known.value)).collect();
    let constant = values.map(|values| {
        let values = values.into_iter().filter(|value| !value.is_omitted());
        Constant::from(Value::Array(Array::literal(values.collect())))
    });
    Node { at, kind: NodeKind::Array(items), constant }
}

/// An object; what is deleted or nothing is left out of it.
pub(super) fn object(at: usize, entries: Vec<(Node, Node)>) -> Parsed<Node> {
    let mut known: Option<Vec<(Text, Value)>> = Some(Vec::with_capacity(entries.len()));
    for (key, value) in &entries {
        let key = match key.constant() {
            None => None,
            Some(Constant { value: Value::String(key), .. }) => Some(key),
            Some(other) => {
                let kind = other.value.go_type();
                return Err(Fault::fatal(at, format!("object keys must be strings, received: {kind}")));
            }
        };
        known = match (known, key, value.constant()) {
            (Some(mut known), Some(key), Some(value)) => {
                if !value.value.is_omitted() {
                    known.push((key, value.value));
                }
                Some(known)
            }
            _ => None,
        };
    }
    let constant = known.map(|entries| Constant::from(Value::Object(Object::from(entries))));
    Ok(Node { at, kind: NodeKind::Object(entries), constant })
}
