-- The keys with which hashes in a row of the log are made (`dnc.checks.evidence`): without them nobody
-- can try all numbers against such a hash, so `dnc forget` deletes them. seq: the row; 0 for the key of the
-- names of files, of files of own records, of requests, and of the hash of the tables themselves, which each change that
-- finds none makes. Older stores get this table with their next change.
create table if not exists hash_keys (seq integer, key varchar)
