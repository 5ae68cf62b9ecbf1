-- Rows about the same numbers become one listing a number.
-- Two different words about one number: listed, and the earlier day. An end counts where every row has one.
select number,
       case when bool_or(listed) then true when bool_or(not listed) then false end as listed,
       min(since) as since,
       case when count(until) = count(*) then max(until) end as until
from rows
group by number
