package resolvers_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/store"
)

type jobAnswer struct {
	ID, State, Queue, Kind, Payload string
	Attempts                        int
	LastError                       *string
	Errors                          []struct{ Error string }
	Progress                        *struct{ Done, Total int }
}

const jobFields = `id kind queue state payload attempts lastError errors { attempt at worker error stack } progress { done total } runAt createdAt`

// enqueue commits a job of a kind that nobody works on here.
func (s *shop) enqueue(t *testing.T, options ...store.EnqueueOption) *models.Job {
	t.Helper()
	var job *models.Job
	err := s.store.InTx(t.Context(), func(ctx context.Context, tx *store.Store) (err error) {
		job, err = tx.Enqueue(ctx, models.SendEmail{EmailMessageID: uuid.New()}, options...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func TestJobsAreForStaff(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	id := s.enqueue(t).GlobalID()
	reader, err := s.store.CreateAccessToken(t.Context(), "reader", []models.Permission{models.PermissionReadJobs})
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		`query($id: ID!) { job(id: $id) { id } }`, `query($id: ID!) { node(id: $id) { id } }`, `{ jobs { nodes { id } } }`,
		`{ queues { depth } }`, `{ jobSchedules { name } }`,
	} {
		if a := s.ask(t, query, object{"id": id}); a.code() != "UNAUTHENTICATED" {
			t.Errorf("%s for anybody: %q", query, a.code())
		}
		if a := s.ask(t, query, object{"id": id}, "Authorization", "Bearer "+reader); a.code() != "" {
			t.Errorf("%s for a reader: %q", query, a.code())
		}
	}
	for _, mutation := range []string{"retryJob", "cancelJob"} {
		query := `mutation($id: ID!) { ` + mutation + `(id: $id) { job { id } } }`
		if a := s.ask(t, query, object{"id": id}, "Authorization", "Bearer "+reader); a.code() != "FORBIDDEN" {
			t.Errorf("%s for a reader: %q", mutation, a.code())
		}
	}
}

func TestJobsAreListed(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	if _, err := s.db.Exec("DELETE FROM jobs"); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for range 5 {
		ids = append([]string{s.enqueue(t).GlobalID()}, ids...)
	}
	later := s.enqueue(t, store.RunAt(time.Now().Add(time.Hour)), store.OnQueue(models.QueueLow)).GlobalID()
	const list = `query($first: Int!, $after: String, $filter: JobFilter) {
		jobs(first: $first, after: $after, filter: $filter) { nodes { ` + jobFields + ` } pageInfo { hasNextPage endCursor } } }`
	var seen []string
	for after, more := any(nil), true; more; {
		var page struct {
			Jobs struct {
				Nodes    []jobAnswer
				PageInfo struct {
					HasNextPage bool
					EndCursor   string
				}
			}
		}
		s.data(t, &page, list, object{"first": 2, "after": after, "filter": object{"states": []string{"QUEUED"}, "kinds": []string{"send_email"}}},
			"Authorization", "Bearer "+s.token)
		for _, job := range page.Jobs.Nodes {
			seen = append(seen, job.ID)
		}
		after, more = page.Jobs.PageInfo.EndCursor, page.Jobs.PageInfo.HasNextPage
	}
	if got, want := mustJSON(t, seen), mustJSON(t, ids); got != want {
		t.Errorf("queued jobs %s, want %s", got, want)
	}
	var low struct{ Jobs struct{ Nodes []jobAnswer } }
	s.data(t, &low, list, object{"first": 10, "filter": object{"queues": []string{"LOW"}}}, "Authorization", "Bearer "+s.token)
	if nodes := low.Jobs.Nodes; len(nodes) != 1 || nodes[0].ID != later || nodes[0].State != "SCHEDULED" || nodes[0].Queue != "LOW" {
		t.Errorf("jobs in the low queue: %+v", nodes)
	}
	var queues struct {
		Queues []struct {
			Queue            string
			Depth, Scheduled int
			OldestAgeSeconds float64
		}
	}
	s.data(t, &queues, `{ queues { queue depth scheduled running oldestAgeSeconds finishedPerMinute } }`, nil, "Authorization", "Bearer "+s.token)
	high, low2 := queues.Queues[0], queues.Queues[2]
	if high.Queue != "HIGH" || high.Depth != 5 || high.OldestAgeSeconds <= 0 || low2.Depth != 0 || low2.Scheduled != 1 || low2.OldestAgeSeconds != 0 {
		t.Errorf("queues %+v", queues.Queues)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestJobIsCancelledAndRetried(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	job := s.enqueue(t, store.UniqueKey("k"))
	change := func(mutation, id string) (jobAnswer, string) {
		var answer struct {
			M struct {
				Job        jobAnswer
				UserErrors []struct{ Code string }
			}
		}
		s.data(t, &answer, `mutation($id: ID!) { m: `+mutation+`(id: $id) { job { `+jobFields+` } userErrors { code field message } } }`,
			object{"id": id}, "Authorization", "Bearer "+s.token)
		if len(answer.M.UserErrors) > 0 {
			return answer.M.Job, answer.M.UserErrors[0].Code
		}
		return answer.M.Job, ""
	}
	if got, code := change("cancelJob", job.GlobalID()); got.State != "CANCELLED" || code != "" {
		t.Errorf("cancelJob: %+v %s", got, code)
	}
	if _, code := change("cancelJob", job.GlobalID()); code != "INVALID" {
		t.Errorf("cancelJob again: %q", code)
	}
	if got, code := change("retryJob", job.GlobalID()); got.State != "QUEUED" || code != "" {
		t.Errorf("retryJob: %+v %s", got, code)
	}
	if _, code := change("cancelJob", job.GlobalID()); code != "" {
		t.Errorf("cancelJob after retryJob: %q", code)
	}
	s.enqueue(t, store.UniqueKey("k"))
	if _, code := change("retryJob", job.GlobalID()); code != "TAKEN" {
		t.Errorf("retryJob with a key that is taken: %q", code)
	}
	nowhere := models.GlobalID(models.KindJob, uuid.NewString())
	if _, code := change("retryJob", nowhere); code != "NOT_FOUND" {
		t.Errorf("retryJob of nothing: %q", code)
	}
}
