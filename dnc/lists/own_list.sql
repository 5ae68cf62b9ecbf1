-- For each asked number and day, whether it is on the own list: the union of all objections up to the day after (days
-- differ by zone), without what was lifted and without those whose last day (`until`) has passed. An objection counts from
-- its own date, however late it was loaded; without one, from the day of its file. Where it is not known of any of them
-- whether it is an objection (`lifted` is null), the answer is `uncovered`; where there is none, it is null.
-- A lift cancels what is older; of what is of the same day, what was in the store before the lift.
-- `first`: the row that stands and is the earliest: its day, whether it is only that of its file (one bit), and its
-- number (39 bits), in one integer, whose least is found quickest.
--   asked(key, number, day), statements(number, seq, on_day, as_of, lifted, until)
with stated as materialized (
    select * replace (coalesce(on_day, as_of) as on_day), on_day as told_on from statements
),
stated_of as (select key, day, s.* from asked join stated s using (number) where lifted is distinct from true),
holding as (
    select key, bool_or(not lifted) as listed, max(on_day) filter (not lifted) as as_of, min(on_day) as since,
           case when bool_and(until is not null) then max(until) end as until,
           min(((epoch_ms(on_day) // 86400000 * 2 + (told_on is null)::bigint) << 39) + seq) as first
    from stated_of s
    where on_day <= day + 1 and (until is null or day <= until)
      and not exists (
          select 1 from stated l
          where l.lifted and l.number = s.number and l.on_day <= s.day
            and (l.on_day > s.on_day or (l.on_day = s.on_day and l.seq > s.seq))
      )
    group by key
),
later as (
    select key, min(on_day - 1) as next_on from stated_of where on_day > day + 1 group by key
)
select key,
       case when h.listed then 'listed' when h.key is not null then 'uncovered' end as state,
       coalesce(least(h.as_of, a.day), a.day) as as_of,
       l.next_on,
       a.number,
       a.day,
       h.since,
       h.until,
       h.first
from asked a
left join holding h using (key)
left join later l using (key)
order by key
