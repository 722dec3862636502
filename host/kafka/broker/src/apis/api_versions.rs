//! ApiVersions 0 to 4. A version that is not served is answered as version 0, with the versions that are, so that
//! any client can choose. There are no features to finalise yet.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};

use crate::api::SERVED;
use crate::error_code::NONE;
use crate::service::Call;

pub(crate) fn answer(call: &Call, request: &ApiVersionsRequest) -> ApiVersionsResponse {
    let named = is_name(&request.client_software_name) && is_name(&request.client_software_version);
    if call.version >= 3 && !named {
        return ApiVersionsResponse::default().with_error_code(ResponseError::InvalidRequest.code());
    }
    versions(NONE)
}

/// The answer to a version that is not served.
pub(crate) fn unsupported() -> ApiVersionsResponse {
    versions(ResponseError::UnsupportedVersion.code())
}

fn versions(error: i16) -> ApiVersionsResponse {
    let keys = SERVED.iter().map(|served| {
        ApiVersion::default()
            .with_api_key(served.key as i16)
            .with_min_version(served.advertised)
            .with_max_version(served.max)
    });
    ApiVersionsResponse::default().with_error_code(error).with_api_keys(keys.collect())
}

/// Letters, digits, `-` and `.`, with a letter or digit at both ends.
fn is_name(text: &str) -> bool {
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}
