package spelling

// Distance is how many letters have to be put in, taken out, replaced or exchanged with their neighbour to make one
// word of the other; no letter is touched twice (optimal string alignment; F. Damerau, "A technique for computer
// detection and correction of spelling errors", 1964).
func Distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	// Rows of the table for the prefixes of from: the one before the last, the last, and the present one.
	before, last, row := make([]int, len(to)+1), make([]int, len(to)+1), make([]int, len(to)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(from); i++ {
		row[0] = i
		for j := 1; j <= len(to); j++ {
			replaced := last[j-1]
			if from[i-1] != to[j-1] {
				replaced++
			}
			row[j] = min(last[j]+1, row[j-1]+1, replaced)
			if i > 1 && j > 1 && from[i-1] == to[j-2] && from[i-2] == to[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(to)]
}
