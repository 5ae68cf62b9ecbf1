-- Each row of a list with how long it stays clear and whether its number counts elsewhere.
-- A number that stands in several rows counts once, in its worst row: the blocked before the undecided
-- before the clear, of these the one that lapses first, of these the first.
--   seen(row, person, kind, rank, until), held(number), $points (days, ascending)
-- Columns: person, kind, lasts (how many of the points the row is clear through; 0 if it is not),
-- repeat (its number counts in another row), held (its number stands in a list that is held already).
with counting as (
    select person, min({'rank': rank, 'until': until, 'row': row}).row as row
    from seen group by person having count(*) > 1
)
select s.person, s.kind,
       len(list_filter($points::date[], lambda p: p <= s.until))::integer as lasts,
       coalesce(s.row <> c.row, false) as repeat,
       s.person in (select number from held) as held
from seen s
left join counting c using (person)
