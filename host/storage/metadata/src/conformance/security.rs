use forebay_kafka_security::{
    Acl, ITERATIONS, Operation, Principal, ResourceType, ScramCredential, ScramMechanism,
};

use super::Site;
use super::scene::{Scene, cluster};
use crate::{CredentialChange, Kind, NoCredential, UserCredential};

fn acl(user: &str, name: &str) -> Acl {
    Acl::allow(Principal::user(user), Operation::Read, ResourceType::Topic, name)
}

fn credential(user: &str, mechanism: ScramMechanism, password: &str) -> UserCredential {
    let credential = ScramCredential::of_password(mechanism, password, b"salt".to_vec(), ITERATIONS);
    UserCredential { user: user.to_owned(), mechanism, credential }
}

/// Every field of them is told again, and none is there twice.
pub async fn acls_are_added_and_removed_once(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let (store, cluster) = (&scene.store, &scene.cluster);
    let all = async || {
        let mut acls = store.acls(cluster, None).await.expect("the store is there").expect("none known").acls;
        acls.sort();
        acls
    };
    assert_eq!(all().await, []);
    let mut acls = vec![
        acl("a", "t"),
        acl("a", "t").prefixed(),
        acl("a", "t").on_host("10.0.0.1"),
        Acl::deny(Principal::user("CN=b,O=\"c\""), Operation::TwoPhaseCommit, ResourceType::User, "\u{e4}"),
    ];
    acls.sort();
    store.create_acls(cluster, &acls).await.expect("the cluster exists");
    assert_eq!(all().await, acls);
    store.create_acls(cluster, &acls[..2]).await.expect("the cluster exists");
    assert_eq!(all().await, acls);
    store.delete_acls(cluster, &[acl("z", "t"), acls[1].clone()]).await.expect("the cluster exists");
    acls.remove(1);
    assert_eq!(all().await, acls);
    if site.is_durable() {
        drop(scene);
        let store = site.open().await;
        let kept = store.acls(&super::scene::cluster("vci_scene"), None).await;
        assert_eq!(kept.expect("the store is there").map(|kept| kept.acls.len()), Some(acls.len()));
    }
}

/// Who knows them is not told again.
pub async fn acls_have_another_version_when_they_change(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let (store, cluster) = (&scene.store, &scene.cluster);
    let version =
        async || store.acls(cluster, None).await.expect("the store is there").expect("none is known").version;
    let none = version().await;
    assert_eq!(store.acls(cluster, Some(none)).await, Ok(None));
    store.create_acls(cluster, &[acl("a", "t")]).await.expect("the cluster exists");
    let one = version().await;
    assert_ne!(one, none);
    let told = store.acls(cluster, Some(none)).await.expect("the store is there").expect("they changed");
    assert_eq!((told.version, told.acls), (one, vec![acl("a", "t")]));
    assert_eq!(store.acls(cluster, Some(one)).await, Ok(None));
    store.delete_acls(cluster, &[acl("a", "t")]).await.expect("the cluster exists");
    let gone = version().await;
    assert!(gone != one && gone != none, "a version stands for one state");
    // Nothing changed: who knows the version knows all.
    store.delete_acls(cluster, &[acl("a", "t")]).await.expect("the cluster exists");
    assert_eq!(version().await, gone);
}

/// For each mechanism apart; a new one takes the place of the old one.
pub async fn credentials_are_of_a_user_and_a_mechanism(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let (store, cluster) = (&scene.store, &scene.cluster);
    let (short, long) = (ScramMechanism::Sha256, ScramMechanism::Sha512);
    let change = async |changes: Vec<CredentialChange>| {
        store.alter_scram_credentials(cluster, &changes).await.expect("the cluster exists")
    };
    let put = |user, mechanism, password| CredentialChange::Put(credential(user, mechanism, password));
    let delete = |user: &str, mechanism| CredentialChange::Delete { user: user.to_owned(), mechanism };
    let done =
        change(vec![put("b", long, "1"), put("a", short, "2"), put("a", long, "3"), put("a", short, "4")]);
    assert_eq!(done.await, [Ok(()), Ok(()), Ok(()), Ok(())]);
    let all = async |user| store.scram_credentials(cluster, user).await.expect("the store is there");
    let expected = [credential("a", short, "4"), credential("a", long, "3"), credential("b", long, "1")];
    assert_eq!(all(None).await, expected);
    assert_eq!(all(Some("a")).await, expected[..2]);
    assert_eq!(all(Some("A")).await, []);
    let done = change(vec![delete("a", short), delete("a", short), delete("b", long), put("b", short, "5")]);
    assert_eq!(done.await, [Ok(()), Err(NoCredential), Ok(()), Ok(())]);
    assert_eq!(all(None).await, [credential("a", long, "3"), credential("b", short, "5")]);
}

/// What one knows, another does not.
pub async fn security_is_of_a_virtual_cluster(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let (store, other, nowhere) = (&scene.store, cluster("vci_other"), cluster("vci_none"));
    store.create_virtual_cluster(&other).await.expect("free");
    store.create_acls(&scene.cluster, &[acl("a", "t")]).await.expect("the cluster exists");
    let put = [CredentialChange::Put(credential("a", ScramMechanism::Sha256, "1"))];
    store.alter_scram_credentials(&scene.cluster, &put).await.expect("the cluster exists");
    for cluster in [&other, &nowhere] {
        let acls = store.acls(cluster, None).await.expect("the store is there").expect("none is known");
        assert_eq!(acls.acls, []);
        assert_eq!(store.scram_credentials(cluster, None).await, Ok(Vec::new()));
    }
    let kinds = [
        store.create_acls(&nowhere, &[acl("a", "t")]).await.map_err(|error| error.kind()),
        store.delete_acls(&nowhere, &[]).await.map_err(|error| error.kind()),
        store.alter_scram_credentials(&nowhere, &put).await.map(drop).map_err(|error| error.kind()),
    ];
    assert_eq!(kinds, [Err(Kind::NotFound); 3]);
}
