-- Whether each asked number stood on the caller's own opposition list on each day:
-- the union of all that was loaded or recorded up to that day, less what was lifted
-- and less entries whose own last day has passed; an entry ends nothing but itself.
-- Days that no list is taken with any more may stand in files of earlier versions: an entry whose first day is after its
-- file is of the day of that file, and one that ends before it begins does not end.
-- A lift takes back what was said before it; of what a file of the same day says, what was in the store before it.
--   asked(key, number, day), standing(file, as_of, loaded_at, whole), objections(number, on_day, lifted, seq,
--   recorded_at), $files, $no_days
with entries as materialized (
    select l.number, l.listed, least(l.since, s.as_of) as on_day, s.as_of,
           case when l.until > $no_days and l.until >= coalesce(l.since, l.until) then l.until end as until,
           s.loaded_at, null as seq
    from read_parquet($files, filename = true) l
    join standing s on parse_filename(l.filename) = s.file
    where l.listed is distinct from false and l.number in (select number from asked)
    union all
    select number, true, on_day, on_day, null, null, seq from objections where not lifted
),
said as (select key, day, e.* from asked a join entries e using (number)),
holding as (
    select key, bool_or(listed) as listed, max(on_day) filter (listed) as as_of
    from said
    where on_day <= day and as_of <= day and (until is null or day <= until)
      and not exists (
          select 1 from objections l
          where l.lifted and l.number = said.number and l.on_day <= said.day
            and (l.on_day > said.on_day
                 or (l.on_day = said.on_day and (l.seq > said.seq or l.recorded_at > said.loaded_at)))
      )
    group by key
),
later as (
    select key, min(greatest(on_day, as_of)) as next_on from said where greatest(on_day, as_of) > day group by key
),
loaded as (select min(as_of) as day from standing where whole)
select key,
       case when h.listed then 'listed'
            when h.key is not null then 'uncovered'
            when loaded.day <= a.day then 'clear'
       end as state,
       coalesce(h.as_of, a.day) as as_of,
       l.next_on
from asked a
cross join loaded
left join holding h using (key)
left join later l using (key)
order by key
