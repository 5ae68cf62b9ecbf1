-- Objections and withdrawals of the period, or of a person who was called in it, with how many of `calls` came after.
with counts as (select id, count(*) as n from (select unnest(after) as id from calls) group by id)
select id as statement, kind, '+' || number as number, on_day, recorded_at,
       if(on_day is null, null, greatest(recorded_at::date - on_day, 0)) as days_until_recorded, ended_on,
       coalesce(n, 0) as called_after
from barred left join counts using (id)
where recorded_at::date between $first and $last or on_day between $first and $last
   or number in (select number from calls)
order by on_day nulls first, recorded_at, id
