-- Consumer groups. A version is never given twice: not to a group that is made again, and not to another one.
CREATE SEQUENCE group_versions;

CREATE TABLE consumer_groups (
    vc BIGINT NOT NULL,
    -- In the order of bytes, whatever the language of the database is.
    group_id TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    state BYTEA NOT NULL,
    PRIMARY KEY (vc, group_id)
);

-- When members were last heard of.
CREATE TABLE group_members (
    vc BIGINT NOT NULL,
    group_id TEXT COLLATE "C" NOT NULL,
    member TEXT COLLATE "C" NOT NULL,
    beat_at BIGINT NOT NULL,
    PRIMARY KEY (vc, group_id, member)
);

CREATE TABLE group_offsets (
    vc BIGINT NOT NULL,
    group_id TEXT COLLATE "C" NOT NULL,
    topic UUID NOT NULL,
    partition BIGINT NOT NULL,
    committed_offset BIGINT NOT NULL,
    leader_epoch BIGINT,
    -- What clients call text may hold bytes that TEXT does not take.
    metadata BYTEA NOT NULL,
    committed_at BIGINT NOT NULL,
    -- Set where the group said so itself.
    expires_at BIGINT,
    PRIMARY KEY (vc, group_id, topic, partition)
);
