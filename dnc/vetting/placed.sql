-- Each row of the list: for how long it stays clear, and whether its number is counted in another row.
-- A number with several rows is counted in its worst row: blocked before undecided before clear, then the row
-- that stops being clear first, then the first row.
--   seen(row, person, kind, rank, until), held(number), $points (days, ascending); persons from 2^63 on have no number
-- Columns: person, kind, lasts (number of points at which the row is still clear; 0 if it is not clear),
-- repeat (its number is counted in another row), held (the buyer already holds its number).
with several as (  -- found first: to find the worst row of each person costs more than to count
    select person from seen where person < 9223372036854775808 group by person having count(*) > 1
),
counting as (
    select person, min({'rank': rank, 'until': until, 'row': row}).row as row
    from seen where person in (select person from several) group by person
)
select s.person, s.kind,
       len(list_filter($points::date[], lambda p: p <= s.until))::integer as lasts,
       coalesce(s.row <> c.row, false) as repeat,
       s.person in (select number from held) as held
from seen s
left join counting c using (person)
