-- What loads accepted although it would normally be refused, and the reason given: `unread` rows of a complete list, and
-- numbers `gone` from a list that had them before. Older stores get this table with their next change.
create table if not exists accepted (snapshot integer, what varchar, rows bigint, reason varchar)
