package search

import "github.com/google/uuid"

// Explanation says how a hit came to its score.
type Explanation struct {
	ProductID uuid.UUID
	Score     float64
	// Parts are what the score is made of, in the engine's words, a line each.
	Parts []string
}
