//! Of logging in, of ACLs and of credentials.

use bytes::Bytes;
use kafka_protocol::messages::alter_user_scram_credentials_request::{
    ScramCredentialDeletion, ScramCredentialUpsertion,
};
use kafka_protocol::messages::create_acls_request::AclCreation;
use kafka_protocol::messages::delete_acls_request::DeleteAclsFilter;
use kafka_protocol::messages::describe_user_scram_credentials_request::UserName;
use kafka_protocol::messages::{
    AlterUserScramCredentialsRequest, CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest,
    DescribeUserScramCredentialsRequest, SaslAuthenticateRequest, SaslHandshakeRequest,
};

use super::{Sample, sample, text, twice};

pub(super) fn all() -> Vec<Sample> {
    let mut samples = Vec::new();
    let handshake = SaslHandshakeRequest::default().with_mechanism(text("PLAIN"));
    samples.extend((0..=1).map(|version| sample(version, handshake.clone())));
    let message = SaslAuthenticateRequest::default().with_auth_bytes(Bytes::from_static(b"message"));
    samples.extend((0..=2).map(|version| sample(version, message.clone())));
    samples.extend((1..=3).map(|version| sample(version, describe_acls())));
    samples.extend((1..=3).map(|version| sample(version, create_acls())));
    samples.extend((1..=3).map(|version| sample(version, delete_acls())));
    let users = twice(UserName::default().with_name(text("alice")));
    samples.push(sample(0, DescribeUserScramCredentialsRequest::default().with_users(Some(users))));
    samples.push(sample(0, alter_user_scram_credentials()));
    samples
}

fn describe_acls() -> DescribeAclsRequest {
    DescribeAclsRequest::default()
        .with_resource_type_filter(2)
        .with_resource_name_filter(Some(text("topic")))
        .with_pattern_type_filter(3)
        .with_principal_filter(Some(text("User:alice")))
        .with_host_filter(Some(text("*")))
        .with_operation(3)
        .with_permission_type(3)
}

fn create_acls() -> CreateAclsRequest {
    let acl = AclCreation::default()
        .with_resource_type(2)
        .with_resource_name(text("topic"))
        .with_resource_pattern_type(3)
        .with_principal(text("User:alice"))
        .with_host(text("*"))
        .with_operation(3)
        .with_permission_type(3);
    CreateAclsRequest::default().with_creations(twice(acl))
}

fn delete_acls() -> DeleteAclsRequest {
    let filter = DeleteAclsFilter::default()
        .with_resource_type_filter(2)
        .with_resource_name_filter(Some(text("topic")))
        .with_pattern_type_filter(3)
        .with_principal_filter(Some(text("User:alice")))
        .with_host_filter(Some(text("*")))
        .with_operation(3)
        .with_permission_type(3);
    DeleteAclsRequest::default().with_filters(twice(filter))
}

fn alter_user_scram_credentials() -> AlterUserScramCredentialsRequest {
    let deletion = ScramCredentialDeletion::default().with_name(text("alice")).with_mechanism(1);
    let upsertion = ScramCredentialUpsertion::default()
        .with_name(text("alice"))
        .with_mechanism(2)
        .with_iterations(4_096)
        .with_salt(Bytes::from_static(b"salt"))
        .with_salted_password(Bytes::from_static(b"password"));
    AlterUserScramCredentialsRequest::default()
        .with_deletions(twice(deletion))
        .with_upsertions(twice(upsertion))
}
