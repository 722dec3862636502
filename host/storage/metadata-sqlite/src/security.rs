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
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::SqliteMetadataStore;
use crate::rows::{Vc, vc_of};
use crate::trouble::Trouble;

#[async_trait]
impl Security for SqliteMetadataStore {
    async fn acls(
        &self,
        cluster: &VirtualClusterId,
        known: Option<AclsVersion>,
    ) -> Result<Option<Acls>, StoreFailure> {
        let cluster = cluster.clone();
        self.read(move |connection| {
            let mut find =
                connection.prepare_cached("SELECT vc, acls_version FROM virtual_clusters WHERE id = ?1")?;
            let found = find.query_row([cluster.as_str()], |row| Ok((Vc(row.get(0)?), row.get(1)?)));
            let Some((vc, number)) = found.optional()? else {
                return Ok(Ok(Some(Acls { version: AclsVersion::new(0), acls: Vec::new() })));
            };
            let version = AclsVersion::new(number);
            if known == Some(version) {
                return Ok(Ok(None));
            }
            Ok(Ok(Some(Acls { version, acls: acls_of(connection, vc)? })))
        })
        .await
    }

    async fn create_acls(&self, cluster: &VirtualClusterId, acls: &[Acl]) -> Result<(), SecurityError> {
        let (cluster, acls) = (cluster.clone(), acls.to_vec());
        self.write(move |writing| {
            writing.leaves_logs();
            let connection = writing.connection;
            let Some(vc) = vc_of(connection, &cluster)? else {
                return Ok(Err(SecurityError::NoVirtualCluster { cluster }));
            };
            let added = each(
                connection,
                vc,
                &acls,
                "INSERT INTO acls (vc, resource_type, resource_name, pattern_type, principal, host, operation, \
                 permission) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
            )?;
            let mut count = connection.prepare_cached("SELECT count(*) FROM acls WHERE vc = ?1")?;
            let count: i64 = count.query_row([vc.0], |row| row.get(0))?;
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            if count > MOST_ACLS && added > 0 {
                return Ok(Err(SecurityError::TooMany { count }));
            }
            changed(connection, vc, added).map(Ok)
        })
        .await
    }

    async fn delete_acls(&self, cluster: &VirtualClusterId, acls: &[Acl]) -> Result<(), SecurityError> {
        let (cluster, acls) = (cluster.clone(), acls.to_vec());
        self.write(move |writing| {
            writing.leaves_logs();
            let connection = writing.connection;
            let Some(vc) = vc_of(connection, &cluster)? else {
                return Ok(Err(SecurityError::NoVirtualCluster { cluster }));
            };
            let removed = each(
                connection,
                vc,
                &acls,
                "DELETE FROM acls WHERE vc = ?1 AND resource_type = ?2 AND resource_name = ?3 \
                 AND pattern_type = ?4 AND principal = ?5 AND host = ?6 AND operation = ?7 AND permission = ?8",
            )?;
            changed(connection, vc, removed).map(Ok)
        })
        .await
    }

    async fn scram_credentials(
        &self,
        cluster: &VirtualClusterId,
        user: Option<&str>,
    ) -> Result<Vec<UserCredential>, StoreFailure> {
        let (cluster, user) = (cluster.clone(), user.map(str::to_owned));
        self.read(move |connection| {
            let Some(vc) = vc_of(connection, &cluster)? else { return Ok(Ok(Vec::new())) };
            let mut find = connection.prepare_cached(
                "SELECT username, mechanism, salt, iterations, stored_key, server_key FROM scram_credentials \
                 WHERE vc = ?1 AND (?2 IS NULL OR username = ?2) ORDER BY username, mechanism",
            )?;
            let mut rows = find.query(params![vc.0, user])?;
            let mut credentials = Vec::new();
            while let Some(row) = rows.next()? {
                credentials.push(credential(row)?);
            }
            Ok(Ok(credentials))
        })
        .await
    }

    async fn alter_scram_credentials(
        &self,
        cluster: &VirtualClusterId,
        changes: &[CredentialChange],
    ) -> Result<Vec<Result<(), NoCredential>>, SecurityError> {
        let (cluster, changes) = (cluster.clone(), changes.to_vec());
        self.write(move |writing| {
            writing.leaves_logs();
            let connection = writing.connection;
            let Some(vc) = vc_of(connection, &cluster)? else {
                return Ok(Err(SecurityError::NoVirtualCluster { cluster }));
            };
            let altered = changes.iter().map(|change| alter(connection, vc, change));
            altered.collect::<Result<Vec<_>, _>>().map(Ok)
        })
        .await
    }
}

