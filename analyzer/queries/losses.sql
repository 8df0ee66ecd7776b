-- What could not be recorded.
SELECT kind, events, meaning FROM loss
