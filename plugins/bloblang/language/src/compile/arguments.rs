//! Calls: which function it is, and which argument goes to which parameter.

use super::Compiler;
use crate::failure::Failure;
use crate::parse_error::Fault;
use crate::parser::Parsed;
use crate::program::{Argument, CallSite, Expr};
use crate::spec::{FunctionSpec, ParamDefault, ParamKind, ParamSpec};
use crate::syntax::{ArgumentNodes, CallNode, Node};
use crate::time::Zone;
use crate::value::{Path, Text, Value};
use crate::{functions, methods};

impl Compiler {
    pub(super) fn function(&mut self, call: &CallNode) -> Parsed<CallSite> {
        let spec = functions::find(&call.name).ok_or_else(|| unknown(call))?;
        self.site(spec, call)
    }

    pub(super) fn method(&mut self, call: &CallNode) -> Parsed<CallSite> {
        let spec = methods::find(&call.name).ok_or_else(|| unknown(call))?;
        self.site(spec, call)
    }

    fn site(&mut self, spec: &'static FunctionSpec, call: &CallNode) -> Parsed<CallSite> {
        let mut arguments = Vec::new();
        if spec.variadic {
            for node in positional(&call.arguments) {
                arguments.push(match self.expression(node)? {
                    Expr::Literal(known) => Argument::Fixed(known.value),
                    query => Argument::Query(query),
                });
            }
        } else {
            let nodes = bind(spec, &call.arguments).map_err(|reason| Fault::fatal(0, reason))?;
            for (param, node) in spec.params.iter().zip(nodes) {
                arguments.push(match node {
                    Some(node) => self.argument(param, node)?,
                    None => absent(param),
                });
            }
        }
        self.sites += 1;
        Ok(CallSite::new(spec, arguments, self.sites - 1))
    }

    fn argument(&mut self, param: &ParamSpec, node: &Node) -> Parsed<Argument> {
        match self.expression(node)? {
            Expr::Literal(known) if param.kind != ParamKind::Query => {
                fixed(param, &known.value).map_err(|reason| Fault::fatal(node.at, reason))
            }
            query => Ok(Argument::Query(query)),
        }
    }
}

/// The parser has found every name before.
fn unknown(call: &CallNode) -> Fault {
    Fault::fatal(0, format!("unrecognised name '{}'", call.name))
}

fn positional(arguments: &ArgumentNodes) -> &[Node] {
    match arguments {
        ArgumentNodes::Positional(nodes) => nodes,
        ArgumentNodes::Named(_) => &[],
    }
}

fn fixed(param: &ParamSpec, value: &Value) -> Result<Argument, String> {
    Ok(match param.kind.accept(value)? {
        Value::String(path) if param.kind == ParamKind::Path => Argument::Path(Path::dotted(&path)),
        value => Argument::Fixed(value),
    })
}

/// What stands in for an argument that is not given; that it may be missing is checked before.
fn absent(param: &ParamSpec) -> Argument {
    match param.default {
        ParamDefault::Required | ParamDefault::Optional => Argument::Absent,
        ParamDefault::Text(text) => Argument::Fixed(Value::String(Text::fixed(text))),
        ParamDefault::Integer(value) => Argument::Fixed(Value::Int(value)),
        ParamDefault::Bool(value) => Argument::Fixed(Value::Bool(value)),
    }
}

/// That the arguments fit, as far as they are known.
pub(crate) fn check(spec: &FunctionSpec, nodes: &ArgumentNodes) -> Result<(), String> {
    let known = if spec.variadic {
        if let ArgumentNodes::Named(_) = nodes {
            return Err("named arguments are not supported".to_owned());
        }
        positional(nodes).iter().map(|node| node.constant().map(|known| known.value)).collect()
    } else {
        checked(spec, nodes)?
    };
    match spec.check {
        // A function that still has to evaluate some of them looks at all of them then.
        Some(check) if !is_dynamic(spec, nodes)? => {
            check(&known.iter().map(Option::as_ref).collect::<Vec<_>>())
        }
        _ => Ok(()),
    }
}

/// Whether an argument is evaluated each time, before the call.
fn is_dynamic(spec: &FunctionSpec, nodes: &ArgumentNodes) -> Result<bool, String> {
    if spec.variadic {
        return Ok(positional(nodes).iter().any(|node| node.constant().is_none()));
    }
    let bound = bind(spec, nodes)?;
    let mut given = spec.params.iter().zip(bound).filter(|(param, _)| param.kind != ParamKind::Query);
    Ok(given.any(|(_, node)| node.is_some_and(|node| node.constant().is_none())))
}

