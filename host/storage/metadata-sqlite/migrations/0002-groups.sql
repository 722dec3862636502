-- Consumer groups. A version is never given twice in a virtual cluster.
ALTER TABLE virtual_clusters ADD COLUMN next_group_version BIGINT NOT NULL DEFAULT 1;

CREATE TABLE consumer_groups (
    vc BIGINT NOT NULL,
    group_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    state BLOB NOT NULL,
    PRIMARY KEY (vc, group_id)
) WITHOUT ROWID;

-- When members were last heard of.
CREATE TABLE group_members (
    vc BIGINT NOT NULL,
    group_id TEXT NOT NULL,
    member TEXT NOT NULL,
    beat_at BIGINT NOT NULL,
    PRIMARY KEY (vc, group_id, member)
) WITHOUT ROWID;

CREATE TABLE group_offsets (
    vc BIGINT NOT NULL,
    group_id TEXT NOT NULL,
    topic BLOB NOT NULL,
    partition INTEGER NOT NULL,
    committed_offset BIGINT NOT NULL,
    leader_epoch INTEGER,
    metadata TEXT NOT NULL,
    committed_at BIGINT NOT NULL,
    -- Set where the group said so itself.
    expires_at BIGINT,
    PRIMARY KEY (vc, group_id, topic, partition)
) WITHOUT ROWID;
