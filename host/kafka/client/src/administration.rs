use std::num::NonZeroU32;

use forebay_kafka_security::{
    Acl, AclFilter, Operation, PatternType, Permission, ResourcePattern, ResourceType, ScramCredential,
    ScramMechanism,
};
use kafka_protocol::messages::alter_user_scram_credentials_request::{
    ScramCredentialDeletion, ScramCredentialUpsertion,
};
use kafka_protocol::messages::create_acls_request::AclCreation;
use kafka_protocol::messages::delete_acls_request::DeleteAclsFilter;
use kafka_protocol::messages::{
    AlterUserScramCredentialsRequest, ApiKey, CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest,
    DescribeUserScramCredentialsRequest,
};
use kafka_protocol::protocol::StrBytes;

use crate::connection::Connection;
use crate::error::{ClientError, Refused};

/// What stands for anything in a filter.
const ANY: i8 = 1;

/// A user, and the mechanisms that they can log in by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserMechanisms {
    pub user: String,
    pub mechanisms: Vec<ScramMechanism>,
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

impl Connection {
    /// Makes ACLs.
    ///
    /// # Errors
    /// When the broker refuses one of them; others may be made.
    pub async fn create_acls(&mut self, acls: &[Acl]) -> Result<(), ClientError> {
        let creations = acls.iter().map(|acl| {
            AclCreation::default()
                .with_resource_type(acl.resource.kind.number())
                .with_resource_name(text(&acl.resource.name))
                .with_resource_pattern_type(acl.resource.pattern.number())
                .with_principal(text(acl.principal.as_str()))
                .with_host(text(&acl.host))
                .with_operation(acl.operation.number())
                .with_permission_type(acl.permission.number())
        });
        let request = CreateAclsRequest::default().with_creations(creations.collect());
        let (_, answer) = self.ask(1..=3, &request).await?;
        for result in &answer.results {
            Refused::check(ApiKey::CreateAcls, result.error_code, result.error_message.as_deref())?;
        }
        Ok(())
    }

    /// The ACLs that a filter chooses.
    ///
    /// # Errors
    /// When the broker refuses.
    pub async fn acls(&mut self, filter: &AclFilter) -> Result<Vec<Acl>, ClientError> {
        let request = DescribeAclsRequest::default()
            .with_resource_type_filter(filter.kind.map_or(ANY, ResourceType::number))
            .with_resource_name_filter(filter.name.as_deref().map(text))
            .with_pattern_type_filter(filter.pattern.number())
            .with_principal_filter(filter.principal.as_deref().map(text))
            .with_host_filter(filter.host.as_deref().map(text))
            .with_operation(filter.operation.map_or(ANY, Operation::number))
            .with_permission_type(filter.permission.map_or(ANY, Permission::number));
        let (_, answer) = self.ask(1..=3, &request).await?;
        let api = ApiKey::DescribeAcls;
        Refused::check(api, answer.error_code, answer.error_message.as_deref())?;
        let mut acls = Vec::new();
        for resource in &answer.resources {
            for told in &resource.acls {
                let acl = || {
                    Some(Acl {
                        resource: ResourcePattern {
                            kind: ResourceType::from_number(resource.resource_type)?,
                            name: resource.resource_name.to_string(),
                            pattern: PatternType::from_number(resource.pattern_type)?,
                        },
                        principal: told.principal.parse().ok()?,
                        host: told.host.to_string(),
                        operation: Operation::from_number(told.operation)?,
                        permission: Permission::from_number(told.permission_type)?,
                    })
                };
                let unknown = || ClientError::Missing { api, what: "what an ACL is about".to_owned() };
                acls.push(acl().ok_or_else(unknown)?);
            }
        }
        Ok(acls)
    }

    /// Deletes the ACLs that a filter chooses: how many there were.
    ///
    /// # Errors
    /// When the broker refuses.
    pub async fn delete_acls(&mut self, filter: &AclFilter) -> Result<usize, ClientError> {
        let filter = DeleteAclsFilter::default()
            .with_resource_type_filter(filter.kind.map_or(ANY, ResourceType::number))
            .with_resource_name_filter(filter.name.as_deref().map(text))
            .with_pattern_type_filter(filter.pattern.number())
            .with_principal_filter(filter.principal.as_deref().map(text))
            .with_host_filter(filter.host.as_deref().map(text))
            .with_operation(filter.operation.map_or(ANY, Operation::number))
            .with_permission_type(filter.permission.map_or(ANY, Permission::number));
        let request = DeleteAclsRequest::default().with_filters(vec![filter]);
        let (_, answer) = self.ask(1..=3, &request).await?;
        let mut deleted = 0;
        for result in &answer.filter_results {
            Refused::check(ApiKey::DeleteAcls, result.error_code, result.error_message.as_deref())?;
            deleted += result.matching_acls.len();
        }
        Ok(deleted)
    }

    /// Gives a user a password for a mechanism. The password itself is not sent.
    ///
    /// # Errors
    /// When the broker refuses.
    pub async fn put_credential(
        &mut self,
        user: &str,
        mechanism: ScramMechanism,
        password: &str,
        (salt, iterations): (&[u8], NonZeroU32),
    ) -> Result<(), ClientError> {
        let salted = ScramCredential::salted(mechanism, password, salt, iterations);
        let upsertion = ScramCredentialUpsertion::default()
            .with_name(text(user))
            .with_mechanism(mechanism.number())
            .with_iterations(i32::try_from(iterations.get()).unwrap_or(i32::MAX))
            .with_salt(bytes::Bytes::copy_from_slice(salt))
            .with_salted_password(salted.into());
        self.alter_credentials(AlterUserScramCredentialsRequest::default().with_upsertions(vec![upsertion]))
            .await
    }

    /// Takes away a user's password for a mechanism.
    ///
    /// # Errors
    /// When there is none, or the broker refuses.
    pub async fn delete_credential(
        &mut self,
        user: &str,
        mechanism: ScramMechanism,
    ) -> Result<(), ClientError> {
        let deletion =
            ScramCredentialDeletion::default().with_name(text(user)).with_mechanism(mechanism.number());
        self.alter_credentials(AlterUserScramCredentialsRequest::default().with_deletions(vec![deletion]))
            .await
    }

    async fn alter_credentials(
        &mut self,
        request: AlterUserScramCredentialsRequest,
    ) -> Result<(), ClientError> {
        let (_, answer) = self.ask(0..=0, &request).await?;
        for result in &answer.results {
            let api = ApiKey::AlterUserScramCredentials;
            Refused::check(api, result.error_code, result.error_message.as_deref())?;
        }
        Ok(())
    }

    /// All users who can log in.
    ///
    /// # Errors
    /// When the broker refuses.
    pub async fn users(&mut self) -> Result<Vec<UserMechanisms>, ClientError> {
        let request = DescribeUserScramCredentialsRequest::default().with_users(None);
        let (_, answer) = self.ask(0..=0, &request).await?;
        let api = ApiKey::DescribeUserScramCredentials;
        Refused::check(api, answer.error_code, answer.error_message.as_deref())?;
        let users = answer.results.iter().map(|result| UserMechanisms {
            user: result.user.to_string(),
            mechanisms: result
                .credential_infos
                .iter()
                .filter_map(|info| ScramMechanism::from_number(info.mechanism))
                .collect(),
        });
        Ok(users.collect())
    }
}
