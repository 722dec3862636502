//! `forebay credentials` and `forebay acls`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use forebay_kafka_client::{Connection, UserMechanisms};
use forebay_kafka_security::{
    Acl, AclFilter, ITERATIONS, PatternFilter, ResourcePattern, ScramCredential, ScramMechanism,
};
use forebay_lifecycle::chance;
use forebay_model::VirtualClusterId;
use forebay_node::Stores;
use forebay_storage_metadata::{CreateVirtualClusterError, CredentialChange, MetadataStore, UserCredential};

use crate::args::{Acls, Chosen, Credentials, Place};

const CLIENT_ID: &str = "forebay";
const DEFAULT_CLUSTER: &str = "vci_default";

/// Where things are changed.
enum Opened {
    Agent(Connection),
    Store(Arc<dyn MetadataStore>, VirtualClusterId),
}

pub(crate) async fn credentials(command: Credentials) -> anyhow::Result<ExitCode> {
    match command {
        Credentials::Create { place, username, password, mechanisms } => {
            let mut opened = Opened::open(place).await?;
            let (password, is_made) = match password {
                Some(password) if password.is_empty() => bail!("the password is empty"),
                Some(password) => (password, false),
                None => (format!("{:032x}", chance::bits()), true),
            };
            opened.put(&username, &password, &mechanisms).await?;
            println!("username: {username}");
            if is_made {
                println!("password: {password}");
            }
        }
        Credentials::List { place } => {
            for UserMechanisms { user, mechanisms } in Opened::open(place).await?.users().await? {
                let names: Vec<_> = mechanisms.iter().map(|mechanism| mechanism.name()).collect();
                println!("{user}\t{}", names.join(","));
            }
        }
        Credentials::Delete { place, username } => {
            let mut opened = Opened::open(place).await?;
            let users = opened.users().await?;
            let Some(found) = users.into_iter().find(|found| found.user == username) else {
                bail!("there is no user {username:?}");
            };
            opened.delete(&username, &found.mechanisms).await?;
            println!("deleted the credentials of {username}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn acls(command: Acls) -> anyhow::Result<ExitCode> {
    match command {
        Acls::Create {
            place,
            principal,
            operation,
            resource_type,
            resource_name,
            pattern_type,
            host,
            permission,
        } => {
            let resource =
                ResourcePattern { kind: resource_type, name: resource_name, pattern: pattern_type };
            let acl = Acl { resource, principal, host, operation, permission };
            acl.check()?;
            Opened::open(place).await?.create(&acl).await?;
            println!("{}", shown(&acl));
        }
        Acls::List { place, chosen } => {
            for acl in Opened::open(place).await?.acls(&chosen.filter()).await? {
                println!("{}", shown(&acl));
            }
        }
        Acls::Delete { place, chosen, all } => {
            let filter = chosen.filter();
            if filter == AclFilter::default() && !all {
                bail!("say which ACLs, or -all");
            }
            let deleted = Opened::open(place).await?.delete_acls(&filter).await?;
            println!("deleted {deleted} ACLs");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(acl: &Acl) -> String {
    let Acl { resource, principal, host, operation, permission } = acl;
    let ResourcePattern { kind, name, pattern } = resource;
    format!("{permission}\t{principal}\t{host}\t{operation}\t{kind}\t{pattern}\t{name}")
}

impl Chosen {
    fn filter(self) -> AclFilter {
        AclFilter {
            kind: self.resource_type,
            name: self.resource_name,
            pattern: self.pattern_type.map_or(PatternFilter::Any, PatternFilter::Only),
            principal: self.principal.map(|principal| principal.to_string()),
            host: self.host,
            operation: self.operation,
            permission: self.permission,
        }
    }
}

impl Opened {
    async fn open(place: Place) -> anyhow::Result<Self> {
        let Place { metadata_url, virtual_cluster, host, port, client } = place;
        if let Some(host) = host {
            let security = client.security();
            return Ok(Self::Agent(Connection::open_with(&host, port, CLIENT_ID, &security).await?));
        }
        let Some(url) = metadata_url else {
            bail!("say where: -bootstrap-host of an agent, or -metadataURL while none has it open");
        };
        let store = Stores::open_metadata(&url)?;
        let cluster = match virtual_cluster {
            Some(cluster) => cluster,
            None => DEFAULT_CLUSTER.parse().context("the default virtual cluster")?,
        };
        match store.create_virtual_cluster(&cluster).await {
            Ok(()) | Err(CreateVirtualClusterError::Exists { .. }) => Ok(Self::Store(store, cluster)),
            Err(error) => Err(error).context("make the virtual cluster"),
        }
    }

    async fn put(&mut self, user: &str, password: &str, mechanisms: &[ScramMechanism]) -> anyhow::Result<()> {
        for mechanism in mechanisms.iter().copied() {
            let salt = chance::bits().to_be_bytes();
            match self {
                Self::Agent(agent) => {
                    agent.put_credential(user, mechanism, password, (&salt, ITERATIONS)).await?;
                }
                Self::Store(store, cluster) => {
                    let credential =
                        ScramCredential::of_password(mechanism, password, salt.to_vec(), ITERATIONS);
                    let put = UserCredential { user: user.to_owned(), mechanism, credential };
                    store.alter_scram_credentials(cluster, &[CredentialChange::Put(put)]).await?;
                }
            }
        }
        Ok(())
    }

    async fn delete(&mut self, user: &str, mechanisms: &[ScramMechanism]) -> anyhow::Result<()> {
        for mechanism in mechanisms.iter().copied() {
            match self {
                Self::Agent(agent) => agent.delete_credential(user, mechanism).await?,
                Self::Store(store, cluster) => {
                    let delete = CredentialChange::Delete { user: user.to_owned(), mechanism };
                    store.alter_scram_credentials(cluster, &[delete]).await?;
                }
            }
        }
        Ok(())
    }

    async fn users(&mut self) -> anyhow::Result<Vec<UserMechanisms>> {
        match self {
            Self::Agent(agent) => Ok(agent.users().await?),
            Self::Store(store, cluster) => {
                let mut users: Vec<UserMechanisms> = Vec::new();
                // By user.
                for found in store.scram_credentials(cluster, None).await? {
                    match users.last_mut().filter(|last| last.user == found.user) {
                        Some(last) => last.mechanisms.push(found.mechanism),
                        None => {
                            users
                                .push(UserMechanisms { user: found.user, mechanisms: vec![found.mechanism] });
                        }
                    }
                }
                Ok(users)
            }
        }
    }

    async fn create(&mut self, acl: &Acl) -> anyhow::Result<()> {
        match self {
            Self::Agent(agent) => agent.create_acls(std::slice::from_ref(acl)).await?,
            Self::Store(store, cluster) => store.create_acls(cluster, std::slice::from_ref(acl)).await?,
        }
        Ok(())
    }

    async fn acls(&mut self, filter: &AclFilter) -> anyhow::Result<Vec<Acl>> {
        let mut acls = match self {
            Self::Agent(agent) => agent.acls(filter).await?,
            Self::Store(store, cluster) => {
                let mut all = store.acls(cluster, None).await?.map(|all| all.acls).unwrap_or_default();
                all.retain(|acl| filter.matches(acl));
                all
            }
        };
        acls.sort_unstable();
        Ok(acls)
    }

    async fn delete_acls(&mut self, filter: &AclFilter) -> anyhow::Result<usize> {
        if let Self::Agent(agent) = self {
            return Ok(agent.delete_acls(filter).await?);
        }
        let gone = self.acls(filter).await?;
        if let Self::Store(store, cluster) = self {
            store.delete_acls(cluster, &gone).await?;
        }
        Ok(gone.len())
    }
}
