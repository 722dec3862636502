//! How clients log in.

use std::collections::BTreeMap;

use forebay_oauth2::OAuth2Fields;
use forebay_sdk::config::Secret;
use forebay_sdk::http::Text;
use forebay_sdk::kafka::{Login, Token};
use forebay_sdk::{Config, Problem};

/// A way to log in.
#[derive(Config)]
pub(crate) struct SaslFields {
    /// What is spoken.
    #[config(options("none", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "AWS_MSK_IAM"))]
    mechanism: String,
    /// The user, of PLAIN and SCRAM.
    #[config(default = "", example = "${USER}")]
    username: String,
    /// The password, of PLAIN and SCRAM.
    #[config(example = "${PASSWORD}")]
    password: Option<Secret>,
    /// The token, of OAUTHBEARER. It is used for every connection, for as long as brokers take it.
    #[config(advanced)]
    token: Option<Secret>,
    /// Where tokens of OAUTHBEARER are fetched, in place of a `token`.
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
#[expect(dead_code, reason = "the endpoint is read for compatibility: nothing is asked at one")]
struct AwsFields {
    /// The region of the cluster.
    #[config(default = "")]
    region: String,
    /// Has no effect: the host signs by itself.
    #[config(default = "", advanced)]
    endpoint: String,
    /// Who asks: `id` and `secret` are needed.
    #[config(default = {}, advanced)]
    credentials: CredentialFields,
}

#[derive(Config)]
#[expect(dead_code, reason = "the window is read for compatibility: keys that are given do not expire here")]
struct CredentialFields {
    /// A profile of the host's `~/.aws/credentials`. Not available.
    #[config(default = "")]
    profile: String,
    /// The id of an access key.
    #[config(default = "")]
    id: String,
    /// The access key.
    secret: Option<Secret>,
    /// The token of a session.
    token: Option<Secret>,
    /// Whether credentials are those of the instance. Not available.
    #[config(default = false)]
    from_ec2_role: bool,
    /// The ARN of a role that is taken on. Not available.
    #[config(default = "")]
    role: String,
    /// An external id, which the role may ask for.
    #[config(default = "")]
    role_external_id: String,
    /// How long before they expire credentials are had anew.
    #[config(default = "")]
    expiry_window: String,
}

/// The ways to log in that a list names.
///
/// # Errors
/// Says which field can't be used.
pub(crate) fn logins(list: Vec<SaslFields>) -> Result<Vec<Login>, Problem> {
    let mut logins = Vec::new();
    for (index, fields) in list.into_iter().enumerate() {
        logins.extend(login(fields).map_err(|problem| under(&format!("/sasl/{index}"), problem))?);
    }
    Ok(logins)
}

fn login(fields: SaslFields) -> Result<Option<Login>, Problem> {
    let SaslFields { mechanism, username, password, token, oauth2, extensions, aws } = fields;
    let (username, password) = (Text::from(username), text(password.as_ref()));
    Ok(Some(match mechanism.as_str() {
        "none" => return Ok(None),
        "PLAIN" => Login::Plain { username, password },
        "SCRAM-SHA-256" => Login::ScramSha256 { username, password },
        "SCRAM-SHA-512" => Login::ScramSha512 { username, password },
        "OAUTHBEARER" => {
            let token = match (oauth2.client()?, token) {
                (Some(client), _) => Token::Fetched(client),
                (None, Some(token)) => Token::Given(Text::from(&token)),
                (None, None) => return Err(Problem::new("OAUTHBEARER needs a token").at("/token")),
            };
            let extensions = extensions.into_iter().map(|(name, value)| (name, Text::from(value))).collect();
            Login::Bearer { token, extensions }
        }
        "AWS_MSK_IAM" => aws.login().map_err(|problem| under("/aws", problem))?,
        other => {
            let problem = Problem::new(format!("{other:?} is no mechanism that is known"));
            return Err(problem.at("/mechanism"));
        }
    }))
}

impl AwsFields {
    fn login(self) -> Result<Login, Problem> {
        let Self { region, credentials, .. } = self;
        if region.is_empty() {
            return Err(Problem::new("AWS_MSK_IAM needs the region of the cluster").at("/region"));
        }
        let CredentialFields { profile, id, secret, token, from_ec2_role, role, role_external_id, .. } =
            credentials;
        let others = [
            (!profile.is_empty(), "profile"),
            (from_ec2_role, "from_ec2_role"),
            (!role.is_empty(), "role"),
            (!role_external_id.is_empty(), "role_external_id"),
        ];
        if let Some((_, field)) = others.into_iter().find(|(is_given, _)| *is_given) {
            let problem =
                Problem::new("not available for AWS_MSK_IAM: give the id and secret of an access key");
            return Err(problem.at(format!("/credentials/{field}")));
        }
        let Some(secret) = secret.filter(|_| !id.is_empty()) else {
            let problem = Problem::new("AWS_MSK_IAM needs the id and secret of an access key");
            return Err(problem.at("/credentials"));
        };
        let session_token = token.as_ref().map(Text::from);
        Ok(Login::AwsMskIam { region, id: Text::from(id), secret: Text::from(&secret), session_token })
    }
}

/// The same problem, of a field in this one.
fn under(field: &str, problem: Problem) -> Problem {
    let field = format!("{field}{}", problem.field());
    problem.at(field)
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
    fn all_that_are_given_are_handed_on_in_their_order() {
        let plain = json!({"mechanism": "PLAIN", "username": "ada"});
        let both = read(&json!([plain, {"mechanism": "none"}, {"mechanism": "SCRAM-SHA-512"}])).unwrap();
        assert!(matches!(both[..], [Login::Plain { .. }, Login::ScramSha512 { .. }]), "{both:?}");
        assert_eq!(read(&json!([{"mechanism": "none"}])).unwrap().len(), 0);
    }

    #[test]
    fn a_token_has_what_is_said_beside_it() {
        let bearer = json!({
            "mechanism": "OAUTHBEARER", "token": {"$secret": "1"}, "extensions": {"logicalCluster": "lkc-1"},
        });
        let read = read(&json!([bearer])).unwrap();
        let [Login::Bearer { token, extensions }] = read.as_slice() else { panic!("{read:?}") };
        assert!(matches!(token, Token::Given(token) if token.shown() == "{secret 1}"), "{token:?}");
        let [(name, value)] = extensions.as_slice() else { panic!("{extensions:?}") };
        assert_eq!((name.as_str(), value.shown().as_str()), ("logicalCluster", "lkc-1"));
    }

    #[test]
    fn a_token_may_be_fetched() {
        let client = json!({
            "enabled": true, "client_key": "me", "client_secret": {"$secret": "1"}, "token_url": "https://a/token",
        });
        let bearer =
            json!({"mechanism": "OAUTHBEARER", "oauth2": client, "extensions": {"logicalCluster": "lkc-1"}});
        let read = read(&json!([bearer])).unwrap();
        let [Login::Bearer { token: Token::Fetched(client), extensions }] = read.as_slice() else {
            panic!("{read:?}")
        };
        assert_eq!((client.client_id.as_str(), client.token_url.as_str()), ("me", "https://a/token"));
        assert_eq!((client.client_secret.shown().as_str(), extensions.len()), ("{secret 1}", 1));
    }

    #[test]
    fn an_access_key_is_handed_on_as_it_is() {
        let credentials = json!({"id": "AKID", "secret": {"$secret": "1"}, "token": {"$secret": "2"}});
        let aws = json!({"region": "eu-west-1", "credentials": credentials});
        let read = read(&json!([{"mechanism": "AWS_MSK_IAM", "aws": aws}])).unwrap();
        let [Login::AwsMskIam { region, id, secret, session_token: Some(token) }] = read.as_slice() else {
            panic!("{read:?}")
        };
        assert_eq!((region.as_str(), id.shown().as_str()), ("eu-west-1", "AKID"));
        assert_eq!((secret.shown().as_str(), token.shown().as_str()), ("{secret 1}", "{secret 2}"));
    }

    #[test]
    fn what_is_not_available_is_refused_by_its_field() {
        let msk = |aws: Value| json!({"mechanism": "AWS_MSK_IAM", "aws": aws});
        let role = json!({"id": "AKID", "secret": {"$secret": "1"}, "role": "arn"});
        for (login, expected) in [
            (json!({"mechanism": "OAUTHBEARER"}), "/sasl/1/token: OAUTHBEARER needs a token"),
            (json!({"mechanism": "OAUTHBEARER", "oauth2": {"enabled": true}}), "/sasl/1/oauth2/token_url: "),
            (msk(json!({})), "/sasl/1/aws/region: "),
            (msk(json!({"region": "r"})), "/sasl/1/aws/credentials: AWS_MSK_IAM needs the id and secret"),
            (msk(json!({"region": "r", "credentials": role})), "/sasl/1/aws/credentials/role: not available"),
        ] {
            let refusal = read(&json!([{"mechanism": "none"}, login])).unwrap_err();
            assert!(refusal.starts_with(expected), "{refusal}");
        }
    }
}
