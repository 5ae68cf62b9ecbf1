-- Rows about the same numbers become one listing a number.
-- Two different words about one number: listed, and the earlier day; not listed where all rows say so.
-- An end counts where every row has one.
select number,
       case when bool_or(listed) then true when count(listed) = count(*) then false end as listed,
       min(since) as since,
       case when count(until) = count(*) then max(until) end as until
from rows
group by number
