-- Files of own records (`dnc.store.record_kinds`), and the wordings of consents. In a file `first` to `last` are the
-- numbers (`seq`) of its rows; `from_day` to `to_day` the days for which it has every call; `oldest` the day of its oldest row. Older stores get these tables
-- with their next change.
create table if not exists wordings (name varchar, sha256 varchar, text varchar, facts json, added_at timestamp);
create table if not exists records (
    id integer, kind varchar, file varchar, rows bigint, first bigint, last bigint, sha256 varchar, name varchar,
    as_of date, from_day date, to_day date, oldest date, loaded_at timestamp
)
