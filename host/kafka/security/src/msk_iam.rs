use std::fmt;
use std::fmt::Write as _;

use ring::{digest, hmac};

/// Who logs in by the mechanism AWS_MSK_IAM: an access key of AWS, which is not sent. What is sent is a request to
/// connect that is signed with it (Signature Version 4, in the query), for one broker and a quarter of an hour.
#[derive(Clone, PartialEq, Eq)]
pub struct MskIamLogin {
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: String,
    /// Of temporary credentials.
    pub session_token: Option<String>,
}

const SERVICE: &str = "kafka-cluster";
const ACTION: &str = "kafka-cluster:Connect";
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// Seconds for which the signature holds.
const EXPIRES: &str = "900";

impl MskIamLogin {
    /// The message for the broker at `host`, which is a name without a port. `now` is in UTC, to the second, as RFC 3339
    /// has it.
    #[must_use]
    pub fn message(&self, host: &str, now: &str) -> Vec<u8> {
        // The same without what stands between the digits, and the day of it.
        let moment: String = now.chars().filter(|character| !matches!(character, '-' | ':')).collect();
        let day = moment.split('T').next().unwrap_or_default();
        let scope = format!("{day}/{}/{SERVICE}/aws4_request", self.region);
        let credential = format!("{}/{scope}", self.access_key_id);
        // In the order of their names, as they are signed.
        let mut query = vec![
            ("Action", ACTION),
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", &moment),
            ("X-Amz-Expires", EXPIRES),
        ];
        if let Some(token) = &self.session_token {
            query.push(("X-Amz-Security-Token", token));
        }
        query.push(("X-Amz-SignedHeaders", "host"));
        let encoded: Vec<_> =
            query.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let nothing = hex(digest::digest(&digest::SHA256, b"").as_ref());
        let request = format!("GET\n/\n{}\nhost:{host}\n\nhost\n{nothing}", encoded.join("&"));
        let request = hex(digest::digest(&digest::SHA256, request.as_bytes()).as_ref());
        let signed = format!("{ALGORITHM}\n{moment}\n{scope}\n{request}");
        let signature = hex(&sign(&self.key(day), &signed));

        let mut fields =
            vec![("version", "2020_10_22"), ("host", host), ("user-agent", "forebay"), ("action", ACTION)];
        let named: Vec<_> =
            query.iter().skip(1).map(|(name, value)| (name.to_ascii_lowercase(), *value)).collect();
        fields.extend(named.iter().map(|(name, value)| (name.as_str(), *value)));
        fields.push(("x-amz-signature", &signature));
        let fields: Vec<_> =
            fields.into_iter().map(|(name, value)| format!("{}:{}", quoted(name), quoted(value))).collect();
        format!("{{{}}}", fields.join(",")).into_bytes()
    }

    /// The key of a day, a region and a service.
    fn key(&self, day: &str) -> Vec<u8> {
        let mut key = format!("AWS4{}", self.secret_access_key).into_bytes();
        for part in [day, &self.region, SERVICE, "aws4_request"] {
            key = sign(&key, part);
        }
        key
    }
}

impl fmt::Debug for MskIamLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MskIamLogin")
            .field("region", &self.region)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

fn sign(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// As it stands in a query.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

/// A text of JSON.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control < ' ' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(session_token: Option<&str>) -> MskIamLogin {
        MskIamLogin {
            region: "eu-west-1".to_owned(),
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: session_token.map(str::to_owned),
        }
    }

    const BROKER: &str = "b-1.demo.kafka.eu-west-1.amazonaws.com";

    /// The signatures are those that botocore 1.43 gives for the same request at the same time.
    #[test]
    fn a_request_is_signed_as_aws_has_it() {
        let message = login(None).message(BROKER, "2024-02-29T23:59:58Z");
        let expected = concat!(
            r#"{"version":"2020_10_22","host":"b-1.demo.kafka.eu-west-1.amazonaws.com","user-agent":"forebay","#,
            r#""action":"kafka-cluster:Connect","x-amz-algorithm":"AWS4-HMAC-SHA256","#,
            r#""x-amz-credential":"AKIDEXAMPLE/20240229/eu-west-1/kafka-cluster/aws4_request","#,
            r#""x-amz-date":"20240229T235958Z","x-amz-expires":"900","x-amz-signedheaders":"host","#,
            r#""x-amz-signature":"2af6fc424ad61379e249247b1e0db64a20a93e9da5717788fd469c3cb1312f70"}"#,
        );
        assert_eq!(String::from_utf8(message).unwrap(), expected);
        let message = login(Some("IQoJ+b3/==")).message(BROKER, "2024-02-29T23:59:58Z");
        let text = String::from_utf8(message).unwrap();
        let signature = "7e4100c8c3b5c5f23d94bbd0aea8f501b89ce8b7df6a2cd16e4945e35cffa533";
        assert!(
            text.contains(signature) && text.contains(r#""x-amz-security-token":"IQoJ+b3/==""#),
            "{text}"
        );
    }

    #[test]
    fn the_key_is_never_shown_and_texts_stay_texts() {
        assert!(!format!("{:?}", login(Some("token"))).contains("wJalr"));
        let login = MskIamLogin { region: "a\"\\\n".to_owned(), ..login(None) };
        let text = String::from_utf8(login.message("b", "2024-02-29T23:59:58Z")).unwrap();
        assert!(text.contains(r#"/a\"\\\u000a/kafka-cluster"#), "{text}");
    }
}
