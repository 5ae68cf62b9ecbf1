-- The id of the store, one row, which evidence of it bears and which never changes. Older stores get this table with their
-- next change.
create table if not exists identity (id varchar)
