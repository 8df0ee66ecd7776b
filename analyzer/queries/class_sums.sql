-- The leak check in four lines at most.
SELECT class, sum(blocks), sum(bytes) FROM block_class GROUP BY class
