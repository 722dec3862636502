-- Rows that are written again and again, none of whose columns that change is in an index.
ALTER TABLE consumer_groups SET (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE group_members SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE group_offsets SET (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);
