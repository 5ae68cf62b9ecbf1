-- Whether each asked number stood on the caller's own opposition list on each day:
-- the union of all that was loaded or recorded up to that day, less what was lifted
-- and less entries whose own last day has passed; an entry ends nothing but itself.
--   asked(key, number, day), standing(file, as_of, id), objections(number, on_day, lifted, seq), $files
with entries as materialized (
    select l.number, l.listed, coalesce(l.since, s.as_of) as on_day, s.as_of, l.until, s.id as seq
    from read_parquet($files, filename = true) l
    join standing s on parse_filename(l.filename) = s.file
    where l.listed is distinct from false and l.number in (select number from asked)
    union all
    select number, true, on_day, on_day, null, 1000000000 + seq from objections where not lifted
),
said as (select key, day, e.* from asked a join entries e using (number)),
holding as (
    select key, bool_or(listed) as listed, max(on_day) filter (listed) as as_of
    from said
    where on_day <= day and as_of <= day and (until is null or day <= until)
      and not exists (
          select 1 from objections l
          where l.lifted and l.number = said.number and l.on_day <= said.day
            and (l.on_day > said.on_day or (l.on_day = said.on_day and 1000000000 + l.seq > said.seq))
      )
    group by key
),
later as (
    select key, min(greatest(on_day, as_of)) as next_on from said where greatest(on_day, as_of) > day group by key
),
loaded as (select min(as_of) as day from standing)
select key,
       case when h.listed then 'listed'
            when h.key is not null then 'uncovered'
            when loaded.day <= a.day then 'clear'
       end as state,
       coalesce(h.as_of, a.day) as as_of,
       null::date as since,
       null::varchar as campaign_state,
       l.next_on
from asked a
cross join loaded
left join holding h using (key)
left join later l using (key)
order by key
