use forebay_sdk::config::Secret;
use forebay_sdk::http::Text;
use forebay_sdk::{Config, Problem};

use crate::stores::{Cloud, Stores};

/// Which account, and who asks. Without a key or a token the credentials are those of the host.
#[derive(Config)]
pub(crate) struct AccountFields {
    /// The storage account.
    #[config(default = "")]
    storage_account: String,
    /// A key of the account.
    storage_access_key: Option<Secret>,
    /// A text with account and key, which is not taken: give them as fields.
    storage_connection_string: Option<Secret>,
    /// A token with the rights of a shared access signature.
    storage_sas_token: Option<Secret>,
}

impl AccountFields {
    pub(crate) fn stores(self) -> Result<Stores, Problem> {
        let Self { storage_account, storage_access_key, storage_connection_string, storage_sas_token } = self;
        if storage_connection_string.is_some() {
            let problem = "connection strings are not taken: give storage_account, with storage_access_key or storage_sas_token";
            return Err(Problem::new(problem).at("/storage_connection_string"));
        }
        if storage_account.is_empty() {
            return Err(Problem::new("field storage_account is required"));
        }
        let mut settings = vec![("storage_account", Text::from(storage_account))];
        settings.extend(storage_access_key.map(|key| ("account_key", Text::from(&key))));
        settings.extend(storage_sas_token.map(|token| ("sas_token", Text::from(&token))));
        Ok(Stores::new(Cloud { scheme: "azblob", settings, endpoint: None }))
    }
}
