use std::num::NonZeroU32;

use async_trait::async_trait;
use forebay_kafka_security::{
    Acl, Operation, PatternType, Permission, ResourcePattern, ResourceType, ScramCredential, ScramMechanism,
};
use forebay_model::VirtualClusterId;
use forebay_storage_metadata::{
    Acls, AclsVersion, CredentialChange, MOST_ACLS, NoCredential, Security, SecurityError, StoreFailure,
    UserCredential,
};
use sha2::{Digest as _, Sha256};
use tokio_postgres::Row;

use crate::PostgresMetadataStore;
use crate::rows::Vc;
use crate::transaction::Transaction;
use crate::tries::tried;
use crate::trouble::Trouble;

const VERSION: &str = "SELECT acls_version FROM virtual_clusters WHERE vc = $1";
const LOCK: &str = "SELECT acls_version FROM virtual_clusters WHERE vc = $1 FOR UPDATE";
const ALL: &str = "SELECT resource_type, resource_name, pattern_type, principal, host, operation, permission \
                   FROM acls WHERE vc = $1";
const ADD: &str = "\
    INSERT INTO acls (vc, acl, resource_type, resource_name, pattern_type, principal, host, operation, permission) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (vc, acl) DO NOTHING";
const REMOVE: &str = "DELETE FROM acls WHERE vc = $1 AND acl = ANY($2::BYTEA[])";
const CREDENTIALS: &str = "\
    SELECT username, mechanism, salt, iterations, stored_key, server_key FROM scram_credentials \
    WHERE vc = $1 AND ($2::TEXT IS NULL OR username = $2) ORDER BY username, mechanism";
const PUT: &str = "\
    INSERT INTO scram_credentials (vc, username, mechanism, salt, iterations, stored_key, server_key) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (vc, username, mechanism) DO UPDATE SET \
    salt = excluded.salt, iterations = excluded.iterations, stored_key = excluded.stored_key, \
    server_key = excluded.server_key";
const DELETE: &str = "DELETE FROM scram_credentials WHERE vc = $1 AND username = $2 AND mechanism = $3";

#[async_trait]
impl Security for PostgresMetadataStore {
    async fn acls(
        &self,
        cluster: &VirtualClusterId,
        known: Option<AclsVersion>,
    ) -> Result<Option<Acls>, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            return Ok(Some(Acls { version: AclsVersion::new(0), acls: Vec::new() }));
        };
        Ok(tried!(&self.pool, self.acls_of(vc, known)))
    }

    async fn create_acls(&self, cluster: &VirtualClusterId, acls: &[Acl]) -> Result<(), SecurityError> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            return Err(SecurityError::NoVirtualCluster { cluster: cluster.clone() });
        };
        tried!(&self.pool, self.add_acls(vc, acls))
    }

    async fn delete_acls(&self, cluster: &VirtualClusterId, acls: &[Acl]) -> Result<(), SecurityError> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            return Err(SecurityError::NoVirtualCluster { cluster: cluster.clone() });
        };
        tried!(&self.pool, self.remove_acls(vc, acls));
        Ok(())
    }

    async fn scram_credentials(
        &self,
        cluster: &VirtualClusterId,
        user: Option<&str>,
    ) -> Result<Vec<UserCredential>, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else { return Ok(Vec::new()) };
        let rows = tried!(&self.pool, self.pool.query(CREDENTIALS, &[&vc.0, &user]));
        Ok(rows.iter().map(credential).collect::<Result<Vec<_>, Trouble>>()?)
    }

    async fn alter_scram_credentials(
        &self,
        cluster: &VirtualClusterId,
        changes: &[CredentialChange],
    ) -> Result<Vec<Result<(), NoCredential>>, SecurityError> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            return Err(SecurityError::NoVirtualCluster { cluster: cluster.clone() });
        };
        Ok(tried!(&self.pool, self.alter(vc, changes)))
    }
}

impl PostgresMetadataStore {
    async fn acls_of(&self, vc: Vc, known: Option<AclsVersion>) -> Result<Option<Acls>, Trouble> {
        let rows = self.pool.query(VERSION, &[&vc.0]).await?;
        if known.is_some() && read_version(&rows)? == known {
            return Ok(None);
        }
        let mut transaction = Transaction::snapshot(&self.pool).await?;
        let version = read_version(&transaction.query(VERSION, &[&vc.0]).await?)?;
        let rows = transaction.query(ALL, &[&vc.0]).await?;
        transaction.commit().await?;
        let version = version.unwrap_or(AclsVersion::new(0));
        Ok(Some(Acls { version, acls: rows.iter().map(acl).collect::<Result<_, _>>()? }))
    }

    async fn add_acls(&self, vc: Vc, acls: &[Acl]) -> Result<Result<(), SecurityError>, Trouble> {
        let mut transaction = Transaction::begin(&self.pool).await?;
        // Changes of ACLs come one after the other.
        transaction.execute(LOCK, &[&vc.0]).await?;
        let mut added = 0;
        for acl in acls {
            let Acl { resource, principal, host, operation, permission } = acl;
            let (kind, pattern) = (i64::from(resource.kind.number()), i64::from(resource.pattern.number()));
            let (operation, permission) = (i64::from(operation.number()), i64::from(permission.number()));
            let (key, principal) = (key(acl), principal.as_str());
            added += transaction
                .execute(
                    ADD,
                    &[
                        &vc.0,
                        &key,
                        &kind,
                        &resource.name,
                        &pattern,
                        &principal,
                        host,
                        &operation,
                        &permission,
                    ],
                )
                .await?;
        }
        if added > 0 {
            let count = "SELECT count(*) FROM acls WHERE vc = $1";
            let row = transaction.query_first(count, &[&vc.0]).await?;
            let count: i64 = row.map_or(Ok(0), |row| row.try_get(0))?;
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            if count > MOST_ACLS {
                return transaction.end(Err(SecurityError::TooMany { count })).await;
            }
        }
        changed(&mut transaction, vc, added).await?;
        transaction.end(Ok(())).await
    }

