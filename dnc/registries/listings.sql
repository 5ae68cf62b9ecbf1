-- Merges rows about the same number into one listing per number.
-- listed: true if any row says so, false if all rows say not listed, otherwise null.
-- since: of listed rows, only if all of them have the same date. With two dates neither is safe: the earlier one is wrong
-- for a consent that must be newer, the later one for days of grace. If all rows say not listed, the latest date asked
-- about. until: the latest end, if every row has one.
select number,
       case when bool_or(listed) then true when count(listed) = count(*) then false end as listed,
       case when bool_or(listed)
            then case when min(day) filter (listed) = max(day) filter (listed) then min(since) filter (listed) end
            when count(since) = count(*) then max(since)
       end as since,
       case when count(until) = count(*) then max(until) end as until
from (select *, coalesce(since, 'infinity') as day from rows)
group by number
