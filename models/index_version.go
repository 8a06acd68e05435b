package models

import "github.com/google/uuid"

// IndexVersion says which version of a product an index has, or should have. Versions come from one sequence for all
// products, also for those that are deleted and made again.
type IndexVersion struct {
	ProductID uuid.UUID
	Version   int64
}
