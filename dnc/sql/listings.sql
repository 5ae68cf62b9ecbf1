-- An extract's rows, numbers read, become one sorted listing a number.
-- Two different words about one number: listed, and the earlier day.
select number,
       case when bool_or(listed) then true when bool_or(not listed) then false end as listed,
       min(since) as since
from extract
where number is not null
group by number
order by number
