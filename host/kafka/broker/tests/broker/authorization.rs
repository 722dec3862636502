mod cases;

use bytes::Bytes;
use forebay_kafka_broker::{
    AclMode, ConnectionContext, Need, Request, RequestBody, Response, Role, SaslSettings, SecuritySettings,
    needs, served,
};
use forebay_kafka_security::{
    Acl, CLUSTER_NAME, ITERATIONS, Operation, Principal, ResourceType, ScramCredential, ScramMechanism,
};
use forebay_storage_metadata::Security as _;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::alter_user_scram_credentials_request::{
    ScramCredentialDeletion, ScramCredentialUpsertion,
};
use kafka_protocol::messages::create_acls_request::AclCreation;
use kafka_protocol::messages::delete_acls_request::DeleteAclsFilter;
use kafka_protocol::messages::{
    AlterUserScramCredentialsRequest, CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest,
    DescribeUserScramCredentialsRequest, MetadataRequest,
};
use kafka_protocol::protocol::StrBytes;

use crate::node::{Node, cluster};
use crate::requests::{batch, produce};

async fn enforced() -> Node {
    with(SecuritySettings { acls: AclMode::Enforced, ..SecuritySettings::default() }).await
}

/// Whoever is called admin may do everything.
async fn with(security: SecuritySettings) -> Node {
    Node::secured(SecuritySettings { super_users: vec![Principal::user("admin")], ..security }, None).await
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// Makes ACLs by Kafka's API: they hold at once.
async fn grant(node: &Node, acls: &[Acl]) {
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
    let Response::CreateAcls(response) = node.ask_as("admin", 3, RequestBody::CreateAcls(request)).await
    else {
        panic!()
    };
    assert!(response.results.iter().all(|result| result.error_code == 0), "{response:?}");
}

/// What a client is told that may not do something with a resource.
fn refusal(kind: ResourceType) -> i16 {
    let code = match kind {
        ResourceType::Topic => ResponseError::TopicAuthorizationFailed,
        ResourceType::Group => ResponseError::GroupAuthorizationFailed,
        ResourceType::Cluster => ResponseError::ClusterAuthorizationFailed,
        ResourceType::TransactionalId => ResponseError::TransactionalIdAuthorizationFailed,
        ResourceType::DelegationToken | ResourceType::User => {
            ResponseError::DelegationTokenAuthorizationFailed
        }
    };
    code.code()
}

fn is_refusal(code: i16) -> bool {
    ResourceType::ALL.iter().any(|kind| refusal(*kind) == code)
}

fn acl(user: &str, need: &Need, name: &str) -> Acl {
    let name = if need.on == ResourceType::Cluster { CLUSTER_NAME } else { name };
    Acl::allow(Principal::user(user), need.operation, need.on, name)
}

/// For every API that is served: whoever adds one adds a case, or this fails.
#[tokio::test]
async fn each_api_is_refused_without_its_acls_and_answered_with_them() {
    let node = enforced().await;
    for (api, _) in served() {
        let name = format!("{api:?}");
        let needs = needs(api).unwrap();
        let of = |role| needs.iter().filter(move |need| need.role == role).collect::<Vec<_>>();
        let (required, sufficient) = (of(Role::Required), of(Role::Sufficient));
        let case = cases::of(api, &name);
        if case.needs_topic {
            crate::requests::make(&node, &name).await;
        }
        if case.needs_group {
            let commit = RequestBody::OffsetCommit(cases::offset_commit(&name));
            assert_eq!(cases::codes(&node.ask_as("admin", 8, commit).await), [0]);
        }
        let mut asked = 0;
        let mut codes = async |granted: &[&Need]| {
            // Somebody else each time, so that nothing has to be taken away.
            asked += 1;
            let user = format!("{name}-{asked}");
            let acls: Vec<_> = granted.iter().map(|need| acl(&user, need, &name)).collect();
            grant(&node, &acls).await;
            let response = node.ask_as(&user, case.version, case.request.clone()).await;
            let codes = cases::codes(&response);
            assert!(!codes.is_empty(), "{api:?}: {response:?}");
            codes
        };
        let none = codes(&[]).await;
        if required.is_empty() && sufficient.is_empty() {
            assert!(!none.into_iter().any(is_refusal), "{api:?} needs nothing");
            continue;
        }
        assert!(none.iter().all(|code| is_refusal(*code)), "{api:?} without any ACL: {none:?}");
        for missing in &required {
            let others: Vec<_> = required.iter().filter(|need| *need != missing).copied().collect();
            let codes = codes(&others).await;
            assert!(codes.contains(&refusal(missing.on)), "{api:?} without {missing:?}: {codes:?}");
        }
        for enough in &sufficient {
            let codes = codes(&[*enough]).await;
            assert!(!codes.iter().any(|code| is_refusal(*code)), "{api:?} with {enough:?}: {codes:?}");
        }
        if sufficient.is_empty() {
            let codes = codes(&required).await;
            assert!(!codes.iter().any(|code| is_refusal(*code)), "{api:?} with all ACLs: {codes:?}");
        }
    }
}

#[tokio::test]
async fn topics_apart_are_judged_apart() {
    let node = enforced().await;
    for topic in ["mine", "mine.too", "others"] {
        crate::requests::make(&node, topic).await;
    }
    let alice = || Principal::user("alice");
    grant(
        &node,
        &[
            Acl::allow(alice(), Operation::All, ResourceType::Topic, "mine").prefixed(),
            Acl::deny(Principal::everybody(), Operation::Write, ResourceType::Topic, "mine.too"),
        ],
    )
    .await;
    let mut request = produce("mine", &[(0, batch(&["a"]))]);
    for other in ["mine.too", "others", "none"] {
        request.topic_data.extend(produce(other, &[(0, batch(&["a"]))]).topic_data);
    }
    let Response::Produce(response) = node.ask_as("alice", 9, RequestBody::Produce(request)).await else {
        panic!()
    };
    let codes: Vec<_> =
        response.responses.iter().map(|topic| topic.partition_responses[0].error_code).collect();
    // Nobody learns whether a topic is there that they may not see.
    assert_eq!(codes, [0, 29, 29, 29]);

    let request = MetadataRequest::default().with_topics(None).with_include_topic_authorized_operations(true);
    let Response::Metadata(response) = node.ask_as("alice", 9, RequestBody::Metadata(request)).await else {
        panic!()
    };
    let told: Vec<_> = response
        .topics
        .iter()
        .map(|topic| (topic.name.as_ref().unwrap().0.as_str(), topic.topic_authorized_operations))
        .collect();
    assert_eq!(told, [("mine", 0b1101_1111_1000), ("mine.too", 0b1101_1110_1000)]);
}

#[tokio::test]
async fn a_topic_is_made_by_asking_only_for_who_may_make_it() {
    let node = enforced().await;
    let alice = |operation| Acl::allow(Principal::user("alice"), operation, ResourceType::Topic, "new");
    grant(&node, &[alice(Operation::Describe)]).await;
    let code = async || {
        let asked = kafka_protocol::messages::metadata_request::MetadataRequestTopic::default()
            .with_name(Some(crate::requests::name("new")));
        let request = MetadataRequest::default().with_topics(Some(vec![asked]));
        let Response::Metadata(response) = node.ask_as("alice", 9, RequestBody::Metadata(request)).await
        else {
            panic!()
        };
        response.topics[0].error_code
    };
    assert_eq!(code().await, ResponseError::TopicAuthorizationFailed.code());
    grant(&node, &[alice(Operation::Create)]).await;
    assert_eq!(code().await, 0);
}

#[tokio::test]
async fn what_no_acl_is_about_may_be_everybodys() {
    let security = SecuritySettings {
        acls: AclMode::Enforced,
        allows_everyone_if_no_acl: true,
        ..SecuritySettings::default()
    };
    let node = with(security).await;
    let code = async |topic: &str| {
        let request = produce(topic, &[(0, batch(&["a"]))]);
        let Response::Produce(response) = node.ask_as("bob", 9, RequestBody::Produce(request)).await else {
            panic!()
        };
        response.responses[0].partition_responses[0].error_code
    };
    for topic in ["free", "owned"] {
        crate::requests::make(&node, topic).await;
    }
    assert_eq!((code("free").await, code("owned").await), (0, 0));
    let alice = Principal::user("alice");
    grant(&node, &[Acl::allow(alice, Operation::Read, ResourceType::Topic, "owned")]).await;
    assert_eq!((code("free").await, code("owned").await), (0, 29));
}

#[tokio::test]
async fn in_shadow_mode_everything_is_done() {
    let node = with(SecuritySettings { acls: AclMode::Shadow, ..SecuritySettings::default() }).await;
    crate::requests::make(&node, "t").await;
    let request = produce("t", &[(0, batch(&["a"]))]);
    let Response::Produce(response) = node.ask_as("bob", 9, RequestBody::Produce(request)).await else {
        panic!()
    };
    assert_eq!(response.responses[0].partition_responses[0].error_code, 0);
}

#[tokio::test]
async fn who_must_log_in_and_has_not_may_nothing() {
    let security = SecuritySettings { sasl: Some(SaslSettings::default()), ..SecuritySettings::default() };
    let node = with(security).await;
    let request = Request { version: 9, body: RequestBody::Produce(produce("t", &[(0, batch(&["a"]))])) };
    let answer = node.broker.call(&ConnectionContext::default(), request).await;
    let Response::Produce(response) = answer.response else { panic!() };
    assert_eq!(response.responses[0].partition_responses[0].error_code, 29);
}

#[tokio::test]
async fn acls_are_described_and_deleted_by_filters() {
    let node = enforced().await;
    let alice = |name| Acl::allow(Principal::user("alice"), Operation::Read, ResourceType::Topic, name);
    grant(&node, &[alice("logs"), alice("lo").prefixed(), alice("other")]).await;
    let described = async || {
        let request = DescribeAclsRequest::default()
            .with_resource_type_filter(2)
            .with_resource_name_filter(Some(text("logs")))
            .with_pattern_type_filter(2)
            .with_principal_filter(None)
            .with_host_filter(None)
            .with_operation(1)
            .with_permission_type(1);
        let answer = node.ask_as("admin", 3, RequestBody::DescribeAcls(request)).await;
        let Response::DescribeAcls(response) = answer else { panic!() };
        assert_eq!(response.error_code, 0);
        let names =
            response.resources.iter().map(|found| (found.resource_name.to_string(), found.acls.len()));
        names.collect::<Vec<_>>()
    };
    assert_eq!(described().await, [("lo".to_owned(), 1), ("logs".to_owned(), 1)]);
    let filter = |name: Option<&str>, kind| {
        DeleteAclsFilter::default()
            .with_resource_type_filter(kind)
            .with_resource_name_filter(name.map(text))
            .with_pattern_type_filter(3)
            .with_principal_filter(None)
            .with_host_filter(None)
            .with_operation(1)
            .with_permission_type(1)
    };
    let filters = vec![filter(Some("logs"), 2), filter(None, 3), filter(None, 9)];
    let request = DeleteAclsRequest::default().with_filters(filters);
    let answer = node.ask_as("admin", 3, RequestBody::DeleteAcls(request)).await;
    let Response::DeleteAcls(response) = answer else { panic!() };
    let told: Vec<_> = response
        .filter_results
        .iter()
        .map(|result| (result.error_code, result.matching_acls.len()))
        .collect();
    assert_eq!(told, [(0, 1), (0, 0), (ResponseError::InvalidRequest.code(), 0)]);
    assert_eq!(described().await, [("lo".to_owned(), 1)]);
}

#[tokio::test]
async fn acls_that_can_not_be_are_refused_alone() {
    let node = enforced().await;
    let good = || {
        AclCreation::default()
            .with_resource_type(4)
            .with_resource_name(text(CLUSTER_NAME))
            .with_resource_pattern_type(3)
            .with_principal(text("User:a"))
            .with_host(text("*"))
            .with_operation(3)
            .with_permission_type(3)
    };
    let creations = vec![
        good(),
        good().with_resource_name(text("other")),
        good().with_principal(text("alice")),
        good().with_operation(1),
        good().with_resource_pattern_type(2),
    ];
    let request = CreateAclsRequest::default().with_creations(creations);
    let answer = node.ask_as("admin", 3, RequestBody::CreateAcls(request)).await;
    let Response::CreateAcls(response) = answer else { panic!() };
    let codes: Vec<_> = response.results.iter().map(|result| result.error_code).collect();
    let invalid = ResponseError::InvalidRequest.code();
    assert_eq!(codes, [0, invalid, invalid, invalid, invalid]);
}

#[tokio::test]
async fn acls_that_mean_nothing_are_not_told() {
    let node = Node::start().await;
    let request = DescribeAclsRequest::default()
        .with_resource_type_filter(1)
        .with_pattern_type_filter(1)
        .with_operation(1)
        .with_permission_type(1);
    let Response::DescribeAcls(response) = node.ask(3, RequestBody::DescribeAcls(request)).await else {
        panic!()
    };
    assert_eq!(response.error_code, ResponseError::SecurityDisabled.code());
}

#[tokio::test]
async fn credentials_are_changed_and_only_keys_are_kept() {
    let node = enforced().await;
    let upsertion = |name: &str, mechanism: ScramMechanism| {
        let salted = ScramCredential::salted(mechanism, "secret", b"salt", ITERATIONS);
        ScramCredentialUpsertion::default()
            .with_name(text(name))
            .with_mechanism(mechanism.number())
            .with_iterations(4_096)
            .with_salt(Bytes::from_static(b"salt"))
            .with_salted_password(salted.into())
    };
    let alter = async |deletions, upsertions| {
        let request =
            AlterUserScramCredentialsRequest::default().with_deletions(deletions).with_upsertions(upsertions);
        let answer = node.ask_as("admin", 0, RequestBody::AlterUserScramCredentials(request)).await;
        let Response::AlterUserScramCredentials(response) = answer else { panic!() };
        let results = response.results.iter().map(|result| (result.user.to_string(), result.error_code));
        results.collect::<Vec<_>>()
    };
    let (short, long) = (ScramMechanism::Sha256, ScramMechanism::Sha512);
    let upsertions = vec![
        upsertion("a", short),
        upsertion("a", long),
        upsertion("b", long),
        upsertion("c", long).with_iterations(1),
        upsertion("d", long).with_salted_password(Bytes::from_static(b"secret")),
        upsertion("e", long).with_mechanism(3),
        upsertion("f", long),
        upsertion("f", long),
    ];
    let told = |codes: &[(&str, i16)]| {
        codes.iter().map(|(user, code)| ((*user).to_owned(), *code)).collect::<Vec<_>>()
    };
    let expected = [("a", 0), ("b", 0), ("c", 93), ("d", 93), ("e", 33), ("f", 92)];
    assert_eq!(alter(Vec::new(), upsertions).await, told(&expected));
    let kept = node.metadata.scram_credentials(&cluster(), Some("a")).await.unwrap();
    assert!(kept.iter().all(|kept| kept.credential.is_of(kept.mechanism, "secret")));
    let salted = ScramCredential::salted(long, "secret", b"salt", ITERATIONS);
    assert!(
        kept.iter().all(|kept| kept.credential.stored_key != salted && kept.credential.server_key != salted)
    );

    let deletion = |name: &str, mechanism: ScramMechanism| {
        ScramCredentialDeletion::default().with_name(text(name)).with_mechanism(mechanism.number())
    };
    let deletions = vec![deletion("a", short), deletion("b", short), deletion("z", long)];
    assert_eq!(alter(deletions, Vec::new()).await, told(&[("a", 0), ("b", 91), ("z", 91)]));
    let request = DescribeUserScramCredentialsRequest::default().with_users(None);
    let answer = node.ask_as("admin", 0, RequestBody::DescribeUserScramCredentials(request)).await;
    let Response::DescribeUserScramCredentials(response) = answer else { panic!() };
    let told: Vec<_> = response
        .results
        .iter()
        .map(|result| {
            let infos = result.credential_infos.iter().map(|info| (info.mechanism, info.iterations));
            (result.user.to_string(), infos.collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(told, [("a".to_owned(), vec![(2, 4_096)]), ("b".to_owned(), vec![(2, 4_096)])]);
}
