use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use forebay_storage_objects::{Queue, QueueError, Settings};

use crate::server::Server;

/// Asks the service as somebody who makes and fills queues does.
#[cfg(test)]
fn ask(moto: &Server, action: &str, body: &str) -> String {
    let mut connection = TcpStream::connect(&moto.address).unwrap();
    let signed = "Credential=a/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=none";
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.0\r\n\
         Authorization: AWS4-HMAC-SHA256 {signed}\r\nX-Amz-Target: AmazonSQS.{action}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        moto.address,
        body.len()
    );
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

#[cfg(test)]
fn queue(moto: &Server) -> Queue {
    let answer = ask(moto, "CreateQueue", r#"{"QueueName": "events"}"#);
    assert!(answer.contains("/events"), "{answer}");
    let settings = Settings::default().with("access_key_id", "a").with("secret_access_key", "b");
    let url = format!("http://{}/123456789012/events", moto.address);
    Queue::open(&url, None, &settings.with("region", "us-east-1")).unwrap()
}

#[tokio::test]
async fn messages_are_taken_released_and_deleted() {
    let Some(moto) = Server::moto() else { return };
    let queue = queue(&moto);
    assert!(queue.receive(10, Duration::ZERO).await.unwrap().is_empty());
    let url = format!("http://{}/123456789012/events", moto.address);
    for body in ["one", "two"] {
        ask(&moto, "SendMessage", &format!(r#"{{"QueueUrl": "{url}", "MessageBody": "{body}"}}"#));
    }
    let mut taken = queue.receive(10, Duration::ZERO).await.unwrap();
    taken.sort_by(|one, other| one.body.cmp(&other.body));
    let bodies: Vec<_> = taken.iter().map(|message| message.body.as_str()).collect();
    assert_eq!(bodies, ["one", "two"]);
    assert!(taken.iter().all(|message| message.sent.is_some() && !message.id.is_empty()));
    assert!(queue.receive(10, Duration::ZERO).await.unwrap().is_empty(), "they are hidden");
    queue.release(&[taken[0].receipt.clone()]).await.unwrap();
    let again = queue.receive(1, Duration::ZERO).await.unwrap();
    assert_eq!((again[0].body.as_str(), &again[0].id), ("one", &taken[0].id));
    queue.delete(&[again[0].receipt.clone(), taken[1].receipt.clone()]).await.unwrap();
    let refused = queue.delete(&["nonsense".to_owned()]).await.unwrap_err();
    assert!(matches!(refused, QueueError::Some { .. } | QueueError::Refused { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_receipt_that_is_not_good_keeps_no_other_message() {
    let Some(moto) = Server::moto() else { return };
    let queue = queue(&moto);
    let url = format!("http://{}/123456789012/events", moto.address);
    for body in ["released", "deleted"] {
        ask(&moto, "SendMessage", &format!(r#"{{"QueueUrl": "{url}", "MessageBody": "{body}"}}"#));
    }
    let taken = queue.receive(10, Duration::ZERO).await.unwrap();
    let receipt = |body: &str| taken.iter().find(|message| message.body == body).unwrap().receipt.clone();
    // More than one request has, the good one behind them.
    let with =
        |good: String| (0..10).map(|number| format!("stale-{number}")).chain([good]).collect::<Vec<_>>();
    let error = queue.delete(&with(receipt("deleted"))).await.unwrap_err();
    assert!(matches!(error, QueueError::Some { failed: 10, all: 11, .. }), "{error:?}");
    queue.release(&with(receipt("released"))).await.unwrap_err();
    let again = queue.receive(10, Duration::ZERO).await.unwrap();
    let bodies: Vec<_> = again.iter().map(|message| message.body.as_str()).collect();
    assert_eq!(bodies, ["released"]);
    let left =
        ask(&moto, "GetQueueAttributes", &format!(r#"{{"QueueUrl": "{url}", "AttributeNames": ["All"]}}"#));
    assert!(left.contains(r#""ApproximateNumberOfMessagesNotVisible": "1""#), "{left}");
    assert!(left.contains(r#""ApproximateNumberOfMessages": "0""#), "{left}");
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_refused_by_name() {
    let Some(moto) = Server::moto() else { return };
    let settings = Settings::default().with("access_key_id", "a").with("secret_access_key", "b");
    let url = format!("http://{}/123456789012/missing", moto.address);
    let queue = Queue::open(&url, None, &settings).unwrap();
    let error = queue.receive(1, Duration::ZERO).await.unwrap_err();
    assert!(matches!(error, QueueError::Refused { .. }) && error.report().contains("/missing"), "{error:?}");
}