fn acls_of(connection: &Connection, vc: Vc) -> Result<Vec<Acl>, Trouble> {
    let mut find = connection.prepare_cached(
        "SELECT resource_type, resource_name, pattern_type, principal, host, operation, permission \
         FROM acls WHERE vc = ?1",
    )?;
    let mut rows = find.query([vc.0])?;
    let mut acls = Vec::new();
    while let Some(row) = rows.next()? {
        acls.push(acl(row)?);
    }
    Ok(acls)
}

fn acl(row: &Row<'_>) -> Result<Acl, Trouble> {
    let number = |column: &'static str, at: usize| {
        let number: i64 = row.get(at)?;
        i8::try_from(number).map_err(|_| Trouble::number(column, number))
    };
    let unknown = |column: &'static str, number: i8| Trouble::number(column, i64::from(number));
    let kind = number("acls.resource_type", 0)?;
    let pattern = number("acls.pattern_type", 2)?;
    let operation = number("acls.operation", 5)?;
    let permission = number("acls.permission", 6)?;
    let principal: String = row.get(3)?;
    Ok(Acl {
        resource: ResourcePattern {
            kind: ResourceType::from_number(kind).ok_or_else(|| unknown("acls.resource_type", kind))?,
            name: row.get(1)?,
            pattern: PatternType::from_number(pattern)
                .ok_or_else(|| unknown("acls.pattern_type", pattern))?,
        },
        principal: principal.parse().map_err(|error| Trouble::Corrupt(format!("acls.principal: {error}")))?,
        host: row.get(4)?,
        operation: Operation::from_number(operation).ok_or_else(|| unknown("acls.operation", operation))?,
        permission: Permission::from_number(permission)
            .ok_or_else(|| unknown("acls.permission", permission))?,
    })
}

/// Runs a statement for each ACL: how many rows it has changed.
fn each(connection: &Connection, vc: Vc, acls: &[Acl], sql: &str) -> Result<usize, Trouble> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = 0;
    for Acl { resource, principal, host, operation, permission } in acls {
        rows += statement.execute(params![
            vc.0,
            resource.kind.number(),
            resource.name,
            resource.pattern.number(),
            principal.as_str(),
            host,
            operation.number(),
            permission.number(),
        ])?;
    }
    Ok(rows)
}

/// Gives the ACLs another version, if any has changed.
fn changed(connection: &Connection, vc: Vc, rows: usize) -> Result<(), Trouble> {
    if rows > 0 {
        connection
            .prepare_cached("UPDATE virtual_clusters SET acls_version = acls_version + 1 WHERE vc = ?1")?
            .execute([vc.0])?;
    }
    Ok(())
}

fn credential(row: &Row<'_>) -> Result<UserCredential, Trouble> {
    let mechanism: i64 = row.get(1)?;
    let known = i8::try_from(mechanism).ok().and_then(ScramMechanism::from_number);
    let iterations: i64 = row.get(3)?;
    let counted = u32::try_from(iterations).ok().and_then(NonZeroU32::new);
    Ok(UserCredential {
        user: row.get(0)?,
        mechanism: known.ok_or_else(|| Trouble::number("scram_credentials.mechanism", mechanism))?,
        credential: ScramCredential {
            salt: row.get(2)?,
            iterations: counted.ok_or_else(|| Trouble::number("scram_credentials.iterations", iterations))?,
            stored_key: row.get(4)?,
            server_key: row.get(5)?,
        },
    })
}

fn alter(
    connection: &Connection,
    vc: Vc,
    change: &CredentialChange,
) -> Result<Result<(), NoCredential>, Trouble> {
    match change {
        CredentialChange::Put(UserCredential { user, mechanism, credential }) => {
            connection
                .prepare_cached(
                    "INSERT INTO scram_credentials (vc, username, mechanism, salt, iterations, stored_key, \
                     server_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (vc, username, mechanism) \
                     DO UPDATE SET salt = excluded.salt, iterations = excluded.iterations, \
                     stored_key = excluded.stored_key, server_key = excluded.server_key",
                )?
                .execute(params![
                    vc.0,
                    user,
                    mechanism.number(),
                    credential.salt,
                    credential.iterations.get(),
                    credential.stored_key,
                    credential.server_key,
                ])?;
            Ok(Ok(()))
        }
        CredentialChange::Delete { user, mechanism } => {
            let rows = connection
                .prepare_cached(
                    "DELETE FROM scram_credentials WHERE vc = ?1 AND username = ?2 AND mechanism = ?3",
                )?
                .execute(params![vc.0, user, mechanism.number()])?;
            Ok(if rows == 0 { Err(NoCredential) } else { Ok(()) })
        }
    }
}
