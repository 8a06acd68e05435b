package elastic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/search"
)

// The limits of one bulk request and of its repetitions.
const (
	maxBulkBytes    = 5 << 20
	maxBulkAttempts = 5
	bulkBackoff     = 200 * time.Millisecond
	// patience is how long a rebuild waits for a server that is away, such as one that is being restarted;
	// firstPatience is the same at its beginning, when nothing is lost yet.
	patience      = 3 * time.Minute
	firstPatience = 3 * time.Second
	shortestPause = 100 * time.Millisecond
	longestPause  = 5 * time.Second
	// patientTimeout bounds each of its requests.
	patientTimeout = time.Minute
)

// versionType says which version wins.
type versionType string

const (
	// notOlder lets a document of the same version replace the present one: it was read later.
	notOlder versionType = "external_gte"
	// newer keeps a document of the same version: a rebuild may have read parts of it earlier.
	newer versionType = "external"
)

// operation is one line pair of a bulk request.
type operation struct {
	id      uuid.UUID
	version int64
	rule    versionType
	// source is nil for a deletion.
	source []byte
}

func (e *Engine) indexOperations(documents []*search.Document, rule versionType) ([]operation, error) {
	operations := make([]operation, len(documents))
	for i, d := range documents {
		source, err := e.source(d)
		if err != nil {
			return nil, err
		}
		operations[i] = operation{id: d.ProductID, version: d.Version, rule: rule, source: source}
	}
	return operations, nil
}

// deleteOperations give deletions their versions as well: a document that is older than the deletion and comes late
// is refused then, as long as the index remembers the deletion.
func deleteOperations(deleted []models.IndexVersion) []operation {
	operations := make([]operation, len(deleted))
	for i, d := range deleted {
		operations[i] = operation{id: d.ProductID, version: d.Version, rule: notOlder}
	}
	return operations
}

func (o *operation) appendTo(lines *bytes.Buffer) {
	action := "index"
	if o.source == nil {
		action = "delete"
	}
	fmt.Fprintf(lines, `{%q:{"_id":%q,"version":%d,"version_type":%q}}`+"\n", action, o.id, o.version, o.rule)
	if o.source != nil {
		lines.Write(o.source)
		lines.WriteByte('\n')
	}
}

// refusedError are documents that the index does not take; all others were written.
type refusedError struct {
	count int
	first string
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("%d documents were refused, such as %s", e.count, e.first)
}

// bulk runs the operations against an alias. Items that the server was too busy for are repeated; an
// item that is older than what the index has is as good as written.
func (e *Engine) bulk(ctx context.Context, alias string, operations []operation) error {
	return e.bulkBy(ctx, e.client.do, alias, operations)
}

// asker runs a request.
type asker func(ctx context.Context, request esapi.Request, out any) error

func (e *Engine) bulkBy(ctx context.Context, ask asker, alias string, operations []operation) error {
	var refused *refusedError
	for attempt := 1; len(operations) > 0; attempt++ {
		batch, rest := cutBatch(operations)
		again, err := bulkOnce(ctx, ask, alias, batch)
		if one, ok := errors.AsType[*refusedError](err); ok {
			if refused == nil {
				refused = &refusedError{first: one.first}
			}
			refused.count += one.count
		} else if err != nil {
			return err
		}
		operations = rest
		if len(again) == 0 {
			attempt = 0
			continue
		}
		if attempt >= maxBulkAttempts {
			return fmt.Errorf("%w: Elasticsearch is too busy for %d documents", search.ErrUnavailable, len(again))
		}
		operations = slices.Concat(again, rest)
		if err := sleep(ctx, time.Duration(attempt)*bulkBackoff); err != nil {
			return err
		}
	}
	if refused != nil {
		return refused
	}
	return nil
}

// bulkPatiently is bulk for rebuilds: it waits for a server that is away.
func (e *Engine) bulkPatiently(ctx context.Context, alias string, operations []operation) error {
	ask := func(ctx context.Context, request esapi.Request, out any) error {
		ctx, cancel := context.WithTimeout(ctx, patientTimeout)
		defer cancel()
		return e.client.ask(ctx, request, out)
	}
	return patiently(ctx, patience, func() error { return e.bulkBy(ctx, ask, alias, operations) })
}

// patiently repeats what fails because the server is away, for so long.
func patiently(ctx context.Context, patience time.Duration, do func() error) error {
	pause := shortestPause
	for deadline := time.Now().Add(patience); ; pause = min(2*pause, longestPause) {
		err := do()
		if err == nil || errors.Is(err, search.ErrNoIndex) || !errors.Is(err, search.ErrUnavailable) || time.Now().After(deadline) {
			return err
		}
		if sleep(ctx, pause) != nil {
			return err
		}
	}
}

func cutBatch(operations []operation) (batch, rest []operation) {
	size := 0
	for i, o := range operations {
		if size += len(o.source) + 150; size > maxBulkBytes && i > 0 {
			return operations[:i], operations[i:]
		}
	}
	return operations, nil
}

// bulkOnce sends one request and returns the operations that should be repeated.
func bulkOnce(ctx context.Context, ask asker, alias string, operations []operation) ([]operation, error) {
	var lines bytes.Buffer
	size := 0
	for i := range operations {
		size += len(operations[i].source) + 150
	}
	lines.Grow(size)
	for i := range operations {
		operations[i].appendTo(&lines)
	}
	var answer bulkAnswer
	mustBeAlias := true
	request := esapi.BulkRequest{
		Index: alias, RequireAlias: &mustBeAlias, Body: &lines,
		FilterPath: []string{"errors", "items.*.status", "items.*.error.type", "items.*.error.reason"},
	}
	if err := ask(ctx, request, &answer); err != nil {
		return nil, fmt.Errorf("bulk: %w", err)
	}
	if !answer.Errors {
		return nil, nil
	}
	return answer.failures(operations)
}

type bulkAnswer struct {
	Errors bool
	Items  []map[string]struct {
		Status int
		Error  struct{ Type, Reason string }
	}
}

func (a *bulkAnswer) failures(operations []operation) (again []operation, err error) {
	var refused *refusedError
	for i, item := range a.Items {
		for action, result := range item {
			switch {
			case result.Status < 300, result.Status == http.StatusConflict:
			case result.Error.Type == "index_not_found_exception":
				return nil, fmt.Errorf("%w: %s", search.ErrNoIndex, result.Error.Reason)
			case result.Error.Type == "strict_dynamic_mapping_exception":
				// Another release has made it; a rebuild is what it takes.
				return nil, fmt.Errorf("%w: the index does not have all fields: %s", search.ErrUnavailable, result.Error.Reason)
			case result.Status == http.StatusNotFound && action == "delete":
			case result.Status == http.StatusTooManyRequests, result.Status >= 500:
				again = append(again, operations[i])
			default:
				if refused == nil {
					refused = &refusedError{first: fmt.Sprintf("%s: %s: %s", operations[i].id, result.Error.Type, result.Error.Reason)}
				}
				refused.count++
			}
		}
	}
	if refused != nil {
		return again, refused
	}
	return again, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("wait for Elasticsearch: %w", ctx.Err())
	case <-time.After(d):
		return nil
	}
}
