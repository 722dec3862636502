ALTER TABLE virtual_clusters ADD COLUMN acls_version BIGINT NOT NULL DEFAULT 0;

-- Kafka's numbers of types and operations. An ACL is all that it says; its key is a SHA-256 of that, since names may
-- be longer than a row of an index.
CREATE TABLE acls (
    vc BIGINT NOT NULL,
    acl BYTEA NOT NULL,
    resource_type BIGINT NOT NULL,
    resource_name TEXT NOT NULL,
    pattern_type BIGINT NOT NULL,
    principal TEXT NOT NULL,
    host TEXT NOT NULL,
    operation BIGINT NOT NULL,
    permission BIGINT NOT NULL,
    PRIMARY KEY (vc, acl)
);

-- No password is kept, nor anything that would do as one.
CREATE TABLE scram_credentials (
    vc BIGINT NOT NULL,
    username TEXT COLLATE "C" NOT NULL,
    mechanism BIGINT NOT NULL,
    salt BYTEA NOT NULL,
    iterations BIGINT NOT NULL,
    stored_key BYTEA NOT NULL,
    server_key BYTEA NOT NULL,
    PRIMARY KEY (vc, username, mechanism)
);
