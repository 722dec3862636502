-- What PostgreSQL needs for a billion rows of the index. Other databases take no such settings, or others.

-- Only the tail of each log grows and only its head goes, so dead rows come in bulk: a vacuum for each percent of
-- them fits into one pass over the primary key. Pages are frozen bit by bit while rows come in, not all at once when
-- transaction ids run out.
ALTER TABLE runs SET (
    autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_limit = 2000);
-- Every commit updates rows of logs: with room on the page and no index on what changes, the new version stays there
-- and no index is written.
ALTER TABLE logs SET (
    fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500,
    autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE producers SET (
    fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE virtual_clusters SET (fillfactor = 10, autovacuum_vacuum_threshold = 200);
ALTER TABLE segments SET (
    fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02,
    autovacuum_vacuum_cost_limit = 2000);
-- A queue: rows come at one end and go an hour later at the other.
ALTER TABLE outcomes SET (
    autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE minutes SET (autovacuum_vacuum_scale_factor = 0.05);
