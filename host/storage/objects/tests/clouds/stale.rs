use std::sync::Arc;
use std::time::Duration;

use forebay_storage_objects::{
    Begun, Limited, Limits, ObjectName, Objects, PartPlace, Payload, PutOptions, RetryPolicy, Retrying,
    Upload, abort_stale, open, uploads_like,
};

use crate::server::Server;

const HOUR: Duration = Duration::from_hours(1);

#[cfg(test)]
fn bucket(moto: &Server) -> Arc<dyn Objects> {
    moto.make_bucket("bucket");
    let url = format!(
        "s3://bucket/a/prefix?region=us-east-1&access_key_id=a&secret_access_key=b&endpoint=http://{}",
        moto.address
    );
    let limited = Limited::new(open(&url, []).unwrap(), Limits { puts: 4, others: 4, get_bytes: 1 << 20 });
    Arc::new(Retrying::new(Arc::new(limited), RetryPolicy::background()))
}

#[cfg(test)]
async fn begin(objects: &dyn Objects, name: &str) -> Upload {
    let name: ObjectName = name.parse().unwrap();
    let uploads = objects.uploads().unwrap();
    let upload = uploads.begin(&name, &PutOptions::default()).await.unwrap();
    let place = PartPlace { index: 0, offset: 0 };
    uploads.put_part(&upload, place, Payload::from_static(b"part")).await.unwrap();
    upload
}

#[cfg(test)]
async fn names(objects: &dyn Objects, beginning: &str, end: Option<&str>) -> Vec<String> {
    let begun = uploads_like(objects, beginning, end).await.unwrap();
    let mut names: Vec<_> = begun.into_iter().map(|begun| begun.upload.name.to_string()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn uploads_that_were_left_are_found_by_their_names_and_aborted() {
    let Some(moto) = Server::moto() else { return };
    let objects = bucket(&moto);
    for name in ["day=1/x y&z.bin", "day=2/b.bin", "day=2/b.txt", "other"] {
        begin(&*objects, name).await;
    }
    assert_eq!(names(&*objects, "day=", Some(".bin")).await, ["day=1/x y&z.bin", "day=2/b.bin"]);
    assert_eq!(names(&*objects, "other", None).await, ["other"]);
    assert!(names(&*objects, "othe", None).await.is_empty());
    let left = uploads_like(&*objects, "day=", Some(".bin")).await.unwrap();
    assert_eq!(abort_stale(&*objects, left.clone(), Duration::ZERO).await.unwrap(), 2);
    assert_eq!(names(&*objects, "", Some("")).await, ["day=2/b.txt", "other"]);
    // What is gone is no error.
    assert_eq!(abort_stale(&*objects, left, Duration::ZERO).await.unwrap(), 0);
}

#[tokio::test]
async fn an_upload_to_which_something_is_put_is_left_alone() {
    let Some(moto) = Server::moto() else { return };
    let objects = bucket(&moto);
    let upload = begin(&*objects, "mine").await;
    // Its part is young, however long ago it was begun.
    let begun = vec![Begun { upload, at: std::time::UNIX_EPOCH }];
    tokio::select! {
        biased;
        aborted = abort_stale(&*objects, begun, HOUR) => panic!("it aborted {aborted:?}"),
        () = async {
            for _ in 0..10 {
                assert_eq!(names(&*objects, "mine", None).await, ["mine"]);
            }
        } => {}
    }
}
