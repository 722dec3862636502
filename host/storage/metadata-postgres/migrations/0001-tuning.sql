-- What PostgreSQL needs for a billion rows of the index. Other databases take no such settings, or others.

-- Only the tail of each log grows and only its head goes, so dead rows come in bulk: a vacuum for each percent of
-- them fits into one pass over the primary key. Pages are frozen bit by bit while rows come in, not all at once when
-- transaction ids run out.
ALTER TABLE runs SET (
    autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_limit = 2000);
-- Every commit updates rows of logs: with room on the page and no index on what changes, the new version stays there
-- and no index is written. Commits that wait for each other keep alive what was there when they began to wait, so there
-- must be room for as many versions of each row as agents write to the same partitions, and one more. Without it new
-- versions go to other pages and into both indexes, which takes three times as long, so that more commits wait.
ALTER TABLE logs SET (
    fillfactor = 10, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500,
    autovacuum_vacuum_cost_limit = 2000);
-- The same for what is remembered of producers, each of which is one agent's at a time.
ALTER TABLE producers SET (
    fillfactor = 25, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE virtual_clusters SET (fillfactor = 10, autovacuum_vacuum_threshold = 200);
ALTER TABLE segments SET (
    fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02,
    autovacuum_vacuum_cost_limit = 2000);
-- A queue: rows come at one end and go an hour later at the other.
ALTER TABLE outcomes SET (
    autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE minutes SET (autovacuum_vacuum_scale_factor = 0.05);
