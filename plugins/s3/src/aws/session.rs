use forebay_sdk::Config;
use forebay_sdk::config::Secret;
use forebay_sdk::http::Text;

use crate::stores::{Cloud, Endpoint};

/// Where buckets are, and who asks for them.
#[derive(Config)]
pub(crate) struct SessionFields {
    /// The region of the bucket. Where it is not given, that of the host's environment or of the profile.
    #[config(default = "")]
    region: String,
    /// The address of a store that speaks as S3 does, in the place of that of AWS.
    #[config(default = "", advanced)]
    endpoint: String,
    /// Who asks. Without any of it, the host looks for credentials in its environment, its profiles, and with the
    /// service that gives them to an instance or a container.
    #[config(default = {}, advanced)]
    credentials: CredentialFields,
}

#[derive(Config)]
#[expect(
    dead_code,
    reason = "two fields are read for compatibility; the host does what they ask for by itself"
)]
struct CredentialFields {
    /// A profile of the host's `~/.aws/credentials`.
    #[config(default = "")]
    profile: String,
    /// The id of an access key.
    #[config(default = "")]
    id: String,
    /// The access key.
    secret: Option<Secret>,
    /// The token of a session, which goes with keys that last for a while.
    token: Option<Secret>,
    /// Whether credentials are those of the instance. The host uses them where it finds no others, so it makes no
    /// difference.
    #[config(default = false)]
    from_ec2_role: bool,
    /// The ARN of a role that is taken on with the credentials.
    #[config(default = "")]
    role: String,
    /// An external id, which the role may ask for.
    #[config(default = "")]
    role_external_id: String,
    /// How long before they expire credentials are had anew. The host chooses that itself.
    #[config(default = "")]
    expiry_window: String,
}

impl SessionFields {
    pub(crate) fn cloud(self, forces_path_style: bool) -> Cloud {
        let Self { region, endpoint, credentials } = self;
        let CredentialFields { profile, id, secret, token, role, role_external_id, .. } = credentials;
        let mut settings = Vec::new();
        for (name, value) in
            [("region", region), ("profile", profile), ("role", role), ("role_external_id", role_external_id)]
        {
            if !value.is_empty() {
                settings.push((name, Text::from(value)));
            }
        }
        if !id.is_empty() {
            settings.push(("access_key_id", Text::from(id)));
            settings.extend(secret.map(|secret| ("secret_access_key", Text::from(&secret))));
            settings.extend(token.map(|token| ("session_token", Text::from(&token))));
        }
        let is_plain_aws = endpoint.is_empty();
        if is_plain_aws && forces_path_style {
            settings.push(("s3ForcePathStyle", Text::from("true")));
        }
        Cloud { scheme: "s3", settings, endpoint: Endpoint::new(endpoint, forces_path_style) }
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;
    use serde_json::{Value, json};

    use super::*;
    use crate::stores::Stores;

    fn settings(fields: &Value) -> Vec<(String, String)> {
        let memory = testing::stores();
        let fields: SessionFields = testing::config(fields).unwrap();
        Stores::new(fields.cloud(false)).bucket("lake").unwrap();
        memory.take_opened().remove(0).1
    }

    #[test]
    fn without_credentials_they_are_the_hosts() {
        let expected: [(String, String); 0] = [];
        assert_eq!(settings(&json!({})), expected);
        // A key without its id is none.
        assert_eq!(settings(&json!({"credentials": {"secret": {"$secret": "1"}}})), expected);
    }

    #[test]
    fn what_is_given_goes_to_the_host() {
        let fields = json!({
            "region": "eu-west-1",
            "endpoint": "http://127.0.0.1:9000",
            "credentials": {
                "id": "me", "secret": {"$secret": "1"}, "token": {"$secret": "2"}, "role": "arn:r",
                "role_external_id": "x", "from_ec2_role": true, "expiry_window": "1m",
            },
        });
        let expected = [
            ("region", "eu-west-1"),
            ("role", "arn:r"),
            ("role_external_id", "x"),
            ("access_key_id", "me"),
            ("secret_access_key", "{secret 1}"),
            ("session_token", "{secret 2}"),
            ("endpoint", "http://127.0.0.1:9000"),
            ("s3ForcePathStyle", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(settings(&fields), expected);
    }
}
