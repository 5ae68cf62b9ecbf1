-- Bit pages by the file that holds the same numbers; stores of before get the table with their next change,
-- and their lists have none: the same bytes stand already, a newer file gets them.
create table if not exists bitpages (of varchar, file varchar, rows bigint)
