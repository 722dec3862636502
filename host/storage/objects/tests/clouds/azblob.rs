use std::process::Command;

use forebay_storage_objects::{
    ErrorKind, Objects as _, Payload, PutOptions, RetryPolicy, Retrying, Settings, conformance, open_with,
};

use crate::server::Server;

/// The account that azurite has, with the key that its documentation gives.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Makes a container, which stores do not do themselves: a request that is signed by hand.
#[cfg(test)]
fn make_container(azurite: &Server, name: &str) {
    let script = format!(
        r#"
const crypto = require("crypto"), http = require("http");
const date = new Date().toUTCString();
const canonical = `x-ms-date:${{date}}\nx-ms-version:2021-08-06\n/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container`;
const text = "PUT\n\n\n\n\n\n\n\n\n\n\n\n" + canonical;
const signature = crypto.createHmac("sha256", Buffer.from("{KEY}", "base64")).update(text).digest("base64");
const [host, port] = "{address}".split(":");
const request = http.request({{host, port, method: "PUT", path: "/{ACCOUNT}/{name}?restype=container", headers: {{
  "x-ms-date": date, "x-ms-version": "2021-08-06", "content-length": 0,
  authorization: `SharedKey {ACCOUNT}:${{signature}}`}}}}, response => process.exit(response.statusCode == 201 ? 0 : 1));
request.end();"#,
        address = azurite.address
    );
    let made = Command::new("node").args(["-e", &script]).status().unwrap();
    assert!(made.success(), "the container was not made");
}

#[tokio::test]
async fn azblob_conforms() {
    let Some(azurite) = Server::azurite() else { return };
    make_container(&azurite, "container");
    let url = format!(
        "azblob://container/a/prefix?storage_account={ACCOUNT}&endpoint=http://{}/{ACCOUNT}",
        azurite.address
    );
    let objects = open_with(&url, &Settings::default().with("account_key", KEY)).unwrap();
    let objects = Retrying::new(objects, RetryPolicy::background());
    conformance::all(&objects).await;
    conformance::attributes_are_kept(&objects, false).await;
    let tags =
        PutOptions { tags: vec![("made-by".to_owned(), "a test".to_owned())], ..PutOptions::default() };
    objects.put_with(&"tagged".parse().unwrap(), Payload::from_static(b"x"), &tags).await.unwrap();

    let uploads = objects.uploads().unwrap();
    let refused = uploads.begin(&"parts".parse().unwrap(), &tags).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    let missing = url.replace("container", "missing");
    let missing = open_with(&missing, &Settings::default().with("account_key", KEY)).unwrap();
    let error = missing.put(&"a".parse().unwrap(), Payload::from_static(b"x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "{error:?}");
}
