//! DescribeUserScramCredentials 0: mechanisms and iterations, and nothing that a password could be guessed by.

use std::collections::{BTreeMap, HashSet};

use forebay_kafka_security::Operation;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_user_scram_credentials_response::{
    CredentialInfo, DescribeUserScramCredentialsResult,
};
use kafka_protocol::messages::{DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse};
use kafka_protocol::protocol::StrBytes;

use super::message;
use crate::broker::Parts;
use crate::error_code;
use crate::service::Call;

pub(crate) async fn answer(
    parts: &Parts,
    call: &Call,
    request: DescribeUserScramCredentialsRequest,
) -> DescribeUserScramCredentialsResponse {
    let refused = |code: ResponseError, text: String| {
        DescribeUserScramCredentialsResponse::default()
            .with_error_code(code.code())
            .with_error_message(message(text))
    };
    if !call.access.allows_on_cluster(Operation::Describe) {
        let text = "DESCRIBE on the cluster is not allowed".to_owned();
        return refused(ResponseError::ClusterAuthorizationFailed, text);
    }
    let found = match parts.metadata.scram_credentials(parts.cluster(), None).await {
        Ok(found) => found,
        Err(failure) => return refused(error_code::of_store(&failure), failure.to_string()),
    };
    let mut users: BTreeMap<String, Vec<CredentialInfo>> = BTreeMap::new();
    for credential in found {
        let iterations = i32::try_from(credential.credential.iterations.get()).unwrap_or(i32::MAX);
        let info = CredentialInfo::default()
            .with_mechanism(credential.mechanism.number())
            .with_iterations(iterations);
        users.entry(credential.user).or_default().push(info);
    }
    let asked = request.users.unwrap_or_default();
    let results = if asked.is_empty() {
        users.into_iter().map(|(user, infos)| described(StrBytes::from_string(user), infos)).collect()
    } else {
        let mut seen = HashSet::new();
        let twice: HashSet<_> =
            asked.iter().filter(|user| !seen.insert(&user.name)).map(|user| user.name.clone()).collect();
        let mut told = HashSet::new();
        let once = asked.iter().filter(|user| told.insert(&user.name));
        let results = once.map(|user| match users.get(user.name.as_str()) {
            _ if twice.contains(&user.name) => failed(
                user.name.clone(),
                ResponseError::DuplicateResource,
                "the user is named more than once",
            ),
            Some(infos) => described(user.name.clone(), infos.clone()),
            None => failed(user.name.clone(), ResponseError::ResourceNotFound, "the user has no credentials"),
        });
        results.collect()
    };
    DescribeUserScramCredentialsResponse::default().with_results(results)
}

fn described(user: StrBytes, infos: Vec<CredentialInfo>) -> DescribeUserScramCredentialsResult {
    DescribeUserScramCredentialsResult::default().with_user(user).with_credential_infos(infos)
}

fn failed(user: StrBytes, code: ResponseError, text: &str) -> DescribeUserScramCredentialsResult {
    DescribeUserScramCredentialsResult::default()
        .with_user(user)
        .with_error_code(code.code())
        .with_error_message(message(text))
}
