ALTER TABLE virtual_clusters ADD COLUMN acls_version BIGINT NOT NULL DEFAULT 0;

-- Kafka's numbers of types and operations. An ACL is all that it says.
CREATE TABLE acls (
    vc BIGINT NOT NULL,
    resource_type INTEGER NOT NULL,
    resource_name TEXT NOT NULL,
    pattern_type INTEGER NOT NULL,
    principal TEXT NOT NULL,
    host TEXT NOT NULL,
    operation INTEGER NOT NULL,
    permission INTEGER NOT NULL,
    PRIMARY KEY (vc, resource_type, resource_name, pattern_type, principal, host, operation, permission)
) WITHOUT ROWID;

-- No password is kept, nor anything that would do as one.
CREATE TABLE scram_credentials (
    vc BIGINT NOT NULL,
    username TEXT NOT NULL,
    mechanism INTEGER NOT NULL,
    salt BLOB NOT NULL,
    iterations INTEGER NOT NULL,
    stored_key BLOB NOT NULL,
    server_key BLOB NOT NULL,
    PRIMARY KEY (vc, username, mechanism)
) WITHOUT ROWID;
