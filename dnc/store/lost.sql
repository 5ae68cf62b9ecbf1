-- Compares two states of a complete list: how many numbers it listed before, how many it bars now, and how many of those
-- listed before are gone, that is, clear by the new state.
--   $before, $now (files), $absent (Boolean: an absent number is listed), $every (sample: one number in that many),
--   prefixes(prefix): what both are complete for; none begins with another
with rows as (
    select number, listed, false as is_now from read_parquet($before) where hash(number) % $every::ubigint = 0
    union all
    select number, listed, true from read_parquet($now) where hash(number) % $every::ubigint = 0
),
shared as (
    select number, listed, is_now
    from rows cross join (select distinct len(prefix) as length from prefixes)
    semi join prefixes on prefix = left(number::varchar, length)
),
numbers as (
    select bool_or(listed) filter (not is_now) as was_listed,
           bool_or(listed) filter (is_now) as is_listed,
           coalesce(bool_and(listed is not distinct from false) filter (is_now), not $absent) as is_clear
    from shared group by number
)
select count(*) filter (was_listed) as before,
       count(*) filter ((was_listed or is_listed) and not is_clear) as now,
       count(*) filter (was_listed and is_clear) as gone
from numbers
