-- SHA-256 of the rows of each table (of the objections, by blocks) after the last change (`dnc.store.state`). They save a
-- change from reading every objection, and show which table was edited. Older stores get this table with their next
-- change.
create table if not exists digests (name varchar, block integer, rows bigint, sha256 varchar)
