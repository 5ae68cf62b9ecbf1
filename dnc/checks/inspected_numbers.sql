-- The numbers of the objections that are `shown`, and of the calls.
select id as statement, '+' || number as number from barred where id in (select statement from shown)
union select 'calls:' || seq, '+' || number from made where mine order by statement
