-- The file of bit pages for each file of listings that has one. Older stores get this table with their next change; lists
-- that they already hold get no bit pages, as loading the same file again changes nothing.
create table if not exists bitpages (of varchar, file varchar, rows bigint)
