-- Whether each asked number stood on the caller's own opposition list on each day:
-- the last word about it up to that day, objections over everything not lifted since.
-- An entry that was loaded with a last day is lifted on the day after.
--   asked(key, number, day), standing(file, as_of, id), objections(number, on_day, lifted, seq), $files
with events as materialized (
    select l.number, coalesce(l.since, s.as_of) as on_day, s.as_of, false as lifted, s.id as seq
    from read_parquet($files, filename = true) l
    join standing s on parse_filename(l.filename) = s.file
    where l.listed and l.number in (select number from asked)
    union all
    select l.number, l.until + 1, s.as_of, true, s.id
    from read_parquet($files, filename = true) l
    join standing s on parse_filename(l.filename) = s.file
    where l.listed and l.until is not null and l.number in (select number from asked)
    union all
    select number, on_day, on_day, lifted, 1000000000 + seq from objections
),
said as (select key, day, e.* from asked a join events e using (number)),
last_word as (
    select key, lifted, on_day
    from said
    where on_day <= day and as_of <= day
    qualify row_number() over (partition by key order by on_day desc, seq desc) = 1
),
later as (
    select key, min(greatest(on_day, as_of)) as next_on
    from said where greatest(on_day, as_of) > day and not lifted group by key
),
loaded as (select min(as_of) as day from standing)
select key,
       case when not w.lifted then 'listed' when loaded.day <= a.day then 'clear' end as state,
       case when not w.lifted then w.on_day else a.day end as as_of,
       null::date as since,
       null::varchar as campaign_state,
       l.next_on
from asked a
cross join loaded
left join last_word w using (key)
left join later l using (key)
order by key
