-- What must not be erased until the hold is lifted: a number, a campaign, or with neither of them everything; `seq` is
-- the row of the log. Older stores get this table with their next change.
create table if not exists holds (seq integer, number ubigint, campaign varchar, reason varchar)
