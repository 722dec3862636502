-- Every key begins with the virtual cluster, by a number that stands for its id. Times are milliseconds since 1970.

CREATE TABLE virtual_clusters (
    vc INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    -- The number that the next idempotent producer gets.
    next_producer BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE cluster_configs (
    vc BIGINT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (vc, name)
) WITHOUT ROWID;

CREATE TABLE topics (
    vc BIGINT NOT NULL,
    topic BLOB NOT NULL,
    name TEXT NOT NULL,
    -- The name with '_' for '.': no two topics have the same.
    collision_key TEXT NOT NULL,
    partitions INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    -- Set when the topic is deleted; the row goes when nothing of it is left.
    deleted_at BIGINT,
    PRIMARY KEY (vc, topic)
) WITHOUT ROWID;
CREATE UNIQUE INDEX topics_by_collision_key ON topics (vc, collision_key) WHERE deleted_at IS NULL;
CREATE INDEX topics_deleted ON topics (vc, deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE topic_configs (
    vc BIGINT NOT NULL,
    topic BLOB NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (vc, topic, name)
) WITHOUT ROWID;

-- A row for each partition.
CREATE TABLE logs (
    log INTEGER PRIMARY KEY,
    vc BIGINT NOT NULL,
    topic BLOB NOT NULL,
    partition INTEGER NOT NULL,
    is_deleted INTEGER NOT NULL DEFAULT 0,
    log_start BIGINT NOT NULL DEFAULT 0,
    high_watermark BIGINT NOT NULL DEFAULT 0,
    -- Of all runs.
    bytes BIGINT NOT NULL DEFAULT 0,
    -- The latest timestamp of all runs that the log has had since it was empty, and of those of them that are removed.
    running_max BIGINT,
    trimmed_max BIGINT,
    -- The minute of the last commit, and the high watermark before its first commit.
    minute BIGINT,
    minute_base BIGINT NOT NULL DEFAULT 0,
    UNIQUE (vc, topic, partition)
);

-- A row for each object: one that was committed, or one that never may be.
CREATE TABLE segments (
    segment INTEGER PRIMARY KEY,
    vc BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- 0 committed, 1 condemned, 2 deleted.
    state INTEGER NOT NULL,
    size BIGINT NOT NULL,
    -- How many rows of runs lie in it.
    runs INTEGER NOT NULL,
    -- When state was set, or runs became 0.
    changed_at BIGINT NOT NULL,
    -- Both NULL where it was never committed.
    commit_id BLOB,
    committed_at BIGINT,
    UNIQUE (vc, name),
    UNIQUE (vc, commit_id)
);
CREATE INDEX segments_unreferenced ON segments (vc, state, changed_at) WHERE runs = 0;

-- What was answered to the commit of a segment, for a while.
CREATE TABLE outcomes (
    vc BIGINT NOT NULL,
    segment BIGINT NOT NULL,
    committed_at BIGINT NOT NULL,
    outcome BLOB NOT NULL,
    PRIMARY KEY (vc, segment)
) WITHOUT ROWID;

-- The index: batches of a partition that lie one behind the other in a segment.
CREATE TABLE runs (
    vc BIGINT NOT NULL,
    log BIGINT NOT NULL,
    base_offset BIGINT NOT NULL,
    end_offset BIGINT NOT NULL,
    segment BIGINT NOT NULL,
    position BIGINT NOT NULL,
    length BIGINT NOT NULL,
    max_timestamp BIGINT NOT NULL,
    -- running_max of the log when this was the last run: it never falls from one run to the next.
    running_max BIGINT NOT NULL,
    log_append_time BIGINT,
    PRIMARY KEY (vc, log, base_offset)
) WITHOUT ROWID;

-- When offsets were committed: offset_count from base_offset on, in minute_count minutes from minute on.
CREATE TABLE minutes (
    vc BIGINT NOT NULL,
    log BIGINT NOT NULL,
    base_offset BIGINT NOT NULL,
    offset_count BIGINT NOT NULL,
    minute BIGINT NOT NULL,
    minute_count BIGINT NOT NULL,
    PRIMARY KEY (vc, log, base_offset)
) WITHOUT ROWID;

-- What a partition remembers of an idempotent producer.
CREATE TABLE producers (
    vc BIGINT NOT NULL,
    log BIGINT NOT NULL,
    producer BIGINT NOT NULL,
    epoch INTEGER NOT NULL,
    -- The hour of its last batch, since 1970.
    hour BIGINT NOT NULL,
    -- Its last batches, five at most.
    batches BLOB NOT NULL,
    PRIMARY KEY (vc, log, producer)
) WITHOUT ROWID;
CREATE INDEX producers_by_hour ON producers (vc, hour);
