package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"ecoseller/search"
)

// The limits of one bulk request and of its repetitions.
const (
	maxBulkBytes    = 5 << 20
	maxBulkAttempts = 5
	bulkBackoff     = 200 * time.Millisecond
)

// operation is one line pair of a bulk request.
type operation struct {
	action object
	source []byte
}

// bulk runs the operations against an alias. Items that the server was too busy for are repeated; an
// item that is older than what the index has is as good as written.
func (e *Engine) bulk(ctx context.Context, alias string, operations []operation) error {
	for attempt := 1; len(operations) > 0; attempt++ {
		batch, rest := cutBatch(operations)
		refused, err := e.bulkOnce(ctx, alias, batch)
		if err != nil {
			return err
		}
		operations = rest
		if len(refused) == 0 {
			attempt = 0
			continue
		}
		if attempt >= maxBulkAttempts {
			return fmt.Errorf("%w: Elasticsearch is too busy for %d documents", search.ErrUnavailable, len(refused))
		}
		operations = slices.Concat(refused, rest)
		if err := sleep(ctx, time.Duration(attempt)*bulkBackoff); err != nil {
			return err
		}
	}
	return nil
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
func (e *Engine) bulkOnce(ctx context.Context, alias string, operations []operation) ([]operation, error) {
	var lines bytes.Buffer
	for _, o := range operations {
		action, err := json.Marshal(o.action)
		if err != nil {
			return nil, fmt.Errorf("write bulk action: %w", err)
		}
		lines.Write(action)
		lines.WriteByte('\n')
		if o.source != nil {
			lines.Write(o.source)
			lines.WriteByte('\n')
		}
	}
	var answer bulkAnswer
	mustBeAlias := true
	request := esapi.BulkRequest{Index: alias, RequireAlias: &mustBeAlias, Body: &lines}
	if err := e.client.do(ctx, request, &answer); err != nil {
		return nil, fmt.Errorf("bulk: %w", err)
	}
	if !answer.Errors {
		return nil, nil
	}
	return answer.refused(operations)
}

type bulkAnswer struct {
	Errors bool
	Items  []map[string]struct {
		ID     string `json:"_id"`
		Status int
		Error  struct{ Type, Reason string }
	}
}

func (a *bulkAnswer) refused(operations []operation) (again []operation, err error) {
	for i, item := range a.Items {
		for action, result := range item {
			switch {
			case result.Status < 300, result.Status == http.StatusConflict:
			case result.Error.Type == "index_not_found_exception":
				return nil, fmt.Errorf("%w: %s", search.ErrNoIndex, result.Error.Reason)
			case result.Status == http.StatusNotFound && action == "delete":
			case result.Status == http.StatusTooManyRequests, result.Status >= 500:
				again = append(again, operations[i])
			default:
				return nil, fmt.Errorf("bulk: %s %s: %s: %s", action, result.ID, result.Error.Type, result.Error.Reason)
			}
		}
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
