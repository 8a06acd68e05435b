package store_test

import (
	"context"

	"ecoseller/models"
)

// recorder counts the jobs it is told of.
type recorder struct{ jobs int }

func (r *recorder) JobsCommitted(_ context.Context, jobs []*models.Job) { r.jobs += len(jobs) }
