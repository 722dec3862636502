//! SaslAuthenticate 0 to 2 where nobody is asked to log in: it is refused. Where somebody is, `authentication` answers.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::SaslAuthenticateResponse;

use super::message;

pub(crate) fn answer() -> SaslAuthenticateResponse {
    SaslAuthenticateResponse::default()
        .with_error_code(ResponseError::IllegalSaslState.code())
        .with_error_message(message("nobody is asked to log in here"))
}
