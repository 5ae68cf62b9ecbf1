-- Objections and withdrawals of a period, and those after which there were calls.
select id as statement, kind, on_day, recorded_at,
       if(on_day is null, null, greatest(recorded_at::date - on_day, 0)) as days_until_recorded, ended_on,
       (select count(distinct call) from called_after where after = id) as called_after
from barred
where recorded_at::date between $first and $last or on_day between $first and $last or called_after > 0
order by on_day nulls first, recorded_at, id
