package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/elastic/elastic-transport-go/v8/elastictransport"
	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/sony/gobreaker/v2"

	"ecoseller/search"
	"ecoseller/telemetry"
)

// The breakers. A server that does not answer costs the requests that find it out their time, and no others.
const (
	// tripAfter is how many requests in a row have to fail or to be slow.
	tripAfter = 3
	// restAfterTrip is how long the server is left alone then; after it, one request at a time tries again.
	restAfterTrip = 2 * time.Second
	// slowSearch and slowWrite are what counts as failed, although it is answered.
	slowSearch          = time.Second
	slowWrite           = 10 * time.Second
	defaultWriteTimeout = 30 * time.Second
)

// client speaks to Elasticsearch and sorts its errors: what another engine could answer wraps
// search.ErrUnavailable.
type client struct {
	// The library's own client would bring its typed API along: 850 packages that take minutes to compile.
	es *elastictransport.Client
	// Searches and writes fail apart: a server whose disk is full still finds.
	searches     *breaker
	writes       *breaker
	writeTimeout time.Duration
	calls        *telemetry.Calls
}

func newClient(o Options) (*client, error) {
	es, err := newTransport(o)
	if err != nil {
		return nil, fmt.Errorf("set up Elasticsearch: %w", err)
	}
	c := &client{
		es:       es,
		searches: newBreaker("searches", slowSearch, o.Logger),
		writes:   newBreaker("writes", slowWrite, o.Logger),

		writeTimeout: o.WriteTimeout,
		calls:        o.Calls,
	}
	if c.writeTimeout == 0 {
		c.writeTimeout = defaultWriteTimeout
	}
	return c, nil
}

func newTransport(o Options) (*elastictransport.Client, error) {
	addresses := make([]*url.URL, len(o.Addresses))
	for i, address := range o.Addresses {
		var err error
		if addresses[i], err = url.Parse(strings.TrimRight(address, "/")); err != nil {
			return nil, err
		}
	}
	return elastictransport.NewClient(
		elastictransport.WithUserAgent("ecoseller"),
		elastictransport.WithURLs(addresses...),
		elastictransport.WithBasicAuth(o.Username, o.Password),
		elastictransport.WithRetry(2, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusTooManyRequests),
		elastictransport.WithRetryBackoff(func(attempt int) time.Duration {
			return time.Duration(attempt)*50*time.Millisecond + rand.N(50*time.Millisecond)
		}),
		elastictransport.WithTransport(&http.Transport{
			DialContext:         (&net.Dialer{Timeout: time.Second}).DialContext,
			MaxIdleConnsPerHost: 32,
			// Answers are small, and to compress them takes Elasticsearch longer than to send them.
			DisableCompression: true,
			IdleConnTimeout:    time.Minute,
		}),
	)
}

// do runs a request and reads the answer's JSON into out, which may be nil. Searches and writes are refused at once
// while the server is left alone.
func (c *client) do(ctx context.Context, request esapi.Request, out any) error {
	switch request.(type) {
	case esapi.SearchRequest, esapi.MsearchRequest, esapi.OpenPointInTimeRequest:
		return c.searches.run(func() error { return c.ask(ctx, request, out) })
	case esapi.BulkRequest, esapi.IndicesGetAliasRequest:
		ctx, cancel := context.WithTimeout(ctx, c.writeTimeout)
		defer cancel()
		return c.writes.run(func() error { return c.ask(ctx, request, out) })
	default:
		return c.ask(ctx, request, out)
	}
}

// ask is do without a breaker, for who has the patience to wait and to try again.
func (c *client) ask(ctx context.Context, request esapi.Request, out any) error {
	operation, started := operationOf(request), time.Now()
	ctx = c.calls.Start(ctx, operation)
	err := c.askUnwatched(ctx, request, out)
	c.calls.End(ctx, operation, started, err)
	return err
}

// operationOf names a request by its type: "Search", "Bulk".
func operationOf(request esapi.Request) string {
	name := fmt.Sprintf("%T", request)
	return strings.TrimSuffix(name[strings.LastIndex(name, ".")+1:], "Request")
}

func (c *client) askUnwatched(ctx context.Context, request esapi.Request, out any) error {
	response, err := request.Do(ctx, c.es)
	if err != nil {
		return fmt.Errorf("%w: %w", search.ErrUnavailable, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.IsError() {
		return statusError(response)
	}
	if response.Header.Get("X-Elastic-Product") != "Elasticsearch" {
		return fmt.Errorf("%w: what answers at its address is not Elasticsearch", search.ErrUnavailable)
	}
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

// breaker opens when several requests in a row fail or are slow, and lets single ones try whether that is over.
type breaker struct {
	circuit *gobreaker.CircuitBreaker[struct{}]
	slow    time.Duration
}

// errSlow makes an answered request count as failed.
var errSlow = errors.New("slow")

func newBreaker(name string, slow time.Duration, logger *slog.Logger) *breaker {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &breaker{slow: slow, circuit: gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        name,
		MaxRequests: 1,
		Timeout:     restAfterTrip,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= tripAfter },
		// Our own mistakes say that the server is well; a client that has left says nothing, and must not be taken
		// for a proof either, hence IsExcluded.
		IsSuccessful: func(err error) bool {
			return err == nil || errors.Is(err, search.ErrNoIndex) || !errors.Is(err, search.ErrUnavailable) && !errors.Is(err, errSlow)
		},
		IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
		OnStateChange: func(name string, from, to gobreaker.State) {
			logger.Warn("Elasticsearch: the breaker has changed", "of", name, "from", from.String(), "to", to.String())
		},
	})}
}

// run runs the request unless the breaker is open.
func (b *breaker) run(request func() error) error {
	_, err := b.circuit.Execute(func() (struct{}, error) {
		started := time.Now()
		err := request()
		if err == nil && time.Since(started) > b.slow {
			err = errSlow
		}
		return struct{}{}, err
	})
	switch {
	case errors.Is(err, errSlow):
		return nil
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		return fmt.Errorf("%w: Elasticsearch is left alone for a moment: %w", search.ErrUnavailable, err)
	}
	return err
}

// statusError tells our own mistakes (most of 4xx) from the server's troubles.
func statusError(response *esapi.Response) error {
	body, _ := io.ReadAll(io.LimitReader(response.Body, 2000))
	err := fmt.Errorf("elasticsearch answers %d: %s", response.StatusCode, bytes.TrimSpace(body))
	switch {
	case response.StatusCode == http.StatusUnauthorized, response.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%w: %w: %w", search.ErrUnavailable, ErrDenied, err)
	case response.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%w: %w", search.ErrNoIndex, err)
	case response.StatusCode >= 500, response.StatusCode == http.StatusTooManyRequests:
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
