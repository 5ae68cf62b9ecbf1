-- For each asked number and day, whether it is on the caller's own opt-out list: the union of all entries up to the day
-- after (days differ by zone), without what was lifted and without entries whose last day (`until`) has passed. An entry
-- counts from its own date, however late the list was loaded; without one, from the day of its file.
-- Files of earlier versions may hold dates that no list is accepted with any more: an entry that starts after the day of
-- its file starts on that day, and one that ends before it starts has no end.
-- A lift cancels what is older; of a list that was loaded for the same day, what was in the store before the lift.
--   asked(key, number, day), standing(file, as_of, loaded_at, whole), objections(number, on_day, lifted, seq,
--   recorded_at), $files, $no_days
with entries as materialized (
    select l.number, l.listed, least(l.since, s.as_of) as on_day,
           case when l.until > $no_days and l.until >= coalesce(l.since, l.until) then l.until end as until,
           s.loaded_at, null as seq
    from read_parquet($files, filename = true) l
    join standing s on parse_filename(l.filename) = s.file
    where l.listed is distinct from false and l.number in (select number from asked)
    union all
    select number, true, on_day, null, null, seq from objections where not lifted
),
entries_of as (select key, day, e.* from asked a join entries e using (number)),
holding as (
    select key, bool_or(listed) as listed, max(on_day) filter (listed) as as_of, min(on_day) as since,
           case when bool_and(until is not null) then max(until) end as until
    from entries_of e
    where on_day <= day + 1 and (until is null or day <= until)
      and not exists (
          select 1 from objections l
          where l.lifted and l.number = e.number and l.on_day <= e.day
            and (l.on_day > e.on_day
                 or (l.on_day = e.on_day and (l.seq > e.seq or l.recorded_at > e.loaded_at)))
      )
    group by key
),
later as (
    select key, min(on_day - 1) as next_on from entries_of where on_day > day + 1 group by key
),
loaded as (select min(as_of) as day from standing where whole)
select key,
       case when h.listed then 'listed'
            when h.key is not null then 'uncovered'
            when loaded.day <= a.day then 'clear'
       end as state,
       coalesce(least(h.as_of, a.day), a.day) as as_of,
       l.next_on,
       a.number,
       h.since,
       h.until
from asked a
cross join loaded
left join holding h using (key)
left join later l using (key)
order by key
