-- Rows that are written again and again, none of whose columns that change is in an index.
ALTER TABLE agents SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
