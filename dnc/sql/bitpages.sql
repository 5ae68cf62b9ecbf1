-- Bit pages by the file that holds the same numbers; stores of before get the table with their next change,
-- and their lists have none until they are loaded anew.
create table if not exists bitpages (of varchar, file varchar, rows bigint)
