use std::borrow::Cow;

use super::geo;
use crate::eval::Call;
use crate::geoip::Question;
use crate::spec::{Evaluated, FunctionSpec, Status};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "geoip_anonymous_ip",
    "GeoIP",
    "Looks an IP address up in a MaxMind database (a file) and gives an object that tells how anonymous it is. About an address that the database does not know, all fields are empty.",
    body,
)
.unnamed()
.status(Status::Experimental)
.params(geo::PARAMS);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    geo::ask(call, &target, Question::AnonymousIp)
}
