create table about (version integer);
create table snapshots (
    id integer, registry varchar, as_of date, covers varchar[], absent varchar, campaign varchar,
    means varchar, asked varchar, region varchar, sha256 varchar, file varchar,
    listed bigint, clear bigint, unknown bigint, unread bigint, loaded_at timestamp
);
create table objections (seq integer, number ubigint, on_day date, lifted boolean, reason varchar, recorded_at timestamp);
create table rules (sha256 varchar, text varchar);
create table log (seq integer, done_at timestamp, verb varchar, done_by varchar, detail json);
