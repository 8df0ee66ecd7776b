SELECT ifnull(sum(events), 0), ifnull(sum(lost), 0), count(*), count(DISTINCT thread_id),
       ifnull(sum(length(data)), 0)
FROM trace_chunk
