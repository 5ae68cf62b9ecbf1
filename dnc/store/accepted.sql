-- What was taken in all the same, and for what reason: `unread` rows of a list that is complete for something,
-- and numbers that are `gone` from one that was listed before.
-- Stores of before get the table with their next change.
create table if not exists accepted (snapshot integer, what varchar, rows bigint, reason varchar)
