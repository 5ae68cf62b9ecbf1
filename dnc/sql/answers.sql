-- What a registry said of each asked number on each day:
-- the newest snapshot that speaks of it and stood on that day.
--   asked(key, number, day, campaign), standing(file, as_of, campaign, covers, absent), $files
-- Columns: state (listed, clear, uncovered; null = no snapshot stood), as_of, since,
-- campaign_state (the same among answers for the campaign of the call), next_on (first
-- later day on which another snapshot will speak of the number).
with hits as materialized (
    select l.number, s.as_of, s.campaign, l.listed, l.since
    from read_parquet($files, filename = true) l
    join standing s on parse_filename(l.filename) = s.file
    where l.number in (select number from asked)
),
spoken as (
    select key, day, a.campaign as wanted, h.as_of, h.campaign, h.listed, h.since, false as complete
    from asked a join hits h using (number)
    union all
    select key, day, a.campaign, s.as_of, s.campaign, s.absent = 'listed', null, true
    from asked a join standing s
      on len(list_filter(s.covers, lambda p: starts_with(a.number::varchar, p))) > 0
    where not exists (select 1 from hits h where h.number = a.number and h.as_of = s.as_of)
),
newest as (
    select key, as_of,
           bool_or(listed) as listed,
           max(since) filter (listed) as since
    from spoken
    where as_of <= day
    group by key, as_of
    qualify row_number() over (partition by key order by as_of desc) = 1
),
for_campaign as (
    select key, as_of, bool_or(listed) as listed
    from spoken
    where as_of <= day and campaign = wanted
    group by key, as_of
    qualify row_number() over (partition by key order by as_of desc) = 1
),
later as (
    select key, min(as_of) as next_on from spoken where as_of > day group by key
),
-- A full list that did not hold the number: it was listed on the day after at the earliest.
unheld as (
    select s.key, max(s.as_of) + 1 as since
    from spoken s join newest n using (key)
    where s.complete and not s.listed and s.as_of < n.as_of and n.listed
    group by s.key
),
first as (select min(as_of) as day from standing)
select key,
       case when n.listed then 'listed'
            when not n.listed then 'clear'
            when first.day <= a.day then 'uncovered'
       end as state,
       n.as_of, coalesce(n.since, u.since) as since,
       case when c.listed then 'listed' when not c.listed then 'clear' end as campaign_state,
       least(l.next_on, case when first.day > a.day then first.day end) as next_on
from asked a
cross join first
left join newest n using (key)
left join unheld u using (key)
left join for_campaign c using (key)
left join later l using (key)
order by key
