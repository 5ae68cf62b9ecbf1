-- What changed between two snapshots of one registry.
--   $before, $after (files), $covered_before, $covered_after (prefixes), $absent (Boolean: an absent number is listed)
-- Columns: number, change (added, removed, or unknown: the other snapshot does not cover it).
with before as (select number, listed from read_parquet($before)),
after as (select number, listed from read_parquet($after)),
pairs as (
    select coalesce(b.number, a.number) as number,
           case when b.number is not null then b.listed
                when len(list_filter($covered_before, lambda p: starts_with(a.number::varchar, p))) > 0 then $absent
           end as was,
           case when a.number is not null then a.listed
                when len(list_filter($covered_after, lambda p: starts_with(b.number::varchar, p))) > 0 then $absent
           end as is_now
    from before b full join after a using (number)
)
select number,
       case when was is null or is_now is null then 'unknown' when is_now then 'added' else 'removed' end as change
from pairs
where (was or is_now) and was is distinct from is_now
order by number
