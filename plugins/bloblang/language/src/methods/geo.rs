//! What the methods for addresses have in common.

use crate::eval::Call;
use crate::failure::Failure;
use crate::geoip::{self, Question};
use crate::spec::{Evaluated, ParamKind, ParamSpec};
use crate::value::Value;

/// A path of a database file.
pub(super) const PARAMS: &[ParamSpec] = &[ParamSpec::new("path", ParamKind::Text)];

/// What the database that the first argument names says about the target.
pub(super) fn ask(call: &Call<'_>, target: &Value, question: Question) -> Evaluated {
    let outside = call.frame.run.outside;
    let open = |path: &str| geoip::open(path, |path| outside.read_file(path));
    let reader = call.kept(&call.text(0)?, |path| open(path))?;
    let address = target.as_text().ok_or_else(|| Failure::expected("string", target))?;
    reader.answer(question, &address).map_err(Failure::new)
}
