//! SaslHandshake 0 and 1 where nobody is asked to log in: it is refused. Where somebody is, `authentication` answers.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::SaslHandshakeResponse;

pub(crate) fn answer() -> SaslHandshakeResponse {
    SaslHandshakeResponse::default().with_error_code(ResponseError::IllegalSaslState.code())
}
