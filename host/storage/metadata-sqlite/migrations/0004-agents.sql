-- The number of the next agent. None is given twice, also not when an agent is gone.
ALTER TABLE virtual_clusters ADD COLUMN next_node BIGINT NOT NULL DEFAULT 1;

CREATE TABLE agents (
    vc BIGINT NOT NULL,
    agent BLOB NOT NULL,
    node BIGINT NOT NULL,
    beat_at BIGINT NOT NULL,
    -- Where Kafka's clients come, if any do.
    host TEXT,
    port BIGINT,
    zone TEXT,
    agent_group TEXT,
    -- Names with commas in between.
    roles TEXT NOT NULL,
    pipeline_group TEXT,
    cores BIGINT NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (vc, agent)
) WITHOUT ROWID;
