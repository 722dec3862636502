//! Calls: which function it is, and which argument goes to which parameter.

use super::Compiler;
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
        let spec = functions::find(&call.name)
            .ok_or_else(|| Fault::new(call.end, format!("unrecognised function '{}'", call.name)))?;
        self.needs_document |= spec.name == "json";
        self.site(spec, call)
    }

    pub(super) fn method(&mut self, call: &CallNode) -> Parsed<CallSite> {
        let spec = methods::find(&call.name)
            .ok_or_else(|| Fault::new(call.end, format!("unrecognised method '{}'", call.name)))?;
        self.site(spec, call)
    }

    fn site(&mut self, spec: &'static FunctionSpec, call: &CallNode) -> Parsed<CallSite> {
        let fault = |message: String| Fault::new(call.end, message);
        let arguments = if spec.variadic {
            self.variadic(&call.arguments).map_err(|error| error.unwrap_or_else(fault))?
        } else {
            let nodes = bind(spec, &call.arguments).map_err(fault)?;
            let mut arguments = Vec::with_capacity(nodes.len());
            for (param, node) in spec.params.iter().zip(nodes) {
                arguments.push(self.argument(param, node, call.end)?);
            }
            arguments
        };
        if let Some(check) = spec.check {
            let known: Vec<_> = arguments.iter().map(Argument::known).collect();
            check(&known).map_err(|message| Fault::new(call.end, message))?;
        }
        self.sites += 1;
        Ok(CallSite { spec, arguments, site: self.sites - 1 })
    }

    fn variadic(&mut self, nodes: &ArgumentNodes) -> Result<Vec<Argument>, Failed> {
        let ArgumentNodes::Positional(nodes) = nodes else {
            return Err(Failed::Message("named arguments are not supported here".to_owned()));
        };
        let mut arguments = Vec::with_capacity(nodes.len());
        for node in nodes {
            arguments.push(match self.expression(node).map_err(Failed::Fault)? {
                Expr::Literal(value) => Argument::Fixed(value),
                query => Argument::Query(query),
            });
        }
        Ok(arguments)
    }

    fn argument(&mut self, param: &ParamSpec, node: Option<&Node>, end: usize) -> Parsed<Argument> {
        let Some(node) = node else {
            return match param.default {
                ParamDefault::Required => Err(Fault::new(end, format!("missing parameter: {}", param.name))),
                ParamDefault::Optional => Ok(Argument::Absent),
                ParamDefault::Text(text) => Ok(Argument::Fixed(Value::String(Text::fixed(text)))),
                ParamDefault::Integer(value) => Ok(Argument::Fixed(Value::Int(value))),
                ParamDefault::Bool(value) => Ok(Argument::Fixed(Value::Bool(value))),
            };
        };
        match self.expression(node)? {
            Expr::Literal(value) if param.kind != ParamKind::Query => match param.kind.accept(&value) {
                Some(Value::String(path)) if param.kind == ParamKind::Path => {
                    Ok(Argument::Path(Path::dotted(&path)))
                }
                Some(value) => Ok(Argument::Fixed(value)),
                None => Err(Fault::new(
                    end,
                    format!(
                        "field {}: wrong argument type, expected {}, got {}",
                        param.name,
                        param.kind.name(),
                        value.kind()
                    ),
                )),
            },
            query => Ok(Argument::Query(query)),
        }
    }
}

/// A mistake with or without a position of its own.
enum Failed {
    Fault(Fault),
    Message(String),
}

impl Failed {
    fn unwrap_or_else(self, place: impl FnOnce(String) -> Fault) -> Fault {
        match self {
            Self::Fault(fault) => fault,
            Self::Message(message) => place(message),
        }
    }
}

impl Argument {
    fn known(&self) -> Option<&Value> {
        match self {
            Self::Fixed(value) | Self::Query(Expr::Literal(value)) => Some(value),
            Self::Absent | Self::Path(_) | Self::Query(_) => None,
        }
    }
}

/// The argument for each parameter.
fn bind<'n>(spec: &FunctionSpec, nodes: &'n ArgumentNodes) -> Result<Vec<Option<&'n Node>>, String> {
    let mut bound = vec![None; spec.params.len()];
    match nodes {
        ArgumentNodes::Positional(nodes) => {
            if nodes.len() > bound.len() {
                return Err(format!(
                    "wrong number of arguments, expected {}, got {}",
                    spec.params.len(),
                    nodes.len()
                ));
            }
            for (slot, node) in bound.iter_mut().zip(nodes) {
                *slot = Some(node);
            }
        }
        ArgumentNodes::Named(nodes) => {
            for (name, node) in nodes {
                let found = spec.params.iter().position(|param| param.name == name.as_str());
                let Some(slot) = found.and_then(|index| bound.get_mut(index)) else {
                    return Err(format!("unknown parameter: {name}"));
                };
                if slot.replace(node).is_some() {
                    return Err(format!("duplicate parameter: {name}"));
                }
            }
        }
    }
    Ok(bound)
}

impl ParamKind {
    /// The value as an argument of this kind; `None` when it is of another type.
    pub(crate) fn accept(self, value: &Value) -> Option<Value> {
        match self {
            Self::Any | Self::Query => Some(value.clone()),
            Self::Timestamp => value.to_timestamp(Zone::Utc).ok().map(Value::Timestamp),
            Self::Text | Self::Path => value.as_text().map(Value::String),
            Self::Array => matches!(value, Value::Array(_)).then(|| value.clone()),
            Self::Bool => matches!(value, Value::Bool(_)).then(|| value.clone()),
            Self::Integer => value.as_number()?.whole().map(Value::Int),
            Self::Float => value.as_number().map(|number| Value::Float(number.as_f64())),
        }
    }
}
