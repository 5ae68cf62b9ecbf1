-- Rows about the same numbers become one listing a number.
-- Two different words about one number: listed; not listed where all rows say so.
-- The day of a listing counts where all rows that say so tell the same one: of two days neither is safe, the earlier
-- for a consent that is to be younger, the later for days of grace. Of two days that were asked about, both answered
-- with no, the later counts. An end counts where every row has one.
select number,
       case when bool_or(listed) then true when count(listed) = count(*) then false end as listed,
       case when bool_or(listed)
            then case when min(day) filter (listed) = max(day) filter (listed) then min(since) filter (listed) end
            when count(since) = count(*) then max(since)
       end as since,
       case when count(until) = count(*) then max(until) end as until
from (select *, coalesce(since, 'infinity') as day from rows)
group by number
