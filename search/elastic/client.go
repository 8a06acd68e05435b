package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/elastic/go-elasticsearch/v8"
	"github.com/elastic/go-elasticsearch/v8/esapi"

	"ecoseller/search"
)

// restAfterFailure is how long a server that could not be reached is left alone. Searches are answered
// by the other engine meanwhile, without waiting for a timeout each.
const restAfterFailure = 2 * time.Second

// client speaks to Elasticsearch and sorts its errors: what another engine could answer wraps
// search.ErrUnavailable.
type client struct {
	es *elasticsearch.Client
	// restUntil is a time in nanoseconds since 1970.
	restUntil atomic.Int64
}

func newClient(o Options) (*client, error) {
	es, err := elasticsearch.NewClient(elasticsearch.Config{
		Addresses:     o.Addresses,
		Username:      o.Username,
		Password:      o.Password,
		RetryOnStatus: []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusTooManyRequests},
		MaxRetries:    2,
		RetryBackoff: func(attempt int) time.Duration {
			return time.Duration(attempt)*50*time.Millisecond + rand.N(50*time.Millisecond)
		},
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: time.Second}).DialContext,
			MaxIdleConnsPerHost: 32,
			IdleConnTimeout:     time.Minute,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("set up Elasticsearch: %w", err)
	}
	return &client{es: es}, nil
}

// resting says whether the server could not be reached a moment ago.
func (c *client) resting() bool { return time.Now().UnixNano() < c.restUntil.Load() }

// do runs a request and reads the answer's JSON into out, which may be nil.
func (c *client) do(ctx context.Context, request esapi.Request, out any) error {
	response, err := request.Do(ctx, c.es)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			c.restUntil.Store(time.Now().Add(restAfterFailure).UnixNano())
		}
		return fmt.Errorf("%w: %w", search.ErrUnavailable, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.IsError() {
		return statusError(response)
	}
	c.restUntil.Store(0)
	if out == nil {
		_, err = io.Copy(io.Discard, response.Body)
	} else {
		err = json.NewDecoder(response.Body).Decode(out)
	}
	if err != nil {
		return fmt.Errorf("%w: read answer of Elasticsearch: %w", search.ErrUnavailable, err)
	}
	return nil
}

// statusError tells our own mistakes (most of 4xx) from the server's troubles.
func statusError(response *esapi.Response) error {
	body, _ := io.ReadAll(io.LimitReader(response.Body, 2000))
	err := fmt.Errorf("elasticsearch answers %d: %s", response.StatusCode, bytes.TrimSpace(body))
	switch {
	case response.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%w: %w", search.ErrNoIndex, err)
	case response.StatusCode >= 500,
		response.StatusCode == http.StatusTooManyRequests,
		response.StatusCode == http.StatusUnauthorized,
		response.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%w: %w", search.ErrUnavailable, err)
	}
	return err
}

// body writes a request's JSON. What we write always can be: maps, slices, strings and numbers.
func body(v any) io.Reader {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("write request to Elasticsearch: %v", err))
	}
	return bytes.NewReader(raw)
}
