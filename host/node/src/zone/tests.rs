use std::path::PathBuf;

use forebay_lifecycle::Here;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// A service that answers by the head of a request, or not at all.
async fn service(answer: fn(&str) -> Option<(u16, &'static str)>) -> (String, Here) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = Here::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
            let Some((status, body)) = answer(&head) else { return std::future::pending().await };
            let length = body.len();
            let text =
                format!("HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
            stream.write_all(text.as_bytes()).await.unwrap();
        }
    });
    (url, serving)
}

fn services(url: &str) -> MetadataServices {
    MetadataServices { ecs: None, link_local: url.to_owned(), kubernetes: None }
}

async fn zone(services: MetadataServices) -> Option<String> {
    ask(services, LIMIT).await.map(|zone| zone.to_string())
}

#[expect(clippy::unnecessary_wraps, reason = "a service may also say nothing")]
fn ec2(head: &str) -> Option<(u16, &'static str)> {
    Some(if head.starts_with("put /latest/api/token ") && head.contains("-ttl-seconds: 60") {
        (200, "secret")
    } else if head.starts_with("get /latest/meta-data/placement/availability-zone ")
        && head.contains("x-aws-ec2-metadata-token: secret\r\n")
    {
        (200, "us-east-1a\n")
    } else {
        (401, "")
    })
}

#[tokio::test]
async fn ec2_tells_its_zone_for_a_token() {
    let (url, _serving) = service(ec2).await;
    assert_eq!(zone(services(&url)).await.as_deref(), Some("us-east-1a"));
}

#[tokio::test]
async fn old_services_of_ec2_know_no_tokens() {
    let (url, _serving) = service(|head| {
        let is_zone = head.starts_with("get /latest/meta-data/placement/availability-zone ");
        Some(if is_zone { (200, "eu-west-1b") } else { (404, "") })
    })
    .await;
    assert_eq!(zone(services(&url)).await.as_deref(), Some("eu-west-1b"));
}

#[tokio::test]
async fn ecs_comes_first() {
    let (link_local, _serving) = service(ec2).await;
    let (ecs, _other) = service(|head| {
        let is_task = head.starts_with("get /v4/1/task ");
        Some(if is_task { (200, r#"{"AvailabilityZone": "us-east-1d"}"#) } else { (404, "") })
    })
    .await;
    let both = MetadataServices { ecs: Some(format!("{ecs}/v4/1")), ..services(&link_local) };
    assert_eq!(zone(both.clone()).await.as_deref(), Some("us-east-1d"));
    let other = MetadataServices { ecs: Some(ecs), ..both };
    assert_eq!(zone(other).await.as_deref(), Some("us-east-1a"));
}

#[tokio::test]
async fn google_and_azure_tell_their_zones() {
    let (url, _serving) = service(|head| {
        let is_google = head.starts_with("get /computemetadata/v1/instance/zone ")
            && head.contains("metadata-flavor: google");
        Some(if is_google { (200, "projects/12/zones/us-central1-a") } else { (404, "") })
    })
    .await;
    assert_eq!(zone(services(&url)).await.as_deref(), Some("us-central1-a"));
    let (url, _serving) = service(|head| {
        let is_azure = head.starts_with("get /metadata/instance/compute?") && head.contains("metadata: true");
        Some(if is_azure { (200, r#"{"location": "westus2", "zone": "3"}"#) } else { (400, "") })
    })
    .await;
    assert_eq!(zone(services(&url)).await.as_deref(), Some("westus2-3"));
    let (url, _serving) = service(|_| Some((200, r#"{"location": "westus2", "zone": ""}"#))).await;
    assert_eq!(zone(services(&url)).await, None, "it is in no zone, and the document is no name of one");
}

#[tokio::test]
async fn the_zone_of_a_pod_is_that_of_its_node() {
    let account =
        std::env::temp_dir().join(format!("forebay-zone-{:032x}", forebay_lifecycle::chance::bits()));
    std::fs::create_dir(&account).unwrap();
    std::fs::write(account.join("token"), "t0\n").unwrap();
    let (url, _serving) = service(|head| {
        Some(if !head.contains("authorization: bearer t0\r\n") {
            (401, "")
        } else if head.starts_with("get /api/v1/namespaces/prod/pods/agent-7 ") {
            (200, r#"{"spec": {"nodeName": "node-1"}}"#)
        } else if head.starts_with("get /api/v1/nodes/node-1 ") {
            (200, r#"{"metadata": {"labels": {"topology.kubernetes.io/zone": "eastus-1"}}}"#)
        } else {
            (404, "")
        })
    })
    .await;
    let kubernetes = Kubernetes {
        url: url.clone(),
        pod: "agent-7".to_owned(),
        namespace: "prod".to_owned(),
        account: account.clone(),
    };
    let pod = MetadataServices { kubernetes: Some(kubernetes), ..services(&url) };
    assert_eq!(zone(pod.clone()).await, None, "without a certificate nobody is trusted");
    std::fs::write(account.join("ca.crt"), "").unwrap();
    let found = zone(pod).await;
    std::fs::remove_dir_all(&account).unwrap();
    assert_eq!(found.as_deref(), Some("eastus-1"));
}

#[tokio::test]
async fn who_does_not_answer_is_not_waited_for() {
    let (url, _serving) = service(|_| None).await;
    assert_eq!(ask(services(&url), Duration::from_millis(20)).await, None);
}

#[test]
fn the_environment_says_whom_to_ask() {
    let none = MetadataServices::of(|_| None);
    assert_eq!((none.ecs, none.kubernetes), (None, None));
    let all = MetadataServices::of(|name| match name {
        "KUBERNETES_SERVICE_HOST" => Some("fd00::1".to_owned()),
        "POD_NAMESPACE" => Some(String::new()),
        name => Some(name.to_ascii_lowercase()),
    });
    assert_eq!((all.ecs.as_deref(), all.kubernetes), (Some("ecs_container_metadata_uri_v4"), None));
    let kubernetes = MetadataServices::of(|name| Some(name.to_ascii_lowercase())).kubernetes.unwrap();
    assert_eq!(kubernetes.url, "https://kubernetes_service_host:kubernetes_service_port");
    assert_eq!((kubernetes.pod.as_str(), kubernetes.namespace.as_str()), ("pod_name", "pod_namespace"));
    assert_eq!(kubernetes.account, PathBuf::from("/var/run/secrets/kubernetes.io/serviceaccount"));
}
