use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use forebay_storage_objects::{
    Attributes, ErrorKind, Limited, Limits, ObjectPrefix, ObjectReader, ObjectWriter, Objects as _, Payload,
    PutOptions, ReadPolicy, RetryPolicy, Retrying, Settings, WritePolicy, conformance, open, open_with,
};

use crate::server::Server;

#[cfg(test)]
fn variables(moto: &Server) -> impl Iterator<Item = (String, String)> {
    [
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_ENDPOINT_URL", &format!("http://{}", moto.address)),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into_iter()
}

#[tokio::test]
async fn s3_conforms() {
    let Some(moto) = Server::moto() else { return };
    moto.make_bucket("bucket");
    let url = "s3://bucket/a/prefix?region=us-east-1";
    let objects = open(url, variables(&moto)).unwrap();
    // As it is used: moto answers 500 when two put the same name at once.
    let limited = Limited::new(objects, Limits { puts: 16, others: 16, get_bytes: 1 << 24 });
    let objects = Retrying::new(Arc::new(limited), RetryPolicy::background());
    conformance::all(&objects).await;
    conformance::attributes_are_kept(&objects, true).await;

    // Pages of more than the thousand names that S3 lists at once.
    let many: Vec<_> = (0..1005).map(|n| format!("many/{n:04}").parse().unwrap()).collect();
    let puts = many.iter().map(|name| objects.put(name, Payload::from_static(b"x")));
    for put in futures_util::future::join_all(puts).await {
        put.unwrap();
    }
    let listed = objects.list(&"many".parse().unwrap(), None, 2000).await.unwrap();
    assert_eq!(listed.into_iter().map(|listed| listed.name).collect::<Vec<_>>(), many);

    let url = format!("s3://missing?region=us-east-1&endpoint=http://{}&s3ForcePathStyle=true", moto.address);
    let missing = open(&url, variables(&moto).take(2)).unwrap();
    let error = missing.put(&"a".parse().unwrap(), Payload::from_static(b"x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "{error:?}");
    assert_eq!(missing.list(&ObjectPrefix::all(), None, 1).await.unwrap_err().kind(), ErrorKind::Internal);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_asked_again() {
    let url = "s3://bucket?region=us-east-1&endpoint=http://127.0.0.1:1&access_key_id=a&secret_access_key=b";
    let objects = open(url, []).unwrap();
    let error = objects.put(&"a".parse().unwrap(), Payload::from_static(b"x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Retry, "{error:?}");
}

#[tokio::test]
async fn a_large_object_goes_and_comes_in_parts() {
    let Some(moto) = Server::moto() else { return };
    moto.make_bucket("bucket");
    let url = "s3://bucket?region=us-east-1&server_side_encryption=aws:kms&sse_kms_key_id=alias/a";
    let objects = open(url, variables(&moto)).unwrap();
    let objects: Arc<dyn forebay_storage_objects::Objects> =
        Arc::new(Retrying::new(objects, RetryPolicy::background()));
    let options = PutOptions {
        attributes: Attributes {
            content_type: Some("application/x-test".to_owned()),
            storage_class: Some("STANDARD_IA".to_owned()),
            ..Attributes::default()
        },
        tags: vec![("team".to_owned(), "a b".to_owned())],
    };
    let name = "large".parse().unwrap();
    let policy = WritePolicy { part: 5 << 20, ..WritePolicy::default() };
    let mut writer = ObjectWriter::new(Arc::clone(&objects), "large".parse().unwrap(), options, policy);
    let piece: Vec<u8> = (0..1 << 20).map(|n: u32| u8::try_from(n % 253).unwrap()).collect();
    for _ in 0..17 {
        writer.write(piece.clone().into()).await.unwrap();
    }
    assert_eq!(writer.finish().await.unwrap(), 17 << 20);
    let mut reader = ObjectReader::open(Arc::clone(&objects), &name, ReadPolicy::default()).await.unwrap();
    assert_eq!(reader.described().attributes.content_type.as_deref(), Some("application/x-test"));
    let mut read = Vec::new();
    loop {
        let bytes = reader.next().await.unwrap();
        if bytes.is_empty() {
            break;
        }
        read.extend_from_slice(&bytes);
    }
    assert!(read == piece.repeat(17), "what was read is not what was written");
    let answer = head(&moto, "large");
    for header in [
        "x-amz-server-side-encryption: aws:kms",
        "x-amz-storage-class: standard_ia",
        "x-amz-tagging-count: 1",
    ] {
        assert!(answer.contains(header), "{header}: {answer}");
    }

    // What is given up leaves no upload behind.
    let mut writer = ObjectWriter::new(Arc::clone(&objects), name, PutOptions::default(), policy);
    writer.write(piece.repeat(6).into()).await.unwrap();
    writer.abort().await.unwrap();
    assert!(!ask(&moto, "GET /bucket?uploads HTTP/1.1").contains("<UploadId>"));
}

/// The headers of an object, in small letters.
#[cfg(test)]
fn head(moto: &Server, name: &str) -> String {
    ask(moto, &format!("HEAD /bucket/{name} HTTP/1.1")).to_lowercase()
}

#[cfg(test)]
fn ask(moto: &Server, line: &str) -> String {
    let mut connection = std::net::TcpStream::connect(&moto.address).unwrap();
    let request = format!("{line}\r\nHost: {}\r\nConnection: close\r\n\r\n", moto.address);
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn a_profile_takes_on_its_role() {
    let Some(moto) = Server::moto() else { return };
    moto.make_bucket("bucket");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("a-profile-takes-on-its-role");
    std::fs::create_dir_all(&folder).unwrap();
    let config = "[profile lake]\nrole_arn = arn:aws:iam::123456789012:role/lake\nsource_profile = base\n\
                  region = us-east-1\n";
    std::fs::write(folder.join("config"), config).unwrap();
    let keys = "[base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n";
    std::fs::write(folder.join("credentials"), keys).unwrap();
    let variables = [
        ("AWS_CONFIG_FILE", folder.join("config").display().to_string()),
        ("AWS_SHARED_CREDENTIALS_FILE", folder.join("credentials").display().to_string()),
        ("AWS_ENDPOINT_URL", format!("http://{}", moto.address)),
        ("AWS_PROFILE", "lake".to_owned()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    let objects = open("s3://bucket", variables).unwrap();
    let name = "a".parse().unwrap();
    objects.put(&name, Payload::from_static(b"x")).await.unwrap();
    assert_eq!(objects.get(&name, 0..1).await.unwrap(), "x");
}

/// A service that gives credentials, and a bucket that keeps nothing: whatever they are asked for is told.
#[cfg(test)]
fn witness(requests: usize) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let told = std::thread::spawn(move || {
        let answer = |listener: &TcpListener| {
            let (mut connection, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(connection.try_clone().unwrap());
            let (mut told, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                lines.read_line(&mut line).unwrap();
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                told.push_str(&line);
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            lines.read_exact(&mut body).unwrap();
            told.push_str(&String::from_utf8_lossy(&body));
            let content = "<AccessKeyId>ROLEKEY</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>TOKEN</SessionToken>";
            let head = format!(
                "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                content.len()
            );
            connection.write_all(format!("{head}{content}").as_bytes()).unwrap();
            told
        };
        (0..requests).map(|_| answer(&listener)).collect()
    });
    (address, told)
}

#[tokio::test]
async fn a_role_is_asked_for_once_and_signs_what_follows() {
    let (address, told) = witness(3);
    let settings = Settings::default()
        .with("access_key_id", "OWNKEY")
        .with("secret_access_key", "own secret")
        .with("role", "arn:aws:iam::1:role/a")
        .with("role_external_id", "the id")
        .with("role_session_name", "tester");
    let url =
        format!("s3://bucket?region=eu-west-1&endpoint=http://{address}&endpoint_url_sts=http://{address}");
    let objects = open_with(&url, &settings).unwrap();
    for _ in 0..2 {
        objects.put(&"a".parse().unwrap(), Payload::from_static(b"x")).await.unwrap();
    }
    let told = told.join().unwrap();
    assert!(told[0].contains("Credential=OWNKEY/") && told[0].contains("/eu-west-1/sts/"), "{}", told[0]);
    let form = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa&RoleSessionName=tester&DurationSeconds=3600&ExternalId=the+id";
    assert!(told[0].ends_with(form), "{}", told[0]);
    for put in &told[1..] {
        assert!(put.starts_with("PUT /bucket/a ") && put.contains("Credential=ROLEKEY/"), "{put}");
        assert!(put.contains("x-amz-security-token: TOKEN"), "{put}");
    }
}
