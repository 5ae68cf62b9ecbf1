-- How many numbers have how many attempts in thirty days at most.
with attempts as (
    select number, mine, count(*) filter (result <> 'wrong_number') over (
        partition by number order by "at"::date range between interval 29 days preceding and current row
    ) as n
    from made
)
select calls, count(*) as numbers from (select max(n) as calls from attempts where mine group by number)
group by calls order by calls
