-- Calls to somebody who had objected or withdrawn. On the day itself they are among them, unless the person objected in
-- a later call; `same_day` says that their order is not known.
--   made (calls of the period), barred
create temp table called_after as
with in_call as (select number, "at"::date as since, min("at") as "at" from made where result = 'objected' group by all)
select 'calls:' || m.seq as call, b.id as after, m.number, m."at", m.result, m.campaign,
       (m."at"::date = b.since and i."at" is null) or coalesce(m."at"::date = b.ended_on, false) as same_day
from made m
join barred b on m.number = b.number and m."at"::date between b.since and coalesce(b.ended_on, date '9999-12-31')
left join in_call i on i.number = m.number and i.since = b.since
where m.mine and (m."at"::date > b.since or i."at" is null or m."at" > i."at")
