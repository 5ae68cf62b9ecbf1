-- What a user said about the columns and words of a loaded file, as JSON (`dnc.registries.contract.Layout`). Older stores
-- get this column with their next change.
alter table snapshots add column if not exists layout varchar
