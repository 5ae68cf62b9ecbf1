-- The calls of `made` by weekday and hour, null where the day alone was told.
select isodow("at")::varchar as weekday, case when "at"::time <= $last_timed then hour("at") end as "at", count(*) as calls
from made where mine group by all order by all