/// The arguments that are known, after all checks that do not depend on the function.
fn checked(spec: &FunctionSpec, nodes: &ArgumentNodes) -> Result<Vec<Option<Value>>, String> {
    let bound = bind(spec, nodes)?;
    let mut missing = Vec::new();
    let mut known = Vec::with_capacity(bound.len());
    for (param, node) in spec.params.iter().zip(bound) {
        let Some(node) = node else {
            if param.default == ParamDefault::Required {
                missing.push(param.name);
            }
            known.push(match absent(param) {
                Argument::Fixed(value) => Some(value),
                _ => None,
            });
            continue;
        };
        known.push(match node.constant() {
            Some(constant) if param.kind == ParamKind::Query => Some(constant.value),
            Some(constant) => {
                let value = param.kind.accept(&constant.value);
                Some(value.map_err(|reason| format!("field {}: {reason}", param.name))?)
            }
            None => None,
        });
    }
    let unknown = unknown_names(spec, nodes);
    if !unknown.is_empty() {
        let hint = match missing.as_slice() {
            [] => String::new(),
            [only] => format!(", did you mean {only}?"),
            several => format!(", expected {}", several.join(", ")),
        };
        let plural = if unknown.len() > 1 { "s" } else { "" };
        return Err(format!("unknown parameter{plural} {}{hint}", unknown.join(", ")));
    }
    match missing.as_slice() {
        [] => Ok(known),
        [only] => Err(format!("missing parameter: {only}")),
        several => Err(format!("missing parameters: {}", several.join(", "))),
    }
}

fn unknown_names<'n>(spec: &FunctionSpec, nodes: &'n ArgumentNodes) -> Vec<&'n str> {
    let ArgumentNodes::Named(named) = nodes else { return Vec::new() };
    let known = |name: &str| spec.params.iter().any(|param| param.name == name);
    let mut unknown: Vec<_> =
        named.iter().map(|(name, _)| name.as_str()).filter(|name| !known(name)).collect();
    unknown.sort_unstable();
    unknown
}

/// The arguments of a call all of whose arguments are known.
pub(super) fn fixed_arguments(spec: &FunctionSpec, nodes: &ArgumentNodes) -> Result<Vec<Argument>, String> {
    let constant = |node: &Node| node.constant().map(|known| known.value).unwrap_or(Value::Null);
    if spec.variadic {
        return Ok(positional(nodes).iter().map(|node| Argument::Fixed(constant(node))).collect());
    }
    let bound = bind(spec, nodes)?;
    let argument = |(param, node): (&ParamSpec, Option<&Node>)| match node {
        Some(node) => fixed(param, &constant(node)),
        None => Ok(absent(param)),
    };
    spec.params.iter().zip(bound).map(argument).collect()
}

/// The argument for each parameter. Names that no parameter has are left out.
fn bind<'n>(spec: &FunctionSpec, nodes: &'n ArgumentNodes) -> Result<Vec<Option<&'n Node>>, String> {
    let mut bound = vec![None; spec.params.len()];
    match nodes {
        ArgumentNodes::Positional(nodes) => {
            if nodes.len() > bound.len() {
                let (wanted, got) = (spec.params.len(), nodes.len());
                return Err(format!("wrong number of arguments, expected {wanted}, got {got}"));
            }
            for (slot, node) in bound.iter_mut().zip(nodes) {
                *slot = Some(node);
            }
        }
        ArgumentNodes::Named(nodes) => {
            for (param, slot) in spec.params.iter().zip(&mut bound) {
                *slot = nodes.iter().find(|(name, _)| name.as_str() == param.name).map(|(_, node)| node);
            }
        }
    }
    Ok(bound)
}

impl ParamKind {
    /// The value as an argument of this kind.
    ///
    /// # Errors
    /// That it is of another type.
    pub(crate) fn accept(self, value: &Value) -> Result<Value, String> {
        let wrong = || format!("wrong argument type, expected {}, got {}", self.name(), value.kind());
        let expected = |wanted| Failure::expected(wanted, value).to_string();
        match self {
            Self::Any | Self::Query => Ok(value.clone()),
            Self::Timestamp => {
                value.to_timestamp(Zone::Utc).map(Value::Timestamp).map_err(|failure| failure.to_string())
            }
            Self::Text | Self::Path => value.as_text().map(Value::String).ok_or_else(wrong),
            Self::Array => matches!(value, Value::Array(_)).then(|| value.clone()).ok_or_else(wrong),
            Self::Bool => value.as_truth().map(Value::Bool).ok_or_else(|| expected("bool")),
            Self::Integer => {
                let number = value.as_number().ok_or_else(|| expected("number"))?;
                Ok(Value::Int(number.as_i64()))
            }
            Self::Float => {
                let number = value.as_number().ok_or_else(|| expected("number"))?;
                Ok(Value::Float(number.as_f64()))
            }
        }
    }
}
