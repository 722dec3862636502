//! How clients log in.

use std::collections::BTreeMap;

use forebay_sdk::config::Secret;
use forebay_sdk::http::Text;
use forebay_sdk::kafka::Login;
use forebay_sdk::{Config, Problem};

/// A way to log in.
#[derive(Config)]
#[expect(dead_code, reason = "some are read for compatibility, and their mechanisms are refused")]
pub(crate) struct SaslFields {
    /// What is spoken. `OAUTHBEARER` and `AWS_MSK_IAM` are not available.
    #[config(options("none", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "AWS_MSK_IAM"))]
    mechanism: String,
    /// The user, of PLAIN and SCRAM.
    #[config(default = "", example = "${USER}")]
    username: String,
    /// The password, of PLAIN and SCRAM.
    #[config(example = "${PASSWORD}")]
    password: Option<Secret>,
    /// The token, of OAUTHBEARER.
    #[config(advanced)]
    token: Option<Secret>,
    /// Where tokens of OAUTHBEARER are had.
    #[config(default = {}, advanced)]
    oauth2: OAuth2Fields,
    /// What is said beside the token of OAUTHBEARER.
    #[config(default = {}, advanced)]
    extensions: BTreeMap<String, String>,
    /// Of AWS_MSK_IAM.
    #[config(default = {}, advanced)]
    aws: AwsFields,
}

#[derive(Config)]
#[expect(dead_code, reason = "read for compatibility")]
struct OAuth2Fields {
    /// Whether it is used.
    #[config(default = false)]
    enabled: bool,
    /// Who the client is.
    #[config(default = "")]
    client_key: String,
    /// What proves it.
    client_secret: Option<Secret>,
    /// Where tokens are had.
    #[config(default = "")]
    token_url: String,
    /// What the token is to allow.
    #[config(default = [], advanced)]
    scopes: Vec<String>,
    /// More parameters of the request for a token: a list of values each.
    #[config(default = {}, advanced)]
    endpoint_params: BTreeMap<String, Vec<String>>,
}

#[derive(Config)]
#[expect(dead_code, reason = "read for compatibility")]
struct AwsFields {
    /// The region of the cluster.
    #[config(default = "")]
    region: String,
    /// The address of another service than that of AWS.
    #[config(default = "", advanced)]
    endpoint: String,
    /// Who asks.
    #[config(default = {}, advanced)]
    credentials: CredentialFields,
}

#[derive(Config)]
#[expect(dead_code, reason = "read for compatibility")]
struct CredentialFields {
    /// A profile of the host's `~/.aws/credentials`.
    #[config(default = "")]
    profile: String,
    /// The id of an access key.
    #[config(default = "")]
    id: String,
    /// The access key.
    secret: Option<Secret>,
    /// The token of a session.
    token: Option<Secret>,
    /// Whether credentials are those of the instance.
    #[config(default = false)]
    from_ec2_role: bool,
    /// The ARN of a role that is taken on.
    #[config(default = "")]
    role: String,
    /// An external id, which the role may ask for.
    #[config(default = "")]
    role_external_id: String,
    /// How long before they expire credentials are had anew.
    #[config(default = "")]
    expiry_window: String,
}

/// The way to log in that a list names, if it names one.
///
/// # Errors
/// Says which one is not available, or is one too many.
pub(crate) fn logins(list: Vec<SaslFields>) -> Result<Vec<Login>, Problem> {
    let mut logins = Vec::new();
    for (index, fields) in list.into_iter().enumerate() {
        let SaslFields { mechanism, username, password, .. } = fields;
        let (username, password) = (Text::from(username), text(password.as_ref()));
        let login = match mechanism.as_str() {
            "none" => continue,
            "PLAIN" => Login::Plain { username, password },
            "SCRAM-SHA-256" => Login::ScramSha256 { username, password },
            "SCRAM-SHA-512" => Login::ScramSha512 { username, password },
            mechanism => {
                let problem =
                    format!("{mechanism} is not available: PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 are");
                return Err(Problem::new(problem).at(format!("/sasl/{index}/mechanism")));
            }
        };
        // Nothing tries one after the other.
        if !logins.is_empty() {
            let problem = "only one mechanism can be given: choose one that the brokers take";
            return Err(Problem::new(problem).at(format!("/sasl/{index}")));
        }
        logins.push(login);
    }
    Ok(logins)
}

fn text(secret: Option<&Secret>) -> Text {
    secret.map_or_else(Text::default, Text::from)
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;
    use serde_json::{Value, json};

    use super::*;

    fn read(list: &Value) -> Result<Vec<Login>, String> {
        let list: Vec<SaslFields> = testing::config(list).unwrap();
        logins(list).map_err(|problem| problem.to_string())
    }

    #[test]
    fn passwords_are_handed_on_as_they_are() {
        let secret = json!({"$secret": "1"});
        for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
            let login = json!({"mechanism": mechanism, "username": "ada", "password": secret});
            let read = read(&json!([{"mechanism": "none"}, login])).unwrap();
            let [
                Login::Plain { username, password }
                | Login::ScramSha256 { username, password }
                | Login::ScramSha512 { username, password },
            ] = read.as_slice()
            else {
                panic!("{read:?}")
            };
            assert_eq!((username.shown().as_str(), password.shown().as_str()), ("ada", "{secret 1}"));
        }
    }

    #[test]
    fn a_second_mechanism_is_refused() {
        let plain = json!({"mechanism": "PLAIN", "username": "ada"});
        let refusal = read(&json!([plain, {"mechanism": "SCRAM-SHA-512"}])).unwrap_err();
        assert_eq!(refusal, "/sasl/1: only one mechanism can be given: choose one that the brokers take");
        assert_eq!(read(&json!([{"mechanism": "none"}, plain, {"mechanism": "none"}])).unwrap().len(), 1);
    }

    #[test]
    fn what_is_not_available_is_refused_by_its_field() {
        for mechanism in ["AWS_MSK_IAM", "OAUTHBEARER"] {
            let refusal = read(&json!([{"mechanism": "none"}, {"mechanism": mechanism}])).unwrap_err();
            assert!(refusal.starts_with(&format!("/sasl/1/mechanism: {mechanism} is not")), "{refusal}");
        }
    }
}
