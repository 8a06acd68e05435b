package resolvers

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"ecoseller/graph"
	"ecoseller/models"
	"ecoseller/store"
)

// loadJob returns the job, or nil when there is none.
func (r *Resolver) loadJob(ctx context.Context, id uuid.UUID) (*models.Job, error) {
	jobs, err := r.Store.JobsByIDs(ctx, []uuid.UUID{id})
	if err != nil || len(jobs) == 0 {
		return nil, err
	}
	return jobs[0], nil
}

// jobList returns a page of jobs.
func (r *Resolver) jobList(ctx context.Context, first int32, after *string, filter *graph.JobFilter) (*models.JobConnection, error) {
	if err := r.checkPage("first", first); err != nil {
		return nil, err
	}
	var from *models.JobCursor
	if after != nil {
		from = new(models.JobCursor)
		if err := models.DecodeCursor(*after, from); err != nil {
			return nil, err
		}
	}
	var wanted models.JobQuery
	if filter != nil {
		wanted = models.JobQuery{States: filter.States.Value(), Kinds: filter.Kinds.Value(), Queues: filter.Queues.Value()}
	}
	jobs, more, err := r.Store.Jobs(ctx, wanted, from, int(first))
	if err != nil {
		return nil, err
	}
	page := &models.JobConnection{Edges: []*models.JobEdge{}, PageInfo: &models.PageInfo{HasNextPage: more, HasPreviousPage: from != nil}}
	for _, job := range jobs {
		cursor, err := models.EncodeCursor(models.JobCursor{ID: job.ID})
		if err != nil {
			return nil, err
		}
		page.Edges = append(page.Edges, &models.JobEdge{Cursor: cursor, Node: job})
	}
	if n := len(page.Edges); n > 0 {
		page.PageInfo.StartCursor, page.PageInfo.EndCursor = &page.Edges[0].Cursor, &page.Edges[n-1].Cursor
	}
	return page, nil
}

// changeJob does something to a job, and says why when that is not possible.
func (r *Resolver) changeJob(ctx context.Context, id string, change func(context.Context, uuid.UUID) (*models.Job, error)) (*graph.JobPayload, error) {
	if err := graph.FromContext(ctx).Require(models.PermissionWriteJobs); err != nil {
		return nil, err
	}
	key, err := models.ParseUUID(models.KindJob, id)
	if err != nil {
		return nil, err
	}
	job, err := change(ctx, key)
	problems, err := userErrors(refusedJob(err))
	return &graph.JobPayload{Job: job, UserErrors: problems}, err
}

func refusedJob(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return models.Refuse(models.UserErrorNotFound, "id", "there is no such job")
	case errors.Is(err, store.ErrWrongState):
		return models.Refuse(models.UserErrorInvalid, "id", "not possible in the state the job is in")
	case errors.Is(err, store.ErrAlreadyExists):
		return models.Refuse(models.UserErrorTaken, "id", "another unfinished job has its unique key")
	}
	return err
}
