create table about (version integer, previous varchar);  -- sha256 of the ledger's file before the last change
create table snapshots (
    id integer, registry varchar, as_of date, covers varchar[], absent varchar, campaign varchar,
    means varchar, asked varchar, region varchar, sha256 varchar, file varchar,
    listed bigint, clear bigint, unknown bigint, unread bigint, numbers bigint, loaded_at timestamp
);
create table objections (seq integer, number ubigint, on_day date, lifted boolean, reason varchar, recorded_at timestamp);
create table rules (sha256 varchar, text varchar);
create table terms (sha256 varchar, text varchar);       -- the settings of checks
create table decisions (seq integer, file varchar, rows bigint, kept_at timestamp);
create table retention (kind varchar, months integer);   -- kind: a registry or `decisions`
create table log (
    seq integer, done_at timestamp, verb varchar, done_by varchar, detail json, previous varchar, hash varchar
);
