-- Each row of the list: for how long it stays clear, whether its number is counted in another row, and what was seen at
-- its consent.
-- A number with several rows is counted in its worst row: blocked before undecided before clear, then the row
-- that stops being clear first, then the first row.
--   seen(row, person, kind, rank, until, proof, shared, origin, wording, minute), held(number), $points (days,
--   ascending), $few; persons from 2^63 on have no number
-- Columns: kind, lasts (number of points at which the row is still clear; 0 if it is not clear),
-- repeat (its number is counted in another row), held (the buyer already holds its number), proof, wording (of fewer
-- than ten persons, and what is not among the two hundred most frequent: …), signs (of the consent, joined by ;).
with several as (  -- found first: to find the worst row of each person costs more than to count
    select person from seen where person < 9223372036854775808 group by person having count(*) > 1
),
counting as (
    select person, min({'rank': rank, 'until': until, 'row': row}).row as row
    from seen where person in (select person from several) group by person
),
proofs as (select shared as id from seen where shared is not null group by id having count(distinct person) > 1),
origins as (select origin as id from seen where origin is not null group by id having count(distinct person) >= $few),
bursts as (select minute as id from seen where minute is not null group by id having count(distinct person) >= $few),
wordings as (
    select wording as id from seen where wording is not null group by id having count(distinct person) >= $few
    order by count(distinct person) desc, id limit 200
)
select s.kind,
       len(list_filter($points::date[], lambda p: p <= s.until))::integer as lasts,
       coalesce(s.row <> c.row, false) as repeat,
       s.person in (select number from held) as held,
       coalesce(s.proof, '') as proof,
       case when s.wording is null or s.wording = '' then ''
            when s.wording in (from wordings) then s.wording else '…' end as wording,
       concat_ws(';',
           case when s.shared in (from proofs) then 'proof' end,
           case when s.origin in (from origins) then 'origin' end,
           case when s.minute % 1440 < 360 then 'night' end,
           case when s.minute in (from bursts) then 'burst' end
       ) as signs
from seen s
left join counting c using (person)
