-- The calls of `made` by weekday and hour.
select isodow("at")::varchar as weekday, hour("at") as "at", count(*) as calls
from made where mine group by all order by all
