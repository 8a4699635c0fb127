package limit

// Waiting is how many queues there are.
func Waiting(m *Memory) int {
	n := 0
	for i := range m.shards {
		n += len(m.shards[i].queues)
	}
	return n
}

// Rows is how many rows the tables have room for.
func Rows(m *Memory) int {
	n := 0
	for i := range m.shards {
		n += len(m.shards[i].t.rows)
	}
	return n
}
