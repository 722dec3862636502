//! AlterUserScramCredentials 0. Passwords come salted, and only the two keys that are made of that are kept. A user whom
//! the request names twice for a mechanism, or for anything that is wrong, keeps what it has.

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroU32;

use forebay_kafka_security::{ITERATIONS, MOST_ITERATIONS, Operation, ScramCredential, ScramMechanism};
use forebay_storage_metadata::{CredentialChange, NoCredential, UserCredential};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::alter_user_scram_credentials_request::{
    ScramCredentialDeletion, ScramCredentialUpsertion,
};
use kafka_protocol::messages::alter_user_scram_credentials_response::AlterUserScramCredentialsResult;
use kafka_protocol::messages::{AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse};
use kafka_protocol::protocol::StrBytes;

use super::message;
use super::resources::Refused;
use crate::broker::Parts;
use crate::error_code;
use crate::service::Call;

/// No user, and no salt, is longer, in bytes.
const LONGEST: usize = 255;

pub(crate) async fn answer(
    parts: &Parts,
    call: &Call,
    request: AlterUserScramCredentialsRequest,
) -> AlterUserScramCredentialsResponse {
    let users = asked(&request);
    let outcomes = if call.access.allows_on_cluster(Operation::Alter) {
        alter(parts, users).await
    } else {
        let text = "ALTER on the cluster is not allowed".to_owned();
        let refused = (ResponseError::ClusterAuthorizationFailed, text);
        users.into_keys().map(|user| (user, Err(refused.clone()))).collect()
    };
    let results = outcomes.into_iter().map(|(user, outcome)| {
        let result = AlterUserScramCredentialsResult::default().with_user(StrBytes::from_string(user));
        match outcome {
            Ok(()) => result,
            Err((code, text)) => result.with_error_code(code.code()).with_error_message(message(text)),
        }
    });
    AlterUserScramCredentialsResponse::default().with_results(results.collect())
}

type Changes = Result<Vec<CredentialChange>, Refused>;

/// What is asked for each user, or why nothing of it is done.
fn asked(request: &AlterUserScramCredentialsRequest) -> BTreeMap<String, Changes> {
    let deletions = request.deletions.iter().map(|asked| (&asked.name, asked.mechanism, deletion(asked)));
    let upsertions = request.upsertions.iter().map(|asked| (&asked.name, asked.mechanism, upsertion(asked)));
    let mut seen = HashSet::new();
    let mut users: BTreeMap<String, Changes> = BTreeMap::new();
    for (name, mechanism, change) in deletions.chain(upsertions) {
        let change = if seen.insert((name.clone(), mechanism)) {
            change
        } else {
            let text = "the user is named more than once for a mechanism".to_owned();
            Err((ResponseError::DuplicateResource, text))
        };
        let changes = users.entry(name.to_string()).or_insert_with(|| Ok(Vec::new()));
        match (&mut *changes, change) {
            (Ok(changes), Ok(change)) => changes.push(change),
            (Ok(_), Err(refused)) => *changes = Err(refused),
            (Err(_), _) => {}
        }
    }
    users
}

fn deletion(asked: &ScramCredentialDeletion) -> Result<CredentialChange, Refused> {
    Ok(CredentialChange::Delete { user: user(&asked.name)?, mechanism: mechanism(asked.mechanism)? })
}

fn upsertion(asked: &ScramCredentialUpsertion) -> Result<CredentialChange, Refused> {
    let unacceptable = |text: String| (ResponseError::UnacceptableCredential, text);
    let (user, mechanism) = (user(&asked.name)?, mechanism(asked.mechanism)?);
    let iterations = u32::try_from(asked.iterations).ok().and_then(NonZeroU32::new);
    let iterations = iterations.filter(|count| (ITERATIONS..=MOST_ITERATIONS).contains(count));
    let iterations = iterations.ok_or_else(|| {
        let text = format!("{} iterations: expected {ITERATIONS} to {MOST_ITERATIONS}", asked.iterations);
        unacceptable(text)
    })?;
    if asked.salt.is_empty() || asked.salt.len() > LONGEST {
        return Err(unacceptable(format!(
            "the salt has {} bytes: expected 1 to {LONGEST}",
            asked.salt.len()
        )));
    }
    if asked.salted_password.len() != mechanism.key_bytes() {
        let expected = mechanism.key_bytes();
        let text =
            format!("the salted password has {} bytes: expected {expected}", asked.salted_password.len());
        return Err(unacceptable(text));
    }
    let credential =
        ScramCredential::of_salted(mechanism, &asked.salted_password, asked.salt.to_vec(), iterations);
    Ok(CredentialChange::Put(UserCredential { user, mechanism, credential }))
}

fn user(name: &StrBytes) -> Result<String, Refused> {
    if name.is_empty() || name.len() > LONGEST || name.contains('\0') {
        let text = format!("a user has a name of 1 to {LONGEST} bytes, without a null byte");
        return Err((ResponseError::UnacceptableCredential, text));
    }
    Ok(name.to_string())
}

fn mechanism(number: i8) -> Result<ScramMechanism, Refused> {
    let text = || format!("there is no mechanism {number}: expected 1 (SCRAM-SHA-256) or 2 (SCRAM-SHA-512)");
    ScramMechanism::from_number(number).ok_or_else(|| (ResponseError::UnsupportedSaslMechanism, text()))
}

async fn alter(parts: &Parts, users: BTreeMap<String, Changes>) -> Vec<(String, Result<(), Refused>)> {
    let all: Vec<_> = users.values().flatten().flatten().cloned().collect();
    let altered = if all.is_empty() {
        Ok(Vec::new())
    } else {
        let altered = parts.metadata.alter_scram_credentials(parts.cluster(), &all).await;
        altered.map_err(|error| (error_code::of_kind(error.kind()), error.to_string()))
    };
    let mut done = altered.as_deref().unwrap_or_default().iter();
    let outcome = |changes: Changes| {
        let mut own = done.by_ref().take(changes?.len());
        if let Err(refused) = &altered {
            return Err(refused.clone());
        }
        // All of them are taken: the next user's come behind.
        let missing = own.by_ref().filter(|done| done.is_err()).count() > 0;
        if missing { Err((ResponseError::ResourceNotFound, NoCredential.to_string())) } else { Ok(()) }
    };
    let (names, changes): (Vec<_>, Vec<_>) = users.into_iter().unzip();
    names.into_iter().zip(changes.into_iter().map(outcome)).collect()
}
