-- Settings of the office that the desk serves (`dnc.desk.office`), a name and a value a row. Older stores get this table
-- with their next change.
create table if not exists office (name varchar, value varchar)
