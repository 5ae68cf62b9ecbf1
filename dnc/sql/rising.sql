-- The same where the rows came sorted and no number twice: they are listings as they stand.
select number, listed, since, until from extract