    async fn remove_acls(&self, vc: Vc, acls: &[Acl]) -> Result<(), Trouble> {
        let keys: Vec<Vec<u8>> = acls.iter().map(key).collect();
        let mut transaction = Transaction::begin(&self.pool).await?;
        transaction.execute(LOCK, &[&vc.0]).await?;
        let removed = transaction.execute(REMOVE, &[&vc.0, &keys]).await?;
        changed(&mut transaction, vc, removed).await?;
        transaction.commit().await
    }

    async fn alter(
        &self,
        vc: Vc,
        changes: &[CredentialChange],
    ) -> Result<Vec<Result<(), NoCredential>>, Trouble> {
        let mut transaction = Transaction::begin(&self.pool).await?;
        transaction.execute(LOCK, &[&vc.0]).await?;
        let mut altered = Vec::with_capacity(changes.len());
        for change in changes {
            altered.push(match change {
                CredentialChange::Put(UserCredential { user, mechanism, credential }) => {
                    let ScramCredential { salt, iterations, stored_key, server_key } = credential;
                    let (mechanism, iterations) =
                        (i64::from(mechanism.number()), i64::from(iterations.get()));
                    transaction
                        .execute(PUT, &[&vc.0, user, &mechanism, salt, &iterations, stored_key, server_key])
                        .await?;
                    Ok(())
                }
                CredentialChange::Delete { user, mechanism } => {
                    let mechanism = i64::from(mechanism.number());
                    match transaction.execute(DELETE, &[&vc.0, user, &mechanism]).await? {
                        0 => Err(NoCredential),
                        _ => Ok(()),
                    }
                }
            });
        }
        transaction.commit().await?;
        Ok(altered)
    }
}

fn read_version(rows: &[Row]) -> Result<Option<AclsVersion>, Trouble> {
    Ok(rows.first().map(|row| row.try_get(0)).transpose()?.map(AclsVersion::new))
}

/// Gives the ACLs another version, if any has changed.
async fn changed(transaction: &mut Transaction<'_>, vc: Vc, rows: u64) -> Result<(), Trouble> {
    if rows > 0 {
        let update = "UPDATE virtual_clusters SET acls_version = acls_version + 1 WHERE vc = $1";
        transaction.execute(update, &[&vc.0]).await?;
    }
    Ok(())
}

/// What an ACL is known by: a digest of all that it says, each text behind its length.
fn key(acl: &Acl) -> Vec<u8> {
    let Acl { resource, principal, host, operation, permission } = acl;
    let mut hash = Sha256::new();
    for number in [resource.kind.number(), resource.pattern.number(), operation.number(), permission.number()]
    {
        hash.update(number.to_be_bytes());
    }
    for text in [resource.name.as_str(), principal.as_str(), host.as_str()] {
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().to_vec()
}

fn acl(row: &Row) -> Result<Acl, Trouble> {
    let number = |column: &'static str, at: usize| {
        let number: i64 = row.try_get(at)?;
        i8::try_from(number).map_err(|_| Trouble::number(column, number))
    };
    let unknown = |column: &'static str, number: i8| Trouble::number(column, i64::from(number));
    let kind = number("acls.resource_type", 0)?;
    let pattern = number("acls.pattern_type", 2)?;
    let operation = number("acls.operation", 5)?;
    let permission = number("acls.permission", 6)?;
    let principal: String = row.try_get(3)?;
    Ok(Acl {
        resource: ResourcePattern {
            kind: ResourceType::from_number(kind).ok_or_else(|| unknown("acls.resource_type", kind))?,
            name: row.try_get(1)?,
            pattern: PatternType::from_number(pattern)
                .ok_or_else(|| unknown("acls.pattern_type", pattern))?,
        },
        principal: principal.parse().map_err(|error| Trouble::Corrupt(format!("acls.principal: {error}")))?,
        host: row.try_get(4)?,
        operation: Operation::from_number(operation).ok_or_else(|| unknown("acls.operation", operation))?,
        permission: Permission::from_number(permission)
            .ok_or_else(|| unknown("acls.permission", permission))?,
    })
}

fn credential(row: &Row) -> Result<UserCredential, Trouble> {
    let mechanism: i64 = row.try_get(1)?;
    let known = i8::try_from(mechanism).ok().and_then(ScramMechanism::from_number);
    let iterations: i64 = row.try_get(3)?;
    let counted = u32::try_from(iterations).ok().and_then(NonZeroU32::new);
    Ok(UserCredential {
        user: row.try_get(0)?,
        mechanism: known.ok_or_else(|| Trouble::number("scram_credentials.mechanism", mechanism))?,
        credential: ScramCredential {
            salt: row.try_get(2)?,
            iterations: counted.ok_or_else(|| Trouble::number("scram_credentials.iterations", iterations))?,
            stored_key: row.try_get(4)?,
            server_key: row.try_get(5)?,
        },
    })
}
