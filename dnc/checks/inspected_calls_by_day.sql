-- The calls of `made` by day and campaign.
select "at"::date as day, campaign, count(*) as calls, count(consent) as on_consent,
       count(*) filter (result = 'answered') as answered, count(*) filter (result = 'refused') as refused,
       count(*) filter (result = 'objected') as objected
from made where mine group by all order by day, campaign
