-- Keys of programs that use the desk: a name, and the SHA-256 of the key. Older stores get this table with their next
-- change.
create table if not exists keys (name varchar, sha256 varchar, added_at timestamp)
