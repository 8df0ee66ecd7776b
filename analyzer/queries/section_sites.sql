-- What every selected site adds to the section that its stack is in.
SELECT stack_id, allocations, bytes, frees, freed_bytes, temporary, peak_bytes
FROM temp.selected_site
